"""Who may call: the four headers, the instance, the media types."""

from __future__ import annotations

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient

LIST = "/amc/reporting/amcsandbox01/workflows"
UNAUTHENTICATED = {"code": "401", "details": "Authentication failed"}
UNAUTHORIZED = {"code": "403", "details": "Unauthorized request"}


def without(api: AmcClient, *names: str) -> dict[str, str]:
    return {k: v for k, v in api.headers.items() if k not in names}


@pytest.mark.parametrize("header", ["Authorization", "Amazon-Advertising-API-ClientID"])
def test_who_does_not_say_who_they_are_gets_401(api: AmcClient, header: str) -> None:
    response = api.http.get(LIST, headers=without(api, header))

    assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)


@pytest.mark.parametrize(
    "token", ["Bearer Atza|x", "Bearer Atza|W10=.0", "Basic abc", "Bearer", "é"]
)
def test_a_token_that_was_made_up_gets_401(api: AmcClient, token: str) -> None:
    response = api.ask("GET", LIST, headers={"Authorization": token.encode()})  # type: ignore[dict-item] # as raw bytes

    assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Amazon-Advertising-API-AdvertiserId", "ENTITY2SANDBOX"),
        ("Amazon-Advertising-API-AdvertiserId", "1234567890"),
        ("Amazon-Advertising-API-MarketplaceId", "A1PA6795UKMFR9"),
    ],
)
def test_a_wrong_account_or_marketplace_gets_403(
    api: AmcClient, header: str, value: str
) -> None:
    response = api.ask("GET", LIST, headers={header: value})

    assert (response.status_code, response.json()) == (403, UNAUTHORIZED)


@pytest.mark.parametrize(
    "header",
    ["Amazon-Advertising-API-AdvertiserId", "Amazon-Advertising-API-MarketplaceId"],
)
def test_no_account_or_marketplace_gets_403(api: AmcClient, header: str) -> None:
    response = api.http.get(LIST, headers=without(api, header))

    assert (response.status_code, response.json()) == (403, UNAUTHORIZED)


@pytest.mark.parametrize("instance", ["amc2sandbox01", "amcsandbox31", "ENTITY1"])
def test_an_instance_that_is_not_the_accounts_gets_403(
    api: AmcClient, instance: str
) -> None:
    response = api.ask("GET", f"/amc/reporting/{instance}/workflows")

    assert (response.status_code, response.json()) == (403, UNAUTHORIZED)


def test_header_names_are_compared_without_case(api: AmcClient) -> None:
    headers = {name.upper(): value for name, value in api.headers.items()}

    assert api.http.get(LIST, headers=headers).status_code == 200


def test_accounts_need_no_account(api: AmcClient) -> None:
    headers = without(
        api,
        "Amazon-Advertising-API-AdvertiserId",
        "Amazon-Advertising-API-MarketplaceId",
    )

    assert api.http.get("/amc/accounts", headers=headers).status_code == 200
    assert api.http.get("/amc/instances", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("accept", "status", "answered"),
    [
        ("application/json", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("text/html, application/json;q=0.5", 200, "application/json"),
        (
            "application/vnd.amcworkflows.v1+json",
            200,
            "application/vnd.amcworkflows.v1+json",
        ),
        ("application/vnd.amcschedules.v1+json", 406, "application/json"),
        ("text/html", 406, "application/json"),
    ],
)
def test_answers_in_plain_or_versioned_json_only(
    api: AmcClient, accept: str, status: int, answered: str
) -> None:
    response = api.ask("GET", LIST, headers={"Accept": accept})

    assert (response.status_code, response.headers["content-type"]) == (
        status,
        answered,
    )


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("application/vnd.amcworkflows.v1+json", 200),
        ("application/vnd.amcworkflows.v2+json", 415),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_reads_plain_or_versioned_json_only(
    api: AmcClient, content_type: str, status: int
) -> None:
    response = api.ask(
        "POST",
        LIST,
        headers={"Content-Type": content_type},
        content='{"workflowId": "w", "sqlQuery": "SELECT 1 AS one"}',
    )

    assert response.status_code == status


def test_accounts_speak_both_types_that_are_seen(api: AmcClient) -> None:
    types = ["vnd.amcaudiencesconnections.v1", "vnd.amcaccounts.v1"]

    answers = [
        api.ask("GET", "/amc/accounts", headers={"Accept": f"application/{t}+json"})
        for t in types
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"x"', "\xff", "[" * 100_000, '{"a": NaN}']
)
def test_a_body_that_is_no_json_object_gets_400(api: AmcClient, content: str) -> None:
    response = api.ask(
        "POST", LIST, headers={"Content-Type": "application/json"}, content=content
    )

    assert response.status_code == 400
    assert "body" in response.json()["details"]


def test_a_body_over_a_megabyte_is_not_read(api: AmcClient) -> None:
    response = api.ask("POST", LIST, content="x" * 1_100_000)

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/amc/reporting/amcsandbox01/schedules", 404),
        ("GET", "/amc/nothing", 404),
        ("DELETE", "/amc/reporting/amcsandbox01/workflowExecutions/x", 405),
        ("PATCH", LIST, 405),
    ],
)
def test_what_amazon_does_not_serve_is_not_served(
    api: AmcClient, method: str, path: str, status: int
) -> None:
    response = api.ask(method, path)

    assert (response.status_code, list(response.json())) == (status, ["message"])


def test_every_answer_names_its_request_and_the_sandboxs_time(
    amc: Amc, api: AmcClient
) -> None:
    amc.clock(now="2027-02-03T04:05:06Z")
    api.sign_in("Atzr|sandbox")

    response = api.ask("GET", LIST)

    assert response.headers["date"] == "Wed, 03 Feb 2027 04:05:06 GMT"
    assert response.headers["x-amz-rid"] == amc.requests()[-1]["request_id"]


def test_a_newcomer_sees_what_this_server_is(api: AmcClient) -> None:
    response = api.http.get("/")

    assert response.status_code == 200
    assert "stands in for Amazon Marketing Cloud" in response.text
