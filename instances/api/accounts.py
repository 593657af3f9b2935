"""Accounts and their instances, as Amazon lists them for connections."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from instances.access import require
from instances.api.serializers import AccountSerializer, InstanceSerializer
from instances.api.viewsets import StrictViewSet
from instances.models import Account, Instance, Membership, Region, Role
from instances.query import IdFilter, SearchFilter
from instances.requester import requester


class AccountFilter(filters.FilterSet):
    q = SearchFilter(field_name="name")
    account_id = SearchFilter(lookup_expr="exact")
    region = filters.ChoiceFilter(choices=Region.choices)


class AccountViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, StrictViewSet[Account]
):
    """The accounts that the requester is a member of."""

    queryset = Account.objects.none()
    serializer_class = AccountSerializer
    filterset_class = AccountFilter

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(requester(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        mine = Membership.objects.filter(user=requester(self.request))
        roles = dict(mine.values_list("account_id", "role"))
        return {**super().get_serializer_context(), "roles": roles}


class InstanceFilter(filters.FilterSet):
    q = SearchFilter(field_name="name")
    account = IdFilter()
    instance_id = SearchFilter(lookup_expr="exact")


class InstanceViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    StrictViewSet[Instance],
):
    """AMC instances. An editor sets the advertiser's zone and our caps."""

    queryset = Instance.objects.none()
    serializer_class = InstanceSerializer
    filterset_class = InstanceFilter

    def get_queryset(self) -> QuerySet[Instance]:
        seen = Instance.objects.visible_to(requester(self.request))
        return seen.select_related("account")

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is named is written: throttling goes on beside it."""
        instance = self.get_object()
        require(requester(request), instance.account_id, Role.EDITOR)
        given = self.get_serializer(instance, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in given.validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*given.validated_data])
        return Response(self.get_serializer(instance).data)
