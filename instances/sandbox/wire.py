"""An execution and a workflow as Amazon shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from instances.sandbox.executions import Execution, Status

# As in Amazon's samples: how long before its creation it may start, and when it alarms.
MAY_START_BEFORE = timedelta(hours=1)
ALARMS_AFTER = timedelta(hours=24)
INVALIDATION_OFFSET_SECONDS = 266_400
NO_BUCKET = "N/A"
REASON_SHOWN = (Status.FAILED, Status.REJECTED)

UNAVAILABLE = "The execution did not produce output for this channel."


def utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def execution_body(
    execution: Execution, *, sql: str | None = None
) -> dict[str, object]:
    """`sql` is shown when it is given; the caller decides what has become of it."""
    submission = execution.submission
    body: dict[str, object] = {
        "workflowExecutionId": execution.id,
        "workflowId": execution.workflow_id,
        "status": execution.shown_status,
        "createTime": utc_text(execution.created_at),
        "lastUpdatedTime": utc_text(execution.updated_at),
        "waitUntil": utc_text(execution.created_at - MAY_START_BEFORE),
        "expireTime": utc_text(execution.created_at + ALARMS_AFTER),
        "workflowExecutionTimeoutSeconds": submission.timeout_seconds,
        "parameterValues": dict(submission.values),
        "executionCategory": "AD_HOC",
        "dataGaps": [],
        "ignoreDataGaps": False,
        "disableAggregationControls": submission.without_aggregation_controls,
        "requireSyntheticData": submission.synthetic_data,
        "invalidationOffsetSecs": INVALIDATION_OFFSET_SECONDS,
        "outputS3URI": NO_BUCKET,
        "outputChannels": [download_channel(execution)],
    }
    body |= window_fields(execution)
    body |= outcome_fields(execution)
    if submission.advertisers:
        body["advertisers"] = [dict(a) for a in submission.advertisers]
    if sql is not None:
        body["sqlQuery"] = sql
    return body


def window_fields(execution: Execution) -> Mapping[str, object]:
    window = execution.submission.window
    return {
        "timeWindowStart": utc_text(window.start_utc),
        "timeWindowEnd": utc_text(window.end_utc),
        "timeWindowStartOriginal": local_text(window.start),
        "timeWindowEndOriginal": local_text(window.end),
        "timeWindowTimeZoneOriginal": window.zone.key,
    }


def outcome_fields(execution: Execution) -> Mapping[str, object]:
    """Seen in practice, though not in Amazon's document: reason and columns."""
    found: dict[str, object] = {}
    if execution.status in REASON_SHOWN and execution.reason:
        found["statusReason"] = execution.reason
    if execution.status is Status.SUCCEEDED and execution.outcome is not None:
        found["outputColumns"] = [dict(c) for c in execution.outcome.columns]
    return found


def download_channel(execution: Execution) -> Mapping[str, object]:
    channel = {"type": "DOWNLOAD"}
    if not execution.is_final and execution.submission.has_output:
        return {"channel": channel, "status": "PENDING"}
    if execution.outcome is not None and execution.outcome.files:
        return {"channel": channel, "status": "AVAILABLE"}
    return {"channel": channel, "status": "UNAVAILABLE", "statusReason": UNAVAILABLE}
