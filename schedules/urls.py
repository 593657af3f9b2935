"""Routes of schedules, targets, runs, previews and health."""

from __future__ import annotations

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from instances.api.viewsets import ID
from schedules.api import health, previews, runs, schedules, targets

router = SimpleRouter()
router.register("schedules", schedules.ScheduleViewSet, "schedule")
router.register("targets", targets.TargetViewSet, "target")
router.register("runs", runs.RunViewSet, "run")

urlpatterns = [
    path("cron/preview/", previews.CronPreviewView.as_view(), name="cron-preview"),
    re_path(
        rf"^schedules/(?P<schedule_id>{ID})/runs/$",
        runs.ScheduleRunViewSet.as_view({"get": "list"}),
        name="schedule-runs",
    ),
    path("health/", health.HealthView.as_view(), name="health"),
    *router.urls,
]
