"""Members of an account: members read who they are, admins change it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from instances import members
from instances.access import require
from instances.api.serializers import MembershipSerializer, RoleSerializer
from instances.api.viewsets import StrictViewSet
from instances.changelog import changing
from instances.clock import database_now
from instances.models import Account, Change, Membership, Role
from instances.requester import requester


class MembershipViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    StrictViewSet[Membership],
):
    """Who may do what in an account."""

    queryset = Membership.objects.none()
    serializer_class = MembershipSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.objects.none()
        rows = Membership.objects.filter(account=self._account())
        return rows.select_related("user")

    def create(self, request: Request, account_id: str) -> Response:
        """Let a person in, named by user name."""
        account = self._account()
        user, now = requester(request), database_now()
        require(user, account.pk, Role.ADMIN)  # before names of people are tried
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        member, role = given.validated_data["user"], given.validated_data["role"]
        with self._changing():
            added = members.add_member(
                account.pk, member=member, role=role, user=user, now=now
            )
        return self._answer(added, status.HTTP_201_CREATED)

    @extend_schema(request=RoleSerializer)
    def partial_update(self, request: Request, account_id: str, pk: str) -> Response:
        """Give another role; 409 for the last admin."""
        membership, user = self.get_object(), requester(request)
        require(user, membership.account_id, Role.ADMIN)
        given = RoleSerializer(membership, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        role = given.validated_data.get("role", membership.role)
        with self._changing():
            changed = members.change_role(membership.pk, role=role, user=user)
        return self._answer(changed)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, account_id: str, pk: str) -> Response:
        """Take somebody out; 409 for the last admin."""
        membership = self.get_object()
        with self._changing():
            members.remove_member(membership.pk, user=requester(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _account(self) -> Account:
        seen = Account.objects.visible_to(requester(self.request))
        return get_object_or_404(seen, pk=self.kwargs["account_id"])

    def _answer(self, row: Membership, code: int = status.HTTP_200_OK) -> Response:
        return Response(MembershipSerializer(row).data, status=code)

    def _changing(self) -> Any:
        user = requester(self.request)
        return changing(user, Change.Origin.API, now=database_now())
