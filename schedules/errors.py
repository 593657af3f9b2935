"""What can go wrong with schedules, their rules and their runs."""

from __future__ import annotations


class SchedulesError(Exception):
    """The root. `code` is stable; `message` is for people; `field` is the input."""

    code = "error"

    def __init__(
        self, message: str = "", *, code: str = "", field: str | None = None
    ) -> None:
        self.message = message or (self.__doc__ or "").split("\n")[0]
        self.field = field
        if code:
            self.code = code
        super().__init__(self.message)


class InvalidRecurrence(SchedulesError):
    """The cron expression or its time zone cannot be used.

    `field` is "cron" or "timezone"; `part` is the part of the expression that is
    wrong (minute, hour, day of month, month, weekday), where it is only one.
    """

    code = "invalid_recurrence"

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        field: str | None = None,
        part: str | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field)
        self.part = part
