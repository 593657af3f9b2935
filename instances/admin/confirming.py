"""Actions with consequences: a page in between asks whether, why, and on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from instances.admin.signing import person, signed
from instances.errors import DomainError
from instances.models import User

if TYPE_CHECKING:
    from instances.admin.manners import AdminBase

MOST_ROWS = 500
TYPED_ABOVE = 20
SHORTEST_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something that is done to each chosen row, in a transaction of its own.

    `perform` gets row id, user, reason and now, and raises DomainError to refuse.
    """

    action: str
    verb: str
    done: str
    consequence: str
    perform: Callable[[int, User, str, datetime], object]


class ReasonForm(forms.Form):
    """Why; and how many, typed, when there are many."""

    reason = forms.CharField(
        min_length=SHORTEST_REASON,
        max_length=100,
        widget=forms.TextInput(attrs={"size": 60, "autofocus": True}),
        help_text="Kept in the change log.",
    )
    count = forms.IntegerField(help_text="Type the number of rows to go on.")

    def __init__(self, rows: int, data: Any = None) -> None:
        super().__init__(data)
        self._rows = rows
        if rows <= TYPED_ABOVE:
            del self.fields["count"]

    def clean_count(self) -> int:
        count = int(self.cleaned_data["count"])
        if count != self._rows:
            raise forms.ValidationError(f"There are {self._rows} rows.")
        return count


def confirm(
    admin: AdminBase, request: HttpRequest, queryset: QuerySet[Any], deed: Deed
) -> HttpResponse | None:
    """The page in between; once it is answered, the deed, and None."""
    rows = list(queryset[: MOST_ROWS + 1])
    if len(rows) > MOST_ROWS:
        text = f"Choose at most {MOST_ROWS} rows at once."
        admin.message_user(request, text, messages.ERROR)
        return None
    answered = request.POST if "confirmed" in request.POST else None
    form = ReasonForm(len(rows), answered)
    if form.is_valid():
        _perform(admin, request, rows, deed, form.cleaned_data["reason"])
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": f"{deed.verb}?",
        "opts": admin.opts,
        "deed": deed,
        "rows": rows,
        "form": form,
        "media": admin.media,
    }
    return TemplateResponse(request, "admin/confirm_deed.html", context)


def _perform(
    admin: AdminBase, request: HttpRequest, rows: list[Model], deed: Deed, reason: str
) -> None:
    """One after the other; those that refuse do not stop the rest."""
    done, refused = 0, defaultdict[str, list[str]](list)
    for row in rows:
        try:
            with signed(request, reason) as now:
                deed.perform(row.pk, person(request), reason, now)
            done += 1
        except DomainError as error:
            refused[error.message].append(str(row))
    if done:
        admin.message_user(request, f"{done} {deed.done}.", messages.SUCCESS)
    for message, names in refused.items():
        text = f"{len(names)} refused: {message} ({', '.join(names[:5])}"
        more = f" and {len(names) - 5} more)" if len(names) > 5 else ")"
        admin.message_user(request, text + more, messages.WARNING)
