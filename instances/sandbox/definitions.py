"""A workflow as it is sent: its SQL, declared parameters and rules, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from instances.sandbox import fields
from instances.sandbox.engine.contract import DeclaredParameter, Privacy
from instances.sandbox.errors import Refusal

# The characters are documented; the longest id is not, 100 is our choice.
WORKFLOW_ID = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
DATA_TYPES = (
    "STRING",
    "BINARY",
    "BOOLEAN",
    "BYTE",
    "CALENDAR_INTERVAL",
    "DATE",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INTEGER",
    "LONG",
    "SHORT",
    "TIMESTAMP",
)
COLUMN_TYPES = ("DIMENSION", "METRIC")
PRIVACY = ("REMOVE_ROWS", "REMOVE_VALUES")
MOST_ENTRIES = 100


@dataclass(frozen=True, kw_only=True)
class Definition:
    """`as_sent` is what a later read gives back."""

    workflow_id: str
    sql: str
    declared: tuple[DeclaredParameter, ...]
    privacy: Privacy
    as_sent: Mapping[str, object]


def read_definition(content: fields.Content, *, default_id: str = "") -> Definition:
    """Raises Refusal; without a workflowId `default_id` is taken, if there is one."""
    workflow_id = fields.text(content, "workflowId") or default_id
    if not WORKFLOW_ID.fullmatch(workflow_id):
        raise Refusal(
            400,
            "workflowId must have 1 to 100 characters: letters, digits, '.', '-', '_'.",
        )
    fields.mapping(content, "outputFormat")
    fields.objects(content, "outputColumns", at_most=MOST_ENTRIES)
    privacy = fields.choice(content, "privacyFilteringBehavior", PRIVACY)
    return Definition(
        workflow_id=workflow_id,
        sql=read_sql(content),
        declared=read_parameters(content),
        privacy=cast(Privacy, privacy),
        as_sent={**content, "workflowId": workflow_id},
    )


def read_sql(content: fields.Content) -> str:
    sql = fields.text(content, "sqlQuery")
    if not sql or not sql.strip():
        raise Refusal(400, "sqlQuery must be provided.")
    return sql


def read_parameters(content: fields.Content) -> tuple[DeclaredParameter, ...]:
    given = fields.objects(content, "inputParameters", at_most=MOST_ENTRIES)
    declared = tuple(read_parameter(parameter) for parameter in given)
    names = [parameter.name for parameter in declared]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(400, f"Input parameter {name} is declared more than once.")
    return declared


def read_parameter(content: fields.Content) -> DeclaredParameter:
    name = fields.text(content, "name")
    if not name:
        raise Refusal(400, "Each of inputParameters must have a name.")
    fields.choice(content, "columnType", COLUMN_TYPES)
    data_type, element_type = read_type(content, name)
    return DeclaredParameter(
        name=name,
        data_type=data_type,
        element_type=element_type,
        default=content.get("defaultValue"),
    )


def read_type(content: fields.Content, name: str) -> tuple[str, str | None]:
    """A word, or for an array the object that the guide shows."""
    given = content.get("dataType", "STRING")
    if isinstance(given, dict) and given.get("type") == "ARRAY":
        return "ARRAY", fields.choice(given, "elementDataType", DATA_TYPES)
    if given not in DATA_TYPES:
        raise Refusal(
            400,
            f"dataType of input parameter {name} must be one of "
            f"{', '.join(DATA_TYPES)}, or an object of type ARRAY.",
        )
    return str(given), None
