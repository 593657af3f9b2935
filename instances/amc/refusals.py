"""Which error an answer stands for that is not a success."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from instances.amc import answers
from instances.amc.errors import (
    AmcError,
    Forbidden,
    NotFound,
    NoUsableAnswer,
    Refused,
    Throttled,
    TokenRejected,
)
from instances.amc.transport import Reply
from instances.redaction import without_secrets

LONGEST_TEXT = 4_000
LONGEST_REST = timedelta(hours=1)  # a larger Retry-After is a mistake
SPOKEN = ("details", "message", "statusReason", "messageSubject")
REFUSALS: dict[int, type[AmcError]] = {
    401: TokenRejected,
    403: Forbidden,
    404: NotFound,
}


def raise_unless_success(reply: Reply) -> None:
    """Return for a 2xx; raise what any other status means.

    A 4xx counts as Amazon's refusal only when its body says something: a page of some
    gateway in between proves nothing about what Amazon did.
    """
    if 200 <= reply.status < 300:
        return
    text = said(reply)
    if reply.status == 429:
        raise Throttled(text, request_id=reply.request_id, retry_after=rest(reply))
    is_refusal = 400 <= reply.status < 500 and reply.status != 408
    if is_refusal and (reply.status == 401 or _is_of_the_api(reply)):
        refusal = REFUSALS.get(reply.status, Refused)
    else:
        refusal = NoUsableAnswer
    raise refusal(text, status=reply.status, request_id=reply.request_id)


def said(reply: Reply) -> str:
    """Amazon's words: `details`, else `message`, else the body; secrets removed."""
    try:
        body = answers.content(reply.body)
    except NoUsableAnswer:
        body = {}
    spoken = (body[name] for name in SPOKEN if isinstance(body.get(name), str))
    text = next((each for each in spoken if each), "") or _raw(reply)
    return without_secrets(text)[:LONGEST_TEXT]


def rest(reply: Reply) -> timedelta | None:
    """How long `Retry-After` asks to wait: seconds, or a date by Amazon's own clock."""
    asked = str(reply.headers.get("retry-after", ""))
    try:
        wait = timedelta(seconds=float(asked))
    except (ValueError, OverflowError):
        until, date = _moment(asked), date_of(reply)
        if until is None or date is None:
            return None
        wait = until - date
    return min(max(wait, timedelta(0)), LONGEST_REST)


def date_of(reply: Reply) -> datetime | None:
    """Amazon's clock when it answered."""
    return _moment(str(reply.headers.get("date", "")))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_of_the_api(reply: Reply) -> bool:
    text = _raw(reply).lstrip()
    return bool(text) and not text.startswith("<")


def _raw(reply: Reply) -> str:
    text: str = answers.storable(reply.body.decode(errors="replace"))
    return text
