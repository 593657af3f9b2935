"""The engine's question for an execution or a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from instances.sandbox.definitions import Definition
from instances.sandbox.engine.contract import DeclaredParameter, Query
from instances.sandbox.engine_room import SqlEngine
from instances.sandbox.errors import Refusal
from instances.sandbox.sql_comments import without_last_comment
from instances.sandbox.submission import Submission
from instances.sandbox.windows import parse_zone, relative
from instances.sandbox.world import Instance

# A workflow is compiled before anybody has given it values: any of the type will do.
STAND_INS: Mapping[str, object] = {
    "BOOLEAN": True,
    "DATE": "2026-01-01",
    "TIMESTAMP": "2026-01-01T00:00:00",
    "STRING": "x",
    "BINARY": "x",
    "CALENDAR_INTERVAL": "P1D",
    "ARRAY": (),
}


def query_of(
    submission: Submission, instance: Instance, engine: SqlEngine, *, now: datetime
) -> Query:
    """Raises Refusal when it is to read an advertiser that the instance has not."""
    definition = submission.definition
    return Query(
        # Each has a mark of its own there; without it, the same SQL compiles once.
        sql=without_last_comment(definition.sql),
        declared=definition.declared,
        values=submission.values,
        window_start=submission.window.start_utc,
        window_end=submission.window.end_utc,
        now=now,
        advertisers=advertisers_read(submission, instance, engine),
        privacy=definition.privacy,
    )


def advertisers_read(
    submission: Submission, instance: Instance, engine: SqlEngine
) -> frozenset[int]:
    held = engine.advertisers_of(instance.number)
    if not submission.advertisers:
        return held
    by_id = {str(number): number for number in held}
    wanted = [str(advertiser["id"]) for advertiser in submission.advertisers]
    for advertiser_id in wanted:
        if advertiser_id not in by_id:
            raise Refusal(
                400,
                f"Advertiser {advertiser_id} is not queryable for instance "
                f"{instance.instance_id}.",
            )
    return frozenset(by_id[advertiser_id] for advertiser_id in wanted)


def compile_query_of(
    definition: Definition, instance: Instance, engine: SqlEngine, *, now: datetime
) -> Query:
    """For checking a saved workflow: any window, any values."""
    window = relative("MOST_RECENT_DAY", parse_zone("UTC", field=""), now=now)
    return Query(
        sql=definition.sql,
        declared=definition.declared,
        values={p.name: stand_in(p) for p in definition.declared if p.default is None},
        window_start=window.start_utc,
        window_end=window.end_utc,
        now=now,
        advertisers=engine.advertisers_of(instance.number),
        privacy=definition.privacy,
    )


def stand_in(parameter: DeclaredParameter) -> object:
    return STAND_INS.get(parameter.data_type, 1)
