"""The SQL of one execution, run for real, and what comes of it. Works in a thread."""

from __future__ import annotations

import gzip
import json
import logging
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from instances.sandbox.engine.contract import (
    Query,
    QueryCancelled,
    QueryFailed,
    QueryRefused,
    Result,
)
from instances.sandbox.engine_room import SqlEngine
from instances.sandbox.errors import Refusal, not_compiled, privacy_budget_spent
from instances.sandbox.executions import Execution, Outcome, Status
from instances.sandbox.queries import query_of
from instances.sandbox.submission import Submission
from instances.sandbox.world import Instance

ONE_FILE = 10**12
"""Rows to a file when nobody asked for several."""
INTERNAL_ERROR = "The execution failed because of an internal error."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Everything the thread needs, so that it touches nothing the server changes."""

    execution_id: str
    submission: Submission
    instance: Instance
    now: datetime
    folder: Path
    files: int
    is_empty: bool
    is_gzip: bool


def foretold(execution: Execution) -> Outcome | None:
    """The end that a fault gave it at birth, whatever its SQL says."""
    if (rule := execution.fate("failed")) is not None:
        return Outcome(status=Status.FAILED, reason=rule.word("reason"))
    spent = privacy_budget_spent(execution.id, execution.workflow_id)
    if (rule := execution.fate("rejected")) is not None:
        return Outcome(status=Status.REJECTED, reason=rule.word("reason") or spent)
    if execution.fate("overlap_refusal") is not None:
        return Outcome(status=Status.REJECTED, reason=spent)
    return None


def job_of(execution: Execution, *, results: Path) -> Job:
    several = execution.fate("several_files")
    return Job(
        execution_id=execution.id,
        submission=execution.submission,
        instance=execution.instance,
        now=execution.created_at,
        folder=results / execution.id,
        files=int(several.number("files")) if several else 1,
        is_empty=execution.fate("empty_result") is not None,
        is_gzip=execution.fate("gzip_result") is not None,
    )


def perform(job: Job, engine: SqlEngine) -> Outcome:
    """Never raises: whatever happens is how the execution ends."""
    try:
        return run(job, engine)
    except QueryRefused as refused:
        workflow_id = job.submission.definition.workflow_id
        reason = not_compiled(workflow_id, str(refused))
        return Outcome(status=Status.REJECTED, reason=reason)
    except (QueryFailed, Refusal) as failed:
        return Outcome(status=Status.FAILED, reason=str(failed))
    except QueryCancelled:
        return Outcome(status=Status.CANCELLED)
    except Exception:
        logger.exception("Execution %s broke the sandbox.", job.execution_id)
        return Outcome(status=Status.FAILED, reason=INTERNAL_ERROR)


def run(job: Job, engine: SqlEngine) -> Outcome:
    query = query_of(job.submission, job.instance, engine, now=job.now)
    if not job.submission.has_output:
        engine.check(query)
        return Outcome(status=Status.SUCCEEDED)
    job.folder.mkdir(parents=True, exist_ok=True)
    result = engine_run(job, engine, query, rows_per_file=ONE_FILE)
    if job.files > 1 and result.rows > 1:
        rows_per_file = math.ceil(result.rows / job.files)
        result = engine_run(job, engine, query, rows_per_file=rows_per_file)
    files = header_only(result.files) if job.is_empty else result.files
    return Outcome(
        status=Status.SUCCEEDED,
        files=files,
        metadata_files=(write_metadata(job, result),),
        columns=tuple(
            {"name": c.name, "dataType": c.data_type, "columnType": c.column_type}
            for c in result.columns
        ),
        rows=0 if job.is_empty else result.rows,
    )


def engine_run(
    job: Job, engine: SqlEngine, query: Query, *, rows_per_file: int
) -> Result:
    return engine.run(
        query,
        job.folder,
        rows_per_file=rows_per_file,
        gzip=job.is_gzip,
        key=job.execution_id,
    )


def header_only(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The first file, cut behind its first line."""
    first = files[0]
    packed = first.suffix == ".gz"
    content = gzip.decompress(first.read_bytes()) if packed else first.read_bytes()
    header = content.splitlines(keepends=True)[0]
    first.write_bytes(gzip.compress(header) if packed else header)
    return (first,)


def write_metadata(job: Job, result: Result) -> Path:
    path = job.folder / "metadata.json"
    path.write_text(json.dumps(dict(result.metadata), default=str))
    return path
