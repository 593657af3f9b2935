"""The admin as a whole: its name, and what of other apps has no place in it."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin

# Beat's rows name tasks and their arguments: whoever edits them runs code. Knox's own
# token table is replaced by ours.
_NOT_OFFERED = ("django_celery_beat", "knox")

admin.site.site_header = "AMC Scheduler administration"
admin.site.site_title = "AMC Scheduler"
admin.site.index_title = "Repair and audit"
admin.site.enable_nav_sidebar = True

for _label in _NOT_OFFERED:
    for _model in apps.get_app_config(_label).get_models():
        if admin.site.is_registered(_model):
            admin.site.unregister(_model)
