"""What a run lacks to be sent: account, window, values. Asks nobody."""

from __future__ import annotations

from instances.errors import AccountMissing, DomainError
from instances.zones import zone
from schedules.models import Run
from schedules.queue.entering import Lack
from workflows import parameters
from workflows.errors import InvalidParameter, WorkflowsError
from workflows.windows import Window, resolve


def lack_of(run: Run) -> Lack | None:
    """The first thing missing of a run with its version, target and schedule loaded.

    A birth leaves a window NULL and values as they are written when it cannot resolve
    them; they are tried again here to say what is wrong.
    """
    if run.account_id is None:
        return Lack(reason="account_missing", message=AccountMissing().message)
    window = _window(run)
    if window is None:
        return Lack(reason="window_invalid", message=_problem_of_window(run))
    try:
        slot_date = run.scheduled_for.astimezone(zone(run.window_timezone)).date()
        values = parameters.evaluate(run.parameter_values, window, slot_date)
        parameters.check(run.workflow_version.parameters, values)
    except InvalidParameter as error:
        return Lack(reason=_reason_for(error), message=error.message)
    except DomainError as error:
        return Lack(reason="window_invalid", message=error.message)
    return None


def _reason_for(error: InvalidParameter) -> str:
    """A value is not there, or is there and cannot be used."""
    return "param_missing" if error.code == "missing" else "param_invalid"


def _window(run: Run) -> Window | None:
    if run.window_start is None or run.window_end is None:
        return None
    return Window(start=run.window_start, end=run.window_end)


def _problem_of_window(run: Run) -> str:
    """Why its schedule's rule gives no dates; the rule may have been mended since."""
    if run.schedule is not None:
        try:
            resolve(run.schedule.window_rule, run.scheduled_for, run.window_timezone)
        except WorkflowsError as error:
            return error.message
    return run.message or "Its dates could not be worked out when it was due."
