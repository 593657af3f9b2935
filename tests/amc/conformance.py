"""Says what is wrong with an answer of Amazon's, or of whoever stands in for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

FILE = Path(__file__).with_name("conformance.json")
CONFORMANCE = json.loads(FILE.read_text())
SUCCESS = 200


def operations() -> list[str]:
    """Every operation whose answers are JSON."""
    return sorted(CONFORMANCE["successes"])


def family_of(operation: str) -> str:
    for family, names in CONFORMANCE["families"].items():
        if operation in names:
            return str(family)
    raise LookupError(f"No such operation: {operation}")


def violations(operation: str, status: int, body: object) -> list[str]:
    """Each thing that is wrong, with its place; `body` is parsed JSON, or text."""
    family = family_of(operation)
    if family == "text":
        return []
    if status == SUCCESS:
        return against(CONFORMANCE["successes"][operation], body)
    if fits_gateway(status, body):
        return []
    refusals = CONFORMANCE["refusals"][family]
    if status not in refusals["statuses"]:
        return [f"{operation} does not answer with status {status}"]
    if status == 404 and operation not in CONFORMANCE["not_found"]["operations"]:
        return [f"{operation} does not declare a 404"]
    return against(refusals["schema"], body) + wrong_words(status, body)


def fits_gateway(status: int, body: object) -> bool:
    gateway = CONFORMANCE["gateway"]
    return status in gateway["statuses"] and not against(gateway["schema"], body)


def wrong_words(status: int, body: object) -> list[str]:
    """Words in an error's body that must agree with its status."""
    if not isinstance(body, Mapping):
        return []
    found = []
    if "code" in body and body["code"] != str(status):
        found.append(f"code: {body['code']!r} in an answer with status {status}")
    if "error" in body and (body["error"] == "invalid_client") != (status == 401):
        found.append(f"error: {body['error']!r} in an answer with status {status}")
    return found


def against(schema: Mapping[str, object], body: object) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in error.absolute_path) or 'body'}: "
        f"{error.message[:300]}"
        for error in validator(json.dumps(schema)).iter_errors(body)
    ]


@cache
def validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "$defs": CONFORMANCE["$defs"]})
