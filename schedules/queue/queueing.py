"""Taking a run one step on: into the queue, or out of the way (R3 to R6)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, Q, Value, When

from instances.access import may_run
from instances.timing import times
from schedules.models import ACTIVE, IN_QUEUE, Run, Target
from schedules.moves import Move, move, unasked_end
from schedules.queue.admission import admit
from schedules.queue.credentials import is_usable
from schedules.queue.entering import Facts, Step, Way, step
from schedules.queue.readiness import lack_of
from schedules.settling.rulings import fail_and_count
from schedules.states import OverlapPolicy, RunState, Trigger

ENTERING = Q(state=RunState.PENDING) | Q(state=RunState.WAITING, reason="overlap")
LOADED = ("target", "schedule", "connection", "workflow_version")


def execute_run(run_id: int, *, now: datetime) -> list[int]:
    """Take a run one step on, then fill the free places of its account.

    Returns the executions opened there, the run's own first: the caller has them
    submitted. Does nothing to a run that is further already; any number of calls at
    once are safe.
    """
    _advance(run_id, now=now)
    queued = Run.objects.filter(IN_QUEUE, pk=run_id, next_action_at__lte=now)
    account_id = queued.values_list("account_id", flat=True).first()
    if account_id is None:
        return []
    admitted = admit(now=now, account_id=account_id)
    own_first = sorted(admitted, key=lambda one: one.run_id != run_id)
    return [one.execution_id for one in own_first]


@transaction.atomic
def _advance(run_id: int, *, now: datetime) -> bool:
    """Lock the target, look in a second statement, move. False: nothing was moved."""
    entering = Run.objects.filter(ENTERING, pk=run_id)
    found = entering.values_list("target_id").first()
    if found is None:
        return False
    locked = Target.objects.filter(pk=found[0]).select_for_update(no_key=True)
    locked.values_list("pk").first()
    run = entering.select_related(*LOADED).first()
    if run is None:
        return False
    facts = _facts(run)
    return _take(run, step(facts), facts, now=now)


def _take(run: Run, towards: Step, facts: Facts, *, now: datetime) -> bool:
    """Write the step."""
    match towards.way:
        case Way.FAIL:
            return fail_and_count(
                run, reason=towards.reason, message=towards.message, now=now
            )
        case Way.SKIP:
            end = Move(
                state=unasked_end(run.execution_id),
                reason=towards.reason,
                blocked_by_id=facts.blocked_by or run.blocked_by_id,
            )
            return move(run, end, now=now)
        case Way.WAIT:
            return move(run, _wait(run, facts, now), now=now)
        case Way.HOLD:
            return move(run, _hold(run, now), now=now)
        case Way.QUEUE:
            return _enter_queue(run, now=now)


def _facts(run: Run) -> Facts:
    """What R4 to R6 look at. The target is locked, so what is seen here stays."""
    schedule, target = run.schedule, run.target
    return Facts(
        is_slot=run.trigger == Trigger.SCHEDULE,
        is_pending=run.state == RunState.PENDING,
        lack=lack_of(run),
        target_is_paused=target is not None and _is_stopped(target),
        schedule_is_paused=schedule is not None and not schedule.is_active,
        owner_may_run=_owner_may_run(run),
        blocked_by=_blocker(run),
        skips_overlap=schedule is not None
        and schedule.overlap_policy == OverlapPolicy.SKIP,
        connection_is_usable=is_usable(run.connection),
    )


def _is_stopped(target: Target) -> bool:
    return target.paused_at is not None or target.deleted_at is not None


def _owner_may_run(run: Run) -> bool:
    """Not asked where there is no account to ask about."""
    return run.account_id is None or may_run(run.owner_id, run.account_id)


def _blocker(run: Run) -> int | None:
    """The exclusive run of the same target that comes before this one, if any.

    That is one that is active, else the oldest that wants in and is older.
    """
    if not run.exclusive or run.target_id is None:
        return None
    is_older = Q(scheduled_for__lt=run.scheduled_for) | Q(
        scheduled_for=run.scheduled_for, pk__lt=run.pk
    )
    first = Case(When(ACTIVE, then=Value(0)), default=Value(1))
    others = Run.objects.filter(target=run.target_id, exclusive=True)
    blockers = others.exclude(pk=run.pk).filter(ACTIVE | ENTERING & is_older)
    ordered = blockers.order_by(first, "scheduled_for", "pk")
    return ordered.values_list("pk", flat=True).first()


def _wait(run: Run, facts: Facts, now: datetime) -> Move:
    """R5. When waiting ends is said once, by the birth or by the first look."""
    return Move(
        state=RunState.WAITING,
        reason="overlap",
        next_action_at=now + times().overlap_look,
        give_up_at=run.give_up_at or _end_of_overlap(run, now),
        blocked_by_id=facts.blocked_by,
    )


def _end_of_overlap(run: Run, now: datetime) -> datetime:
    """The target's next slot for a run of a slot, a day for a person's run."""
    next_slot = run.schedule.next_run_at if run.schedule else None
    if run.trigger == Trigger.SCHEDULE and next_slot is not None:
        return next_slot
    return now + times().overlap


def _hold(run: Run, now: datetime) -> Move:
    """R6."""
    return Move(
        state=RunState.WAITING,
        reason="credential",
        next_action_at=now,
        give_up_at=now + times().credential,
    )


def _enter_queue(run: Run, *, now: datetime) -> bool:
    """R3. The index one_active_run_per_target has the last word."""
    is_slot = run.trigger == Trigger.SCHEDULE
    turn = run.scheduled_for if is_slot else run.created_at
    queued = Move(state=RunState.WAITING, reason="capacity", next_action_at=turn)
    try:
        with transaction.atomic():
            return move(run, queued, now=now)
    except IntegrityError as error:
        if "one_active_run_per_target" not in str(error):
            raise
        return False
