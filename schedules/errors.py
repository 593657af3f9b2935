"""What can go wrong with schedules, their rules and their runs."""

from __future__ import annotations

from instances.errors import DomainError


class SchedulesError(DomainError):
    """Something is wrong with a schedule or a run."""


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


class InvalidField(SchedulesError):
    """A field of a schedule cannot be used as it is."""

    code = "invalid"


class AlreadyPaused(SchedulesError):
    """It is already paused."""

    code = "already_paused"


class NotPaused(SchedulesError):
    """It is not paused."""

    code = "not_paused"


class Paused(SchedulesError):
    """The schedule is paused; resume it, or force the run."""

    code = "paused"


class NoActiveTarget(SchedulesError):
    """None of its targets is unpaused; resume one first."""

    code = "no_active_target"


class RecentRun(SchedulesError):
    """A run of this target was created a moment ago; wait, or force it."""

    code = "recent_run"

    def __init__(self, run_id: int, minutes: int) -> None:
        self.run_id = run_id
        super().__init__(
            f"Run {run_id} of this target was created less than {minutes} minutes ago."
            " Wait, or force another one."
        )


class StillRunning(SchedulesError):
    """Runs are still at Amazon; wait for them, or cancel them with it."""

    code = "still_running"


class AlreadyFinished(SchedulesError):
    """The run has finished; there is nothing to cancel."""

    code = "already_finished"


class NotFinished(SchedulesError):
    """The run has not finished; wait for its end, or cancel it first."""

    code = "not_finished"


class AlreadyRetried(SchedulesError):
    """A retry of this run is under way."""

    code = "already_retried"
