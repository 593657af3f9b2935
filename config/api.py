"""Every error of the API as one kind of answer: problem+json with a stable code.

The form is RFC 9457's, with `code`, `errors` by field and `request_id` added.
"""

from __future__ import annotations

import http
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from instances import errors as instances
from schedules import errors as schedules
from workflows import errors as workflows

PROBLEM = "application/problem+json"

DomainError = (
    instances.InstancesError,
    workflows.WorkflowsError,
    schedules.SchedulesError,
)

# What is not here is bad input: 400.
STATUS_OF: dict[type[Exception], int] = {
    instances.NotPermitted: 403,
    instances.AccountMissing: 409,
    instances.StaleRevision: 412,
    instances.IdempotencyMismatch: 422,
    instances.RequestUnderWay: 409,
    instances.CredentialRefused: 409,
    instances.ApplicationHeld: 503,
    instances.LwaUnavailable: 503,
    workflows.WorkflowInUse: 409,
    schedules.AlreadyPaused: 409,
    schedules.NotPaused: 409,
    schedules.Paused: 409,
    schedules.NoActiveTarget: 409,
    schedules.RecentRun: 409,
    schedules.StillRunning: 409,
    schedules.AlreadyFinished: 409,
    schedules.NotFinished: 409,
    schedules.AlreadyRetried: 409,
}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception of a view; None lets it rise as a 500."""
    request_id = context["request"].META.get("REQUEST_ID", "")
    answer = _answer(exc, context)
    if answer is None:
        return None
    set_rollback()
    answer.data["request_id"] = request_id
    answer.content_type = PROBLEM
    return answer


def _answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exc, DomainError):
        return _domain_answer(exc, context)
    if isinstance(exc, OperationalError | InterfaceError):
        text = "The database cannot be reached; try again in a moment."
        return _problem(503, "database_unavailable", text, headers={"Retry-After": "5"})
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        return _validation_answer(exc)
    if isinstance(exc, exceptions.APIException):
        return _rest_answer(exc)
    return None


def _domain_answer(exc: Any, context: dict[str, Any]) -> Response:
    status = next(
        (STATUS_OF[kind] for kind in type(exc).mro() if kind in STATUS_OF), 400
    )
    names: dict[str, str] = getattr(context["view"], "field_names", {})
    field = names.get(exc.field, exc.field)
    fields = {field: [exc.message]} if field else {}
    answer = _problem(status, exc.code, exc.message, fields)
    for fact in ("part", "position", "run_id"):
        if getattr(exc, fact, None) is not None:
            answer.data[fact] = getattr(exc, fact)
    if isinstance(exc, instances.StaleRevision):
        view = context["view"]
        answer.data["current"] = view.get_serializer(view.get_object()).data
    return answer


def _validation_answer(exc: exceptions.ValidationError) -> Response:
    found = list(_leaves(exc.detail))
    fields: dict[str, list[str]] = {}
    for field, detail in found:
        fields.setdefault(field or "non_field_errors", []).append(str(detail))
    codes = {detail.code for _, detail in found}
    first_field, first = found[0]
    text = f"{first_field}: {first}" if first_field else str(first)
    code = str(codes.pop()) if len(codes) == 1 else "invalid"
    return _problem(400, code, text, fields)


def _leaves(
    detail: Any, path: str = ""
) -> Iterator[tuple[str, exceptions.ErrorDetail]]:
    """Every message in a nested error, with the dotted path of its field."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            key = "" if key == "non_field_errors" else str(key)
            yield from _leaves(value, f"{path}.{key}" if path and key else path or key)
    elif isinstance(detail, list):
        for value in detail:
            yield from _leaves(value, path)
    else:
        yield path, detail


def _rest_answer(exc: exceptions.APIException) -> Response:
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]  # set by APIView
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code = exc.get_codes()
    known = str(code) if isinstance(code, str) else "invalid"
    return _problem(exc.status_code, known, str(exc.detail), headers=headers)


def _problem(
    status: int,
    code: str,
    text: str,
    fields: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = problem(status, code, text) | {"errors": fields or {}}
    return Response(body, status=status, headers=headers)


def problem(status: int, code: str, text: str) -> dict[str, Any]:
    """The body of an error answer."""
    return {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": text,
    }
