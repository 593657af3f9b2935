"""What the product notes about itself: alarms, heartbeats, answered requests."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from instances.models.users import User


class Alarm(models.Model):
    """Something a person should know. One is open per code and subject."""

    code = models.CharField(max_length=50)
    subject = models.CharField(max_length=100)
    facts = models.JSONField(default=dict)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alarms"
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject"],
                condition=Q(ended_at=None),
                name="one_open_alarm_per_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}"


class Heartbeat(models.Model):
    """When a part of the product was last seen alive, and what it said of itself."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)

    class Meta:
        db_table = "heartbeats"

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}Z"


class IdempotencyKey(models.Model):
    """The answer once given to a user's request, given again for 24 hours."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    endpoint = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "endpoint", "key"], name="one_answer_per_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_keys_age")]
