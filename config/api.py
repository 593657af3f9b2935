"""Every exception of the API as one kind of answer: problem+json with a stable code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.problems import NOT_FOUND, PROBLEM, problem
from instances import errors as instances
from instances.amc import errors as amc
from instances.models import Account, Connection, Membership
from schedules import errors as schedules
from schedules.models import Run, Schedule, Target
from workflows import errors as workflows
from workflows.models import Workflow

# What is not here is bad input: 400.
STATUS_OF: Mapping[type[Exception], int] = {
    instances.NotPermitted: 403,
    instances.AccountMissing: 409,
    instances.UnreadableToken: 409,
    instances.StaleRevision: 412,
    instances.IdempotencyMismatch: 422,
    instances.RequestUnderWay: 409,
    instances.LastAdmin: 409,
    instances.InvalidGrant: 409,
    instances.CredentialRefused: 409,
    instances.ApplicationRefused: 503,
    instances.ApplicationHeld: 503,
    instances.LwaUnavailable: 503,
    instances.ConsentRefused: 400,
    amc.Throttled: 503,
    amc.AmcError: 502,
    workflows.WorkflowInUse: 409,
    workflows.ResultRemoved: 410,
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
# When it may be worth asking again; the application is tried every five minutes.
RETRY_AFTER: Mapping[type[Exception], timedelta] = {
    instances.RequestUnderWay: timedelta(seconds=5),
    instances.ApplicationRefused: timedelta(minutes=5),
    instances.ApplicationHeld: timedelta(minutes=5),
    instances.LwaUnavailable: timedelta(seconds=30),
    amc.Throttled: timedelta(seconds=60),
}
# What somebody deleted between two looks of ours.
GONE = tuple(
    model.DoesNotExist
    for model in (Account, Connection, Membership, Run, Schedule, Target, Workflow)
)
# PostgreSQL's codes for losing to another transaction: lock timeout, deadlock and
# serialization failure; and for the statement timeout.
BUSY, TOO_SLOW = {"55P03", "40P01", "40001"}, {"57014"}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception of a view; None lets it rise as a 500."""
    answer = _answer(exc, context)
    if answer is None:
        return None
    set_rollback()
    answer.data["request_id"] = context["request"].META.get("REQUEST_ID", "")
    answer.content_type = PROBLEM
    return answer


def _answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exc, instances.DomainError):
        return _domain_answer(exc, context["view"])
    if isinstance(exc, OperationalError | InterfaceError):
        return _database_answer(exc)
    if isinstance(exc, (Http404, *GONE)):
        return _problem(404, "not_found", NOT_FOUND)
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        return _validation_answer(exc)
    if isinstance(exc, exceptions.APIException):
        return _rest_answer(exc)
    return None


def _domain_answer(exc: instances.DomainError, view: Any) -> Response:
    status = _of_class(exc, STATUS_OF) or 400
    field = named_by_caller(exc.field, getattr(view, "field_names", {}))
    errors = {field: [exc.message]} if field else {}
    wait = getattr(exc, "retry_after", None) or _of_class(exc, RETRY_AFTER)
    headers = {"Retry-After": _seconds(wait)} if wait else {}
    answer = _problem(status, exc.code, exc.message, errors, headers)
    for fact in ("part", "position", "run_id"):
        if getattr(exc, fact, None) is not None:
            answer.data[fact] = getattr(exc, fact)
    if isinstance(exc, instances.StaleRevision):
        answer.data["current"] = view.get_serializer(view.get_object()).data
        answer["ETag"] = f'"{exc.current}"'
    return answer


def named_by_caller(field: str | None, names: Mapping[str, str]) -> str:
    """A field of the core by the API's name; only its first part may differ."""
    first, dot, rest = (field or "").partition(".")
    return f"{names.get(first, first)}{dot}{rest}"


def _database_answer(exc: OperationalError | InterfaceError) -> Response:
    sqlstate = getattr(exc.__cause__, "sqlstate", None)
    if sqlstate in BUSY:
        text = "Somebody else is changing this at the moment; try again."
        return _problem(503, "busy", text, headers={"Retry-After": "1"})
    if sqlstate in TOO_SLOW:
        text = "This took the database too long; ask for less."
        return _problem(503, "too_slow", text, headers={"Retry-After": "30"})
    text = "The database cannot be reached; try again in a moment."
    return _problem(503, "database_unavailable", text, headers={"Retry-After": "5"})


def _validation_answer(exc: exceptions.ValidationError) -> Response:
    found = list(_leaves(exc.detail))
    fields: dict[str, list[str]] = {}
    for field, detail in found:
        fields.setdefault(field or "non_field_errors", []).append(str(detail))
    codes = {str(detail.code) for _, detail in found}
    code = codes.pop() if len(codes) == 1 else "invalid"
    first_field, first = found[0] if found else ("", "The input is not valid.")
    text = f"{first_field}: {first}" if first_field else str(first)
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
        headers["Retry-After"] = str(ceil(wait))
    code = exc.get_codes()
    known = str(code) if isinstance(code, str) else "invalid"
    return _problem(exc.status_code, known, str(exc.detail), headers=headers)


def _problem(
    status: int,
    code: str,
    text: str,
    errors: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = problem(status, code, text, errors)
    return Response(body, status=status, headers=headers)


def _of_class(exc: Exception, table: Mapping[type[Exception], Any]) -> Any:
    """What the table has for the nearest class of the exception."""
    return next((table[kind] for kind in type(exc).mro() if kind in table), None)


def _seconds(wait: timedelta) -> str:
    return str(max(1, ceil(wait.total_seconds())))
