"""What a request to create an execution asks for, checked and made definite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from instances.sandbox import fields, windows
from instances.sandbox.definitions import Definition, read_definition
from instances.sandbox.errors import Refusal, does_not_exist
from instances.sandbox.windows import TimeWindow

DEFAULT_TIMEOUT_SECONDS = 21_600
SHORTEST_TIMEOUT_SECONDS = 900
LONGEST_TIMEOUT_SECONDS = 86_400
ADVERTISER_TYPES = ("DISPLAY", "SAS", "SPONSORED_ADS")


@dataclass(frozen=True, kw_only=True)
class Submission:
    definition: Definition
    window: TimeWindow
    values: Mapping[str, object]
    timeout_seconds: int
    dry_run: bool
    skip_publish: bool
    synthetic_data: bool
    without_aggregation_controls: bool
    advertisers: tuple[Mapping[str, object], ...]

    @property
    def has_output(self) -> bool:
        return not (self.dry_run or self.skip_publish)


def read_submission(
    content: fields.Content,
    *,
    saved: Callable[[str], Definition | None],
    transient_id: str,
    now: datetime,
) -> Submission:
    """Raises Refusal. `saved` finds a stored workflow, by its id."""
    synthetic = fields.flag(content, "requireSyntheticData")
    without_controls = fields.flag(content, "disableAggregationControls")
    if without_controls and not synthetic:
        raise Refusal(
            400, "disableAggregationControls requires requireSyntheticData to be true."
        )
    return Submission(
        definition=read_workflow(content, saved=saved, transient_id=transient_id),
        window=read_window(content, now=now),
        values=fields.mapping(content, "parameterValues"),
        timeout_seconds=fields.whole_number(
            content,
            "workflowExecutionTimeoutSeconds",
            DEFAULT_TIMEOUT_SECONDS,
            SHORTEST_TIMEOUT_SECONDS,
            LONGEST_TIMEOUT_SECONDS,
        ),
        dry_run=fields.flag(content, "dryRun"),
        skip_publish=fields.flag(content, "skipPublish"),
        synthetic_data=synthetic,
        without_aggregation_controls=without_controls,
        advertisers=read_advertisers(content),
    )


def read_workflow(
    content: fields.Content,
    *,
    saved: Callable[[str], Definition | None],
    transient_id: str,
) -> Definition:
    """A stored one by workflowId, or the one sent along: exactly one of the two."""
    workflow_id = fields.text(content, "workflowId")
    ad_hoc = fields.mapping(content, "workflow")
    if bool(workflow_id) == bool(ad_hoc):
        raise Refusal(400, "Exactly one of workflowId and workflow must be provided.")
    if not workflow_id:
        return read_definition({**ad_hoc, "workflowId": transient_id})
    definition = saved(workflow_id)
    if definition is None:
        # Creating an execution declares no 404.
        raise Refusal(400, does_not_exist(workflow_id))
    return definition


def read_window(content: fields.Content, *, now: datetime) -> TimeWindow:
    kind = fields.choice(content, "timeWindowType", windows.WINDOW_TYPES)
    start = fields.text(content, "timeWindowStart")
    end = fields.text(content, "timeWindowEnd")
    zone = read_zone(content)
    if kind == "EXPLICIT":
        if start is None or end is None:
            raise Refusal(
                400,
                "timeWindowStart and timeWindowEnd must be provided with a "
                "timeWindowType of EXPLICIT.",
            )
        return windows.explicit(start, end, zone)
    if start is not None or end is not None:
        raise Refusal(
            400,
            "timeWindowStart and timeWindowEnd can only be used with a "
            "timeWindowType of EXPLICIT.",
        )
    return windows.relative(kind, zone, now=now)


def read_zone(content: fields.Content) -> ZoneInfo:
    name = fields.text(content, "timeWindowTimeZone")
    return windows.parse_zone(
        "UTC" if name is None else name, field="timeWindowTimeZone"
    )


def read_advertisers(content: fields.Content) -> tuple[Mapping[str, object], ...]:
    given = fields.objects(content, "advertisers", at_most=2_000)
    for advertiser in given:
        if not fields.text(advertiser, "id") or not fields.text(advertiser, "type"):
            raise Refusal(400, "Each of advertisers must have an id and a type.")
        fields.choice(advertiser, "type", ADVERTISER_TYPES)
    return tuple(given)
