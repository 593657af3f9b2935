"""The states of a run, in groups that are named once, and its policies."""

from __future__ import annotations

from django.db import models


class RunState(models.TextChoices):
    PENDING = "PENDING", "waits for a worker"
    WAITING = "WAITING", "waits for something else"
    RUNNING = "RUNNING", "has an execution"
    SUCCEEDED = "SUCCEEDED", "its result has landed"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"
    SKIPPED = "SKIPPED", "never asked Amazon"


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
