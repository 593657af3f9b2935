"""Form fields of a request: each once, from a form or, for tokens, a JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal
from instances.sandbox.media import bare

MOST_FIELDS = 50


def read_form(call: Call) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(call.text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refusal(400, "The form has too many fields.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal(400, "The request has a duplicate parameter.")
    return fields


def read_fields(call: Call) -> Mapping[str, str]:
    """A JSON body does too: one client in the wild sends it, and it works."""
    if bare(call, "content-type") == "application/json":
        return {k: v for k, v in call.content().items() if isinstance(v, str)}
    return read_form(call)
