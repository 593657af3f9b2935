"""Signing in and out, one's own profile, and tokens for scripts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.db.models import QuerySet
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.generics import RetrieveUpdateAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.api.serializers import (
    ApiTokenSerializer,
    LoginSerializer,
    MeSerializer,
)
from instances.models import ApiToken, User
from instances.requester import requester


@method_decorator(csrf_protect, name="dispatch")
class SessionView(APIView):
    """GET sets the CSRF cookie, POST signs in, DELETE signs out."""

    permission_classes = [AllowAny]

    @extend_schema(responses={204: None})
    def get(self, request: Request) -> Response:
        get_token(request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=LoginSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Sign in. 401 for a wrong name or password, 429 after too many of them."""
        given = LoginSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(request._request, **given.validated_data)
        if getattr(request._request, "axes_locked_out", False):
            raise Throttled(wait=15 * 60)
        if not isinstance(user, User):
            raise AuthenticationFailed("The user name or the password is wrong.")
        login(request._request, user)
        return Response(MeSerializer(user).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(RetrieveUpdateAPIView[User]):
    """The requester's profile; the time zone is a preference for shown dates."""

    serializer_class = MeSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self) -> User:
        return requester(self.request)


class ApiTokenViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[ApiToken]
):
    """The requester's tokens. A new one is shown once, in the answer to its making."""

    queryset = ApiToken.objects.none()
    serializer_class = ApiTokenSerializer
    pagination_class = None
    lookup_field = "token_key"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(user=requester(self.request)).order_by(
            "-created"
        )

    def create(self, request: Request) -> Response:
        """Make a token; `token` in the answer is never shown again."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        row, secret = ApiToken.issue(requester(request), **given.validated_data)
        answer: dict[str, Any] = self.get_serializer(row).data | {"token": secret}
        return Response(answer, status=status.HTTP_201_CREATED)
