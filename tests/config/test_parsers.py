"""JSON that a lenient parser would bend is refused, and nothing is stored."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import APIException

from config.parsers import DEEPEST, StrictJSONParser
from instances.models import User
from tests.browsers import API, browser, codes


def parsed(body: bytes, media_type: str = "application/json") -> Any:
    return StrictJSONParser().parse(BytesIO(body), media_type)


def refused(body: bytes, media_type: str = "application/json") -> tuple[int, str]:
    with pytest.raises(APIException) as caught:
        parsed(body, media_type)
    found = caught.value.get_codes()
    while not isinstance(found, str):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return caught.value.status_code, found


def nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1', "malformed_json"),
        (b'{"a": 1,}', "malformed_json"),
        (b"", "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": NaN}', "malformed_json"),
        (b'{"a": Infinity}', "malformed_json"),
        (b'{"a": -Infinity}', "malformed_json"),
        (b'{"a": 1e309}', "malformed_json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
        ('{"a": 1}'.encode("utf-16"), "malformed_json"),
        (b'{"a": "\xff"}', "malformed_json"),
        (b'{"a": "\x00"}', "malformed_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"x": [{"a": 1, "b": 2, "a": 1}]}', "duplicate_key"),
        (nested(DEEPEST + 1), "too_deep"),
        (nested(100_000), "too_deep"),
        (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "too_deep"),
        (b'{"a": "\\u0000"}', "charset"),
        (b'{"a": {"\\u0000": 1}}', "charset"),
        (b'["\\ud800"]', "charset"),
        (b'{"a": "\\uDC00x"}', "charset"),
    ],
)
def test_what_json_does_not_allow_is_refused(body: bytes, code: str):
    assert refused(body) == (400, code)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a": -0} ', {"a": 0}),
        (nested(DEEPEST)[DEEPEST - 1 : DEEPEST + 2], [1]),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "ünï\u200d"}'.encode(), {"a": "ünï\u200d"}),
        (b'{"a": "' + b"[" * 500 + b'"}', {"a": "[" * 500}),
    ],
)
def test_what_json_allows_is_read(body: bytes, value: object):
    assert parsed(body) == value


def test_the_deepest_that_is_allowed_is_read():
    assert json.dumps(parsed(nested(DEEPEST))).encode() == nested(DEEPEST)


def test_the_message_says_which_key_stands_twice():
    with pytest.raises(APIException) as caught:
        parsed(b'{"cron": 1, "cron": 2}')

    assert str(caught.value) == "The key 'cron' stands twice."


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-7", "application/json; CHARSET=latin-1"],
)
def test_another_charset_is_an_unsupported_media_type(media_type: str):
    assert refused(b"{}", media_type) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", 'application/json; charset="UTF-8"'],
)
def test_utf_8_may_be_said(media_type: str):
    assert parsed(b"{}", media_type) == {}


def test_a_body_larger_than_a_megabyte_is_not_read():
    assert refused(b'"' + b"x" * 1_000_000 + b'"') == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 999_999, "too_deep"),
        (
            b"{" + b",".join(b'"k%d":1' % n for n in range(70_000)) + b',"k69999":1}',
            "duplicate_key",
        ),
    ],
    ids=["open brackets", "a late duplicate"],
)
def test_what_would_be_slow_to_find_in_squares_is_found(body: bytes, code: str):
    assert refused(body) == (400, code)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda items: (
        st.lists(items, max_size=5) | st.dictionaries(texts, items, max_size=5)
    ),
    max_leaves=20,
)


@given(values)
def test_everything_that_json_can_say_is_read_as_it_was_said(value: object):
    assert parsed(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/xml", 415),
        ("application/json; charset=utf-7", 415),
        ("", 415),
        ("application/json", 400),  # understood, and no good
    ],
)
def test_only_json_is_understood(content_type: str, status: int, alice: User):
    answer = browser(alice).generic(
        "POST", f"{API}workflows/", b'{"name": 1}', content_type
    )

    assert codes(answer)[0] == status


def test_a_request_without_body_has_no_fields(alice: User, schedule: object):
    answer = browser(alice).generic("POST", f"{API}workflows/", b"", "application/json")

    assert codes(answer)[0] == 400
    assert set(answer.json()["errors"]) == {"instance", "name", "sql"}
