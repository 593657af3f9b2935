"""What has expired is forgotten, what still counts is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session

from instances.models import ConsentRequest, IdempotencyKey, User
from instances.tidying import forget_expired
from tests.makers import NOON

pytestmark = pytest.mark.django_db
A_MINUTE = timedelta(minutes=1)


def test_an_answer_is_kept_for_a_day(alice: User):
    for key, age in (("old", timedelta(hours=24) + A_MINUTE), ("young", A_MINUTE)):
        IdempotencyKey.objects.create(
            user=alice, endpoint="POST /", key=key, created_at=NOON - age
        )

    forgotten = forget_expired(now=NOON)

    assert forgotten["answers"] == 1
    assert IdempotencyKey.objects.get().key == "young"


def test_a_consent_state_is_kept_for_a_day(alice: User):
    for state, age in (("old", timedelta(days=1) + A_MINUTE), ("young", A_MINUTE)):
        ConsentRequest.objects.create(
            user=alice,
            state_sha256=state,
            session_key_sha256="",
            created_at=NOON - age,
        )

    forget_expired(now=NOON)

    assert ConsentRequest.objects.get().state_sha256 == "young"


def test_a_session_is_kept_until_it_ends():
    for key, ends in (("old", NOON - A_MINUTE), ("young", NOON + A_MINUTE)):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)

    forget_expired(now=NOON)

    assert Session.objects.get().session_key == "young"


def test_a_sign_in_try_is_kept_while_it_can_lock_somebody_out():
    for name, age in (("old", timedelta(minutes=16)), ("young", A_MINUTE)):
        attempt = AccessAttempt.objects.create(username=name, failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=NOON - age)

    forget_expired(now=NOON)

    assert AccessAttempt.objects.get().username == "young"
