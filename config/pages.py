"""Answers outside the views: a bad request, an unknown address, a fault of ours."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from config.problems import NOT_FOUND, PROBLEM, problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 (413 for a body too large): problem+json below /api/, else Django's page."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, "too_large", "The body has too many bytes.")
    text = "The request cannot be understood."
    return _answer(request, 400, "bad_request", text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: problem+json below /api/, as views answer it; Django's page elsewhere."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    hint = "" if request.path.endswith("/") else " Addresses end with a slash."
    return _answer(request, 404, "not_found", NOT_FOUND + hint)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: what happened is in the log, under the id in the answer."""
    if not _is_api(request):
        return defaults.server_error(request)
    text = "Something went wrong on our side; it is in our log under this id."
    return _answer(request, 500, "server_error", text)


def locked_out(
    request: HttpRequest, answer: HttpResponse | None, credentials: Any
) -> HttpResponse:
    """429 after too many wrong passwords; the API's view has said so already."""
    if answer is not None and _is_api(request):
        return answer
    text = "Too many wrong passwords. Try again in a quarter of an hour."
    return HttpResponse(text, status=429, content_type="text/plain")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _answer(request: HttpRequest, status: int, code: str, text: str) -> HttpResponse:
    request_id = request.META.get("REQUEST_ID", "")
    body = problem(status, code, text) | {"request_id": request_id}
    return JsonResponse(body, status=status, content_type=PROBLEM)
