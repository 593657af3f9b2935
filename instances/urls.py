"""Routes of people, accounts, instances and connections."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from instances.api import accounts, connections, members, people
from instances.api.viewsets import ID

router = SimpleRouter()
router.register("tokens", people.ApiTokenViewSet, "token")
router.register("accounts", accounts.AccountViewSet, "account")
router.register(
    rf"accounts/(?P<account_id>{ID})/members", members.MembershipViewSet, "membership"
)
router.register("instances", accounts.InstanceViewSet, "instance")
router.register("connections", connections.ConnectionViewSet, "connection")

urlpatterns = [
    path("session/", people.SessionView.as_view(), name="session"),
    path("me/", people.MeView.as_view(), name="me"),
    path(
        "connections/callback/",
        connections.ConsentCallbackView.as_view(),
        name="connection-callback",
    ),
    *router.urls,
]
