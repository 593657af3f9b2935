"""Saved workflows: create, list, read, replace, delete."""

from __future__ import annotations

from collections.abc import Mapping

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.authority import instance_of
from instances.sandbox.calls import Call
from instances.sandbox.compilation import compile_workflow
from instances.sandbox.definitions import Definition, read_definition
from instances.sandbox.errors import Refusal, already_exists, does_not_exist
from instances.sandbox.paging import page_of
from instances.sandbox.state import Sandbox

DONE: Mapping[str, object] = {}
"""Creating, replacing and deleting say nothing but that."""


async def list_workflows(sandbox: Sandbox, call: Call) -> Answer:
    saved = sandbox.workflows.of_instance(instance_of(sandbox, call).instance_id)
    page = page_of(call, saved, key=lambda definition: definition.workflow_id)
    return json_answer(page.as_json("workflows", as_sent))


async def create_workflow(sandbox: Sandbox, call: Call) -> Answer:
    instance = instance_of(sandbox, call)
    definition = read_definition(call.content())
    refuse_existing(sandbox, instance.instance_id, definition)
    await compile_workflow(sandbox, instance, definition, now=call.now)
    # Another may have come while this one was being compiled.
    refuse_existing(sandbox, instance.instance_id, definition)
    sandbox.workflows.put(instance.instance_id, definition)
    return json_answer(DONE)


async def get_workflow(sandbox: Sandbox, call: Call) -> Answer:
    body = as_sent(workflow_of(sandbox, call))
    if sandbox.faults.strike("flat", call):
        return json_answer(body)
    return json_answer({"workflow": body})


async def update_workflow(sandbox: Sandbox, call: Call) -> Answer:
    """The body replaces the whole definition."""
    workflow_id = workflow_of(sandbox, call).workflow_id
    instance = instance_of(sandbox, call)
    definition = read_definition(call.content(), default_id=workflow_id)
    if definition.workflow_id != workflow_id:
        raise Refusal(400, "workflowId in the body must be the one in the path.")
    await compile_workflow(sandbox, instance, definition, now=call.now)
    sandbox.workflows.put(instance.instance_id, definition)
    return json_answer(DONE)


async def delete_workflow(sandbox: Sandbox, call: Call) -> Answer:
    """Executions that it had remain."""
    definition = workflow_of(sandbox, call)
    sandbox.workflows.delete(call.instance_id, definition.workflow_id)
    return json_answer(DONE)


def workflow_of(sandbox: Sandbox, call: Call) -> Definition:
    instance = instance_of(sandbox, call)
    workflow_id = call.target["workflow_id"]
    definition = sandbox.workflows.get(instance.instance_id, workflow_id)
    if definition is None or sandbox.faults.strike("not_found", call):
        raise Refusal(404, does_not_exist(workflow_id))
    return definition


def refuse_existing(sandbox: Sandbox, instance_id: str, definition: Definition) -> None:
    if sandbox.workflows.get(instance_id, definition.workflow_id) is not None:
        raise Refusal(400, already_exists(definition.workflow_id))


def as_sent(definition: Definition) -> Mapping[str, object]:
    return definition.as_sent
