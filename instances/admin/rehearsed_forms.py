"""Forms whose deed is done by a function of the domain, which also says what is wrong.

To know whether it can be done it is done, and taken back: no rule is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import models, transaction
from django.http import HttpRequest

from instances.admin.manners import AdminBase
from instances.errors import DomainError

if TYPE_CHECKING:  # generic in the stubs only
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm


class RehearsedForm(ModelForm):
    """`perform` is given by the admin. Errors stand at the field that they name."""

    # From the first word of an error's field to ours, where they differ.
    field_names: ClassVar[Mapping[str, str]] = {}

    def perform(self) -> models.Model:
        """Do it, and return the stored row. Raises DomainError."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        # What the database refuses, the rehearsal meets.
        self._validate_constraints = False
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.perform()
                transaction.set_rollback(True)
        except DomainError as error:
            self.add_error(self._field_of(error), error.message)
        return cleaned

    def _field_of(self, error: DomainError) -> str | None:
        said = (error.field or "").partition(".")[0]
        name = self.field_names.get(said, said)
        return name if name in self.fields else None


class RehearsedAdmin(AdminBase):
    """Saves through `store`."""

    form = RehearsedForm

    def store(
        self, request: HttpRequest, row: Any, form: forms.ModelForm[Any]
    ) -> models.Model:
        """Do what the checked form says, to `row` or, when it is new, to a new one.

        Raises DomainError.
        """
        raise NotImplementedError

    def get_form(
        self,
        request: HttpRequest,
        obj: Any | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        admin = self
        kind: Any = super().get_form(request, obj, change, **kwargs)

        class Form(kind):  # type: ignore[misc]  # known at run time
            def perform(self) -> models.Model:
                return admin.store(request, obj, self)

        return Form

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        stored = form.perform()  # type: ignore[attr-defined]  # a RehearsedForm
        obj.pk = stored.pk
