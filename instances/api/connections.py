"""Connections: the requester's authorisations at Amazon, and the way there and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances import connections, consent
from instances.api.serializers import (
    ConnectionSerializer,
    ConsentSerializer,
    ConsentUrlSerializer,
    SyncSerializer,
)
from instances.api.viewsets import StrictViewSet
from instances.changelog import changing
from instances.clock import database_now
from instances.models import Change, Connection
from instances.requester import requester
from instances.sync import sync_from_amazon


class ConnectionViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    StrictViewSet[Connection],
):
    """The requester's own connections. Their tokens never leave the server."""

    queryset = Connection.objects.none()
    serializer_class = ConnectionSerializer

    def get_queryset(self) -> QuerySet[Connection]:
        kept = Connection.objects.filter(deleted_at=None)
        mine = kept.filter(owner=requester(self.request))
        return mine.select_related("owner").prefetch_related("accounts")

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename it. Nothing else is written: tokens may be renewed beside it."""
        connection = self.get_object()
        given = self.get_serializer(connection, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in given.validated_data.items():
            setattr(connection, name, value)
        with self._changing():
            connection.save(update_fields=[*given.validated_data])
        return Response(self.get_serializer(connection).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Erase the tokens at once; runs that need this connection wait for another."""
        with self._changing(), transaction.atomic():
            connections.disconnect(self.get_object(), now=database_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ConsentSerializer, responses=ConsentUrlSerializer)
    @action(detail=False, methods=["post"])
    def connect(self, request: Request) -> Response:
        """Begin a new connection: the answer's `url` is Amazon's consent page."""
        return self._begin(request, None)

    @extend_schema(request=ConsentSerializer, responses=ConsentUrlSerializer)
    @action(detail=True, methods=["post"])
    def reconnect(self, request: Request, pk: str) -> Response:
        """Renew this connection's authorisation through Amazon's consent page."""
        return self._begin(request, self.get_object())

    @extend_schema(request=None, responses=SyncSerializer)
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        """Ask Amazon which accounts and instances this connection reaches."""
        result = sync_from_amazon(self.get_object(), now=database_now())
        return Response(SyncSerializer(asdict(result)).data)

    def _begin(self, request: Request, connection: Connection | None) -> Response:
        given = ConsentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        session = request._request.session
        if session.session_key is None:
            session.create()
        url = consent.begin(
            requester(request),
            str(session.session_key),
            connection=connection,
            now=database_now(),
            **given.validated_data,
        )
        return Response({"url": url})

    def _changing(self) -> Any:
        user = requester(self.request)
        return changing(user, Change.Origin.API, now=database_now())


class ConsentCallbackView(APIView):
    """Where Amazon sends the browser back to. What goes wrong is said as plain text."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, required=False)
            for name in ("state", "code", "error", "error_description")
        ],
        responses={
            302: None,
            **{(code, "text/plain"): str for code in (400, 401, 409, 502, 503)},
        },
    )
    def get(self, request: Request) -> HttpResponseRedirect:
        """Store the new authorisation and go on to where the person set out."""
        given = request.query_params
        user = requester(request)
        session_key = str(request._request.session.session_key)
        state, now = given.get("state", ""), database_now()
        if "error" in given:
            consent.decline(user, session_key, state, given["error"], now=now)
        with changing(user, Change.Origin.API, now=now):
            consent.finish(user, session_key, state, given.get("code", ""), now=now)
        return HttpResponseRedirect(consent.return_path(state))

    def handle_exception(self, exc: Exception) -> Any:
        """A person looks at this in a browser, not a script."""
        problem = super().handle_exception(exc)
        if self.request.method != "GET":
            return problem
        text = f"{problem.data['detail']}\n\nReference: {problem.data['request_id']}\n"
        return HttpResponse(
            text, status=problem.status_code, content_type="text/plain; charset=utf-8"
        )
