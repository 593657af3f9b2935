"""Collecting against the sandbox: every file, once, whole, under the lease."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from pytest_django.fixtures import Settings

from instances.connections import disconnect
from instances.models import Connection
from tests.amc.server import Amc
from tests.makers import NOON, make_connection
from tests.workflows.conftest import Clock, Interrupted, Killed, killed, with_version
from workflows.executions.cancelling import close_collecting
from workflows.executions.polling import poll_due
from workflows.executions.submission import submit
from workflows.models import ExecutionResult, WorkflowExecution
from workflows.results import page
from workflows.results.collecting import collect
from workflows.results.leases import LeaseLost, TooSlow, lease, to_be_collected
from workflows.states import ExecutionState as State

LINKS = "getWorkflowExecutionDownloadUrls"
MANY_ROWS = (
    "SELECT campaign, device_type, COUNT(*) AS n FROM dsp_impressions GROUP BY 1, 2"
)

pytestmark = pytest.mark.usefixtures("results_folder")


def poll(clock: Clock) -> None:
    clock.advance(seconds=5)
    poll_due(now=clock, budget=timedelta(seconds=20))


@pytest.fixture
def succeeded(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> WorkflowExecution:
    """It has succeeded at Amazon, and its result may be fetched."""
    submit(execution.pk, now=clock)
    poll(clock)
    execution.refresh_from_db()
    return execution


def ended(execution: WorkflowExecution) -> tuple[str, str]:
    execution.refresh_from_db()
    return execution.state, execution.reason


def files_in(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def test_the_result_lands_and_the_execution_succeeds(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, results_folder: Path
) -> None:
    collect(succeeded.pk, now=clock)

    result = ExecutionResult.objects.get()
    content = (results_folder / result.storage_key).read_bytes()
    assert ended(succeeded) == ("SUCCEEDED", "")
    assert succeeded.uses_attempt
    assert succeeded.ended_at == result.created_at == clock()
    assert result.storage_key.startswith(f"executions/{succeeded.pk}/1-")
    assert files_in(results_folder) == [result.storage_key]
    assert result.columns == ["advertiser", "reach"]
    assert result.row_count == len(content.splitlines()) - 1 > 0
    assert result.size_bytes == len(content)
    assert result.sha256 == hashlib.sha256(content).hexdigest()
    assert result.parts == 1
    assert len(page(result, None, 100).rows) == result.row_count


def test_a_deleted_connection_is_replaced_by_its_owners_next_one(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    disconnect(succeeded.connection, now=NOON)
    make_connection(succeeded.owner, succeeded.account)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("SUCCEEDED", "")


def test_a_second_call_finds_nothing_to_do(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    collect(succeeded.pk, now=clock)
    collect(succeeded.pk, now=clock)

    assert len(amazon.requests(LINKS)) == 1


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ({"kind": "several_files", "files": 3}, 3),
        ({"kind": "gzip_result"}, 1),
        ({"kind": "gzip_result", "encoding": True}, 1),
    ],
)
def test_files_are_made_one_whatever_their_number_and_form(
    fault: dict[str, Any],
    parts: int,
    admitted: Callable[..., WorkflowExecution],
    amazon: Amc,
    clock: Clock,
    results_folder: Path,
) -> None:
    plain, special = admitted(), admitted()
    with_many_rows(plain)
    with_many_rows(special)
    submit(plain.pk, now=clock)
    amazon.faults(**fault)
    submit(special.pk, now=clock)
    poll(clock)

    collect(plain.pk, now=clock)
    collect(special.pk, now=clock)

    one, other = (each.result for each in WorkflowExecution.objects.order_by("pk"))
    assert other.parts == parts
    assert other.row_count == one.row_count
    assert sorted(lines(results_folder, other)) == sorted(lines(results_folder, one))


def with_many_rows(execution: WorkflowExecution) -> None:
    """Amazon makes several files only of several rows."""
    with_version(execution, MANY_ROWS)
    WorkflowExecution.objects.filter(pk=execution.pk).update(
        window_start=date(2026, 8, 1)
    )


def lines(folder: Path, result: ExecutionResult) -> list[str]:
    return (folder / result.storage_key).read_text().splitlines()


def test_an_empty_result_is_a_success_without_rows(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("empty_result")
    submit(execution.pk, now=clock)
    poll(clock)

    collect(execution.pk, now=clock)

    assert ended(execution) == ("SUCCEEDED", "")
    assert ExecutionResult.objects.get().row_count == 0


def test_links_are_fetched_without_api_headers_and_kept_nowhere(
    succeeded: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    amazon.faults("expired_link", count=1)

    collect(succeeded.pk, now=clock)

    row = str(WorkflowExecution.objects.values().get())
    assert ended(succeeded)[0] == State.SUCCEEDED
    for text in (row, caplog.text):
        assert "X-Amz" not in text
        assert "download" not in text.replace("download_urls", "")


# --- Links that do not work ---------------------------------------------------------


def test_an_expired_link_is_asked_for_again_under_the_same_lease(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    with_many_rows(execution)
    amazon.faults("several_files", files=3)
    submit(execution.pk, now=clock)
    poll(clock)
    amazon.faults("expired_link", skip=1, count=1)

    collect(execution.pk, now=clock)

    assert ended(execution) == ("SUCCEEDED", "")
    assert execution.lease_token == 1
    assert execution.result.parts == 3
    assert len(amazon.requests(LINKS)) == 2


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        ({"kind": "expired_link"}, 5),
        ({"kind": "links_unavailable"}, 5),
        ({"kind": "links_unavailable", "status": 404}, 5),
        ({"kind": "server_error", "operation": LINKS}, 5),
        ({"kind": "server_error", "operation": "download"}, 5),
        ({"kind": "throttled", "operation": LINKS, "retry_after": "40"}, 40),
        ({"kind": "truncated", "operation": "download"}, 5),
        ({"kind": "reply_lost", "operation": "download"}, 5),
        ({"kind": "garbage", "operation": LINKS}, 5),
        ({"kind": "forbidden", "operation": LINKS}, 5),
        ({"kind": "invalid_grant", "operation": "token"}, 60),
    ],
)
def test_what_cannot_be_fetched_now_is_fetched_later(
    fault: dict[str, Any],
    wait: float,
    succeeded: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    results_folder: Path,
) -> None:
    if fault.get("operation") == "token":
        amazon.expire_access_tokens()
    switched_on = amazon.faults(**fault)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded)[0] == State.COLLECTING
    assert succeeded.next_poll_at == clock() + timedelta(seconds=wait)
    assert succeeded.claims == 0
    assert files_in(results_folder) == []
    assert amazon.hits(switched_on)

    amazon.clear_faults()
    Connection.objects.update(held_at=None)
    clock.advance(seconds=wait)
    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("SUCCEEDED", "")
    assert succeeded.message == ""


def test_a_result_that_amazon_keeps_refusing_is_gone(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("links_unavailable")
    collect(succeeded.pk, now=clock)
    clock.advance(hours=6)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("FAILED", "result_unavailable")
    assert "unavailable for download" in succeeded.message


def test_a_result_that_cannot_be_had_until_its_deadline_is_given_up(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    Connection.objects.update(held_at=NOON)
    collect(succeeded.pk, now=clock)
    assert ended(succeeded)[0] == State.COLLECTING

    clock.advance(hours=24)
    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("FAILED", "result_unavailable")


@pytest.mark.parametrize(
    "body",
    [
        "<html>It works!</html>",
        "",
        'advertiser,reach\n"unclosed,1\n',
    ],
)
def test_what_is_no_table_is_an_invalid_result(
    body: str,
    succeeded: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    results_folder: Path,
) -> None:
    amazon.faults("garbage", operation="download", body=body)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("FAILED", "result_invalid")
    assert succeeded.message
    assert files_in(results_folder) == []


# --- Leases -------------------------------------------------------------------------


def test_a_zombie_with_an_old_lease_writes_nothing(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, results_folder: Path
) -> None:
    """While it was frozen another collector finished. Readings: lease, deadline, …"""

    def finished_by_another() -> None:
        clock.advance(seconds=91)
        collect(succeeded.pk, now=clock)

    zombie = Interrupted(amazon, 4, finished_by_another)
    zombie.follow(clock)

    collect(succeeded.pk, now=zombie)

    result = ExecutionResult.objects.get()
    assert ended(succeeded) == ("SUCCEEDED", "")
    assert succeeded.lease_token == 2
    assert result.storage_key.startswith(f"executions/{succeeded.pk}/2-")
    assert files_in(results_folder) == [result.storage_key]


def test_a_zombie_does_not_end_what_another_is_still_fetching(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, results_folder: Path
) -> None:
    """Its lease passed while it stored its file. Readings: lease, deadline, …, end."""

    def taken_over() -> None:
        WorkflowExecution.objects.update(next_poll_at=clock())
        assert lease(WorkflowExecution.objects.get(), now=clock)

    zombie = Interrupted(amazon, 4, taken_over)
    zombie.follow(clock)
    collect(succeeded.pk, now=zombie)

    assert ended(succeeded) == (State.COLLECTING, "")
    assert not ExecutionResult.objects.exists()
    assert files_in(results_folder) == []


def test_a_lease_that_two_others_had_meanwhile_is_not_taken(
    succeeded: WorkflowExecution, clock: Clock
) -> None:
    """Its token would be the second one's, who may be frozen and not dead."""
    for _ in range(2):
        succeeded.refresh_from_db()
        clock.advance(seconds=91)
        assert lease(succeeded, now=clock)
    clock.advance(seconds=91)

    assert lease(succeeded, now=clock) is None


def test_a_collector_that_was_killed_is_replaced_and_its_files_swept(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, results_folder: Path
) -> None:
    """Killed when its file was stored and its row was not."""
    with pytest.raises(Killed):
        collect(succeeded.pk, now=Interrupted(amazon, 4, killed))
    folder = results_folder / "incoming"
    (folder / f"{succeeded.pk}-1-abc.part").write_bytes(b"half a file")
    (folder / "notes.txt").write_bytes(b"not ours")
    assert len(files_in(results_folder)) == 3
    collect(succeeded.pk, now=clock)
    assert ended(succeeded)[0] == State.COLLECTING

    clock.advance(seconds=91)
    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("SUCCEEDED", "")
    assert files_in(results_folder) == sorted(
        ["incoming/notes.txt", succeeded.result.storage_key]
    )


def test_a_result_that_kills_its_collectors_is_given_up(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    for _ in range(5):
        doomed = Interrupted(amazon, 3, killed)
        doomed.follow(clock)
        with pytest.raises(Killed):
            collect(succeeded.pk, now=doomed)
        clock.advance(seconds=91)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("FAILED", "worker_killed")


def test_a_cancel_while_the_result_is_fetched_drops_the_file(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, results_folder: Path
) -> None:
    def cancelled() -> None:
        assert close_collecting(succeeded.pk, "Not needed", now=clock())

    collect(succeeded.pk, now=Interrupted(amazon, 4, cancelled))

    assert ended(succeeded) == ("CANCELLED", "cancelled")
    assert not ExecutionResult.objects.exists()
    assert files_in(results_folder) == []


def test_a_lease_is_renewed_while_enough_comes(
    succeeded: WorkflowExecution, clock: Clock, spans: Callable[..., None]
) -> None:
    spans(collect_renew=0, collect_lease=90)
    mine = lease(succeeded, now=clock)
    assert mine is not None
    clock.advance(seconds=60)

    mine.came(1_000_000)

    succeeded.refresh_from_db()
    assert succeeded.next_poll_at == clock() + timedelta(seconds=90)
    assert succeeded.claims == 0


def test_a_lease_is_not_renewed_for_a_trickle(
    succeeded: WorkflowExecution, clock: Clock, spans: Callable[..., None]
) -> None:
    spans(collect_renew=0, collect_lease=90)
    mine = lease(succeeded, now=clock)
    assert mine is not None
    spans(collect_renew=0, collect_lease=0)

    with pytest.raises(TooSlow):
        mine.came(0)


def test_a_renewal_finds_out_that_the_lease_is_lost(
    succeeded: WorkflowExecution, clock: Clock, spans: Callable[..., None]
) -> None:
    spans(collect_renew=0)
    mine = lease(succeeded, now=clock)
    assert mine is not None
    WorkflowExecution.objects.update(lease_token=7)

    with pytest.raises(LeaseLost):
        mine.came(1_000_000)


def test_messages_are_sent_again_for_what_nobody_has_taken(
    admitted: Callable[..., WorkflowExecution], amazon: Amc, clock: Clock
) -> None:
    executions = [admitted() for _ in range(3)]
    for execution in executions:
        submit(execution.pk, now=clock)
    poll(clock)
    first, second, third = (execution.pk for execution in executions)

    assert to_be_collected(now=clock(), limit=2) == [first, second]
    assert to_be_collected(now=clock(), limit=2) == [third]
    assert to_be_collected(now=clock(), limit=2) == []
    clock.advance(seconds=60)
    assert to_be_collected(now=clock(), limit=9) == [first, second, third]


def test_a_message_that_was_sent_again_does_not_lock_the_result_up(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    to_be_collected(now=clock(), limit=1)

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("SUCCEEDED", "")


# --- The store ----------------------------------------------------------------------


class FullStore(FileSystemStorage):
    """A disk without room."""

    def _save(self, name: str, content: IO[bytes]) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")


class BrokenStore(FileSystemStorage):
    """A remote store that is away, with an error of its own kind."""

    def path(self, name: str) -> str:
        raise NotImplementedError

    def _save(self, name: str, content: IO[bytes]) -> str:
        raise LookupError("The bucket is away")


@pytest.mark.parametrize(
    ("store", "reason"),
    [("FullStore", "storage_full"), ("BrokenStore", "result_unavailable")],
)
def test_a_store_without_room_is_tried_until_the_deadline(
    store: str,
    reason: str,
    succeeded: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    settings: Settings,
    results_folder: Path,
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "results": settings.STORAGES["results"] | {"BACKEND": f"{__name__}.{store}"}
    }
    collect(succeeded.pk, now=clock)
    assert ended(succeeded)[0] == State.COLLECTING
    assert succeeded.message.startswith("The results store")
    assert files_in(results_folder) == []
    clock.advance(hours=12)
    collect(succeeded.pk, now=clock)
    assert ended(succeeded)[0] == State.COLLECTING

    clock.advance(hours=12)
    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("FAILED", reason)


def test_a_store_that_is_no_file_system_takes_results_as_well(
    succeeded: WorkflowExecution, amazon: Amc, clock: Clock, settings: Settings
) -> None:
    backend = "django.core.files.storage.InMemoryStorage"
    settings.STORAGES = settings.STORAGES | {"results": {"BACKEND": backend}}

    collect(succeeded.pk, now=clock)

    assert ended(succeeded) == ("SUCCEEDED", "")
    assert storages["results"].exists(succeeded.result.storage_key)
    assert page(succeeded.result, None, 10).rows
