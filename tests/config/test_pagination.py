"""Pages by keyset: each row once, in order, there and back, whatever else comes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.pagination import NewestFirst
from instances.models import Instance, User
from schedules.models import Schedule
from tests.browsers import API, browser, codes, refusal
from tests.makers import NOON, make_instance, make_schedule
from workflows.models import Workflow


def pages(client: Any, path: str, way: str = "next") -> list[list[dict[str, Any]]]:
    """All pages from this address on, as far as the links lead."""
    found = []
    while path:
        answer = client.get(path).json()
        found.append(answer["results"])
        path = answer[way]
    return found


def ids(found: list[list[dict[str, Any]]]) -> list[int]:
    return [row["id"] for page in found for row in page]


@pytest.fixture
def rows(workflow: Workflow) -> list[Schedule]:
    """Seven schedules, of which many share a name and a next slot."""
    names = ["a", "b", "b", "b", "c", "c", "a"]
    return [
        make_schedule(workflow, name=name, **(PAUSED if name == "c" else {}))
        for name in names
    ]


PAUSED = {"is_active": False, "next_run_at": None, "paused_at": NOON}


def test_without_asking_the_newest_comes_first(alice: User, rows: list[Schedule]):
    answer = browser(alice).get(f"{API}schedules/").json()

    assert [row["id"] for row in answer["results"]] == [r.pk for r in reversed(rows)]
    assert (answer["next"], answer["previous"]) == (None, None)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize(
    "ordering", ["", "name", "-name", "next_run_at", "-next_run_at", "-updated_at"]
)
def test_pages_hold_each_row_once_and_in_order(
    alice: User, rows: list[Schedule], ordering: str, size: int
):
    query = f"?page_size={size}" + (f"&ordering={ordering}" if ordering else "")
    client = browser(alice)
    whole = ids(
        pages(
            client,
            f"{API}schedules/?ordering={ordering}" if ordering else f"{API}schedules/",
        )
    )

    found = pages(client, f"{API}schedules/{query}")

    assert ids(found) == whole
    assert sorted(whole) == sorted(row.pk for row in rows)
    assert all(len(page) == size for page in found[:-1])
    assert 1 <= len(found[-1]) <= size


@pytest.mark.parametrize("ordering", ["", "&ordering=name", "&ordering=-next_run_at"])
def test_the_way_back_shows_the_same_pages(
    alice: User, rows: list[Schedule], ordering: str
):
    client = browser(alice)
    first = f"{API}schedules/?page_size=3{ordering}"
    there = pages(client, first)
    second = client.get(first).json()["next"]
    last = client.get(second).json()["next"]

    back = pages(client, last, "previous")

    assert list(reversed(back)) == there


def test_rows_that_come_or_go_meanwhile_shift_nothing(
    alice: User, workflow: Workflow, rows: list[Schedule]
):
    client = browser(alice)
    first = client.get(f"{API}schedules/?page_size=3").json()

    make_schedule(workflow)
    Schedule.objects.filter(pk=rows[5].pk).update(deleted_at=NOON, is_active=False)
    second = client.get(first["next"]).json()

    assert [row["id"] for row in second["results"]] == [r.pk for r in rows[3:0:-1]]


def test_more_equals_than_a_page_holds_are_no_obstacle(alice: User, instance: Instance):
    """A counted offset within equals would be cut off somewhere."""
    for _ in range(60):
        make_instance(instance.account, name="same")

    found = ids(pages(browser(alice), f"{API}instances/?page_size=7"))

    assert len(found) == len(set(found)) == 61


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("page_size=0", "page_size", "page_size"),
        ("page_size=101", "page_size", "page_size"),
        ("page_size=100000", "page_size", "page_size"),
        ("page_size=abc", "page_size", "page_size"),
        ("page_size=-1", "page_size", "page_size"),
        ("page_size=1.5", "page_size", "page_size"),
        ("page_size=", "empty_parameter", "page_size"),
        ("page_size=%D9%A3", "page_size", "page_size"),
        ("page=2", "unknown_parameter", "page"),
        ("ordering=password", "ordering", "ordering"),
        ("ordering=id;drop", "ordering", "ordering"),
        ("ordering=--name", "ordering", "ordering"),
        ("ordering=name,id", "ordering", "ordering"),
        ("cursor=abc", "cursor", "cursor"),
        ("cursor=", "empty_parameter", "cursor"),
        ("cursor=cD0yMDI2", "cursor", "cursor"),
        ("cursor=%00", "cursor", "cursor"),
        ("page_size=5&page_size=6", "repeated_parameter", "page_size"),
    ],
)
def test_bad_paging_is_refused(query: str, code: str, field: str, alice: User):
    answer = browser(alice).get(f"{API}schedules/?{query}")

    assert refusal(answer) == (400, code, field)


def test_a_cursor_of_another_list_is_refused(alice: User, rows: list[Schedule]):
    client = browser(alice)
    cursor = (
        client.get(f"{API}schedules/?page_size=2").json()["next"].split("cursor=")[1]
    )

    by_name = client.get(f"{API}schedules/?ordering=name&cursor={cursor}")
    of_runs = client.get(f"{API}schedules/{rows[0].pk}/runs/?cursor={cursor}")

    assert codes(by_name) == codes(of_runs) == (400, "cursor")


def test_fifty_rows_are_a_page(alice: User, instance: Instance):
    for _ in range(50):
        make_instance(instance.account)

    answer = browser(alice).get(f"{API}instances/").json()

    assert len(answer["results"]) == 50
    assert answer["next"] is not None


def test_a_later_page_is_found_by_its_key_and_not_by_counting(
    alice: User, rows: list[Schedule]
):
    client = browser(alice)
    second = client.get(f"{API}schedules/?page_size=2").json()["next"]

    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(second)

    statements = [
        query["sql"] for query in asked if "workflow_schedules" in query["sql"]
    ]
    assert not any("OFFSET" in statement for statement in statements)
    assert not any(statement.startswith("SELECT COUNT") for statement in statements)


def test_the_answer_is_described_as_it_is():
    schema = NewestFirst().get_paginated_response_schema({"type": "array"})

    assert schema["required"] == ["next", "previous", "results"]
