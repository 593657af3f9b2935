"""The tables that SQL can ask, with their columns."""

from __future__ import annotations

from collections.abc import Mapping

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.authority import instance_of
from instances.sandbox.calls import Call
from instances.sandbox.engine_room import EngineMissing
from instances.sandbox.errors import Refusal
from instances.sandbox.paging import page_of
from instances.sandbox.state import Sandbox

OUTPUT_CHANNELS = [{"channel": {"type": "DOWNLOAD"}, "outputAvailable": True}]
"""Without a bucket there are download links and nothing else."""


async def list_data_sources(sandbox: Sandbox, call: Call) -> Answer:
    instance_of(sandbox, call)
    page = page_of(call, await all_sources(sandbox), key=source_id)
    return json_answer(page.as_json("dataSources", lambda source: source))


async def get_data_source(sandbox: Sandbox, call: Call) -> Answer:
    instance_of(sandbox, call)
    wanted = call.target["data_source_id"]
    for source in await all_sources(sandbox):
        if source_id(source) == wanted:
            return json_answer({"dataSource": source})
    raise Refusal(404, f"Data source with ID {wanted} does not exist.")


async def all_sources(sandbox: Sandbox) -> list[Mapping[str, object]]:
    try:
        engine = await sandbox.engine_room.engine()
    except EngineMissing as missing:
        raise Refusal(500, str(missing)) from missing
    sources = sorted(engine.data_sources(), key=source_id)
    return [{**source, "outputChannels": OUTPUT_CHANNELS} for source in sources]


def source_id(source: Mapping[str, object]) -> str:
    return str(source["dataSourceId"])
