"""Every page of the admin: it opens, shows no secret, asks few questions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from instances.models import ApiToken, User
from schedules.models import Run, RunEvent, Schedule
from tests.admin.conftest import SECRETS, allow, signed_in
from tests.makers import make_user

SITE = django_admin.site
MODELS = sorted(SITE._registry, key=lambda model: model._meta.label)
OUR_APPS = ("instances", "workflows", "schedules")
OURS = [model for model in MODELS if model._meta.app_label in OUR_APPS]
MOST_QUERIES = 12


def address(model: type[Model], page: str, *args: Any) -> str:
    name = f"{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(f"admin:{name}", args=args)


def secrets_in(html: str) -> list[str]:
    digests = [token.digest for token in ApiToken.objects.all()]
    keys = [token.token_key for token in ApiToken.objects.all()]
    return [secret for secret in (*SECRETS, *digests, *keys) if secret in html]


def test_every_model_of_ours_is_there():
    models = {m for label in OUR_APPS for m in apps.get_app_config(label).get_models()}

    assert models == set(OURS)


def test_nobody_can_edit_what_beat_runs_or_read_hashes_of_tokens():
    labels = {model._meta.app_label for model in MODELS}

    assert not labels & {"django_celery_beat", "knox"}


@pytest.mark.usefixtures("everything")
def test_every_page_opens_and_none_shows_a_secret(admin: Client):
    empty = []
    for model in MODELS:
        listed = admin.get(address(model, "changelist"))
        assert listed.status_code == 200, model
        assert secrets_in(listed.content.decode()) == [], model
        rows = list(model._default_manager.order_by("-pk")[:3])
        if not rows and model in OURS:
            empty.append(model)
        for row in rows:
            shown = admin.get(address(model, "change", row.pk))
            assert shown.status_code == (403 if model is ApiToken else 200), row
            assert secrets_in(shown.content.decode()) == [], row
            past = admin.get(address(model, "history", row.pk))
            assert past.status_code == shown.status_code, row
    assert empty == []


@pytest.mark.usefixtures("everything")
def test_every_filter_and_search_works(admin: Client):
    for model in MODELS:
        page = admin.get(address(model, "changelist"))
        for query in sorted(
            set(re.findall(r'href="(\?[^"]+)"', page.content.decode()))
        ):
            query = query.replace("&amp;", "&")
            answer = admin.get(address(model, "changelist") + query)
            assert answer.status_code in (200, 302), (model, query)
        searched = admin.get(address(model, "changelist"), {"q": "12"})
        assert searched.status_code == 200, model


@pytest.mark.usefixtures("everything")
def test_lists_ask_few_questions_whatever_their_length(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    ContentType.objects.get_for_model(Run)  # remembered by every process
    for model in OURS:
        with django_assert_max_num_queries(MOST_QUERIES, info=str(model)):
            answer = admin.get(address(model, "changelist"))

        assert answer.status_code == 200


@pytest.mark.usefixtures("everything")
def test_the_page_of_a_schedule_asks_few_questions(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    schedule = Schedule.objects.get(name="Weekly reach and frequency")

    with django_assert_max_num_queries(25):
        answer = admin.get(address(Schedule, "change", schedule.pk))

    assert "All of them" in answer.content.decode()


@pytest.mark.usefixtures("everything")
def test_long_lists_are_counted_up_to_a_limit(
    admin: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("instances.admin.manners.MOST_COUNTED", 60)

    for model in (Run, RunEvent):
        shown = admin.get(address(model, "changelist")).context["cl"]
        assert (shown.result_count, shown.paginator.num_pages) == (60, 2)


@pytest.mark.usefixtures("everything")
def test_times_are_shown_in_the_reader_s_zone_with_its_name(admin: Client):
    page = admin.get(address(Run, "changelist")).content.decode()

    assert " IST" in page
    assert " UTC" not in page


EDITABLE = {
    "User": "ac",
    "Membership": "acd",
    "Account": "c",
    "Instance": "c",
    "Workflow": "c",
    "Schedule": "ac",
}


@pytest.mark.usefixtures("everything")
def test_history_can_be_neither_added_nor_changed_nor_deleted(admin: Client):
    for model in OURS:
        may = EDITABLE.get(model.__name__, "")
        row = model._default_manager.order_by("pk").last()
        assert row

        added = admin.get(address(model, "add"))
        changed = admin.post(address(model, "change", row.pk), {})
        deleted = admin.get(address(model, "delete", row.pk))

        done = [added.status_code, changed.status_code, deleted.status_code]
        assert done == [200 if word in may else 403 for word in "acd"], model


# --- Who is let in ----------------------------------------------------------------


@pytest.mark.usefixtures("everything")
def test_people_who_are_no_staff_are_sent_to_the_login():
    client = signed_in(User.objects.get(username="vic"))

    for model in MODELS:
        answer = client.get(address(model, "changelist"))
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


@pytest.mark.usefixtures("everything")
def test_staff_without_permissions_see_nothing():
    client = signed_in(make_user("newcomer", is_staff=True))

    for model in MODELS:
        assert client.get(address(model, "changelist")).status_code == 403
        row = model._default_manager.order_by("-pk").first()
        if row:
            assert client.get(address(model, "change", row.pk)).status_code == 403


@pytest.mark.usefixtures("everything")
def test_staff_who_may_look_cannot_act():
    watcher = allow(make_user("watcher", is_staff=True), "view_schedule")
    client = signed_in(watcher)

    page = client.get(address(Schedule, "changelist"))

    assert page.status_code == 200
    assert 'value="pause"' not in page.content.decode()
    assert client.get(address(Schedule, "add")).status_code == 403


def test_the_header_says_where_one_is(admin: Client):
    assert "AMC Scheduler" in admin.get(reverse("admin:index")).content.decode()
