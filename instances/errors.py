"""What can go wrong with accounts, connections and Amazon."""

from __future__ import annotations


class DomainError(Exception):
    """The root of every error of ours. A class's docstring is its default text.

    `code` is stable; `message` is for people; `field` is the input that is wrong.
    """

    code = "error"

    def __init__(
        self, message: str = "", *, code: str = "", field: str | None = None
    ) -> None:
        self.message = message or (self.__doc__ or "").split("\n")[0]
        self.field = field
        if code:
            self.code = code
        super().__init__(self.message)


class InstancesError(DomainError):
    """Something is wrong with an account, an instance, a connection or a request."""


class UnknownTimezone(InstancesError):
    """No such time zone."""

    code = "unknown_timezone"


class UnreadableToken(InstancesError):
    """The stored token cannot be read with any of our keys; connect again."""

    code = "unreadable_token"


class NotPermitted(InstancesError):
    """Your role in this account does not allow that."""

    code = "forbidden"


class AccountMissing(InstancesError):
    """This instance has no AMC account, so Amazon cannot be asked for it."""

    code = "account_missing"


class StaleRevision(InstancesError):
    """Somebody changed this since you read it; look at their version first."""

    code = "stale_revision"

    def __init__(self, current: int) -> None:
        self.current = current
        super().__init__(f"{self.__doc__} It is at revision {current} now.")


class IdempotencyMismatch(InstancesError):
    """This Idempotency-Key was used with another body; take a new key."""

    code = "idempotency_mismatch"


class RequestUnderWay(InstancesError):
    """A request with this Idempotency-Key is being answered; try again shortly."""

    code = "request_under_way"


class InvalidField(InstancesError):
    """A field cannot be used as it is."""

    code = "invalid"


class LastAdmin(InstancesError):
    """An account keeps at least one admin; make somebody else admin first."""

    code = "last_admin"


class InvalidHeader(InstancesError):
    """A header of the request cannot be used."""

    code = "invalid_header"


class InvalidGrant(InstancesError):
    """Amazon no longer accepts this authorisation; its owner must connect again."""

    code = "invalid_grant"


class ApplicationRefused(InstancesError):
    """Amazon does not accept our application's id or secret."""

    code = "application_refused"


class LwaUnavailable(InstancesError):
    """Login with Amazon gave no usable answer; it may be asked again."""

    code = "lwa_unavailable"


class CredentialRefused(InstancesError):
    """The connection is held or gone: nothing can be asked of Amazon through it."""

    code = "credential"


class ApplicationHeld(InstancesError):
    """Amazon refuses our application, so no access token can be had for anybody."""

    code = "application_held"


class ConsentRefused(InstancesError):
    """The connection was not made; start again. `code` says what was wrong."""

    code = "consent_refused"

    def __init__(
        self, message: str = "", *, code: str, field: str | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.code = code
