"""What a submission needs before its row is claimed: right, request, token (E3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from instances import connections
from instances.access import may_run
from instances.amc.gateway import Gateway, gateway
from workflows.errors import InvalidParameter, InvalidSql, InvalidWindow
from workflows.executions import requests
from workflows.executions.classification import CANNOT_ASK, without_token
from workflows.executions.endings import Ending, failed, not_submitted
from workflows.executions.requests import Request
from workflows.models import WorkflowExecution

MOST_CLAIMS = 5


@dataclass(frozen=True, kw_only=True)
class Ready:
    """All that the POST needs, at hand before the row is claimed for it."""

    request: Request
    amazon: Gateway


class Unsendable(Exception):
    """The execution cannot be sent, for the reason in its ending."""

    def __init__(self, ending: Ending) -> None:
        self.ending = ending
        super().__init__(ending.reason)


def made_ready(execution: WorkflowExecution, *, now: Callable[[], datetime]) -> Ready:
    """Everything that may take time or fail, done before the claim for sending.

    `execution` is as it was read, before it was taken up. Raises Unsendable.
    """
    if execution.claims >= MOST_CLAIMS:
        text = "Workers died with it again and again before it could be sent."
        raise Unsendable(failed("worker_killed", "", text, uses_attempt=False))
    if execution.deadline_at is not None and execution.deadline_at <= now():
        raise Unsendable(not_submitted("expired"))
    if not may_run(execution.owner_id, execution.account_id):
        text = "The owner may no longer run workflows in this account."
        raise Unsendable(not_submitted("not_authorised", "access", text))
    request = _request(execution)
    return Ready(request=request, amazon=_amazon(execution, now=now()))


def _request(execution: WorkflowExecution) -> Request:
    try:
        return requests.build(execution)
    except InvalidParameter as error:
        reason = "param_missing" if error.code == "missing" else "param_invalid"
        raise Unsendable(_unrendered(reason, error.message)) from error
    except InvalidSql as error:
        raise Unsendable(_unrendered("sql_invalid", error.message)) from error
    except InvalidWindow as error:
        raise Unsendable(_unrendered("window_invalid", error.message)) from error


def _unrendered(reason: str, message: str) -> Ending:
    return failed(reason, "query", message, uses_attempt=False)


def _amazon(execution: WorkflowExecution, *, now: datetime) -> Gateway:
    """With a token that lasts: it is not fetched between the claim and the POST."""
    try:
        amazon = gateway(execution.instance, execution.connection, now=now)
        connections.access_token(execution.connection_id, now=now)
    except CANNOT_ASK as error:
        raise Unsendable(without_token(error)) from error
    return amazon
