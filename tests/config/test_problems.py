"""What goes wrong is always told in one form, and never with a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls
from config.api import STATUS_OF, named_by_caller
from instances import errors as instances
from instances.amc import errors as amc
from instances.models import User
from schedules import errors as schedules
from schedules.models import Schedule
from tests.browsers import API, browser, codes
from tests.makers import make_schedule
from tests.rivals import held_elsewhere
from workflows import errors as workflows

raised: list[Exception] = []


class Raising(APIView):
    """Raises what a test has put there."""

    field_names = {"window": "window_rule"}

    def get(self, request: Request) -> Response:
        raise raised.pop()


def raising_page(request: HttpRequest) -> Any:
    raise raised.pop()


urlpatterns = [
    path("api/raise/", Raising.as_view()),
    path("page/", raising_page),
    *urls.urlpatterns,
]
handler400 = urls.handler400
handler404 = urls.handler404
handler500 = urls.handler500


@pytest.fixture
def own_urls(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    yield
    raised.clear()


def answer_to(exception: Exception, user: User) -> Any:
    raised.append(exception)
    return browser(user).get("/api/raise/")


def subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(subclasses(each) for each in kind.__subclasses__()))


@pytest.mark.parametrize(
    ("exception", "status", "code", "retry_after"),
    [
        (instances.NotPermitted(), 403, "forbidden", None),
        (instances.AccountMissing(), 409, "account_missing", None),
        (instances.CredentialRefused(), 409, "credential", None),
        (instances.ApplicationHeld(), 503, "application_held", "300"),
        (instances.LwaUnavailable(), 503, "lwa_unavailable", "30"),
        (instances.ConsentRefused(code="consent_used"), 400, "consent_used", None),
        (instances.IdempotencyMismatch(), 422, "idempotency_mismatch", None),
        (instances.RequestUnderWay(), 409, "request_under_way", "5"),
        (amc.Throttled("Slow down"), 503, "throttled", "60"),
        (
            amc.Throttled("Slow", retry_after=timedelta(seconds=7.2)),
            503,
            "throttled",
            "8",
        ),
        (amc.Forbidden("No"), 502, "access_denied", None),
        (amc.NotFound("Nothing"), 502, "not_found", None),
        (amc.NoUsableAnswer(), 502, "no_usable_answer", None),
        (amc.NeverConnected(), 502, "not_connected", None),
        (workflows.WorkflowInUse(), 409, "workflow_in_use", None),
        (workflows.ResultRemoved(), 410, "result_removed", None),
        (workflows.InvalidSql("No"), 400, "sql_syntax", None),
        (schedules.Paused(), 409, "paused", None),
        (schedules.RecentRun(17, 5), 409, "recent_run", None),
        (schedules.AlreadyFinished(), 409, "already_finished", None),
        (schedules.InvalidField("No", field="name"), 400, "invalid", None),
        (Schedule.DoesNotExist(), 404, "not_found", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_the_domain_have_their_status(
    exception: Exception,
    status: int,
    code: str,
    retry_after: str | None,
    alice: User,
    own_urls: None,
):
    answer = answer_to(exception, alice)

    assert codes(answer) == (status, code)
    assert answer.headers.get("Retry-After") == retry_after


def test_every_error_of_the_domain_is_bad_input_or_in_the_table():
    bad_input = {
        instances.DomainError,
        instances.InstancesError,
        instances.UnknownTimezone,
        instances.InvalidHeader,
        instances.InvalidField,
        workflows.WorkflowsError,
        workflows.InvalidParameter,
        workflows.InvalidWindow,
        workflows.InvalidSql,
        workflows.InvalidField,
        workflows.InvalidResult,
        workflows.InvalidPage,
        schedules.SchedulesError,
        schedules.InvalidRecurrence,
        schedules.InvalidField,
    }
    of_amazon = subclasses(amc.AmcError)

    known = bad_input | of_amazon | set(STATUS_OF)
    assert subclasses(instances.DomainError) <= known


def test_facts_of_an_error_are_told(alice: User, own_urls: None):
    recent = answer_to(schedules.RecentRun(17, 5), alice).json()
    syntax = answer_to(workflows.InvalidSql("Here", position=12), alice).json()
    rule = answer_to(schedules.InvalidRecurrence("No", part="hour"), alice).json()

    assert recent["run_id"] == 17
    assert (syntax["position"], syntax["errors"]) == (12, {"sql": ["Here"]})
    assert rule["part"] == "hour"


def test_fields_have_the_names_that_the_caller_knows(alice: User, own_urls: None):
    error = workflows.InvalidWindow("No such kind.", field="window.kind")

    problem = answer_to(error, alice).json()

    assert problem["errors"] == {"window_rule.kind": ["No such kind."]}
    assert named_by_caller(None, {"window": "window_rule"}) == ""
    assert named_by_caller("windows", {"window": "window_rule"}) == "windows"


def test_a_fault_of_ours_is_a_500_without_a_traceback(alice: User, own_urls: None):
    answer = answer_to(RuntimeError("secret detail"), alice)

    assert codes(answer) == (500, "server_error")
    assert "secret" not in answer.content.decode()


def test_a_fault_outside_the_api_is_a_page(alice: User, own_urls: None):
    raised.append(RuntimeError("secret detail"))

    answer = browser(alice).get("/page/")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize("address", ["", "nothing/", "schedules/1/nothing/", "%00/"])
def test_an_unknown_address_is_not_found(address: str, alice: User):
    answer = browser(alice).get(f"{API}{address}")

    assert codes(answer) == (404, "not_found")


def test_a_missing_slash_turns_no_request_into_another(alice: User):
    """A redirected POST would come as a GET, and look as if it had worked."""
    answer = browser(alice).post(f"{API}schedules", {})

    assert codes(answer) == (404, "not_found")
    assert "Addresses end with a slash." in answer.json()["detail"]
    assert browser(alice).get("/admin").status_code == 301


def test_outside_the_api_an_unknown_address_is_a_page(db: None):
    answer = browser().get("/nothing")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_foreign_host_is_refused_and_not_repeated(alice: User):
    answer = browser(alice).get(f"{API}schedules/", headers={"host": "evil.example"})

    assert codes(answer) == (400, "bad_request")
    assert "evil.example" not in answer.content.decode()


def test_links_do_not_repeat_what_a_proxy_did_not_say(alice: User, schedule: Schedule):
    make_schedule(schedule.workflow)
    answer = browser(alice).get(
        f"{API}schedules/?page_size=1", headers={"x-forwarded-host": "evil.example"}
    )

    assert answer.json()["next"].startswith("http://testserver/api/v1/schedules/?")


def test_a_method_override_is_ignored(alice: User, schedule: Schedule):
    answer = browser(alice).post(
        f"{API}schedules/{schedule.pk}/pause/",
        {},
        headers={"x-http-method-override": "DELETE"},
    )

    assert answer.status_code == 200


def test_a_database_that_cannot_be_reached_is_said(alice: User, own_urls: None):
    answer = answer_to(OperationalError("connection refused"), alice)

    assert codes(answer) == (503, "database_unavailable")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_busy(committed_db: None, schedule: Schedule):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")

    with held_elsewhere(schedule):
        answer = browser(schedule.owner).post(f"{API}schedules/{schedule.pk}/pause/")

    assert codes(answer) == (503, "busy")
    schedule.refresh_from_db()
    assert schedule.is_active


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_is_said(alice: User, own_urls: None):
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '20ms'")
            cursor.execute("SELECT pg_sleep(1)")
    except OperationalError as error:
        too_slow = error
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")

    assert codes(answer_to(too_slow, alice)) == (503, "too_slow")
