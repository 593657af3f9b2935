"""Accounts and instances."""

from __future__ import annotations

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient


def test_a_person_sees_the_account_that_is_theirs(amc: Amc, api: AmcClient) -> None:
    accounts = api.ask("GET", "/amc/accounts").json()["amcAccounts"]

    assert [(a["accountId"], a["marketplaceId"]) for a in accounts] == [
        ("ENTITY1SANDBOX", "ATVPDKIKX0DER")
    ]


def test_an_account_has_thirty_instances(api: AmcClient) -> None:
    instances = api.ask("GET", "/amc/instances").json()["instances"]

    ids = [instance["instanceId"] for instance in instances]
    assert ids == [f"amcsandbox{number:02d}" for number in range(1, 31)]


def test_another_account_has_its_own(amc: Amc) -> None:
    with AmcClient(
        amc.base_url, refresh_token="Atzr|sandbox2", account="ENTITY2SANDBOX"
    ) as other:
        instances = other.ask("GET", "/amc/instances").json()["instances"]

    assert len(instances) == 30
    assert instances[0]["instanceId"] == "amc2sandbox01"


def test_instances_come_in_pages(api: AmcClient) -> None:
    pages: list[list[str]] = []
    token = None
    while True:
        params = {"limit": "13", **({"nextToken": token} if token else {})}
        page = api.ask("GET", "/amc/instances", params=params).json()
        pages.append([instance["instanceId"] for instance in page["instances"]])
        if (token := page.get("nextToken")) is None:
            break

    assert [len(page) for page in pages] == [13, 13, 4]
    together = [instance_id for page in pages for instance_id in page]
    assert together == [f"amcsandbox{number:02d}" for number in range(1, 31)]


def test_one_instance_is_wrapped(api: AmcClient) -> None:
    instance = api.ask("GET", "/amc/instances/amcsandbox07").json()["instance"]

    assert (instance["instanceId"], instance["creationStatus"]) == (
        "amcsandbox07",
        "COMPLETED",
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/amc/instances/amcsandbox99", 404),
        ("/amc/instances/amc2sandbox01", 403),
        ("/amc/instances?limit=101", 400),
        ("/amc/instances?limit=0", 400),
        ("/amc/instances?limit=x", 400),
        ("/amc/instances?nextToken=x", 400),
        ("/amc/accounts?nextToken=bm9uc2Vuc2U=", 400),
    ],
)
def test_refusals_carry_message_and_request_id(
    api: AmcClient, path: str, status: int
) -> None:
    response = api.ask("GET", path)

    assert response.status_code == status
    assert response.json()["message"]
    assert response.json()["requestId"] == response.headers["x-amz-rid"]


def test_a_token_of_one_list_does_not_fit_another(api: AmcClient) -> None:
    page = api.ask("GET", "/amc/instances", params={"limit": "1"}).json()

    response = api.reporting(
        "GET", "workflows", params={"nextToken": page["nextToken"]}
    )

    assert response.status_code == 400
