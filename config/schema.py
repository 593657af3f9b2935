"""What the OpenAPI document says that drf-spectacular cannot see by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)

from config.problems import PROBLEM
from instances.serialization import LARGEST_ID


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library registers subclasses so
    """`Authorization: Token …`."""

    target_class = "instances.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word `Token`, a space, and a token of /api/v1/tokens/.",
        }


class BrowserSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library registers subclasses so
    """A session cookie, with the CSRF token in `X-CSRFToken` for all but reading."""

    target_class = "instances.authentication.BrowserSession"
    name = "browserSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class WholeShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # the library registers subclasses so
    """A whole number has limits."""

    target_class = "instances.serialization.Whole"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        least, most = self.target.least, self.target.most
        return {"type": "integer", "minimum": least, "maximum": most}


class RelatedShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # as above
    """An id is one of a row."""

    target_class = "instances.serialization.Related"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}


class IdsShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # as above
    """Ids are at least one and not too many."""

    target_class = "schedules.api.fields.Ids"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        ids = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        return {
            "type": "array",
            "items": ids,
            "minItems": 1,
            "maxItems": self.target.most,
        }


PROBLEM_SHAPE = {
    "type": "object",
    "description": "What went wrong; `code` is stable, `errors` holds texts by field.",
    "required": [
        "type",
        "title",
        "status",
        "code",
        "detail",
        "errors",
        "request_id",
    ],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "request_id": {"type": "string"},
    },
}


def with_problems(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Say of every operation how it answers when something is wrong."""
    result["components"]["schemas"]["Problem"] = PROBLEM_SHAPE
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    wrong = {"description": "Something is wrong.", "content": {PROBLEM: reference}}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            if not path.endswith("/callback/"):  # it speaks plain text to people
                operation["responses"]["default"] = wrong
    return result
