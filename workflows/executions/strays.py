"""Executions at Amazon beside their run: recorded, cancelled, watched to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from instances.alarms import end_alarm, raise_alarm
from instances.amc.answers import Execution
from instances.amc.errors import NotFound, Refused
from instances.amc.gateway import Gateway, gateway
from instances.containment import contained
from instances.models import Connection, Instance
from instances.timing import times
from workflows.executions import marks
from workflows.executions.classification import CANNOT_ASK, FINAL_WORDS
from workflows.executions.intervals import next_poll
from workflows.models import Stray, WorkflowExecution
from workflows.states import OPEN_STATES

log = structlog.get_logger(__name__)

ALARM = "stray_execution"
# Our own word for what Amazon no longer shows.
GONE = "GONE"
AT_A_TIME = 20


def add_stray(
    execution: WorkflowExecution,
    amc_execution_id: str,
    why: Stray.Why,
    *,
    now: datetime,
    amc_status: str = "",
) -> bool:
    """Record what runs beside a row that we know. False when it is on record."""
    return _add(
        instance_id=execution.instance_id,
        amc_execution_id=amc_execution_id,
        mark=execution.mark,
        execution=execution,
        why=why,
        amc_status=amc_status,
        now=now,
    )


def note_strays(
    instance: Instance, listed: Iterable[Execution], *, now: datetime
) -> int:
    """Record what carries one of our marks and is not what its row points to.

    The list must be older than this look at the rows: an intent is recorded before
    Amazon is asked, so what the list shows has its row by now.
    """
    ours = [(mark, each) for each in listed if (mark := _our_mark(each))]
    rows = {
        row.mark: row
        for row in WorkflowExecution.objects.filter(mark__in=[mark for mark, _ in ours])
    }
    return sum(
        _add(
            instance_id=instance.pk,
            amc_execution_id=each.id,
            mark=mark,
            execution=rows.get(mark),
            why=why,
            amc_status=each.status,
            now=now,
        )
        for mark, each in ours
        if (why := _why_stray(rows.get(mark), each)) is not None
    )


def look_after_strays(
    *, now: Callable[[], datetime], may_go_on: Callable[[], bool]
) -> int:
    """Cancel the strays that are due, and end the alarms of those long ended."""
    seen = 0
    while may_go_on() and (batch := _claim(now=now())):
        for stray in batch:
            if may_go_on():
                with contained("stray not looked after", stray=stray.pk):
                    _look_after(stray, now=now)
                seen += 1
    return seen


def _our_mark(listed: Execution) -> str:
    mark = marks.mark_in(listed.sql or "")
    return mark if marks.is_of(settings.INSTALLATION_ID, mark) else ""


def _why_stray(row: WorkflowExecution | None, listed: Execution) -> Stray.Why | None:
    if row is None:
        return Stray.Why.NO_ROW
    if row.amc_execution_id == listed.id:
        return None
    if row.amc_execution_id is not None:
        return Stray.Why.DOUBLE
    # An open row without an id is about to adopt one.
    return None if row.state in OPEN_STATES else Stray.Why.ENDED_ROW


@transaction.atomic
def _add(
    *,
    instance_id: int,
    amc_execution_id: str,
    mark: str,
    execution: WorkflowExecution | None,
    why: Stray.Why,
    amc_status: str,
    now: datetime,
) -> bool:
    _, is_new = Stray.objects.get_or_create(
        instance_id=instance_id,
        amc_execution_id=amc_execution_id,
        defaults={
            "execution": execution,
            "mark": mark,
            "why": why,
            "amc_status": amc_status,
            "found_at": now,
            "next_poll_at": now,
        },
    )
    if is_new:
        facts = {
            "instance": instance_id,
            "execution": execution.pk if execution else None,
            "mark": mark,
            "why": why.value,
        }
        raise_alarm(ALARM, amc_execution_id, facts, now=now)
    return is_new


@transaction.atomic
def _claim(*, now: datetime) -> list[Stray]:
    due = Stray.objects.filter(next_poll_at__lte=now).order_by("next_poll_at")
    locked = list(due.select_for_update(skip_locked=True)[:AT_A_TIME])
    mine = Stray.objects.filter(pk__in=[stray.pk for stray in locked])
    mine.update(next_poll_at=now + times().submit_lease)
    return list(
        mine.select_related("instance__account", "execution__connection").order_by("pk")
    )


def _look_after(stray: Stray, *, now: Callable[[], datetime]) -> None:
    if stray.ended_at is not None:
        _forget(stray, now=now())
        return
    try:
        status = _cancelled(stray, now=now())
    except CANNOT_ASK as error:
        log.info("stray not reached", stray=stray.pk, error=error.code)
        status = stray.amc_status
    _write(stray, status, now=now())


def _cancelled(stray: Stray, *, now: datetime) -> str:
    """Ask for its end, and return what Amazon says of it then."""
    connection = _connection_for(stray)
    if connection is None:
        return stray.amc_status
    amazon = gateway(stray.instance, connection, now=now)
    try:
        if stray.amc_status not in FINAL_WORDS:
            _cancel(amazon, stray.amc_execution_id)
        return amazon.execution(stray.amc_execution_id).status
    except NotFound:
        return _missing(stray, now)


def _cancel(amazon: Gateway, amc_execution_id: str) -> None:
    try:
        amazon.cancel_execution(amc_execution_id)
    except NotFound:
        raise
    except Refused:  # it has ended, or is writing its result
        log.info("stray not cancelled", amc_execution=amc_execution_id)


def _missing(stray: Stray, now: datetime) -> str:
    """Amazon may show it late; what it does not show for long has gone."""
    is_gone = now - stray.found_at >= times().absence_age
    return GONE if is_gone else stray.amc_status


def _write(stray: Stray, status: str, *, now: datetime) -> None:
    """An ended stray is reported on for a while: its alarm is what people see."""
    longest = times().stray_longest
    is_over = now >= stray.found_at + longest + _time_limit(stray)
    ended = status in FINAL_WORDS or status == GONE or is_over
    next_look = next_poll(stray.found_at, now, times())
    Stray.objects.filter(pk=stray.pk, ended_at=None).update(
        amc_status=status,
        ended_at=now if ended else None,
        next_poll_at=max(now, stray.found_at + longest) if ended else next_look,
    )


def _forget(stray: Stray, *, now: datetime) -> None:
    end_alarm(ALARM, stray.amc_execution_id, now=now)
    Stray.objects.filter(pk=stray.pk).update(next_poll_at=None)


def _time_limit(stray: Stray) -> timedelta:
    execution = stray.execution
    return timedelta(seconds=execution.time_limit_seconds if execution else 0)


def _connection_for(stray: Stray) -> Connection | None:
    """That of its row, else any that reaches the account."""
    usable = Connection.objects.usable()
    if stray.execution is not None:
        own = usable.filter(pk=stray.execution.connection_id).first()
        if own is not None:
            return own
    account_id = stray.instance.account_id
    return usable.filter(accounts=account_id).order_by("pk").first()
