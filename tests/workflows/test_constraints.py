"""What the database refuses of executions, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from schedules.models import Target
from tests.makers import NOON, make_execution, make_run
from workflows.models import WorkflowExecution

pytestmark = pytest.mark.django_db

ENDED = {"state": "FAILED", "ended_at": NOON, "uses_attempt": True}
AT_AMAZON = {"state": "PENDING", "sending_at": NOON, "amc_execution_id": "e-1"}


@pytest.fixture
def row(target: Target) -> WorkflowExecution:
    return make_execution(make_run(target))


def refused(row: WorkflowExecution, columns: dict[str, Any], constraint: str) -> None:
    rows = WorkflowExecution.objects.filter(pk=row.pk)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        rows.update(**columns)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"next_poll_at": None}, "execution_open_is_looked_at"),
        ({"deadline_at": None}, "execution_open_is_looked_at"),
        ({"ended_at": NOON, "next_poll_at": None}, "execution_open_or_ended"),
        ({"uses_attempt": True}, "execution_open_or_ended"),
        (
            ENDED | {"uses_attempt": None, "next_poll_at": None},
            "execution_open_or_ended",
        ),
        (ENDED | {"ended_at": None}, "execution_open_or_ended"),
        (ENDED, "execution_ended_is_left_alone"),
        (AT_AMAZON | {"amc_execution_id": None}, "execution_at_amc_has_id"),
        (AT_AMAZON | {"sending_at": None}, "execution_with_id_was_sent"),
    ],
)
def test_an_execution_that_makes_no_sense_is_refused(
    row: WorkflowExecution, columns: dict[str, Any], constraint: str
) -> None:
    refused(row, columns, constraint)


def test_an_execution_that_ended_is_looked_at_only_to_watch_its_mark(
    row: WorkflowExecution,
) -> None:
    rows = WorkflowExecution.objects.filter(pk=row.pk)

    assert rows.update(**ENDED, watch_until=NOON) == 1


def test_two_rows_never_have_one_execution_of_amazons(
    row: WorkflowExecution, target: Target
) -> None:
    WorkflowExecution.objects.update(**AT_AMAZON)
    other = make_execution(make_run(target, trigger="test", exclusive=False))

    refused(other, AT_AMAZON, "one_row_per_amc_execution")


def test_an_attempt_has_one_successor(row: WorkflowExecution, target: Target) -> None:
    runs = [make_run(target, trigger="test", exclusive=False) for _ in range(2)]
    make_execution(runs[0], retry_of=row)

    refused(make_execution(runs[1]), {"retry_of": row}, "one_retry_per_execution")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AT_AMAZON | {"state": "RUNNING"}, {"state": "PENDING"}),
        (AT_AMAZON, {"state": "SUBMITTING"}),
        (AT_AMAZON, ENDED | {"state": "NOT_SUBMITTED", "next_poll_at": None}),
        (AT_AMAZON, ENDED | {"state": "SUCCEEDED", "next_poll_at": None}),
        (
            AT_AMAZON | {"state": "COLLECTING"},
            ENDED | {"state": "REJECTED", "next_poll_at": None},
        ),
        (ENDED | {"next_poll_at": None}, {"state": "REJECTED"}),
    ],
)
def test_an_execution_neither_goes_back_nor_leaps(
    row: WorkflowExecution, before: dict[str, Any], after: dict[str, Any]
) -> None:
    WorkflowExecution.objects.filter(pk=row.pk).update(**before)

    refused(row, after, "is no legal move")
