"""What Amazon's answers say: bytes in, values out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from instances.amc.errors import NoUsableAnswer
from instances.redaction import without_secrets


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution as Amazon tells of it. What it does not tell is empty or None.

    `window_start` and `window_end` are wall-clock times in `window_timezone`, written
    as in the request. `sql` comes only when it was asked for.
    """

    id: str
    status: str
    status_reason: str
    created_at: datetime | None
    sql: str | None
    window_start: str
    window_end: str
    window_timezone: str
    workflow_id: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ExecutionPage:
    """Executions, newest first.

    `complete`: nothing follows, and each one has its SQL if that was asked for; only
    then does an absence prove something. `date` is Amazon's clock.
    """

    executions: tuple[Execution, ...]
    complete: bool
    next_token: str | None
    date: datetime | None


@dataclass(frozen=True, kw_only=True)
class AmcAccount:
    entity_id: str
    marketplace_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class AmcInstance:
    """`kind` is STANDARD, SANDBOX or a kind of collaboration; often untold."""

    id: str
    name: str
    kind: str
    creation_status: str


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    kind: str
    data_type: str
    description: str


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A table that SQL may read."""

    id: str
    description: str
    columns: tuple[Column, ...]


def content(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises NoUsableAnswer for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoUsableAnswer("The answer is no JSON.") from error
    if not isinstance(value, dict):
        raise NoUsableAnswer("The answer is no JSON object.")
    cleaned: dict[str, Any] = storable(value)
    return cleaned


def execution(body: Mapping[str, Any]) -> Execution:
    """One execution, flat or wrapped as in Amazon's OpenAPI document."""
    wrapped = body.get("workflowExecution")
    return _execution(wrapped if isinstance(wrapped, dict) else body)


def execution_page(
    body: Mapping[str, Any], *, with_sql: bool, date: datetime | None
) -> ExecutionPage:
    executions = tuple(_execution(item) for item in items(body, "executions"))
    return _page(executions, next_token(body), date, with_sql=with_sql)


def whole(pages: Sequence[ExecutionPage], *, with_sql: bool) -> ExecutionPage:
    """Successive pages as one, dated by the first."""
    executions = tuple(each for page in pages for each in page.executions)
    return _page(executions, pages[-1].next_token, pages[0].date, with_sql=with_sql)


def accounts(body: Mapping[str, Any]) -> tuple[AmcAccount, ...]:
    return tuple(
        AmcAccount(
            entity_id=_required(item, "accountId"),
            marketplace_id=_required(item, "marketplaceId"),
            name=_text(item, "accountName"),
        )
        for item in items(body, "amcAccounts")
    )


def instances(body: Mapping[str, Any]) -> tuple[AmcInstance, ...]:
    return tuple(
        AmcInstance(
            id=_required(item, "instanceId"),
            name=_text(item, "instanceName") or _text(item, "customerCanonicalName"),
            kind=_text(item, "instanceType"),
            creation_status=_text(item, "creationStatus"),
        )
        for item in items(body, "instances")
    )


def data_sources(body: Mapping[str, Any]) -> tuple[DataSource, ...]:
    return tuple(
        DataSource(
            id=_required(item, "dataSourceId"),
            description=_text(item, "description"),
            columns=tuple(_column(column) for column in items(item, "columns")),
        )
        for item in items(body, "dataSources")
    )


def download_urls(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The links. Raises NoUsableAnswer when it is no list of texts."""
    urls = body.get("downloadUrls")
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise NoUsableAnswer("The answer has no list downloadUrls.")
    return tuple(urls)


def next_token(body: Mapping[str, Any]) -> str | None:
    """Where the next page begins; absent, null and empty all mean: nowhere."""
    return _text(body, "nextToken") or None


def items(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The list of objects called `name`. Raises NoUsableAnswer when it is none."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NoUsableAnswer(f"The answer has no list {name}.")
    return found


def storable(value: Any) -> Any:
    """The same JSON without what PostgreSQL's texts cannot hold."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return value


def _page(
    executions: tuple[Execution, ...],
    token: str | None,
    date: datetime | None,
    *,
    with_sql: bool,
) -> ExecutionPage:
    all_told = not with_sql or all(each.sql is not None for each in executions)
    return ExecutionPage(
        executions=executions,
        complete=token is None and all_told,
        next_token=token,
        date=date,
    )


def _execution(item: Mapping[str, Any]) -> Execution:
    return Execution(
        id=_required(item, "workflowExecutionId"),
        status=_text(item, "status"),
        status_reason=without_secrets(_text(item, "statusReason")),
        created_at=_instant(_text(item, "createTime")),
        sql=_sql(item),
        window_start=_text(item, "timeWindowStartOriginal", "timeWindowStart"),
        window_end=_text(item, "timeWindowEndOriginal", "timeWindowEnd"),
        window_timezone=_text(item, "timeWindowTimeZoneOriginal", "timeWindowTimeZone"),
        workflow_id=_text(item, "workflowId"),
        raw=item,
    )


def _sql(item: Mapping[str, Any]) -> str | None:
    workflow = item.get("workflow")
    sources = [item, workflow] if isinstance(workflow, dict) else [item]
    return next((text for each in sources if (text := _text(each, "sqlQuery"))), None)


def _column(item: Mapping[str, Any]) -> Column:
    return Column(
        name=_required(item, "name"),
        kind=_text(item, "columnType"),
        data_type=_text(item, "dataType"),
        description=_text(item, "description"),
    )


def _instant(text: str) -> datetime | None:
    """Amazon writes UTC with a `Z`; a time without zone is taken for UTC as well."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _required(item: Mapping[str, Any], name: str) -> str:
    if not (text := _text(item, name)):
        raise NoUsableAnswer(f"The answer lacks {name}.")
    return text


def _text(item: Mapping[str, Any], *names: str) -> str:
    """The first of these texts that is there, else an empty one."""
    for name in names:
        found = item.get(name)
        if found is not None and not isinstance(found, str):
            raise NoUsableAnswer(f"In the answer, {name} is no text.")
        if found:
            return found
    return ""
