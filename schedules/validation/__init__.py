"""Whether schedules can run as they are configured. Reads only, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from instances.access import may_run
from instances.default_connections import DefaultConnections
from instances.errors import DomainError
from instances.models import Connection
from schedules import recurrence
from schedules.claiming.facts import targets_of
from schedules.errors import InvalidRecurrence
from schedules.models import Schedule, Target
from schedules.validation import rules
from schedules.validation.findings import Finding, Severity
from schedules.values import check_target
from workflows import parameters
from workflows.errors import InvalidParameter
from workflows.sql import check_sql

BATCH = 500
# Due for longer: something that should move it does not.
STALLED_AFTER = timedelta(minutes=10)
# What a row that was written past our checks may raise when it is read.
UNREADABLE = (TypeError, ValueError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How much was looked at, and what was found, errors first."""

    schedules: int
    targets: int
    findings: tuple[Finding, ...]


@dataclass(kw_only=True)
class Surroundings:
    """What a batch of schedules depends on."""

    connections: DefaultConnections
    held: dict[int, str]
    rights: dict[tuple[int, int | None], bool] = field(default_factory=dict)

    def may_run(self, owner_id: int, account_id: int | None) -> bool:
        key = (owner_id, account_id)
        if key not in self.rights:
            self.rights[key] = may_run(owner_id, account_id)
        return self.rights[key]


def check_schedules(schedules: QuerySet[Schedule], *, now: datetime) -> Checked:
    """Check them in batches, so that their number does not matter."""
    findings: list[Finding] = []
    ids = list(schedules.order_by("pk").values_list("pk", flat=True))
    targets = 0
    for start in range(0, len(ids), BATCH):
        rows = Schedule.objects.filter(pk__in=ids[start : start + BATCH])
        batch = list(rows.select_related("workflow__version", "owner").order_by("pk"))
        by_schedule = targets_of(batch)
        targets += sum(map(len, by_schedule.values()))
        around = _surroundings(batch)
        for schedule in batch:
            findings += _check(schedule, by_schedule[schedule.pk], around, now)
    findings.sort(key=lambda found: (found.severity != "error", found.schedule_id))
    return Checked(schedules=len(ids), targets=targets, findings=tuple(findings))


def worth_checking(*, paused: bool) -> QuerySet[Schedule]:
    """The active ones, and those that stopped because they cannot be read."""
    kept = Schedule.objects.filter(deleted_at=None)
    if paused:
        return kept
    return kept.filter(Q(is_active=True) | Q(pause_cause="invalid"))


def finding(
    schedule: Schedule,
    code: str,
    message: str,
    remedy: str = "",
    *,
    target: Target | None = None,
    severity: Severity = "error",
) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        schedule_id=schedule.pk,
        schedule_name=schedule.name,
        instance_id=target.instance.instance_id if target else "",
        message=message,
        remedy=remedy,
    )


def _surroundings(schedules: Sequence[Schedule]) -> Surroundings:
    held = Connection.objects.filter(held_at__isnull=False, deleted_at=None)
    return Surroundings(
        connections=DefaultConnections(schedules),
        held=dict(held.values_list("pk", "hold_reason")),
    )


def _check(
    schedule: Schedule,
    targets: Sequence[Target],
    around: Surroundings,
    now: datetime,
) -> Iterator[Finding]:
    try:
        rule = recurrence.validate(schedule.cron_expression, schedule.timezone)
    except InvalidRecurrence as error:
        remedy = "Edit the expression or the zone, then resume the schedule."
        yield finding(schedule, error.code, error.message, remedy)
        return
    yield from _next_run(schedule, now)
    yield from _workflow(schedule)
    yield from _targets(schedule, targets, around, now)
    for warning in rules.warnings_of(schedule, rule, now=now):
        yield finding(schedule, warning.code, warning.message, severity="warning")


def _next_run(schedule: Schedule, now: datetime) -> Iterator[Finding]:
    """Where an active schedule goes on: a slot of its rule, and its first from now."""
    stored = schedule.next_run_at
    if not schedule.is_active:
        return
    if stored and stored <= now:
        if stored < now - STALLED_AFTER:
            message = f"Due since {stored:%Y-%m-%d %H:%M}Z, and nobody has taken it up."
            yield finding(schedule, "stalled", message, "See whether the tick runs.")
        return
    slots = recurrence.fire_times(
        schedule.cron_expression, schedule.timezone, now, count=1
    )
    if slots and stored != slots[0]:
        said = f"{stored:%Y-%m-%d %H:%M}Z" if stored else "never"
        message = f"Goes on {said}; its next slot is {slots[0]:%Y-%m-%d %H:%M}Z."
        yield finding(schedule, "next_run_wrong", message, "Use --fix next_run.")


def _workflow(schedule: Schedule) -> Iterator[Finding]:
    workflow = schedule.workflow
    if workflow.deleted_at:
        yield finding(schedule, "workflow_deleted", f"{workflow} was deleted.")
    if workflow.version is None:
        yield finding(schedule, "workflow_empty", f"{workflow} has no SQL.")
        return
    try:
        check_sql(workflow.version.sql)
        parameters.check_declarations(workflow.version.parameters)
        parameters.check_references(workflow.version.sql, workflow.version.parameters)
    except DomainError as error:
        yield finding(schedule, error.code, error.message, "Edit the workflow.")


def _targets(
    schedule: Schedule,
    targets: Sequence[Target],
    around: Surroundings,
    now: datetime,
) -> Iterator[Finding]:
    if not targets:
        yield finding(schedule, "no_target", "It has no target.", "Add one.")
    elif schedule.is_active and all(target.paused_at for target in targets):
        message = "All its targets are paused."
        yield finding(schedule, "no_active_target", message, "Resume one.")
    for target in targets:
        if target.instance.account_id is None:
            message = f"{target.instance} has no AMC account."
            remedy = "Sync the connection that lists it."
            yield finding(schedule, "account_missing", message, remedy, target=target)
        elif not around.may_run(schedule.owner_id, target.instance.account_id):
            message = f"{schedule.owner} may not run workflows in its account."
            remedy = "Make them editor."
            yield finding(schedule, "not_authorised", message, remedy, target=target)
        yield from _connection(target, around)
        yield from _question(target, now)


def _connection(target: Target, around: Surroundings) -> Iterator[Finding]:
    schedule = target.schedule
    account_id = target.instance.account_id
    connection_id = around.connections.connection_id(schedule, account_id)
    if connection_id is None:
        message = f"{schedule.owner} has no connection to Amazon."
        remedy = "They must connect."
        yield finding(schedule, "connection_missing", message, remedy, target=target)
    elif connection_id in around.held:
        message = f"The connection is held: {around.held[connection_id]}"
        remedy = "Its owner must connect again."
        yield finding(schedule, "connection_held", message, remedy, target=target)


def _question(target: Target, now: datetime) -> Iterator[Finding]:
    """Whether the next run's window and values can be sent."""
    schedule = target.schedule
    if schedule.workflow.version is None:
        return
    try:
        check_target(target, slot=schedule.next_run_at or now)
    except InvalidParameter as error:
        code = "param_missing" if error.code == "missing" else "param_invalid"
        yield finding(schedule, code, error.message, "Set the value.", target=target)
    except DomainError as error:
        remedy = "Edit the window or the zone."
        yield finding(schedule, "window_invalid", error.message, remedy, target=target)
    except UNREADABLE as error:
        message = f"Its window or values cannot be read: {error}"
        remedy = "Write them again."
        yield finding(schedule, "unreadable", message, remedy, target=target)
