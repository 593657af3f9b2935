"""Users, their memberships, and the tokens of their scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model
from django.http import HttpRequest

from instances import members
from instances.admin.manners import AdminBase
from instances.admin.moments import moment, zone_checked
from instances.admin.rehearsed_forms import RehearsedAdmin
from instances.admin.signing import person, signed
from instances.errors import InstancesError
from instances.models import ApiToken, Membership, Role, User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

if TYPE_CHECKING:  # generic in the stubs only
    DjangoUserAdmin = UserAdmin[User]
else:
    DjangoUserAdmin = UserAdmin


@admin.register(User)
class PersonAdmin(DjangoUserAdmin):
    """Django's own pages for users, and the zone. Nobody is deleted: deactivate."""

    list_display = ("username", "email", "timezone", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "is_superuser")
    list_per_page = 50
    show_full_result_count = False
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Time", {"fields": ("timezone",)}))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser makes, or takes over, a superuser."""
        may = super().has_change_permission(request, obj)
        is_above = obj is not None and obj.is_superuser
        return may and (person(request).is_superuser or not is_above)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if person(request).is_superuser else RIGHTS

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        return zone_checked(db_field, field)


@admin.register(Membership)
class MembershipAdmin(RehearsedAdmin):
    """Account and person of a membership stay; its role is changed."""

    may_add = may_delete = True
    list_display = ("user", "account", "role", moment("created_at"))
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__username", "account__name", "account__account_id")
    autocomplete_fields = ("user", "account")
    editable = ("account", "user", "role")
    actions = None

    def writable(self, row: Any) -> Sequence[str]:
        return ("role",) if row else self.editable

    def store(
        self, request: HttpRequest, row: Any, form: forms.ModelForm[Any]
    ) -> Model:
        said = form.cleaned_data
        with signed(request) as now:
            if row is not None:
                role = Role(said["role"])
                return members.change_role(row.pk, role=role, user=person(request))
            return members.add_member(
                said["account"].pk,
                member=said["user"],
                role=Role(said["role"]),
                user=person(request),
                now=now,
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """The last admin of an account stays; that page is a refusal."""
        try:
            with signed(request):
                members.remove_member(obj.pk, user=person(request))
        except InstancesError as error:
            raise PermissionDenied(error.message) from error


@admin.register(ApiToken)
class ApiTokenAdmin(AdminBase):
    """A list only: their keys are hashes, which no address and no page may show."""

    list_display = ("name", "user", "scope", moment("created"), moment("last_used_at"))
    list_display_links = None
    list_filter = ("scope",)
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    ordering = ("-created",)
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)
