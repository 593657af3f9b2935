"""A name for each request, no copies of answers, and no POST that becomes a GET."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware


class RequestId:
    """Binds `request_id` to every log line of a request and returns it as a header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        request.META["REQUEST_ID"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class NotStored:
    """Answers of the API belong to who asked: no cache keeps them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response.setdefault("Cache-Control", "no-store")
        return response


class SlashRedirects(CommonMiddleware):
    """Leads people to addresses with a slash; a script that left it out gets a 404."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        is_api = request.path.startswith("/api/")
        return not is_api and super().should_redirect_with_slash(request)
