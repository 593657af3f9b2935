"""The ways in which the sandbox can be told to misbehave, and what each may be told."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from instances.sandbox import operations

ANY = operations.OPERATION_NAMES
API = operations.API_NAMES
TOKEN = (operations.TOKEN.name,)
CREATE = (operations.CREATE_EXECUTION.name,)
LIST = (operations.LIST_EXECUTIONS.name,)
CANCEL = (operations.CANCEL_EXECUTION.name,)
LINKS = (operations.DOWNLOAD_URLS.name,)
DOWNLOAD = (operations.DOWNLOAD.name,)
GET = (operations.GET_EXECUTION.name,)
GET_WORKFLOW = (operations.GET_WORKFLOW.name,)

Option = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`options` are the ones it takes, with their defaults, which fix their types."""

    name: str
    does: str
    operations: tuple[str, ...] = ANY
    options: Mapping[str, Option]

    def allows(self, option: str, value: Option) -> bool:
        """Whether a value of the right type is also one that makes sense."""
        if (self.name, option) in CHOICES:
            return value in CHOICES[self.name, option]
        if isinstance(value, str):
            return option not in HEADERS or (value.isascii() and value.isprintable())
        if self.name == "wrong_date":
            return -MOST < value < MOST
        return LEAST.get(option, 0) <= value < MOST


CHOICES: Mapping[tuple[str, str], Container[Option]] = {
    ("server_error", "status"): (500, 502, 503, 504),
    ("links_unavailable", "status"): (400, 404),
    ("garbage", "status"): range(200, 600),
    ("stuck", "status"): ("PENDING", "RUNNING"),
    ("several_files", "files"): (2, 3, 4, 5),
    ("oversized", "megabytes"): range(1, 1025),
}
HEADERS = ("retry_after", "content_type")
"""Options that go into a header, which cannot hold any text."""
LEAST = {"bytes_per_second": 0.01}
MOST = 1e9


def kind(
    name: str, does: str, operations: tuple[str, ...] = ANY, **options: Option
) -> Kind:
    return Kind(name=name, does=does, operations=operations, options=options)


LOGIN_FAULTS = (
    kind("invalid_grant", "the refresh token or code is refused", TOKEN),
    kind("invalid_client", "the application's id or secret is refused", TOKEN),
    kind("unauthorized_client", "the application may not use this grant", TOKEN),
    kind("no_refresh_token", "the answer carries no refresh_token", TOKEN),
    kind("expired_token", "401: the access token is refused", API),
    kind("forbidden", "403 with `text`", API, text="Unauthorized request"),
)
TRANSPORT_FAULTS = (
    kind(
        "throttled",
        "429; `retry_after` verbatim in Retry-After, empty: none; "
        "`gateway`: the gateway's body",
        retry_after="1",
        gateway=False,
    ),
    kind(
        "server_error",
        "`status` 500, 502, 503 or 504 from the gateway; "
        "`work_done`: after the work was done",
        status=500,
        work_done=False,
    ),
    kind(
        "slow",
        "`seconds` of real time pass before the work, or `after_work`",
        seconds=1.0,
        after_work=False,
    ),
    kind("drip", "the body comes at `bytes_per_second`", bytes_per_second=10.0),
    kind(
        "request_lost", "connection closed, nothing done; `reset`: by RST", reset=False
    ),
    kind("reply_lost", "the work is done, then as above", reset=False),
    kind(
        "garbage",
        "after the work: `status`, `body` and `content_type` instead of the answer",
        status=200,
        body="<html>It works!</html>",
        content_type="text/html",
    ),
    kind(
        "truncated", "the connection ends after `keep_bytes` of the body", keep_bytes=20
    ),
    kind(
        "oversized",
        "the body grows by `megabytes` of blanks; `gzip`: sent compressed",
        megabytes=1,
        gzip=False,
    ),
    kind("wrong_date", "the Date header is `seconds` off", seconds=3600.0),
)
EXECUTION_FAULTS = (
    kind(
        "failed",
        "the execution ends FAILED with `reason`",
        CREATE,
        reason="Query failed",
    ),
    kind(
        "rejected", "REJECTED with `reason`; empty: the privacy text", CREATE, reason=""
    ),
    kind(
        "late_refusal", "SQL that does not compile is REJECTED later, not 400", CREATE
    ),
    kind(
        "stuck",
        "stays in `status` until the fault is cleared",
        CREATE,
        status="RUNNING",
    ),
    kind("long_run", "takes `seconds` on the sandbox clock", CREATE, seconds=600.0),
    kind(
        "unknown_status",
        "shows the status `word` until cleared",
        CREATE,
        word="ARCHIVED",
    ),
    kind(
        "several_files", "the result comes in `files` files (2 to 5)", CREATE, files=2
    ),
    kind("empty_result", "the result has its header row only", CREATE),
    kind(
        "gzip_result",
        "result files are gzip; `encoding`: said by Content-Encoding",
        CREATE,
        encoding=False,
    ),
    kind("daily_cap", "more than `limit` a day and instance: 400", CREATE, limit=30),
    kind(
        "overlap_refusal",
        "the SQL, over an overlapping window, more than `limit` times: REJECTED",
        CREATE,
        limit=10,
    ),
)
VIEW_FAULTS = (
    kind("wrapped", "one execution comes in the wrapped form", CREATE + GET),
    kind("flat", "one workflow comes in the flat form", GET_WORKFLOW),
    kind("no_sql_comments", "sqlQuery has lost its comments", LIST + GET),
    kind("no_sql", "includeWorkflow brings no sqlQuery", LIST + GET),
    kind(
        "stale_list",
        "executions younger than `seconds` are not listed; "
        "0: those created since the fault was set",
        LIST,
        seconds=0.0,
    ),
    kind(
        "not_found",
        "404; with `seconds` only for executions younger than that",
        GET + CANCEL + LINKS + GET_WORKFLOW,
        seconds=0.0,
    ),
    kind("cancel_lost", "{} is answered and nothing cancelled", CANCEL),
    kind("links_unavailable", "the not-ready text, with `status`", LINKS, status=400),
    kind("expired_link", "the link is refused as expired", DOWNLOAD),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in LOGIN_FAULTS + TRANSPORT_FAULTS + EXECUTION_FAULTS + VIEW_FAULTS
}
