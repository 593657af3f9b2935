"""The same key and body get the same answer for 24 hours; another body is refused."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
LOCK_TIMEOUT = "55P03"  # PostgreSQL's code

View = Callable[..., Response]


def idempotent(view: View) -> View:
    """Honour `Idempotency-Key` on a view method; without the header do nothing.

    The key, the work and the answer are one transaction: a process that dies leaves
    all of them or none. Errors are not kept. Not for answers with a secret in them.
    Codes: idempotency_mismatch (422), request_under_way (409), invalid_header (400).
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
                return _replay(row)
            response = view(self, request, *args, **kwargs)
            _keep(row, response)
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
    with _not_for_ever(), transaction.atomic():
        row, is_new = rows.get_or_create(
            defaults={"body_sha256": digest, "created_at": now},
            user=requester(request),
            endpoint=endpoint,
            key=key,
        )
    if row.body_sha256 != digest:
        raise IdempotencyMismatch
    return row, is_new


@contextmanager
def _not_for_ever() -> Iterator[None]:
    """The other request has taken longer than the lock timeout."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_TIMEOUT:
            raise RequestUnderWay from error
        raise


def _keep(row: IdempotencyKey, response: Response) -> None:
    tag = response.headers.get("ETag")
    row.status = response.status_code
    row.answer = {
        "body": json.loads(json.dumps(response.data, default=str)),
        "headers": {"ETag": tag} if tag else {},
    }
    row.save(update_fields=["status", "answer"])


def _replay(row: IdempotencyKey) -> Response:
    kept = row.answer or {}
    headers = {"Idempotent-Replay": "true", **kept.get("headers", {})}
    return Response(kept.get("body"), status=row.status, headers=headers)


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()
