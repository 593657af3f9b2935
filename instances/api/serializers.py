"""Shapes of people, accounts, instances, connections and tokens. No token is shown."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from instances.models import (
    Account,
    Alarm,
    ApiToken,
    Connection,
    Instance,
    Membership,
    Role,
    User,
)
from instances.serialization import Strict, Text, Whole
from instances.zones import zone


class TimezoneField(serializers.CharField):
    """The name of an IANA zone, in its exact spelling; empty where that is allowed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name:
            zone(name)
        return name


class MembershipSerializer(Strict, serializers.ModelSerializer[Membership]):
    user = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True)
    )
    role = serializers.ChoiceField(Role.choices)

    class Meta:
        model = Membership
        fields = ["id", "account", "user", "role", "created_at"]
        read_only_fields = ["account", "created_at"]


class MineSerializer(serializers.ModelSerializer[Membership]):
    """One of the requester's memberships."""

    class Meta:
        model = Membership
        fields = ["account", "role"]


class MeSerializer(Strict, serializers.ModelSerializer[User]):
    memberships = MineSerializer(many=True, read_only=True)
    timezone = TimezoneField(required=False)

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "timezone",
            "is_staff",
            "memberships",
        ]
        read_only_fields = ["username", "email", "is_staff"]


class LoginSerializer(Strict):
    username = Text(max_length=150)
    password = serializers.CharField(max_length=256, trim_whitespace=False)


class AccountSerializer(serializers.ModelSerializer[Account]):
    role = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields = [
            "id",
            "account_id",
            "marketplace_id",
            "name",
            "region",
            "max_running",
            "role",
        ]

    def get_role(self, account: Account) -> str | None:
        """What the requester may do there."""
        roles: dict[int, str] = self.context.get("roles", {})
        return roles.get(account.pk)


class InstanceSerializer(Strict, serializers.ModelSerializer[Instance]):
    timezone = TimezoneField(required=False, allow_blank=True)
    max_running = Whole(min_value=1, max_value=1_000, required=False)
    max_backfills = Whole(min_value=0, max_value=1_000, required=False)
    account_name = serializers.CharField(source="account.name", read_only=True)
    region = serializers.CharField(source="account.region", read_only=True)

    class Meta:
        model = Instance
        fields = [
            "id",
            "instance_id",
            "name",
            "account",
            "account_name",
            "region",
            "timezone",
            "requires_synthetic_data",
            "max_running",
            "max_backfills",
            "throttled_until",
            "synced_at",
        ]
        read_only_fields = [
            "instance_id",
            "name",
            "account",
            "requires_synthetic_data",
            "throttled_until",
            "synced_at",
        ]


class ConnectionSerializer(Strict, serializers.ModelSerializer[Connection]):
    name = Text(max_length=100)
    owner = serializers.SlugRelatedField[User](slug_field="username", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = [
            "id",
            "name",
            "owner",
            "state",
            "accounts",
            "held_at",
            "hold_reason",
            "refreshed_at",
            "created_at",
        ]
        read_only_fields = [
            "accounts",
            "held_at",
            "hold_reason",
            "refreshed_at",
            "created_at",
        ]

    def get_state(self, connection: Connection) -> str:
        """`works`, `held` (reconnect it) or `untested`."""
        if connection.held_at:
            return "held"
        return "works" if connection.refreshed_at else "untested"


class ConsentSerializer(Strict):
    region = serializers.ChoiceField(["NA", "EU", "FE"], default="NA")
    return_path = serializers.RegexField(
        r"^/(?!/)[\w\-./?=&]*$", max_length=255, default="/connections"
    )


class ApiTokenSerializer(Strict, serializers.ModelSerializer[ApiToken]):
    id = serializers.CharField(source="token_key", read_only=True)
    name = Text(max_length=100)
    scope = serializers.ChoiceField(ApiToken.Scope.choices, default="write")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "created", "last_used_at"]
        read_only_fields = ["created", "last_used_at"]


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    class Meta:
        model = Alarm
        fields = ["id", "code", "subject", "facts", "since", "ended_at"]
