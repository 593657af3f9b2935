"""The form of a schedule: its rules are those of `schedules.lifecycle`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple

from instances.admin.rehearsed_forms import RehearsedForm
from instances.models import Instance
from schedules.lifecycle import WRITTEN
from schedules.models import Schedule, Target


class ScheduleForm(RehearsedForm):
    field_names = {
        "cron": "cron_expression",
        "window": "window_rule",
        "parameters": "parameter_values",
    }
    instances = forms.ModelMultipleChoiceField(
        queryset=Instance.objects.all(),
        required=False,
        widget=AutocompleteSelectMultiple(
            Target._meta.get_field("instance"), admin.site
        ),
        help_text="One target each; without any, the workflow's own instance.",
    )

    class Meta:
        model = Schedule
        fields = ("workflow", *WRITTEN, "revision")
        widgets = {"revision": forms.HiddenInput()}
        help_texts = {
            "cron_expression": "Minute, hour, day of month, month, weekday.",
            "window_rule": 'Such as {"kind": "last_days", "days": 7, "lag_days": 2}.',
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["instances"]

    def clean_parameter_values(self) -> Any:
        """An empty field means no values."""
        return self.cleaned_data["parameter_values"] or {}

    def written(self) -> dict[str, Any]:
        """What stands in the form, as ScheduleFields take it."""
        return {name: self.cleaned_data[name] for name in WRITTEN}
