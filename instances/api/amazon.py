"""Accounts and their members, instances, connections, alarms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpResponseRedirect
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from instances import connections, consent
from instances.access import require
from instances.api.serializers import (
    AccountSerializer,
    ConnectionSerializer,
    ConsentSerializer,
    InstanceSerializer,
    MembershipSerializer,
)
from instances.changelog import changing
from instances.clock import database_now
from instances.models import (
    Account,
    Change,
    Connection,
    Instance,
    Membership,
    Role,
)
from instances.requester import requester
from instances.sync import sync_from_amazon


class AccountViewSet(viewsets.ReadOnlyModelViewSet[Account]):
    """The accounts that the requester is a member of."""

    queryset = Account.objects.none()
    serializer_class = AccountSerializer

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(requester(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        mine = Membership.objects.filter(user=requester(self.request))
        roles = dict(mine.values_list("account_id", "role"))
        return {**super().get_serializer_context(), "roles": roles}


class MembershipViewSet(viewsets.ModelViewSet[Membership]):
    """Who may do what in an account. Members read it, admins change it."""

    queryset = Membership.objects.none()
    serializer_class = MembershipSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Membership]:
        mine = Account.objects.visible_to(requester(self.request))
        members = Membership.objects.filter(account__in=mine.values("id"))
        of_account = members.filter(account_id=self.kwargs["account_id"])
        return of_account.select_related("user")

    def perform_create(self, serializer: BaseSerializer[Membership]) -> None:
        accounts = Account.objects.visible_to(requester(self.request))
        account = accounts.get(pk=self.kwargs["account_id"])
        now = database_now()
        try:
            with self._as_admin(), transaction.atomic():
                serializer.save(account=account, created_at=now)
        except IntegrityError as error:
            raise ValidationError(
                {"user": ["This person is a member already."]}, code="duplicate"
            ) from error

    def perform_update(self, serializer: BaseSerializer[Membership]) -> None:
        with self._as_admin():
            serializer.save()

    def perform_destroy(self, instance: Membership) -> None:
        with self._as_admin():
            instance.delete()

    def _as_admin(self) -> Any:
        user = requester(self.request)
        require(user, int(self.kwargs["account_id"]), Role.ADMIN)
        return changing(user, Change.Origin.API, now=database_now())


class InstanceFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains")

    class Meta:
        model = Instance
        fields = ["account", "instance_id"]


class InstanceViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Instance],
):
    """AMC instances. An editor sets the advertiser's zone and our caps."""

    queryset = Instance.objects.none()
    serializer_class = InstanceSerializer
    filterset_class = InstanceFilter
    http_method_names = ["get", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Instance]:
        seen = Instance.objects.visible_to(requester(self.request))
        return seen.select_related("account")

    def perform_update(self, serializer: BaseSerializer[Instance]) -> None:
        instance = self.get_object()
        require(requester(self.request), instance.account_id, Role.EDITOR)
        serializer.save()


class ConnectionViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Connection],
):
    """The requester's authorisations at Amazon. Their tokens never leave the server."""

    queryset = Connection.objects.none()
    serializer_class = ConnectionSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Connection]:
        kept = Connection.objects.filter(deleted_at=None)
        mine = kept.filter(owner=requester(self.request))
        return mine.select_related("owner").prefetch_related("accounts")

    def perform_update(self, serializer: BaseSerializer[Connection]) -> None:
        with self._changing():
            serializer.save()

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Erase the tokens at once; runs that need this connection wait for another."""
        with self._changing(), transaction.atomic():
            connections.disconnect(self.get_object(), now=database_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ConsentSerializer, responses={200: dict[str, str]})
    @action(detail=False, methods=["post"])
    def connect(self, request: Request) -> Response:
        """Begin a new connection: the answer's `url` is Amazon's consent page."""
        return self._begin(request, None)

    @extend_schema(request=ConsentSerializer, responses={200: dict[str, str]})
    @action(detail=True, methods=["post"])
    def reconnect(self, request: Request, pk: str) -> Response:
        """Renew this connection's authorisation through Amazon's consent page."""
        return self._begin(request, self.get_object())

    @extend_schema(request=None, responses={200: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        """Ask Amazon which accounts and instances this connection reaches."""
        result = sync_from_amazon(self.get_object(), now=database_now())
        return Response(asdict(result))

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
    """Where Amazon sends the browser back to."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, required=False)
            for name in ("state", "code", "error", "error_description")
        ],
        responses={302: None},
    )
    def get(self, request: Request) -> HttpResponseRedirect:
        given = request.query_params
        user = requester(request)
        session_key = str(request._request.session.session_key)
        state, now = given.get("state", ""), database_now()
        if "error" in given:
            consent.decline(user, session_key, state, given["error"], now=now)
        with changing(user, Change.Origin.API, now=now):
            consent.finish(user, session_key, state, given.get("code", ""), now=now)
        return HttpResponseRedirect(consent.return_path(state))
