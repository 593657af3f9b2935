"""Every route of the product."""

from __future__ import annotations

from importlib import import_module

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config import probes

import_module("config.schema")  # registers itself with drf-spectacular

api_v1 = [
    path("", include("instances.urls")),
    path("", include("workflows.urls")),
    path("", include("schedules.urls")),
]

urlpatterns = [
    path("api/v1/", include(api_v1)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
    path("healthz/live", probes.live),
    path("healthz/ready", probes.ready),
]

handler404 = "config.pages.not_found"
handler500 = "config.pages.server_error"
