"""The states of a run, in groups that are named once, and its policies."""

from __future__ import annotations

from django.db import models


class RunState(models.TextChoices):
    PENDING = "PENDING", "Pending"  # waits for a worker
    WAITING = "WAITING", "Waiting"  # waits for something else; `reason` says for what
    RUNNING = "RUNNING", "Running"  # has an execution
    SUCCEEDED = "SUCCEEDED", "Succeeded"  # its result has landed
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"
    SKIPPED = "SKIPPED", "Skipped"  # never asked Amazon


OPEN_STATES = ["PENDING", "WAITING", "RUNNING"]
FINAL_STATES = ["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"]
WAIT_REASONS = ["capacity", "throttled", "credential", "overlap", "retry"]
# WAITING for one of these is to stand in the queue for a place at Amazon.
QUEUE_REASONS = ["capacity", "throttled", "retry"]


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", "a slot of the schedule"
    MANUAL = "manual", "by hand"
    RETRY = "retry", "a retry by hand"
    BACKFILL = "backfill", "a backfill"
    TEST = "test", "a test"


class MissedPolicy(models.TextChoices):
    LATEST = "latest", "run the newest missed slot"
    ALL = "all", "run the missed slots, oldest first"
    NONE = "none", "run none"


class OverlapPolicy(models.TextChoices):
    SKIP = "skip", "skip the slot"
    WAIT = "wait", "wait for the run before"
    ALLOW = "allow", "run beside it"


class Priority(models.IntegerChoices):
    LIVE = 0
    BACKFILL = 1
