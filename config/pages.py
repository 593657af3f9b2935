"""Answers outside the views: an unknown address, a fault of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from config.api import PROBLEM, problem


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: problem+json below /api/, Django's page elsewhere."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    return _answer(request, 404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: what happened is in the log, under the id in the answer."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    text = "Something went wrong on our side; it is in our log under this id."
    return _answer(request, 500, "server_error", text)


def _answer(request: HttpRequest, status: int, code: str, text: str) -> HttpResponse:
    request_id = request.META.get("REQUEST_ID", "")
    body = problem(status, code, text) | {"request_id": request_id}
    return JsonResponse(body, status=status, content_type=PROBLEM)
