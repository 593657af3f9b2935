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
from instances.serialization import Strict, Text, VerbatimText, Whole
from instances.zones import zone


class TimezoneField(VerbatimText):
    """The name of an IANA zone, in its exact spelling; `blank`: or none."""

    def __init__(self, *, blank: bool = False, **options: Any) -> None:
        self.blank = blank
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not (self.blank and data == ""):
            zone(data)
        return str(data)


class MembershipSerializer(Strict, serializers.ModelSerializer[Membership]):
    user = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True)
    )
    role = serializers.ChoiceField(Role.choices)

    class Meta:
        model = Membership
        fields = ["id", "account", "user", "role", "created_at"]
        read_only_fields = ["account", "created_at"]


class RoleSerializer(MembershipSerializer):
    """What changes of a membership; another person is another membership."""

    user = serializers.SlugRelatedField[User](slug_field="username", read_only=True)


class MineSerializer(serializers.ModelSerializer[Membership]):
    """One of the requester's memberships."""

    class Meta:
        model = Membership
        fields = ["account", "role"]


class MeSerializer(Strict, serializers.ModelSerializer[User]):
    memberships = MineSerializer(many=True, read_only=True)
    timezone = TimezoneField(required=False)
    first_name = Text(required=False, allow_blank=True, max_length=150)
    last_name = Text(required=False, allow_blank=True, max_length=150)

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
    password = Text(max_length=256, trim_whitespace=False)


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
        """What the requester may do there; a superuser may do everything."""
        if self.context["request"].user.is_superuser:
            return Role.ADMIN.value
        roles: dict[int, str] = self.context["roles"]
        return roles.get(account.pk)


class InstanceSerializer(Strict, serializers.ModelSerializer[Instance]):
    timezone = TimezoneField(required=False, blank=True)
    max_running = Whole(least=1, most=1_000, required=False)
    max_backfills = Whole(least=0, most=1_000, required=False)
    account_name = serializers.CharField(
        source="account.name", read_only=True, default=""
    )
    region = serializers.CharField(source="account.region", read_only=True, default="")

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


class ConsentUrlSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()


class SyncSerializer(serializers.Serializer[Any]):
    """Counts of rows; see instances.sync.SyncResult."""

    accounts_created = serializers.IntegerField()
    accounts_updated = serializers.IntegerField()
    instances_created = serializers.IntegerField()
    instances_updated = serializers.IntegerField()
    memberships_created = serializers.IntegerField()
    forbidden = serializers.ListField(child=serializers.CharField())
    elsewhere = serializers.ListField(child=serializers.CharField())


class ApiTokenSerializer(Strict, serializers.ModelSerializer[ApiToken]):
    id = serializers.CharField(source="token_key", read_only=True)
    name = Text(max_length=100)
    scope = serializers.ChoiceField(ApiToken.Scope.choices, default="write")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "created", "last_used_at"]
        read_only_fields = ["created", "last_used_at"]


class NewApiTokenSerializer(ApiTokenSerializer):
    """With the token itself, which is shown this once."""

    token = serializers.CharField(read_only=True)

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "token"]


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    class Meta:
        model = Alarm
        fields = ["id", "code", "subject", "facts", "since", "ended_at"]
