"""Health probes: `live` is public and empty, `ready` is internal."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from instances.clock import database_now
from instances.models import Heartbeat

# A tick that is this many periods late is dead.
PATIENCE = 6


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process serves."""
    return HttpResponse(status=200)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and the tick is fresh, else 503 with what is not.

    Only for addresses in INTERNAL_ADDRESSES; a stranger gets 404.
    """
    if not is_internal(request):
        raise Http404
    try:
        ages = _heartbeats()
    except Error:
        return JsonResponse({"database": "no answer"}, status=503)
    longest = timedelta(seconds=settings.TICK_SECONDS * PATIENCE).total_seconds()
    late = [name for name in ("tick",) if ages.get(name, longest + 1) > longest]
    body = {"database": "ok", "heartbeat_ages_seconds": ages, "late": late}
    return JsonResponse(body, status=503 if late else 200)


def is_internal(request: HttpRequest) -> bool:
    """Whether a machine of ours asks, and not a proxy for somebody else."""
    is_forwarded = "HTTP_X_FORWARDED_FOR" in request.META
    address = request.META.get("REMOTE_ADDR")
    return not is_forwarded and address in settings.INTERNAL_ADDRESSES


def _heartbeats() -> dict[str, float]:
    now = database_now()
    rows = Heartbeat.objects.values_list("name", "at")
    return {name: round((now - at).total_seconds(), 1) for name, at in rows}
