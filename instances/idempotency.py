"""The same key and body get the same answer for 24 hours; another body is refused."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from instances.clock import database_now
from instances.errors import IdempotencyMismatch, InvalidHeader, RequestUnderWay
from instances.models import IdempotencyKey
from instances.requester import requester

KEPT = timedelta(hours=24)

View = Callable[..., Response]


def idempotent(view: View) -> View:
    """Honour `Idempotency-Key` on a view method; without the header do nothing.

    The key, the work and the answer are one transaction: a process that dies leaves
    all of them or none. Errors are not kept. Codes: idempotency_mismatch (422),
    request_under_way (409), invalid_header (400).
    """

    @functools.wraps(view)
    def answer(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(self, request, *args, **kwargs)
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise InvalidHeader("Idempotency-Key has 1 to 255 printable characters.")
        with transaction.atomic():
            row, is_new = _claim(request, key, now=database_now())
            if not is_new:
                replay = {"Idempotent-Replay": "true"}
                return Response(row.answer, status=row.status, headers=replay)
            response = view(self, request, *args, **kwargs)
            row.status = response.status_code
            row.answer = json.loads(json.dumps(response.data, default=str))
            row.save(update_fields=["status", "answer"])
            return response

    return answer


def _claim(request: Request, key: str, *, now: datetime) -> tuple[IdempotencyKey, bool]:
    """The row of this key, and whether this request made it.

    A second request with the key waits here for the first one's commit.
    """
    endpoint = f"{request.method} {request.path}"[:200]
    digest = _digest(request)
    rows = IdempotencyKey.objects.filter(
        user=requester(request), endpoint=endpoint, key=key
    )
    rows.filter(created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            row, is_new = rows.get_or_create(
                defaults={"body_sha256": digest, "created_at": now},
                user=requester(request),
                endpoint=endpoint,
                key=key,
            )
    except OperationalError as error:
        raise RequestUnderWay from error
    if row.body_sha256 != digest:
        raise IdempotencyMismatch
    return row, is_new


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()
