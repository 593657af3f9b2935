"""The states of an execution, in groups that are named once."""

from __future__ import annotations

from django.db import models


class ExecutionState(models.TextChoices):
    SUBMITTING = "SUBMITTING", "intent recorded"
    PENDING = "PENDING", "queued at Amazon"
    RUNNING = "RUNNING", "running at Amazon"
    COLLECTING = "COLLECTING", "its result is being fetched"
    SUCCEEDED = "SUCCEEDED", "its result has landed"
    NOT_SUBMITTED = "NOT_SUBMITTED", "Amazon has none"
    FAILED = "FAILED", "failed"
    REJECTED = "REJECTED", "refused by Amazon"
    CANCELLED = "CANCELLED", "cancelled"
    TIMED_OUT = "TIMED_OUT", "took too long"


OPEN_STATES = ["SUBMITTING", "PENDING", "RUNNING", "COLLECTING"]
# These take one of the places that Amazon gives an instance and an account.
PLACE_STATES = ["SUBMITTING", "PENDING", "RUNNING"]
