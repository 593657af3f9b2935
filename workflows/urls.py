"""Routes of workflows and executions."""

from __future__ import annotations

from rest_framework.routers import DefaultRouter

from workflows.api import views

router = DefaultRouter()
router.include_root_view = False
router.register("workflows", views.WorkflowViewSet, "workflow")
router.register("executions", views.ExecutionViewSet, "execution")

urlpatterns = router.urls
