"""Submitting an execution: one recorded intent, claimed once, at most one POST.

Nothing here repeats a POST whose outcome is not known: the row stays SUBMITTING, and
`reconciling` finds out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest

from instances.amc.answers import Execution
from instances.amc.errors import Throttled
from instances.amc.transport import elapsing
from instances.errors import InstancesError
from instances.fault_points import fault_point
from instances.models import Instance
from instances.timing import times
from workflows.executions import moves
from workflows.executions.cancelling import CANCELLED_UNSENT
from workflows.executions.classification import CANNOT_ASK, after_post
from workflows.executions.endings import Ending, not_submitted
from workflows.executions.preparation import Ready, Unsendable, made_ready
from workflows.executions.requests import Request
from workflows.executions.sightings import time_at_amazon
from workflows.executions.strays import add_stray
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

log = structlog.get_logger(__name__)


def submit(execution_id: int, *, now: Callable[[], datetime]) -> None:
    """Take an unsent execution to Amazon. A second call finds nothing to do."""
    execution = _unsent(execution_id)
    if execution is None or not _take_up(execution, now=now()):
        return
    fault_point("taken-up", execution.instance_id)
    try:
        ready = made_ready(execution, now=now)
    except Unsendable as error:
        _end_unsent(execution, error.ending, now=now())
        return
    _send(execution, ready, now=now)


def _unsent(execution_id: int) -> WorkflowExecution | None:
    rows = WorkflowExecution.objects.filter(
        moves.UNSENT, pk=execution_id, state=State.SUBMITTING
    )
    return rows.select_related(
        "instance__account", "connection", "workflow_version"
    ).first()


def _take_up(execution: WorkflowExecution, *, now: datetime) -> bool:
    """Lease the row as it was read. Who dies with it too often is found out here."""
    if execution.cancel_requested_at is not None:
        _end_unsent(execution, CANCELLED_UNSENT, now=now)
        return False
    return moves.stay(
        execution.pk,
        states=[State.SUBMITTING],
        guard=moves.UNSENT & moves.NO_CANCEL & Q(next_poll_at=execution.next_poll_at),
        claims=F("claims") + 1,
        next_poll_at=now + times().submit_lease,
    )


def _send(
    execution: WorkflowExecution, ready: Ready, *, now: Callable[[], datetime]
) -> None:
    """Claim for sending, POST, and write the answer down."""
    started = elapsing()
    if not _claim_for_sending(execution, ready.request, now=now()):
        return
    fault_point("claimed-for-sending")

    def seconds_left() -> float:
        """Before the POST, and before the one with a new token that a 401 asks for."""
        _look_a_last_time(execution, started)
        fault_point("before-post")
        return times().post_end.total_seconds() - (elapsing() - started)

    try:
        accepted = ready.amazon.create_execution(
            ready.request.body, seconds_left=seconds_left
        )
    except Unsendable as error:
        _end_sent(execution, error.ending, now=now())
    except CANNOT_ASK as error:
        _note_refusal(execution, error, now=now())
    else:
        fault_point("posted-unrecorded")
        _accept(execution, accepted, now=now())


def _claim_for_sending(
    execution: WorkflowExecution, request: Request, *, now: datetime
) -> bool:
    """The point of no return: of all processes one may POST, once."""
    is_mine = moves.stay(
        execution.pk,
        states=[State.SUBMITTING],
        guard=moves.UNSENT & moves.NO_CANCEL,
        sending_at=now,
        request=request.body,
        request_sha256=request.sha256,
        next_poll_at=now + times().sent_look,
        deadline_at=now + times().no_proof,
    )
    if is_mine:
        log.info("submitting", execution=execution.pk, bytes=request.size_bytes)
    return is_mine


def _look_a_last_time(execution: WorkflowExecution, started: float) -> None:
    """Afterwards nothing but the clock counts. Raises Unsendable."""
    row = WorkflowExecution.objects.only("state", "cancel_requested_at").get(
        pk=execution.pk
    )
    if row.cancel_requested_at is not None:
        raise Unsendable(CANCELLED_UNSENT)
    is_late = elapsing() - started > times().post_start.total_seconds()
    if is_late or row.state != State.SUBMITTING:
        text = "It was too late to send it."
        raise Unsendable(not_submitted("not_sent", "transient", text))


def _accept(
    execution: WorkflowExecution, accepted: Execution, *, now: datetime
) -> None:
    """Amazon has named its execution; if the row has moved on, that is a stray."""
    try:
        with transaction.atomic():
            is_ours = moves.move(
                execution.pk,
                State.PENDING,
                origins=[State.SUBMITTING],
                guard=moves.SENT,
                amc_execution_id=accepted.id,
                amc_status=accepted.status[:50],
                submitted_at=now,
                next_poll_at=now + times().poll_first,
                deadline_at=time_at_amazon(execution, now),
            )
    except IntegrityError:  # adopted by another row, for want of marks in the list
        is_ours = False
    if is_ours:
        log.info("submitted", execution=execution.pk, amc_execution=accepted.id)
    elif not _is_known(execution, accepted):
        add_stray(execution, accepted.id, Stray.Why.LATE_REPLY, now=now)


def _is_known(execution: WorkflowExecution, accepted: Execution) -> bool:
    """Whether the poller has found it in the list before its reply came."""
    return WorkflowExecution.objects.filter(
        instance=execution.instance_id, amc_execution_id=accepted.id
    ).exists()


def _note_refusal(
    execution: WorkflowExecution, error: InstancesError, *, now: datetime
) -> None:
    ending = after_post(error)
    if ending is None:
        log.warning("outcome not known", execution=execution.pk, error=str(error))
        moves.stay(
            execution.pk,
            states=[State.SUBMITTING],
            guard=moves.SENT,
            next_poll_at=now + times().unresolved_look,
        )
        return
    if ending.reason == "throttled":
        _rest(execution.instance, error, now=now)
    _end_sent(execution, ending, now=now, request_id=getattr(error, "request_id", ""))


def _rest(instance: Instance, error: InstancesError, *, now: datetime) -> None:
    """No further execution is sent to the instance for a while."""
    asked = error.retry_after if isinstance(error, Throttled) else None
    until = now + (times().throttle_rest if asked is None else asked)
    Instance.objects.filter(pk=instance.pk).update(
        throttled_until=Greatest(Coalesce("throttled_until", until), until)
    )


def _end_unsent(execution: WorkflowExecution, ending: Ending, *, now: datetime) -> None:
    log.info("not sent", execution=execution.pk, reason=ending.reason)
    moves.end(
        execution.pk, ending, origins=[State.SUBMITTING], guard=moves.UNSENT, now=now
    )


def _end_sent(
    execution: WorkflowExecution, ending: Ending, *, now: datetime, request_id: str = ""
) -> None:
    log.info("not accepted", execution=execution.pk, reason=ending.reason)
    moves.end(
        execution.pk,
        ending,
        origins=[State.SUBMITTING],
        guard=moves.SENT,
        now=now,
        amc_request_id=request_id[:100],
    )
