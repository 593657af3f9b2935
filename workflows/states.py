"""The states of an execution, in groups that are named once."""

from __future__ import annotations

from django.db import models


class ExecutionState(models.TextChoices):
    SUBMITTING = "SUBMITTING", "Submitting"  # its intent is recorded
    PENDING = "PENDING", "Waiting at Amazon"
    RUNNING = "RUNNING", "Running at Amazon"
    COLLECTING = "COLLECTING", "Collecting"  # its result is being fetched
    SUCCEEDED = "SUCCEEDED", "Succeeded"  # its result has landed
    NOT_SUBMITTED = "NOT_SUBMITTED", "Not submitted"  # Amazon has none
    FAILED = "FAILED", "Failed"
    REJECTED = "REJECTED", "Refused by Amazon"
    CANCELLED = "CANCELLED", "Cancelled"
    TIMED_OUT = "TIMED_OUT", "Timed out"


OPEN_STATES = ["SUBMITTING", "PENDING", "RUNNING", "COLLECTING"]
# These take one of the places that Amazon gives an instance and an account.
PLACE_STATES = ["SUBMITTING", "PENDING", "RUNNING"]
