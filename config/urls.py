"""Every route of the product."""

from __future__ import annotations

from importlib import import_module

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import probes

import_module("config.schema")  # registers itself with drf-spectacular

api_v1 = [
    path("", include("instances.urls")),
    path("", include("workflows.urls")),
    path("", include("schedules.urls")),
]

# Its script has an address of its own, as our content security policy wants it.
docs = SpectacularSwaggerSplitView.as_view(url_name="schema")

# Until there is a web app, its addresses lead to the page of the API.
to_docs = RedirectView.as_view(pattern_name="docs")

urlpatterns = [
    path("", to_docs),
    path("connections", to_docs),
    path("api/v1/", include(api_v1)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"
    ),
    path("admin/", admin.site.urls),
    path("healthz/live", probes.live),
    path("healthz/ready", probes.ready),
]

handler400 = "config.pages.bad_request"
handler404 = "config.pages.not_found"
handler500 = "config.pages.server_error"
