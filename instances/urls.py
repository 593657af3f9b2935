"""Routes of people, accounts, instances and connections."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import DefaultRouter

from instances.api import amazon, people

router = DefaultRouter()
router.include_root_view = False
router.register("tokens", people.ApiTokenViewSet, "token")
router.register("accounts", amazon.AccountViewSet, "account")
router.register(
    r"accounts/(?P<account_id>[1-9]\d{0,17})/members",
    amazon.MembershipViewSet,
    "membership",
)
router.register("instances", amazon.InstanceViewSet, "instance")
router.register("connections", amazon.ConnectionViewSet, "connection")

urlpatterns = [
    path("session/", people.SessionView.as_view(), name="session"),
    path("me/", people.MeView.as_view(), name="me"),
    path(
        "connections/callback/",
        amazon.ConsentCallbackView.as_view(),
        name="connection-callback",
    ),
    *router.urls,
]
