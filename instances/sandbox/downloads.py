"""Results: the links to them, and the files behind the links."""

from __future__ import annotations

from pathlib import Path

from instances.sandbox import links
from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal, unavailable_for_download
from instances.sandbox.executions import Execution, Outcome, Status
from instances.sandbox.executions_api import find_execution
from instances.sandbox.state import Sandbox

FOLDER = "/results"
TYPES = {".csv": "text/csv", ".json": "application/json", ".gz": "application/gzip"}


async def download_urls(sandbox: Sandbox, call: Call) -> Answer:
    execution = find_execution(sandbox, call)
    text = unavailable_for_download(execution.id)
    if (rule := sandbox.faults.strike("links_unavailable", call)) is not None:
        raise Refusal(int(rule.number("status")), text)
    await sandbox.progress.look(call.account_id, [execution])
    outcome = execution.outcome
    if execution.status is not Status.SUCCEEDED or not outcome or not outcome.files:
        raise Refusal(400, text)
    return json_answer(
        {
            "downloadUrls": links_to(call, execution, outcome.files),
            "metadataDownloadUrls": links_to(call, execution, outcome.metadata_files),
        },
        execution_id=execution.id,
    )


def links_to(call: Call, execution: Execution, files: tuple[Path, ...]) -> list[str]:
    folder = f"{FOLDER}/{execution.instance.instance_id}/{execution.id}"
    return [
        links.link(call.base_url, f"{folder}/{file.name}", now=call.now)
        for file in files
    ]


async def download(sandbox: Sandbox, call: Call) -> Answer:
    """The link is all the permission there is: a second one is refused, as S3 does."""
    refuse_second_permission(call)
    links.check_link(call.path, call.query, now=call.now)
    if sandbox.faults.strike("expired_link", call):
        raise links.expired()
    execution = sandbox.executions.get(call.instance_id, call.target["execution_id"])
    outcome = execution.outcome if execution else None
    file = file_named(call.target["file"], outcome)
    if execution is None or file is None:
        raise Refusal(404, "The specified key does not exist.", code="NoSuchKey")
    headers = {}
    encoding = execution.fate("gzip_result")
    if encoding is not None and encoding.is_on("encoding") and file.suffix == ".gz":
        headers["Content-Encoding"] = "gzip"
    return Answer(
        file=file,
        media_type=TYPES.get(file.suffix, "binary/octet-stream"),
        headers=headers,
        execution_id=execution.id,
    )


def refuse_second_permission(call: Call) -> None:
    if "authorization" in call.headers:
        raise Refusal(
            400,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query "
            "parameter, Signature query string parameter or the Authorization header "
            "should be specified",
            code="InvalidArgument",
        )
    if any(name.startswith("amazon-advertising-api-") for name in call.headers):
        raise Refusal(
            403,
            "There were headers present in the request which were not signed",
            code="AccessDenied",
        )


def file_named(name: str, outcome: Outcome | None) -> Path | None:
    """Only files of this execution's result; the name is never made into a path."""
    if outcome is None:
        return None
    files = outcome.files + outcome.metadata_files
    return next((file for file in files if file.name == name), None)
