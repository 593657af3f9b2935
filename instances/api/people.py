"""Signing in and out, one's own profile, and tokens for scripts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.db.models import QuerySet
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.api.serializers import (
    ApiTokenSerializer,
    LoginSerializer,
    MeSerializer,
    NewApiTokenSerializer,
)
from instances.api.viewsets import StrictViewSet
from instances.authentication import BrowserSession
from instances.models import ApiToken, User
from instances.requester import requester


class SessionView(APIView):
    """GET sets the CSRF cookie, POST signs in, DELETE signs out."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask strangers for the CSRF token too: nobody is signed in by another site."""
        super().initial(request, *args, **kwargs)
        BrowserSession().enforce_csrf(request)

    @extend_schema(responses={204: None})
    def get(self, request: Request) -> Response:
        get_token(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=LoginSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Sign in. 401 for a wrong name or password, 429 after too many of them."""
        given = LoginSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(
            request._request,
            username=User.normalize_username(given.validated_data["username"]),
            password=given.validated_data["password"],
        )
        if getattr(request._request, "axes_locked_out", False):
            raise Throttled(wait=settings.AXES_COOLOFF_TIME.total_seconds())
        if not isinstance(user, User):
            raise AuthenticationFailed("The user name or the password is wrong.")
        login(request._request, user)
        return Response(MeSerializer(user).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The requester's profile; the time zone is a preference for shown dates."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(requester(request)).data)

    @extend_schema(request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Only what is named is written: a new password goes on beside it."""
        user = requester(request)
        given = MeSerializer(user, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in given.validated_data.items():
            setattr(user, name, value)
        user.save(update_fields=[*given.validated_data])
        return Response(MeSerializer(user).data)


class ApiTokenViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, StrictViewSet[ApiToken]
):
    """The requester's tokens. A new one is shown once, in the answer to its making."""

    queryset = ApiToken.objects.none()
    serializer_class = ApiTokenSerializer
    pagination_class = None
    lookup_field = "token_key"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Za-z_-]{1,64}"

    def get_queryset(self) -> QuerySet[ApiToken]:
        mine = ApiToken.objects.filter(user=requester(self.request))
        return mine.order_by("-created", "token_key")

    @extend_schema(responses={201: NewApiTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a token; `token` in the answer is never shown again."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        row, secret = ApiToken.issue(requester(request), **given.validated_data)
        answer: dict[str, Any] = self.get_serializer(row).data | {"token": secret}
        return Response(answer, status=status.HTTP_201_CREATED)
