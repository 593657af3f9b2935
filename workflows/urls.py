"""Routes of workflows and executions."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from workflows.api import views

router = SimpleRouter()
router.register("workflows", views.WorkflowViewSet, "workflow")
router.register("executions", views.ExecutionViewSet, "execution")

urlpatterns = router.urls
