"""What can become of a request to Amazon, beside a usable answer.

The classes say what is known afterwards: whether Amazon did anything at all decides
whether a request may be repeated.
"""

from __future__ import annotations

from datetime import timedelta

from instances.errors import InstancesError


class AmcError(InstancesError):
    """Amazon did not do what was asked.

    `text` is Amazon's own, secrets removed, or says what was wrong with the answer;
    `request_id` is Amazon's name of the request; `status` is 0 without an answer.
    """

    code = "amc"

    def __init__(
        self, text: str = "", *, status: int = 0, request_id: str = ""
    ) -> None:
        self.text = text
        self.status = status
        self.request_id = request_id
        super().__init__(text)


class Throttled(AmcError):
    """Amazon asks to wait (429); nothing was done. `retry_after` where it says."""

    code = "throttled"

    def __init__(
        self,
        text: str = "",
        *,
        status: int = 429,
        request_id: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(text, status=status, request_id=request_id)
        self.retry_after = retry_after


class TokenRejected(AmcError):
    """The access token is not accepted (401); nothing was done."""

    code = "token_rejected"


class Forbidden(AmcError):
    """Not allowed with this token and this account (403); nothing was done."""

    code = "access_denied"


class Refused(AmcError):
    """Amazon understood and refused (400, 404, 409, 422); nothing was done."""

    code = "refused"


class NotFound(Refused):
    """Amazon knows no such thing (404)."""

    code = "not_found"


class NoUsableAnswer(AmcError):
    """The request was sent and may have been done: no answer, a 5xx, or garbage."""

    code = "no_usable_answer"


class LinkRefused(NoUsableAnswer):
    """A download link does not work, or no longer: ask for new ones."""

    code = "link_refused"


class NeverConnected(AmcError):
    """The request was never sent, so nothing was done: no address, no connection."""

    code = "not_connected"
