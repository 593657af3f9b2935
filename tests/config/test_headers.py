"""Headers that protect people, on every answer of every kind."""

from __future__ import annotations

import re
from typing import Any

import pytest

from instances.models import ApiToken, User
from tests.browsers import API, browser, script
from tests.config.routes import routes

ADDRESSES = {
    "a page of the API": (f"{API}schedules/", 200),
    "not signed in": (f"{API}me/", 401),
    "bad input": (f"{API}schedules/?page_size=0", 400),
    "an unknown address": ("/api/v1/nothing/", 404),
    "the schema": ("/api/schema/", 200),
    "the documentation": ("/api/docs/", 200),
    "its script": ("/api/docs/?script=", 200),
    "the admin's sign-in": ("/admin/login/", 200),
    "the probe": ("/healthz/live", 200),
    "a page that is not there": ("/nothing", 404),
}
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def answer_of(name: str, alice: User) -> Any:
    address, status = ADDRESSES[name]
    client = browser(None if status == 401 else alice)
    answer = client.get(address)
    assert answer.status_code == status
    return answer


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_answer_is_protected(name: str, alice: User):
    answer = answer_of(name, alice)

    policy = answer.headers["Content-Security-Policy"]
    assert {header: answer.headers[header] for header in EXPECTED} == EXPECTED
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_answer_has_the_name_of_its_request(name: str, alice: User):
    first, second = answer_of(name, alice), answer_of(name, alice)

    assert re.fullmatch("[0-9a-f]{32}", first.headers["X-Request-ID"])
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize("name", [n for n, (a, _) in ADDRESSES.items() if "/api/" in a])
def test_no_cache_keeps_an_answer_of_the_api(name: str, alice: User):
    assert answer_of(name, alice).headers["Cache-Control"] == "no-store"


def test_the_documentation_needs_no_script_within_the_page(alice: User):
    page = browser(alice).get("/api/docs/").content.decode()

    scripts = re.findall("<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all("src=" in attributes and not code for attributes, code in scripts)


def test_the_documentation_is_there_for_everybody_and_names_every_route(db: None):
    schema = browser().get("/api/schema/").content.decode()

    offered = sum(len(ways) for ways in routes().values())
    assert schema.count("operationId:") == offered
    assert schema.count("description: Something is wrong.") == offered - 1


def test_a_token_is_told_once_and_never_cached(alice: User):
    answer = browser(alice).post(f"{API}tokens/", {"name": "ci"})
    secret = answer.json()["token"]

    assert answer.headers["Cache-Control"] == "no-store"
    assert script(secret).get(f"{API}me/").json()["username"] == "alice"
    assert secret not in browser(alice).get(f"{API}tokens/").content.decode()
    assert secret not in str(ApiToken.objects.values())
