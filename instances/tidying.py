"""Forgetting what has expired: kept answers, consents, sessions, sign-in tries."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session

from instances import idempotency
from instances.models import ConsentRequest, IdempotencyKey

# A used or abandoned `state` is kept a while, so that a replay is told what it is.
CONSENTS_KEPT = timedelta(days=1)


def forget_expired(*, now: datetime) -> dict[str, int]:
    """Delete rows that no rule reads any more; counts by what they were.

    Four statements, each its own transaction, each safe to repeat.
    """
    tries_before = now - settings.AXES_COOLOFF_TIME
    expired = {
        "answers": IdempotencyKey.objects.filter(created_at__lt=now - idempotency.KEPT),
        "consents": ConsentRequest.objects.filter(created_at__lt=now - CONSENTS_KEPT),
        "sessions": Session.objects.filter(expire_date__lt=now),
        "sign-in tries": AccessAttempt.objects.filter(attempt_time__lt=tries_before),
    }
    return {name: rows.delete()[0] for name, rows in expired.items()}
