"""Schedules, targets, workflows and people, edited by staff as people edit them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from instances.models import Account, Instance, Membership, Role, User
from schedules.models import Run, Schedule, Target
from tests.admin.conftest import allow, signed_in
from tests.makers import (
    LAST_WEEK,
    NOON,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_user,
)
from workflows.models import Workflow

pytestmark = pytest.mark.usefixtures("at_noon")
LIST = reverse("admin:schedules_schedule_changelist")
ADD = reverse("admin:schedules_schedule_add")
TARGETS = reverse("admin:schedules_target_changelist")


def page(schedule: Schedule) -> str:
    return reverse("admin:schedules_schedule_change", args=[schedule.pk])


def form(schedule: Schedule | None = None, **changes: Any) -> dict[str, Any]:
    """What a browser sends."""
    return {
        "name": schedule.name if schedule else "Weekly",
        "cron_expression": "0 9 * * 1",
        "timezone": "Europe/Berlin",
        "window_rule": json.dumps(LAST_WEEK),
        "parameter_values": "{}",
        "connection": "",
        "missed_policy": "latest",
        "catch_up_limit": "10",
        "overlap_policy": "skip",
        "dedup_window_minutes": "5",
        "max_failures": "5",
        "max_attempts": "3",
        "time_limit_seconds": "21600",
        "revision": str(schedule.revision) if schedule else "",
    } | changes


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def newest_change(row: Any) -> Any:
    return row.history.order_by("-history_id").first()


# --- Editing ----------------------------------------------------------------------


def test_an_edit_goes_through_the_same_function_as_elsewhere(
    admin: Client, schedule: Schedule
):
    answer = admin.post(page(schedule), form(schedule, name="Renamed"))

    assert answer.status_code == 302
    schedule.refresh_from_db()
    assert schedule.name == "Renamed"
    assert schedule.revision == 2
    assert schedule.next_run_at.isoformat() == "2026-11-30T08:00:00+00:00"
    # It was due, and got its run by the old rule.
    assert Run.objects.get().scheduled_for == NOON
    change = newest_change(schedule)
    assert (change.origin, change.history_user.username) == ("admin", "root")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cron_expression", "0 9 * *", "five fields"),
        ("cron_expression", "0 0 31 2 *", "never"),
        ("timezone", "Mars/Base", "not a known time zone"),
        ("window_rule", '{"kind": "last_days", "days": 999}', "days"),
        ("parameter_values", '{"cap": 3}', "cap"),
        ("name", "   ", "required"),
        ("max_failures", "0", "1 to 100"),
        ("time_limit_seconds", "5", "900"),
        ("missed_policy", "maybe", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    admin: Client, schedule: Schedule, field: str, value: str, message: str
):
    answer = admin.post(page(schedule), form(schedule, **{field: value}))

    assert answer.status_code == 200
    assert message.casefold() in " ".join(errors(answer)[field]).casefold()
    before = schedule.name, schedule.revision
    schedule.refresh_from_db()
    assert (schedule.name, schedule.revision) == before
    assert not Run.objects.exists()


def test_an_edit_of_what_somebody_has_changed_meanwhile_is_refused(
    admin: Client, schedule: Schedule
):
    Schedule.objects.update(revision=7)

    answer = admin.post(page(schedule), form(schedule))

    assert "revision 7" in " ".join(errors(answer)["__all__"])


def test_a_schedule_is_made_with_targets(
    admin: Client, workflow: Workflow, instance: Instance
):
    second = make_instance(instance.account)
    chosen = {"workflow": workflow.pk, "instances": [instance.pk, second.pk]}

    answer = admin.post(ADD, form(**chosen))

    assert answer.status_code == 302, errors(answer)
    made = Schedule.objects.get()
    assert made.owner.username == "root"
    assert made.account == workflow.account
    assert {target.instance for target in made.targets.all()} == {instance, second}


def test_without_instances_it_has_its_workflow_s(admin: Client, workflow: Workflow):
    admin.post(ADD, form(workflow=workflow.pk))

    assert Target.objects.get().instance == workflow.instance


def test_an_instance_without_account_is_refused_at_its_field(
    admin: Client, workflow: Workflow
):
    lost = make_instance(None)

    answer = admin.post(ADD, form(workflow=workflow.pk, instances=[lost.pk]))

    assert "no AMC account" in " ".join(errors(answer)["instances"])
    assert not Schedule.objects.exists()


def test_a_deleted_schedule_is_only_shown(admin: Client, schedule: Schedule):
    Schedule.objects.update(
        deleted_at=NOON, is_active=False, next_run_at=None, paused_at=NOON
    )

    assert admin.get(page(schedule)).status_code == 200
    assert admin.post(page(schedule), form(schedule)).status_code == 403


def test_a_broken_rule_does_not_break_its_page(admin: Client, schedule: Schedule):
    Schedule.objects.update(cron_expression="nonsense", timezone="Mars/Base")

    assert admin.get(page(schedule)).status_code == 200
    assert "cannot be read" in admin.get(LIST).content.decode()


def test_the_list_has_the_words_of_the_specification(admin: Client, schedule: Schedule):
    make_schedule(schedule.workflow, is_active=False, next_run_at=None, paused_at=NOON)

    listed = admin.get(LIST).content.decode()

    assert ">Due<" in listed
    assert ">Paused<" in listed


# --- Actions ----------------------------------------------------------------------


def act(client: Client, action: str, *rows: Any, at: str = LIST, **form: Any) -> Any:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(at, chosen | form, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_an_action_asks_before_it_acts(admin: Client, schedule: Schedule):
    answer = act(admin, "pause", schedule)

    page = answer.content.decode()
    assert "Pause?" in page
    assert schedule.name in page
    assert Schedule.objects.get().is_active


def test_a_reason_is_needed(admin: Client, schedule: Schedule):
    answer = act(admin, "pause", schedule, confirmed="yes", reason="ab")

    assert "at least 3 characters" in answer.content.decode()
    assert Schedule.objects.get().is_active


def test_pausing_keeps_the_reason(admin: Client, schedule: Schedule):
    answer = act(admin, "pause", schedule, confirmed="yes", reason="campaign over")

    schedule.refresh_from_db()
    assert said(answer) == ["1 paused."]
    assert not schedule.is_active
    assert schedule.pause_reason == "campaign over"
    change = newest_change(schedule)
    assert change.history_change_reason == "campaign over"
    assert (change.origin, change.history_user.username) == ("admin", "root")


def test_those_that_refuse_do_not_stop_the_others(admin: Client, schedule: Schedule):
    paused = make_schedule(
        schedule.workflow, is_active=False, next_run_at=None, paused_at=NOON
    )

    answer = act(admin, "pause", schedule, paused, confirmed="yes", reason="all off")

    done, refused = said(answer)
    assert done == "1 paused."
    assert refused == f"1 refused: It is already paused. ({paused.name})"


def test_resuming_starts_from_now(admin: Client, schedule: Schedule):
    act(admin, "pause", schedule, confirmed="yes", reason="for a moment")
    act(admin, "resume", schedule, confirmed="yes", reason="goes on")

    schedule.refresh_from_db()
    assert schedule.is_active
    assert schedule.next_run_at > NOON


def test_running_now_makes_a_run_by_hand(admin: Client, schedule: Schedule):
    answer = act(admin, "run_now", schedule, confirmed="yes", reason="to see it")

    assert said(answer) == ["1 started."]
    assert Run.objects.get().trigger == "manual"


def test_a_recent_run_refuses_another(admin: Client, target: Target):
    run = make_run(target)

    answer = act(admin, "run_now", target.schedule, confirmed="yes", reason="again")

    assert f"Run {run.pk} " in said(answer)[0]


def test_many_rows_want_their_number_typed(admin: Client, workflow: Workflow):
    rows = [make_schedule(workflow) for _ in range(21)]
    answered = {"confirmed": "yes", "reason": "maintenance"}

    act(admin, "pause", *rows, **answered, count="20")
    assert Schedule.objects.filter(is_active=True).count() == 21

    act(admin, "pause", *rows, **answered, count="21")
    assert not Schedule.objects.filter(is_active=True).exists()


def test_too_many_rows_are_refused(
    admin: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("instances.admin.confirming.MOST_ROWS", 1)

    answer = act(admin, "pause", *(make_schedule(workflow) for _ in range(2)))

    assert said(answer) == ["Choose at most 1 rows at once."]


def test_targets_are_paused_and_resumed(admin: Client, target: Target):
    reasoned = {"at": TARGETS, "confirmed": "yes", "reason": "advertiser left"}

    act(admin, "pause", target, **reasoned)
    target.refresh_from_db()
    assert target.pause_reason == "person"
    assert target.pause_message == "advertiser left"

    act(admin, "resume", target, **reasoned)
    target.refresh_from_db()
    assert target.paused_at is None


def test_staff_act_only_in_accounts_of_theirs(schedule: Schedule, account: Account):
    colleague = make_user("colleague", is_staff=True)
    allow(colleague, "view_schedule", "change_schedule")
    client = signed_in(colleague)
    reasoned = {"confirmed": "yes", "reason": "just so"}

    refused = act(client, "pause", schedule, **reasoned)
    assert "you are not a member" in said(refused)[0]

    make_member(colleague, account, Role.EDITOR)
    assert said(act(client, "pause", schedule, **reasoned)) == ["1 paused."]


# --- Workflows, people, instances ----------------------------------------------------


def test_a_workflow_s_name_is_changed_and_its_sql_stays(
    admin: Client, workflow: Workflow
):
    address = reverse("admin:workflows_workflow_change", args=[workflow.pk])

    admin.post(address, {"name": "Reach", "description": "", "parameter_values": "{}"})

    before = workflow.version
    workflow.refresh_from_db()
    assert workflow.name == "Reach"
    assert workflow.version == before
    assert newest_change(workflow).origin == "admin"


def test_values_of_a_workflow_must_be_declared(admin: Client, workflow: Workflow):
    address = reverse("admin:workflows_workflow_change", args=[workflow.pk])

    answer = admin.post(
        address, {"name": "Reach", "parameter_values": '{"nothing": 1}'}
    )

    assert "nothing" in " ".join(errors(answer)["parameter_values"])


def test_members_are_added_changed_and_removed(admin: Client, account: Account):
    newcomer = make_user("newcomer")
    make_member(make_user("boss"), account, Role.ADMIN)
    add = reverse("admin:instances_membership_add")

    admin.post(add, {"account": account.pk, "user": newcomer.pk, "role": "viewer"})
    made = Membership.objects.get(user=newcomer)
    address = reverse("admin:instances_membership_change", args=[made.pk])
    admin.post(address, {"role": "editor"})
    made.refresh_from_db()
    assert made.role == "editor"
    assert newest_change(made).origin == "admin"

    delete = reverse("admin:instances_membership_delete", args=[made.pk])
    admin.post(delete, {"post": "yes"})
    assert not Membership.objects.filter(user=newcomer).exists()


def test_the_last_admin_of_an_account_stays_one(admin: Client, account: Account):
    boss = make_member(make_user("boss"), account, Role.ADMIN)
    address = reverse("admin:instances_membership_change", args=[boss.pk])

    answer = admin.post(address, {"role": "viewer"})

    assert answer.status_code == 200
    assert errors(answer)
    delete = reverse("admin:instances_membership_delete", args=[boss.pk])
    assert admin.post(delete, {"post": "yes"}).status_code == 403
    assert Membership.objects.get().role == "admin"


def test_staff_who_manage_people_cannot_raise_themselves_or_take_over(root: User):
    clerk = make_user("clerk", is_staff=True)
    client = signed_in(allow(clerk, "view_user", "change_user"))
    sent = {
        "username": "clerk",
        "timezone": "UTC",
        "is_active": "on",
        "is_superuser": "on",
        "date_joined_0": "2026-11-01",
        "date_joined_1": "12:00:00",
    }

    own = reverse("admin:instances_user_change", args=[clerk.pk])
    answer = client.post(own, sent)
    assert answer.status_code == 302
    clerk.refresh_from_db()
    assert (clerk.is_superuser, clerk.is_staff) == (False, True)

    above = reverse("admin:instances_user_change", args=[root.pk])
    assert client.post(above, sent).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.post(password, {"password1": "x" * 12}).status_code == 403


def test_the_zone_of_a_person_and_of_an_instance_must_be_known(
    admin: Client, instance: Instance, root: User
):
    address = reverse("admin:instances_instance_change", args=[instance.pk])
    sent = {"name": "A", "max_running": 10, "max_backfills": 2}

    refused = admin.post(address, sent | {"timezone": "Mars/Base"})
    assert "not a known time zone" in " ".join(errors(refused)["timezone"])

    assert admin.post(address, sent | {"timezone": "Asia/Tokyo"}).status_code == 302
    instance.refresh_from_db()
    assert instance.timezone == "Asia/Tokyo"


def test_an_instance_gets_an_account_once(
    admin: Client, account: Account, instance: Instance
):
    lost = make_instance(None, name="Lost")
    sent = {"name": "A", "max_running": 10, "max_backfills": 2, "timezone": ""}

    for row in (lost, instance):
        address = reverse("admin:instances_instance_change", args=[row.pk])
        other = Account.objects.create(
            account_id=f"E{row.pk}", marketplace_id="M", created_at=NOON
        )
        admin.post(address, sent | {"account": other.pk})
        row.refresh_from_db()

    assert lost.account is not None
    assert instance.account == account
