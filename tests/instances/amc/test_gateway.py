"""The gateway against the sandbox: tokens renewed in passing, refusals told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from instances.amc.errors import (
    Forbidden,
    LinkRefused,
    NotFound,
    NoUsableAnswer,
    Refused,
    Throttled,
    TokenRejected,
)
from instances.amc.gateway import Gateway, gateway
from instances.errors import AccountMissing, CredentialRefused
from instances.models import Account, Connection, Instance
from tests.amc.server import Amc
from tests.makers import NOON, make_instance

pytestmark = pytest.mark.django_db

SQL = "SELECT advertiser, COUNT(*) AS n FROM dsp_impressions GROUP BY 1 /* mark-1 */"
BODY = {
    "workflow": {"sqlQuery": SQL},
    "timeWindowType": "EXPLICIT",
    "timeWindowStart": "2026-11-07T00:00:00",
    "timeWindowEnd": "2026-11-14T00:00:00",
    "timeWindowTimeZone": "America/New_York",
}


@pytest.fixture
def instance(account: Account) -> Instance:
    return make_instance(account, instance_id="amcsandbox01")


@pytest.fixture
def gate(instance: Instance, connection: Connection, amazon: Amc) -> Gateway:
    return gateway(instance, connection, now=NOON)


def create(gate: Gateway) -> str:
    return gate.create_execution(BODY, seconds_left=lambda: 10).id


def test_an_execution_goes_from_its_creation_to_its_rows(
    gate: Gateway, amazon: Amc
) -> None:
    created = gate.create_execution(BODY, seconds_left=lambda: 10)
    while (found := gate.execution(created.id)).status != "SUCCEEDED":
        assert found.status in ("PENDING", "RUNNING", "PUBLISHING")

    (link,) = gate.download_urls(created.id)
    lines = b"".join(gate.download(link)).decode().splitlines()
    assert lines[0] == "advertiser,n"
    assert len(lines) > 1


def test_a_list_shows_the_sql_with_its_mark_the_window_and_the_date(
    gate: Gateway, amazon: Amc
) -> None:
    created = create(gate)

    page = gate.all_executions(since=NOON - timedelta(minutes=10))

    assert page.complete
    (found,) = page.executions
    assert found.id == created
    assert found.sql is not None
    assert "mark-1" in found.sql
    assert (found.window_start, found.window_end, found.window_timezone) == (
        "2026-11-07T00:00:00",
        "2026-11-14T00:00:00",
        "America/New_York",
    )
    assert found.created_at == NOON
    assert page.date == NOON


def test_all_pages_are_read_as_one(gate: Gateway, amazon: Amc) -> None:
    created = [create(gate) for _ in range(30)]

    first = gate.executions(since=NOON - timedelta(minutes=10))
    page = gate.all_executions(since=NOON - timedelta(minutes=10))

    assert len(first.executions) == 25
    assert not first.complete
    assert page.complete
    assert sorted(each.id for each in page.executions) == sorted(created)


def test_a_list_without_its_sql_is_not_complete(gate: Gateway, amazon: Amc) -> None:
    create(gate)
    amazon.faults("no_sql")

    since = NOON - timedelta(minutes=10)
    assert not gate.all_executions(since=since).complete
    assert gate.all_executions(since=since, include_workflow=False).complete


def test_a_wrapped_execution_is_read_as_well(gate: Gateway, amazon: Amc) -> None:
    fault = amazon.faults("wrapped")

    assert gate.execution(create(gate)).status
    assert amazon.hits(fault) == 2


def test_an_instance_without_account_is_refused_before_any_call(
    connection: Connection, amazon: Amc
) -> None:
    with pytest.raises(AccountMissing):
        gateway(make_instance(None), connection, now=NOON)

    assert amazon.requests() == []


def test_an_expired_token_is_replaced_and_the_request_repeated_once(
    gate: Gateway, amazon: Amc
) -> None:
    create(gate)
    amazon.expire_access_tokens()

    create(gate)

    assert len(amazon.requests("token")) == 2
    statuses = [asked["status"] for asked in amazon.requests("createWorkflowExecution")]
    assert statuses == [200, 401, 200]


def test_a_token_that_is_rejected_afresh_is_told(gate: Gateway, amazon: Amc) -> None:
    amazon.faults("expired_token")

    with pytest.raises(TokenRejected, match="Authentication failed"):
        create(gate)

    assert len(amazon.requests("createWorkflowExecution")) == 2


def test_after_a_401_a_revoked_authorisation_holds_the_connection(
    gate: Gateway, connection: Connection, amazon: Amc
) -> None:
    create(gate)
    amazon.expire_access_tokens()
    amazon.revoke("Atzr|sandbox")

    with pytest.raises(CredentialRefused):
        create(gate)

    connection.refresh_from_db()
    assert connection.held_at


def test_a_403_that_stays_while_accounts_are_listed_is_about_access(
    gate: Gateway, amazon: Amc
) -> None:
    amazon.faults(
        "forbidden",
        operation="createWorkflowExecution",
        text="Terms and conditions must be accepted to continue",
    )

    with pytest.raises(Forbidden, match="Terms and conditions"):
        create(gate)

    assert len(amazon.requests("createWorkflowExecution")) == 2
    assert len(amazon.requests("token")) == 2
    assert len(amazon.requests("listAccounts")) == 1


def test_a_403_that_passes_with_a_new_token_is_none(gate: Gateway, amazon: Amc) -> None:
    amazon.faults("forbidden", operation="createWorkflowExecution", count=1)

    assert create(gate)


def test_a_403_while_accounts_are_not_listed_is_about_the_token(
    gate: Gateway, amazon: Amc
) -> None:
    amazon.faults("forbidden")

    with pytest.raises(TokenRejected):
        create(gate)


def test_an_account_that_is_not_the_connections_is_about_access(
    gate: Gateway, account: Account, connection: Connection, amazon: Amc
) -> None:
    account.account_id = "ENTITY2SANDBOX"
    account.save()
    foreign = make_instance(account, instance_id="amc2sandbox01")

    with pytest.raises(Forbidden):
        gateway(foreign, connection, now=NOON).data_sources()


@pytest.mark.parametrize("kind", ["reply_lost", "request_lost", "garbage", "truncated"])
def test_without_a_usable_answer_a_post_is_sent_once(
    gate: Gateway, amazon: Amc, kind: str
) -> None:
    amazon.faults(kind, operation="createWorkflowExecution", count=1)

    with pytest.raises(NoUsableAnswer):
        create(gate)

    assert len(amazon.requests("createWorkflowExecution")) == 1


def test_a_post_that_takes_too_long_ends_within_its_budget(
    gate: Gateway, amazon: Amc
) -> None:
    create(gate)  # has a token
    amazon.faults("slow", operation="createWorkflowExecution", seconds=5.0)

    with pytest.raises(NoUsableAnswer, match="ReadTimeout"):
        gate.create_execution(BODY, seconds_left=lambda: 0.2)


def test_a_body_that_drips_ends_within_its_budget(gate: Gateway, amazon: Amc) -> None:
    create(gate)  # has a token
    amazon.faults("drip", operation="createWorkflowExecution", bytes_per_second=20.0)

    with pytest.raises(NoUsableAnswer, match="too long"):
        gate.create_execution(BODY, seconds_left=lambda: 0.3)


def test_a_throttled_request_says_how_long_to_rest(gate: Gateway, amazon: Amc) -> None:
    amazon.faults("throttled", operation="createWorkflowExecution", retry_after="7")

    with pytest.raises(Throttled) as caught:
        create(gate)

    assert caught.value.retry_after == timedelta(seconds=7)
    assert len(amazon.requests("createWorkflowExecution")) == 1


def test_sql_that_does_not_compile_is_refused_with_amazons_words(
    gate: Gateway, amazon: Amc
) -> None:
    wrong = {**BODY, "workflow": {"sqlQuery": "SELECT * FROM no_such_table"}}

    with pytest.raises(Refused, match="no_such_table") as caught:
        gate.create_execution(wrong, seconds_left=lambda: 10)

    assert caught.value.status == 400
    assert caught.value.request_id


def test_sql_is_checked_without_being_run(gate: Gateway, amazon: Amc) -> None:
    gate.check_sql(BODY, timeout_seconds=10)

    wrong = {**BODY, "workflow": {"sqlQuery": "SELECT nonsense FROM dsp_impressions"}}
    with pytest.raises(Refused):
        gate.check_sql(wrong, timeout_seconds=10)


def test_an_unknown_execution_is_not_found(gate: Gateway) -> None:
    with pytest.raises(NotFound):
        gate.execution("11111111-2222-3333-4444-555555555555")


def test_a_cancelled_execution_is_cancelled_and_a_finished_one_refused(
    gate: Gateway, amazon: Amc
) -> None:
    amazon.faults("stuck", status="RUNNING")
    running = create(gate)

    gate.cancel_execution(running)

    assert gate.execution(running).status == "CANCELLED"
    with pytest.raises(Refused):
        gate.cancel_execution(running)


def test_a_link_that_expired_is_told_from_other_trouble(
    gate: Gateway, amazon: Amc
) -> None:
    created = create(gate)
    while gate.execution(created).status != "SUCCEEDED":
        pass
    (link,) = gate.download_urls(created)
    amazon.advance(11 * 60)

    with pytest.raises(LinkRefused):
        list(gate.download(link))


def test_a_clock_that_differs_is_seen_in_the_date(gate: Gateway, amazon: Amc) -> None:
    amazon.faults("wrong_date", seconds=3600.0)

    page = gate.executions(since=NOON)

    assert page.date == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def test_tables_and_columns_are_listed(gate: Gateway) -> None:
    tables = {table.id: table for table in gate.data_sources()}

    columns = {column.name for column in tables["dsp_impressions"].columns}
    assert {"advertiser", "impressions", "user_id"} <= columns
