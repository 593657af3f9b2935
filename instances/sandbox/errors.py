"""Amazon's refusals: their exact texts, and the bodies they come in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from xml.sax.saxutils import escape

from instances.sandbox.answers import Answer, json_answer

AUTHENTICATION_FAILED = "Authentication failed"
UNAUTHORIZED_REQUEST = "Unauthorized request"
TOO_MANY_REQUESTS = "Too Many Requests"
NO_LIST_FILTER = "Must provide either workflowId or minCreationTime"
REVOKED = (
    "The request has an invalid grant parameter : {parameter}. "
    "User may have revoked or didn't grant the permission."
)
CLIENT_FAILED = "Client authentication failed"


def already_exists(workflow_id: str) -> str:
    return f"Workflow with ID {workflow_id} already exists."


def does_not_exist(workflow_id: str) -> str:
    return f"Workflow with ID {workflow_id} does not exist"


def not_compiled(workflow_id: str, reason: str) -> str:
    return (
        f"Was unable to compile workflow {workflow_id} "
        f"because it was found to be invalid: {reason}"
    )


def unavailable_for_download(execution_id: str) -> str:
    return f"Execution with ID {execution_id} is unavailable for download."


def privacy_budget_spent(execution_id: str, workflow_id: str) -> str:
    return (
        f'Execution "{execution_id}" of workflow "{workflow_id}" could not be run '
        "because too many workflows have already been run against the same input data "
        "sources in the same or overlapping time windows."
    )


class Family(StrEnum):
    """The parts of Amazon that word their errors differently."""

    REPORTING = "reporting"
    ADMIN = "admin"
    LOGIN = "login"
    CONSENT = "consent"
    STORAGE = "storage"


class Refusal(Exception):
    """The request is answered with `status` and `text`, in the words of its family."""

    def __init__(
        self,
        status: int,
        text: str,
        *,
        code: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        """The OAuth error word, or S3's error code."""
        self.headers = headers or {}


def error_answer(refusal: Refusal, *, family: Family, request_id: str) -> Answer:
    status, text, headers = refusal.status, refusal.text, refusal.headers
    if family is Family.REPORTING:
        body: dict[str, str] = {"code": str(status), "details": text}
    elif family is Family.ADMIN:
        body = {"message": text, "requestId": request_id}
    elif family is Family.STORAGE:
        return storage_error(refusal, request_id=request_id)
    elif family is Family.CONSENT:
        return Answer(
            status=status, body=text.encode(), media_type="text/plain; charset=utf-8"
        )
    else:
        word = refusal.code or "invalid_request"
        body = {"error": word, "error_description": text, "request_id": request_id}
    return json_answer(body, status=status, headers=headers)


def storage_error(refusal: Refusal, *, request_id: str) -> Answer:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.text)}</Message>"
        f"<RequestId>{escape(request_id)}</RequestId></Error>"
    )
    return Answer(
        status=refusal.status, body=body.encode(), media_type="application/xml"
    )


GATEWAY_BODIES: Mapping[int, tuple[str, str]] = {
    500: ("application/json", '{"message": "Internal server error"}'),
    502: (
        "text/html",
        "<html><head><title>502 Bad Gateway</title></head>"
        "<body><center><h1>502 Bad Gateway</h1></center></body></html>",
    ),
    503: ("application/json", '{"message": "Service Unavailable"}'),
    504: ("application/json", '{"message": "Endpoint request timed out"}'),
}


def gateway_answer(status: int) -> Answer:
    """What stands before Amazon's service says, when the service itself does not."""
    media_type, body = GATEWAY_BODIES[status]
    return Answer(status=status, body=body.encode(), media_type=media_type)
