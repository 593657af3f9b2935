"""Who may do what at which address: every route, every method, every kind of person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.response import Response

from instances.models import Instance, User
from schedules.models import Schedule
from tests.browsers import API, browser, codes
from tests.config.routes import routes
from tests.config.world import World, make_world, schedule_body, workflow_body
from tests.makers import NOON
from tests.schedules.clock import stopped_clock

PEOPLE = ("nobody", "bob", "vic", "alice", "ada")
# What they get, in this order: not signed in, stranger, viewer, editor, admin.
EVERYBODY = (200, 200, 200, 200, 200)
LISTED = (401, 200, 200, 200, 200)  # of the others' rows a stranger sees none
SEEN = (401, 404, 200, 200, 200)
EDITED = (401, 404, 403, 200, 200)
DELETED = (401, 404, 403, 403, 204)
BY_ADMIN = (401, 404, 403, 403, 200)
OWN = (401, 404, 404, 200, 404)  # alice's alone
MADE = (401, 400, 403, 201, 201)  # a stranger cannot name what it is made of

WORKFLOW, SCHEDULE = workflow_body(0), schedule_body(0)
MATRIX: dict[tuple[str, str], tuple[str, Any, tuple[int, ...]]] = {
    # method, route: path, body, statuses. {…} are ids of the world.
    ("GET", "session"): ("session/", None, (204,) * 5),
    ("POST", "session"): (
        "session/",
        {"username": "alice", "password": "a-password"},
        EVERYBODY,
    ),
    ("DELETE", "session"): ("session/", None, (204,) * 5),
    ("GET", "me"): ("me/", None, LISTED),
    ("PATCH", "me"): ("me/", {"timezone": "Asia/Tokyo"}, LISTED),
    ("GET", "token-list"): ("tokens/", None, LISTED),
    ("POST", "token-list"): (
        "tokens/",
        {"name": "ci", "scope": "read"},
        (401, 201, 201, 201, 201),
    ),
    ("DELETE", "token-detail"): ("tokens/{token}/", None, (401, 404, 404, 204, 404)),
    ("GET", "account-list"): ("accounts/", None, LISTED),
    ("GET", "account-detail"): ("accounts/{account}/", None, SEEN),
    ("GET", "membership-list"): ("accounts/{account}/members/", None, SEEN),
    ("POST", "membership-list"): (
        "accounts/{account}/members/",
        {"user": "{someone}", "role": "viewer"},
        (401, 404, 403, 403, 201),
    ),
    ("GET", "membership-detail"): ("accounts/{account}/members/{member}/", None, SEEN),
    ("PATCH", "membership-detail"): (
        "accounts/{account}/members/{member}/",
        {"role": "viewer"},
        BY_ADMIN,
    ),
    ("DELETE", "membership-detail"): (
        "accounts/{account}/members/{member}/",
        None,
        DELETED,
    ),
    ("GET", "instance-list"): ("instances/", None, LISTED),
    ("GET", "instance-detail"): ("instances/{instance}/", None, SEEN),
    ("PATCH", "instance-detail"): (
        "instances/{instance}/",
        {"timezone": "Europe/Berlin"},
        EDITED,
    ),
    ("GET", "connection-list"): ("connections/", None, LISTED),
    ("GET", "connection-detail"): ("connections/{connection}/", None, OWN),
    ("PATCH", "connection-detail"): ("connections/{connection}/", {"name": "A"}, OWN),
    ("DELETE", "connection-detail"): (
        "connections/{connection}/",
        None,
        (401, 404, 404, 204, 404),
    ),
    ("POST", "connection-connect"): ("connections/connect/", {"region": "EU"}, LISTED),
    ("POST", "connection-reconnect"): ("connections/{connection}/reconnect/", {}, OWN),
    ("POST", "connection-sync"): ("connections/{connection}/sync/", {}, OWN),
    ("GET", "connection-callback"): (
        "connections/callback/?state=made-up&code=c",
        None,
        (401, 400, 400, 400, 400),
    ),
    ("GET", "workflow-list"): ("workflows/", None, LISTED),
    ("POST", "workflow-list"): (
        "workflows/",
        WORKFLOW | {"instance": "{instance}"},
        MADE,
    ),
    ("GET", "workflow-detail"): ("workflows/{workflow}/", None, SEEN),
    ("PATCH", "workflow-detail"): ("workflows/{workflow}/", {"name": "New"}, EDITED),
    ("DELETE", "workflow-detail"): ("workflows/{unused}/", None, DELETED),
    ("GET", "workflow-versions"): ("workflows/{workflow}/versions/", None, SEEN),
    ("GET", "execution-list"): ("executions/", None, LISTED),
    ("GET", "execution-detail"): ("executions/{execution}/", None, SEEN),
    ("GET", "schedule-list"): ("schedules/", None, LISTED),
    ("POST", "schedule-list"): (
        "schedules/",
        SCHEDULE | {"workflow": "{workflow}"},
        MADE,
    ),
    ("GET", "schedule-detail"): ("schedules/{schedule}/", None, SEEN),
    ("PATCH", "schedule-detail"): ("schedules/{schedule}/", {"name": "New"}, EDITED),
    ("DELETE", "schedule-detail"): ("schedules/{schedule}/", None, DELETED),
    ("POST", "schedule-pause"): ("schedules/{schedule}/pause/", {}, EDITED),
    ("POST", "schedule-resume"): ("schedules/{paused}/resume/", {}, EDITED),
    ("POST", "schedule-trigger"): (
        "schedules/{schedule}/trigger/",
        {"force": True},
        (401, 404, 403, 201, 201),
    ),
    ("GET", "schedule-next"): ("schedules/{schedule}/next/", None, SEEN),
    ("GET", "schedule-runs"): ("schedules/{schedule}/runs/", None, SEEN),
    ("GET", "target-list"): ("targets/", None, LISTED),
    ("POST", "target-list"): (
        "targets/",
        {"schedule": "{schedule}", "instance": "{extra}"},
        MADE,
    ),
    ("GET", "target-detail"): ("targets/{target}/", None, SEEN),
    ("PATCH", "target-detail"): (
        "targets/{target}/",
        {"timezone": "Asia/Tokyo"},
        EDITED,
    ),
    ("DELETE", "target-detail"): (
        "targets/{target}/",
        None,
        (401, 404, 403, 204, 204),
    ),
    ("POST", "target-pause"): ("targets/{target}/pause/", {}, EDITED),
    ("POST", "target-resume"): ("targets/{stopped}/resume/", {}, EDITED),
    ("GET", "run-list"): ("runs/", None, LISTED),
    ("GET", "run-detail"): ("runs/{run}/", None, SEEN),
    ("GET", "run-events"): ("runs/{run}/events/", None, SEEN),
    ("POST", "run-cancel"): ("runs/{waiting}/cancel/", {}, (401, 404, 403, 202, 202)),
    ("POST", "run-retry"): ("runs/{run}/retry/", {}, (401, 404, 403, 201, 201)),
    ("GET", "run-rows"): ("runs/{run}/rows/", None, SEEN),
    ("GET", "run-csv"): ("runs/{run}/csv/", None, SEEN),
    ("POST", "cron-preview"): ("cron/preview/", {"expression": "0 9 * * 1"}, LISTED),
    ("GET", "health"): ("health/", None, LISTED),
}
CELLS = [
    (method, route, person, status)
    for (method, route), (_, _, statuses) in MATRIX.items()
    for person, status in zip(PEOPLE, statuses, strict=True)
]
NUMBERED = sorted(
    {path for path, _, _ in MATRIX.values() if "{" in path} - {"tokens/{token}/"}
)
ADDRESSES = {route: path for (_, route), (path, _, _) in MATRIX.items()}


@pytest.fixture
def people(bob: User, vic: User, alice: User, ada: User) -> dict[str, User | None]:
    return {"nobody": None, "bob": bob, "vic": vic, "alice": alice, "ada": ada}


@pytest.fixture
def world(
    people: dict[str, User | None],
    instance: Instance,
    schedule: Schedule,
    results_folder: object,
) -> Iterator[World]:
    with stopped_clock(NOON):
        yield make_world(instance=instance, schedule=schedule)


def filled(part: Any, ids: dict[str, Any]) -> Any:
    """With ids in place of the braces; alone they keep their type."""
    if isinstance(part, dict):
        return {name: filled(value, ids) for name, value in part.items()}
    if not isinstance(part, str):
        return part
    return ids[part[1:-1]] if part[:1] == "{" else part.format(**ids)


def ask(user: User | None, method: str, path: str, body: Any = None) -> Response:
    return getattr(browser(user), method.lower())(f"{API}{path}", body)


def test_every_route_and_method_is_in_the_matrix():
    offered = {
        (method, name) for name, methods in routes().items() for method in methods
    }

    assert offered == set(MATRIX)


@pytest.mark.parametrize(("method", "route", "person", "status"), CELLS)
def test_people_get_what_their_role_allows(
    method: str,
    route: str,
    person: str,
    status: int,
    people: dict[str, User | None],
    world: World,
    request: pytest.FixtureRequest,
):
    if (route, status) == ("connection-sync", 200):
        request.getfixturevalue("amazon")
    path, body, _ = MATRIX[method, route]

    answer = ask(
        people[person], method, path.format(**world.ids), filled(body, world.ids)
    )

    assert answer.status_code == status
    if status >= 400 and route != "connection-callback":
        codes(answer)


@pytest.mark.parametrize("route", sorted(routes()))
def test_other_methods_are_refused_with_those_that_are_offered(
    route: str, alice: User, world: World
):
    offered = routes()[route]
    path = ADDRESSES[route].partition("?")[0].format(**world.ids) + "?count=1"

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - offered:
        answer = browser(alice).generic(
            method, f"{API}{path}", b"{}", "application/json"
        )

        assert codes(answer) == (405, "method_not_allowed")
        assert offered <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("route", sorted(routes()))
def test_what_a_route_offers_can_be_asked(route: str, alice: User, world: World):
    path = ADDRESSES[route].partition("?")[0].format(**world.ids)

    answer = browser(alice).options(f"{API}{path}")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", NUMBERED)
def test_an_id_that_is_no_positive_integer_is_not_found(path: str, alice: User):
    unknown = ask(alice, "GET", "schedules/999999999/").json()

    for key in ["0", "-1", "007", "1.5", "abc", "١", "9" * 19, "%00", "x" * 5_000]:
        answer = ask(alice, "GET", path.format_map(defaultdict(lambda key=key: key)))

        assert codes(answer) == (404, "not_found")
        assert answer.json() | {"request_id": ""} == unknown | {"request_id": ""}


def test_a_deactivated_person_is_nobody(alice: User, world: World):
    client = browser(alice)
    alice.is_active = False
    alice.save()

    answer = client.get(f"{API}schedules/")

    assert codes(answer) == (401, "not_authenticated")
