"""How the classes of the admin behave: read-only unless they say otherwise, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from instances.admin.moments import in_zone_of, moment, rendered, zone_checked

if TYPE_CHECKING:  # generic in the stubs only
    ModelAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    ModelAdmin, AnyPaginator = admin.ModelAdmin, Paginator

MOST_COUNTED = 10_000


class BoundedPaginator(AnyPaginator):
    """Counts no further than MOST_COUNTED, which costs the same however long a table.

    What lies beyond is found by a filter or a search.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_COUNTED].count())


class AdminBase(ModelAdmin):
    """Rows can be looked at; subclasses say what else may be done with them."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    save_on_top = True
    view_on_site = False
    may_add = False
    may_delete = False
    # Columns and methods that a page shows; by default all columns but the hidden.
    shown: Sequence[str] = ()
    hidden: Sequence[str] = ()
    # Those of them that may be written.
    editable: Sequence[str] = ()

    def writable(self, row: Any) -> Sequence[str]:
        """Columns that may be written, of `row` or, when it is None, of a new one."""
        return self.editable

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return bool(self.editable) and may

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and super().has_delete_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Names; in the place of a moment, what shows it with its zone."""
        columns = {field.name: field for field in self.opts.concrete_fields}
        names = self.shown or [name for name in columns if name not in self.hidden]
        return [
            moment(name)
            if isinstance(columns.get(name), models.DateTimeField)
            else name
            for name in names
            if obj is not None or name in self.writable(None)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        writable = self.writable(obj)
        return [
            field for field in self.get_fields(request, obj) if field not in writable
        ]

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        return zone_checked(db_field, field)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        with in_zone_of(request):
            return rendered(super().changelist_view(request, extra_context))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        with in_zone_of(request):
            return rendered(
                super().changeform_view(request, object_id, form_url, extra_context)
            )


class History(AdminBase):
    """Rows that nobody edits, of which there may be millions: the newest first."""

    paginator = BoundedPaginator
    ordering: ClassVar[Any] = ("-pk",)
