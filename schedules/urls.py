"""Routes of schedules, targets, runs, previews and health."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import DefaultRouter

from schedules.api import health, previews, runs, schedules, targets

router = DefaultRouter()
router.include_root_view = False
router.register("schedules", schedules.ScheduleViewSet, "schedule")
router.register("targets", targets.TargetViewSet, "target")
router.register("runs", runs.RunViewSet, "run")

urlpatterns = [
    path("cron/preview/", previews.CronPreviewView.as_view(), name="cron-preview"),
    path(
        "schedules/<int:schedule_id>/runs/",
        runs.ScheduleRunViewSet.as_view({"get": "list"}),
        name="schedule-runs",
    ),
    path("health/", health.HealthView.as_view(), name="health"),
    *router.urls,
]
