"""Replies that are late, lost, cut, garbled or refused before the service is asked."""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any

import httpx
import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import SQL, AmcClient

CREATE = "createWorkflowExecution"
MARKED = f"{SQL} /* amc-scheduler dev-1-0000000a */"


def test_a_reply_lost_after_the_work_leaves_exactly_one_execution(
    amc: Amc, api: AmcClient
) -> None:
    fault = amc.faults("reply_lost", operation=CREATE, count=1)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        api.submit(MARKED)

    assert amc.hits(fault) == 1
    assert [e["mark"] for e in amc.executions()] == ["dev-1-0000000a"]
    [request] = amc.requests(CREATE)
    assert (request["status"], request["mark"]) == (None, "dev-1-0000000a")
    assert request["execution_id"] == amc.executions()[0]["id"]
    [listed] = api.list(includeWorkflow="true").json()["executions"]
    assert listed["sqlQuery"] == MARKED


def test_a_reply_can_be_lost_by_a_reset(amc: Amc, api: AmcClient) -> None:
    amc.faults("reply_lost", operation=CREATE, reset=True, count=1)

    with pytest.raises(httpx.ReadError):
        api.submit(MARKED)

    assert len(amc.executions()) == 1


@pytest.mark.parametrize("reset", [True, False])
def test_a_request_lost_before_the_work_leaves_nothing(
    amc: Amc, api: AmcClient, reset: bool
) -> None:
    amc.faults("request_lost", operation=CREATE, reset=reset, count=1)

    with pytest.raises(httpx.TransportError):
        api.submit(MARKED)

    assert amc.executions() == []
    assert [r["status"] for r in amc.requests(CREATE)] == [None]
    assert api.submit(MARKED).status_code == 200


def test_a_lost_reply_does_not_harm_the_next_one(amc: Amc, api: AmcClient) -> None:
    amc.faults("reply_lost", operation=CREATE, probability=0.5, seed=3)
    answered = 0
    for _ in range(20):
        try:
            api.submit(MARKED)
            answered += 1
        except httpx.TransportError:
            pass

    assert 0 < answered < 20
    assert len(amc.executions()) == 20


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"message": "Internal server error"}),
        (503, {"message": "Service Unavailable"}),
        (504, {"message": "Endpoint request timed out"}),
    ],
)
def test_the_gateway_can_fail_before_the_work(
    amc: Amc, api: AmcClient, status: int, body: dict[str, str]
) -> None:
    amc.faults("server_error", operation=CREATE, status=status, count=1)

    response = api.submit()

    assert (response.status_code, response.json()) == (status, body)
    assert amc.executions() == []


def test_a_bad_gateway_answers_in_html(amc: Amc, api: AmcClient) -> None:
    amc.faults("server_error", operation=CREATE, status=502)

    response = api.submit()

    assert response.status_code == 502
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<html>")


def test_the_gateway_can_fail_after_the_work(amc: Amc, api: AmcClient) -> None:
    amc.faults("server_error", operation=CREATE, status=504, work_done=True)

    assert api.submit(MARKED).status_code == 504
    assert [e["mark"] for e in amc.executions()] == ["dev-1-0000000a"]


@pytest.mark.parametrize(
    "retry_after", ["30", "0", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "1000000000"]
)
def test_throttling_says_when_to_come_back_in_any_form(
    amc: Amc, api: AmcClient, retry_after: str
) -> None:
    amc.faults("throttled", operation=CREATE, retry_after=retry_after, count=1)

    response = api.submit()

    assert (response.status_code, response.headers["retry-after"]) == (429, retry_after)
    assert response.json() == {"code": "429", "details": "Too Many Requests"}
    assert api.submit().status_code == 200


def test_throttling_may_say_nothing_of_when(amc: Amc, api: AmcClient) -> None:
    amc.faults("throttled", retry_after="", gateway=True)

    response = api.submit()

    assert "retry-after" not in response.headers
    assert response.json() == {"message": "Too Many Requests"}


def test_throttling_can_meet_one_instance(amc: Amc, api: AmcClient) -> None:
    amc.faults("throttled", instance="amcsandbox02")

    here = api.list().status_code
    api.instance = "amcsandbox02"

    assert (here, api.list().status_code) == (200, 429)


def test_every_call_of_an_account_can_be_refused_for_a_time(
    amc: Amc, api: AmcClient
) -> None:
    amc.faults("expired_token", account="ENTITY1SANDBOX", for_seconds=30)
    refused = api.list().status_code
    api.sign_in("Atzr|sandbox")
    refused_again = api.list().status_code

    amc.advance(30)

    assert (refused, refused_again, api.list().status_code) == (401, 401, 200)


@pytest.mark.parametrize(
    "text",
    ["Unauthorized request", "Terms and conditions must be accepted to continue"],
)
def test_access_can_be_refused_in_amazons_words(
    amc: Amc, api: AmcClient, text: str
) -> None:
    amc.faults("forbidden", operation=CREATE, text=text)

    response = api.submit()

    assert (response.status_code, response.json()) == (
        403,
        {"code": "403", "details": text},
    )
    assert api.ask("GET", "/amc/accounts").status_code == 200


@pytest.mark.parametrize(("after_work", "made"), [(False, 0), (True, 1)])
def test_who_gives_up_waiting_does_not_know_what_was_done(
    amc: Amc, api: AmcClient, after_work: bool, made: int
) -> None:
    amc.faults("slow", operation=CREATE, seconds=0.5, after_work=after_work)
    api.http.timeout = httpx.Timeout(0.2)

    with pytest.raises(httpx.ReadTimeout):
        api.submit(MARKED)

    assert len(amc.executions()) == made


def test_a_slow_answer_comes_in_the_end(amc: Amc, api: AmcClient) -> None:
    amc.faults("slow", operation="listAccounts", seconds=0.05)
    begun = time.monotonic()

    assert api.ask("GET", "/amc/accounts").status_code == 200
    assert time.monotonic() - begun >= 0.05


def test_a_body_can_drip(amc: Amc, api: AmcClient) -> None:
    amc.faults("drip", operation="listAccounts", bytes_per_second=2000)
    begun = time.monotonic()

    response = api.ask("GET", "/amc/accounts")

    assert response.json()["amcAccounts"]
    assert time.monotonic() - begun >= len(response.content) / 2000


def test_a_body_can_end_too_soon(amc: Amc, api: AmcClient) -> None:
    amc.faults("truncated", operation=CREATE, keep_bytes=10, count=1)

    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        api.submit()

    assert len(amc.executions()) == 1


def test_a_download_can_end_too_soon(amc: Amc, api: AmcClient) -> None:
    execution_id = api.submitted()
    api.status(execution_id)
    [link] = api.links(execution_id).json()["downloadUrls"]
    amc.faults("truncated", operation="download", keep_bytes=15, count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        api.download(link)

    assert api.download(link).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"body": "<html>It works!</html>"},
        {"body": "{}", "content_type": "application/json"},
        {"body": '{"workflowExecutionId": null}', "content_type": "application/json"},
        {"body": '{"a": 1, "a": 2}', "content_type": "application/json"},
        {"body": '{"trunc', "content_type": "application/json; charset=utf-7"},
        {"status": 204, "body": ""},
    ],
)
def test_an_answer_can_be_garbage_though_the_work_was_done(
    amc: Amc, api: AmcClient, fields: dict[str, Any]
) -> None:
    amc.faults("garbage", operation=CREATE, **fields)

    response = api.submit()

    assert response.status_code == fields.get("status", 200)
    assert response.text == fields["body"]
    assert len(amc.executions()) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_can_be_far_too_large(amc: Amc, api: AmcClient, packed: bool) -> None:
    amc.faults("oversized", operation="listAccounts", megabytes=3, gzip=packed)

    response = api.ask("GET", "/amc/accounts")

    assert len(response.content) > 3_000_000
    assert json.loads(response.content)["amcAccounts"]
    sent = int(response.headers["content-length"])
    assert (sent < 20_000) is packed


def test_the_date_can_be_wrong(amc: Amc, api: AmcClient) -> None:
    amc.faults("wrong_date", seconds=-7200)

    date = api.ask("GET", "/amc/accounts").headers["date"]

    assert email.utils.parsedate_to_datetime(date).isoformat() == (
        "2026-11-23T12:12:00+00:00"
    )
