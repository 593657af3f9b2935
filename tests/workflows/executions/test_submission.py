"""Submitting against the sandbox: what each answer makes of the one recorded intent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from pytest_django.fixtures import Settings

from instances.alarms import open_alarms
from instances.connections import access_token
from instances.models import Connection, Instance, Membership, User
from tests.amc.server import Amc
from tests.makers import NOON
from tests.workflows.conftest import Clock, Interrupted, Killed, killed, with_version
from workflows.executions import moves
from workflows.executions.cancelling import ask_to_cancel, close_unsent
from workflows.executions.endings import not_submitted
from workflows.executions.submission import submit
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

POST = "createWorkflowExecution"


def posts(amazon: Amc) -> int:
    return len(amazon.requests(POST))


def ended(execution: WorkflowExecution) -> tuple[str, str, str, bool | None]:
    execution.refresh_from_db()
    return (
        execution.state,
        execution.reason,
        execution.error_class,
        execution.uses_attempt,
    )


def test_an_accepted_execution_waits_at_amazon(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    (made,) = amazon.executions()
    assert execution.state == State.PENDING
    assert execution.amc_execution_id == made["id"]
    assert made["mark"] == execution.mark
    assert execution.sending_at == execution.submitted_at == NOON
    assert execution.next_poll_at == NOON + timedelta(seconds=5)
    assert execution.deadline_at == NOON + timedelta(hours=24 + 6)
    assert execution.request["workflow"]["sqlQuery"].endswith(f"{execution.mark} */")
    assert len(execution.request_sha256) == 64


def test_a_second_call_finds_nothing_to_do(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    submit(execution.pk, now=clock)
    submit(execution.pk, now=clock)

    assert posts(amazon) == 1


def test_an_execution_that_is_not_there_is_nothing_to_do(
    clock: Clock, db: None
) -> None:
    submit(12345, now=clock)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reply_lost"},
        {"kind": "reply_lost", "reset": True},
        {"kind": "request_lost"},
        {"kind": "server_error", "work_done": True},
        {"kind": "server_error", "status": 503},
        {"kind": "garbage"},
        {"kind": "garbage", "body": "{}", "content_type": "application/json"},
        {"kind": "truncated"},
        {"kind": "garbage", "status": 302, "body": ""},
        {"kind": "garbage", "status": 400, "body": "<html>Bad Request</html>"},
    ],
)
def test_without_a_usable_answer_the_row_stays_and_nothing_is_repeated(
    fault: dict[str, Any], execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults(operation=POST, **fault)

    submit(execution.pk, now=clock)
    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert execution.state == State.SUBMITTING
    assert execution.next_poll_at == NOON + timedelta(seconds=5)
    assert execution.deadline_at == NOON + timedelta(hours=6)
    assert posts(amazon) == 1


@pytest.mark.parametrize(
    ("retry_after", "rest"),
    [("7", timedelta(seconds=7)), ("", timedelta(seconds=60))],
)
def test_a_throttled_instance_rests_and_no_attempt_is_used(
    retry_after: str,
    rest: timedelta,
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
) -> None:
    amazon.faults("throttled", operation=POST, retry_after=retry_after)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "throttled", "throttled", False)
    assert Instance.objects.get().throttled_until == NOON + rest
    assert posts(amazon) == 1


def test_a_longer_rest_is_not_shortened(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    until = NOON + timedelta(hours=1)
    Instance.objects.update(throttled_until=until)
    amazon.faults("throttled", operation=POST, retry_after="1")

    submit(execution.pk, now=clock)

    assert Instance.objects.get().throttled_until == until


def test_an_expired_token_is_replaced_and_the_post_sent_once_more(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("expired_token", operation=POST, count=1)

    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert execution.state == State.PENDING
    assert [request["status"] for request in amazon.requests(POST)] == [401, 200]
    assert len(amazon.executions()) == 1


def test_a_fresh_token_refused_as_well_rests_the_instance(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("expired_token", operation=POST)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "throttled", "throttled", False)
    assert Instance.objects.get().throttled_until == NOON + timedelta(seconds=60)
    assert posts(amazon) == 2


def test_a_revoked_authorisation_holds_the_connection(
    execution: WorkflowExecution, connection: Connection, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("invalid_grant")

    submit(execution.pk, now=clock)

    connection.refresh_from_db()
    assert ended(execution) == ("NOT_SUBMITTED", "credential", "credential", False)
    assert execution.sending_at is None
    assert connection.held_at is not None
    assert posts(amazon) == 0


def test_a_token_revoked_between_claim_and_answer_is_no_failure_either(
    execution: WorkflowExecution, connection: Connection, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("expired_token", operation=POST)
    amazon.faults("invalid_grant", skip=1)

    submit(execution.pk, now=clock)

    connection.refresh_from_db()
    assert ended(execution) == ("NOT_SUBMITTED", "credential", "credential", False)
    assert connection.held_at is not None
    assert posts(amazon) == 1


@pytest.mark.parametrize("kind", ["invalid_client", "unauthorized_client"])
def test_a_refused_application_blames_no_connection(
    kind: str,
    execution: WorkflowExecution,
    connection: Connection,
    amazon: Amc,
    clock: Clock,
) -> None:
    amazon.faults(kind)

    submit(execution.pk, now=clock)

    connection.refresh_from_db()
    assert ended(execution) == ("NOT_SUBMITTED", "credential", "application", False)
    assert connection.held_at is None
    assert [alarm.code for alarm in open_alarms()] == ["application_held"]


def test_a_silent_token_host_uses_an_attempt(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("server_error", operation="token")

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "not_connected", "transient", True)
    assert execution.sending_at is None


def test_access_that_was_taken_away_fails_with_amazons_text(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("forbidden", operation=POST, text="Terms must be accepted")

    submit(execution.pk, now=clock)

    assert ended(execution) == ("FAILED", "access_denied", "access", True)
    assert execution.message == "Terms must be accepted"
    assert posts(amazon) == 2


def test_sql_that_does_not_compile_keeps_amazons_line_and_column(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    with_version(execution, "SELECT nothing\nFROM dsp_impressions")

    submit(execution.pk, now=clock)

    assert ended(execution) == ("FAILED", "sql_invalid", "query", True)
    assert "line 1, column 8" in execution.message
    assert "'nothing'" in execution.message


def test_a_refusal_that_nobody_knows_is_kept_word_for_word(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("daily_cap", limit=0)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("FAILED", "unknown", "unknown", True)
    assert execution.message.startswith("The limit of ad hoc executions per day")


def test_what_no_longer_connects_was_never_sent(
    execution: WorkflowExecution, amazon: Amc, clock: Clock, settings: Settings
) -> None:
    access_token(execution.connection_id, now=clock())
    settings.AMAZON_URL = "http://127.0.0.1:1"

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "not_connected", "transient", True)
    assert execution.sending_at == NOON


@pytest.mark.parametrize("why", ["no member", "viewer", "inactive"])
def test_an_owner_who_lost_the_right_sends_nothing(
    why: str, execution: WorkflowExecution, alice: User, amazon: Amc, clock: Clock
) -> None:
    if why == "no member":
        Membership.objects.all().delete()
    elif why == "viewer":
        Membership.objects.update(role="viewer")
    else:
        User.objects.update(is_active=False)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "not_authorised", "access", False)
    assert amazon.requests() == []


@pytest.mark.parametrize(
    ("declared", "values", "reason"),
    [
        ([{"name": "n", "dataType": "INTEGER"}], {}, "param_missing"),
        ([{"name": "n", "dataType": "INTEGER"}], {"n": "many"}, "param_invalid"),
        ([{"name": "n", "dataType": "INTEGER"}], {"n": 1, "m": 2}, "param_invalid"),
    ],
)
def test_values_that_do_not_fit_fail_before_any_call(
    declared: list[dict[str, str]],
    values: dict[str, Any],
    reason: str,
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
) -> None:
    with_version(execution, "SELECT {{n}} AS n FROM dsp_impressions", declared)
    WorkflowExecution.objects.update(parameter_values=values)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("FAILED", reason, "query", False)
    assert "n" in execution.message
    assert amazon.requests() == []


def test_an_execution_that_waited_too_long_expires(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    clock.advance(hours=24)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "expired", "", False)


def test_an_execution_that_kills_its_workers_is_given_up(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    for _ in range(5):
        with pytest.raises(Killed):
            submit(execution.pk, now=Interrupted(amazon, 2, killed))

    submit(execution.pk, now=clock)

    assert ended(execution) == ("FAILED", "worker_killed", "", False)
    assert amazon.requests() == []


# --- Cancels, races, lateness -------------------------------------------------------


def test_an_unsent_execution_is_cancelled_at_once(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    assert close_unsent(execution.pk, "Not needed", now=NOON)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "cancelled", "", False)
    assert execution.cancel_reason == "Not needed"
    assert amazon.requests() == []


def test_a_cancel_while_the_token_is_fetched_prevents_the_claim(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    """Readings: take up, deadline, token, claim."""
    clock = Interrupted(amazon, 4, lambda: close_unsent(execution.pk, "No", now=NOON))

    submit(execution.pk, now=clock)

    assert ended(execution)[:2] == ("NOT_SUBMITTED", "cancelled")
    assert posts(amazon) == 0


def test_of_two_submitters_one_claims_the_row_for_sending(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    """The second one goes all the way while the first is about to claim."""
    inner = Clock(amazon)
    clock = Interrupted(amazon, 4, lambda: submit(execution.pk, now=inner))

    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert execution.state == State.PENDING
    assert posts(amazon) == 1


def test_what_another_has_sent_in_vain_is_not_sent_again(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    """Nobody knows what became of the first POST, and the row shows no progress."""
    amazon.faults("reply_lost", operation=POST)
    inner = Clock(amazon)
    clock = Interrupted(amazon, 4, lambda: submit(execution.pk, now=inner))

    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert (execution.state, execution.sending_at) == (State.SUBMITTING, NOON)
    assert posts(amazon) == 1


def test_what_another_has_sent_does_not_end_as_unsent(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    """Readings: take up, deadline. The owner loses the right after the first POST."""
    amazon.faults("reply_lost", operation=POST)
    inner = Clock(amazon)

    def sent_elsewhere() -> None:
        submit(execution.pk, now=inner)
        Membership.objects.all().delete()

    submit(execution.pk, now=Interrupted(amazon, 2, sent_elsewhere))

    execution.refresh_from_db()
    assert (execution.state, execution.sending_at) == (State.SUBMITTING, NOON)


def test_a_row_that_is_anothers_by_now_is_not_taken_up(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    later = NOON + timedelta(seconds=90)
    clock = Interrupted(
        amazon, 1, lambda: WorkflowExecution.objects.update(next_poll_at=later)
    )

    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert (execution.claims, execution.sending_at) == (0, None)


def test_a_wish_that_comes_before_the_claim_for_sending_prevents_it(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    wishful = Interrupted(
        amazon, 4, lambda: WorkflowExecution.objects.update(cancel_requested_at=NOON)
    )
    submit(execution.pk, now=wishful)
    execution.refresh_from_db()
    assert (execution.state, execution.sending_at) == (State.SUBMITTING, None)

    submit(execution.pk, now=clock)

    assert ended(execution)[:2] == ("NOT_SUBMITTED", "cancelled")
    assert posts(amazon) == 0


def test_a_submitter_waits_for_the_claim_of_another_and_sends_nothing(
    committed_db: None, execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    other = connections.create_connection("default")
    submitter = Thread(target=submit_and_disconnect, args=[execution.pk, clock])
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE workflow_executions SET sending_at = %s", [NOON])
        submitter.start()
        wait_for_a_blocked_session()
        other.commit()
    finally:
        other.close()
    submitter.join(timeout=5)

    assert not submitter.is_alive()
    assert posts(amazon) == 0


def submit_and_disconnect(execution_id: int, clock: Clock) -> None:
    try:
        submit(execution_id, now=clock)
    finally:
        connections.close_all()


def wait_for_a_blocked_session() -> None:
    give_up_at = monotonic() + 2
    while monotonic() < give_up_at:
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
    raise AssertionError("Nobody waits for the lock.")


def test_a_wish_seen_in_the_last_look_stops_the_post(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """A trigger plays the person who cancels just when the row is claimed."""
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION wish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " NEW.cancel_requested_at = NEW.sending_at; RETURN NEW; END $$;"
            "CREATE TRIGGER wish BEFORE UPDATE ON workflow_executions FOR EACH ROW"
            " WHEN (OLD.sending_at IS NULL AND NEW.sending_at IS NOT NULL)"
            " EXECUTE FUNCTION wish()"
        )

    submit(execution.pk, now=clock)

    assert ended(execution)[:2] == ("NOT_SUBMITTED", "cancelled")
    assert posts(amazon) == 0


def test_a_row_that_was_ended_is_seen_in_the_last_look(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """A trigger plays whoever gives up the row while its sender is frozen."""
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " NEW.state = 'NOT_SUBMITTED'; NEW.reason = 'not_found';"
            " NEW.uses_attempt = true; NEW.ended_at = NEW.sending_at;"
            " NEW.next_poll_at = NULL; RETURN NEW; END $$;"
            "CREATE TRIGGER give_up BEFORE UPDATE ON workflow_executions FOR EACH ROW"
            " WHEN (OLD.sending_at IS NULL AND NEW.sending_at IS NOT NULL)"
            " EXECUTE FUNCTION give_up()"
        )

    submit(execution.pk, now=clock)

    assert ended(execution)[:2] == ("NOT_SUBMITTED", "not_found")
    assert posts(amazon) == 0


def test_a_wish_seen_while_the_token_is_replaced_stops_the_second_post(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """A trigger plays the person who cancels just when the new token comes."""
    amazon.faults("expired_token", operation=POST, count=1)
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION wish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " UPDATE workflow_executions SET cancel_requested_at = sending_at;"
            " RETURN NULL; END $$;"
            "CREATE TRIGGER wish AFTER UPDATE OF access_token ON amc_connections"
            " FOR EACH ROW EXECUTE FUNCTION wish()"
        )

    submit(execution.pk, now=clock)

    assert ended(execution)[:2] == ("NOT_SUBMITTED", "cancelled")
    assert [request["status"] for request in amazon.requests(POST)] == [401]


def test_what_was_held_up_between_claim_and_post_is_not_sent(
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    spans: Callable[..., None],
) -> None:
    spans(post_start=0)

    submit(execution.pk, now=clock)

    assert ended(execution) == ("NOT_SUBMITTED", "not_sent", "transient", False)
    assert posts(amazon) == 0


def test_a_late_reply_whose_row_has_moved_on_is_a_stray(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    """Readings: take up, deadline, token, claim, answer."""

    def given_up() -> None:
        ending = not_submitted("not_found", uses_attempt=True)
        moves.end(execution.pk, ending, origins=[State.SUBMITTING], now=NOON)

    submit(execution.pk, now=Interrupted(amazon, 5, given_up))

    stray = Stray.objects.get()
    assert stray.why == Stray.Why.LATE_REPLY
    assert stray.amc_execution_id == amazon.executions()[0]["id"]
    assert [alarm.code for alarm in open_alarms()] == ["stray_execution"]


def test_a_reply_that_comes_after_its_adoption_is_no_stray(
    execution: WorkflowExecution, amazon: Amc
) -> None:
    def adopted() -> None:
        (made,) = amazon.executions()
        WorkflowExecution.objects.update(state="RUNNING", amc_execution_id=made["id"])

    submit(execution.pk, now=Interrupted(amazon, 5, adopted))

    execution.refresh_from_db()
    assert execution.state == State.RUNNING
    assert not Stray.objects.exists()


def test_a_wish_to_cancel_does_not_end_what_was_sent(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    submit(execution.pk, now=clock)

    assert not close_unsent(execution.pk, "No", now=clock())
    assert ask_to_cancel(execution.pk, "No", now=clock())
    assert not ask_to_cancel(execution.pk, "Again", now=clock())

    execution.refresh_from_db()
    assert execution.state in moves.AT_AMAZON
    assert (execution.cancel_reason, execution.next_poll_at) == ("No", NOON)
