"""Login with Amazon's token endpoint."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import CLIENT, AmcClient

REVOKED = (
    "The request has an invalid grant parameter : {}. "
    "User may have revoked or didn't grant the permission."
)
REFRESH = {"grant_type": "refresh_token", "refresh_token": "Atzr|sandbox"}


def test_a_refresh_token_brings_an_access_token_and_itself(api: AmcClient) -> None:
    body = api.refresh().json()

    assert body["access_token"].startswith("Atza|")
    assert (body["refresh_token"], body["token_type"], body["expires_in"]) == (
        "Atzr|sandbox",
        "bearer",
        3600,
    )


def test_each_access_token_is_another(api: AmcClient) -> None:
    tokens = {api.refresh().json()["access_token"] for _ in range(3)}

    assert len(tokens) == 3


@pytest.mark.parametrize(
    ("changes", "status", "error", "text"),
    [
        ({"refresh_token": "Atzr|x"}, 400, "invalid_grant", REVOKED),
        ({"refresh_token": ""}, 400, "invalid_request", "missing a required"),
        ({"client_secret": "x"}, 401, "invalid_client", "Client authentication failed"),
        ({"client_id": "x"}, 401, "invalid_client", "Client authentication failed"),
        ({"client_id": ""}, 400, "invalid_request", "client_id"),
        ({"grant_type": ""}, 400, "invalid_request", "grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "not supported"),
    ],
)
def test_a_wrong_field_is_refused(
    api: AmcClient, changes: dict[str, str], status: int, error: str, text: str
) -> None:
    response = api.token(**{**REFRESH, **CLIENT, **changes})

    assert (response.status_code, response.json()["error"]) == (status, error)
    assert text.format("refresh_token") in response.json()["error_description"]


def test_a_field_given_twice_is_refused(api: AmcClient) -> None:
    response = api.http.post(
        "/auth/o2/token",
        content="grant_type=refresh_token&grant_type=refresh_token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_json_body_does_as_well(api: AmcClient) -> None:
    response = api.http.post("/auth/o2/token", json={**REFRESH, **CLIENT})

    assert response.status_code == 200


def test_http_basic_does_for_the_client(api: AmcClient) -> None:
    pair = f"{CLIENT['client_id']}:{CLIENT['client_secret']}"
    basic = base64.b64encode(pair.encode()).decode()

    right = api.http.post(
        "/auth/o2/token", data=REFRESH, headers={"Authorization": f"Basic {basic}"}
    )
    wrong = api.http.post(
        "/auth/o2/token", data=REFRESH, headers={"Authorization": "Basic *"}
    )

    assert (right.status_code, wrong.status_code) == (200, 401)


def test_only_post_is_allowed(api: AmcClient) -> None:
    assert api.http.get("/auth/o2/token").status_code == 405


def test_an_access_token_lives_an_hour_of_the_sandbox(amc: Amc, api: AmcClient) -> None:
    amc.advance(3599)
    assert api.ask("GET", "/amc/accounts").status_code == 200

    amc.advance(1)
    assert api.ask("GET", "/amc/accounts").status_code == 401

    api.sign_in("Atzr|sandbox")
    assert api.ask("GET", "/amc/accounts").status_code == 200


def test_access_tokens_taken_back_are_refused_and_new_ones_work(
    amc: Amc, api: AmcClient
) -> None:
    amc.expire_access_tokens()
    assert api.ask("GET", "/amc/accounts").status_code == 401

    api.sign_in("Atzr|sandbox")
    assert api.ask("GET", "/amc/accounts").status_code == 200


def test_a_refresh_token_taken_back_is_refused(amc: Amc, api: AmcClient) -> None:
    amc.revoke("Atzr|sandbox")

    response = api.refresh()

    assert response.status_code == 400
    assert response.json()["error_description"] == REVOKED.format("refresh_token")
    assert api.refresh("Atzr|sandbox2").status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("invalid_grant", 400, "invalid_grant"),
        ("invalid_client", 401, "invalid_client"),
        ("unauthorized_client", 400, "unauthorized_client"),
    ],
)
def test_each_permanent_error_can_be_called_up(
    amc: Amc, api: AmcClient, kind: str, status: int, error: str
) -> None:
    fault = amc.faults(kind, count=1)

    response = api.refresh()

    assert (response.status_code, response.json()["error"]) == (status, error)
    assert amc.hits(fault) == 1
    assert api.refresh().status_code == 200


def test_a_refresh_may_come_without_the_refresh_token(amc: Amc, api: AmcClient) -> None:
    amc.faults("no_refresh_token")

    assert "refresh_token" not in api.refresh().json()


def test_a_fault_of_one_account_leaves_the_others(amc: Amc, api: AmcClient) -> None:
    amc.faults("invalid_grant", account="ENTITY2SANDBOX")

    assert api.refresh("Atzr|sandbox2").status_code == 400
    assert api.refresh("Atzr|sandbox").status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_the_token_host_can_be_down(amc: Amc, api: AmcClient, status: int) -> None:
    amc.faults("server_error", operation="token", status=status)

    assert api.refresh().status_code == status


def test_secrets_do_not_stand_in_the_ledger(amc: Amc, api: AmcClient) -> None:
    api.refresh()

    text = httpx.get(f"{amc.base_url}/_sandbox/ledger").text

    assert "sandbox-secret" not in text
    assert "Atza|" not in text
