"""What people do to workflows: create, edit, delete. Each save of SQL is a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from instances.access import require
from instances.changelog import record_created
from instances.errors import StaleRevision
from instances.models import Instance, Role, User
from workflows import parameters
from workflows.errors import InvalidField, InvalidParameter, WorkflowInUse
from workflows.models import Workflow, WorkflowVersion
from workflows.sql import check_sql


@dataclass(frozen=True, kw_only=True)
class WorkflowFields:
    """Everything of a workflow that a person writes."""

    name: str
    sql: str
    description: str = ""
    # AMC's `inputParameters`.
    parameters: Sequence[Mapping[str, Any]] = ()
    parameter_values: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def create_workflow(
    fields: WorkflowFields, *, instance: Instance, user: User, now: datetime
) -> Workflow:
    """Store a workflow with its first version.

    Raises InvalidField, InvalidSql, InvalidParameter, NotPermitted.
    """
    require(user, instance.account_id, Role.EDITOR)
    _check(fields)
    workflow = Workflow(
        account_id=instance.account_id,
        instance=instance,
        owner=user,
        created_at=now,
    )
    return _store(workflow, fields, user=user, now=now)


@transaction.atomic
def edit_workflow(
    workflow_id: int,
    changes: Mapping[str, Any],
    *,
    user: User,
    revision: int | None,
    now: datetime,
) -> Workflow:
    """Change these of WorkflowFields. Runs keep the version they were born with.

    `revision` is the one that the person saw; None skips the comparison. Raises as
    `create_workflow`, and StaleRevision.
    """
    workflow = _locked(workflow_id)
    require(user, workflow.account_id, Role.EDITOR)
    refuse_stale(workflow.revision, revision)
    fields = replace(fields_of(workflow), **changes)
    _check(fields)
    workflow.revision += 1
    return _store(workflow, fields, user=user, now=now)


@transaction.atomic
def delete_workflow(
    workflow_id: int, *, user: User, revision: int | None, now: datetime
) -> None:
    """Hide a workflow for good; its versions stay for the history of its runs.

    Raises WorkflowInUse while a schedule runs it, NotPermitted, StaleRevision.
    """
    workflow = _locked(workflow_id)
    require(user, workflow.account_id, Role.ADMIN)
    refuse_stale(workflow.revision, revision)
    if workflow.schedules.filter(deleted_at=None).exists():
        raise WorkflowInUse
    workflow.deleted_at = now
    workflow.save(update_fields=["deleted_at"])


def refuse_fixed(workflow: Workflow, changes: Mapping[str, Any]) -> None:
    """Raise InvalidField for what is chosen once, at creation."""
    if changes.get("instance", workflow.instance) != workflow.instance:
        raise InvalidField(
            "Make a new workflow for another instance.", field="instance"
        )


def fields_of(workflow: Workflow) -> WorkflowFields:
    """What a person wrote, as it stands."""
    version = newest_version(workflow)
    return WorkflowFields(
        name=workflow.name,
        sql=version.sql,
        description=workflow.description,
        parameters=version.parameters,
        parameter_values=workflow.parameter_values,
    )


def newest_version(workflow: Workflow) -> WorkflowVersion:
    """The version that the next run takes. Each stored workflow has one."""
    if workflow.version is None:
        raise WorkflowVersion.DoesNotExist
    return workflow.version


def refuse_stale(current: int, seen: int | None) -> None:
    """Raise StaleRevision when somebody edited after the person had looked."""
    if seen is not None and seen != current:
        raise StaleRevision(current)


def _store(
    workflow: Workflow, fields: WorkflowFields, *, user: User, now: datetime
) -> Workflow:
    workflow.name = fields.name
    workflow.description = fields.description
    workflow.parameter_values = dict(fields.parameter_values)
    workflow.updated_at = now
    declared = [dict(parameter) for parameter in fields.parameters]
    current = workflow.version
    if current and (current.sql, current.parameters) == (fields.sql, declared):
        workflow.save()
        return workflow
    if current is None:
        workflow.save_without_historical_record()  # type: ignore[attr-defined]  # simple_history adds it
    workflow.version = WorkflowVersion.objects.create(
        workflow=workflow,
        number=current.number + 1 if current else 1,
        sql=fields.sql,
        parameters=declared,
        created_at=now,
        created_by=user,
    )
    if current:
        workflow.save()
    else:
        workflow.save_without_historical_record()  # type: ignore[attr-defined]  # as above
        record_created([workflow], now=now)
    return workflow


def _locked(workflow_id: int) -> Workflow:
    """The row, locked also against schedules that are being made for it."""
    rows = Workflow.objects.select_for_update(of=("self",))
    return rows.select_related("version").get(pk=workflow_id, deleted_at=None)


def _check(fields: WorkflowFields) -> None:
    if not fields.name.strip():
        raise InvalidField("Give the workflow a name.", field="name")
    check_sql(fields.sql)
    parameters.check_declarations(fields.parameters)
    parameters.check_references(fields.sql, fields.parameters)
    try:
        _check_values(fields.parameters, fields.parameter_values)
    except InvalidParameter as error:
        error.field = (error.field or "").replace("parameters", "parameter_values", 1)
        raise


def _check_values(
    declarations: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> None:
    """Values need not be complete here; those given must fit their declarations.

    Dates that follow the run are not known yet, so only their form is checked.
    """
    following = {n: value for n, value in values.items() if isinstance(value, Mapping)}
    parameters.check_expressions(following)
    plain = {n: value for n, value in values.items() if n not in following}
    parameters.check([each for each in declarations if each["name"] in plain], plain)
    declared = {each["name"] for each in declarations}
    for name in following.keys() - declared:
        parameters.check([], {name: following[name]})  # says that it is unknown
