"""Fields take what they say they take, and nothing that merely looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from instances.serialization import Flag, FlagInQuery, Strict, Text, Whole, WholeInQuery


class Shape(Strict):
    count = Whole(least=1, most=10, required=False)
    limit = WholeInQuery(least=1, most=10, required=False)
    force = Flag(required=False)
    cancel = FlagInQuery(required=False)
    name = Text(required=False, max_length=10)
    note = Text(required=False, lines=True, allow_blank=True)
    state = Text(read_only=True)


def code_of(field: str, value: object) -> str:
    shape = Shape(data={field: value})
    assert not shape.is_valid()
    (detail,) = shape.errors[field]
    return detail.code


@pytest.mark.parametrize("value", ["1", "", 1.0, 1.5, True, False, [], {}, [1]])
def test_only_a_whole_number_is_a_whole_number(value: object):
    assert code_of("count", value) == "type"


@pytest.mark.parametrize("value", [0, -1, 11, 2**63, -(2**63), 10**100])
def test_a_whole_number_has_limits(value: int):
    assert code_of("count", value) == "range"


@pytest.mark.parametrize("value", ["", "abc", "1.0", "-1", "٣", "1_0", " 1", "9" * 19])
def test_a_number_in_an_address_is_digits(value: str):
    assert code_of("limit", value) == "type"


@pytest.mark.parametrize("value", ["true", "1", 1, 0, "on", "", []])
def test_only_truth_is_truth(value: object):
    assert code_of("force", value) == "type"


@pytest.mark.parametrize("value", ["True", "yes", "1", "", "on"])
def test_truth_in_an_address_is_a_word(value: str):
    assert code_of("cancel", value) == "type"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "type"),
        (True, "type"),
        (["a"], "type"),
        ({"a": 1}, "type"),
        ("", "blank"),
        ("   ", "blank"),
        ("x" * 11, "max_length"),
        ("a\0b", "control"),
        ("a\x1b[31m", "control"),
        ("a\nb", "control"),
        ("a\tb", "control"),
        ("a\u202eb", "control"),
        ("a\u2066b", "control"),
        ("a\u2028b", "control"),
        ("a\ud800b", "control"),
        ("a\x85b", "control"),
    ],
)
def test_a_name_is_one_line_of_text(value: object, code: str):
    assert code_of("name", value) == code


@pytest.mark.parametrize(
    "value",
    [
        "<script>",
        "=cmd|'/c'",
        "名前\u3000一",
        "a\u00a0b",
        "👩\u200d👩\u200d👧",
        "Ærø ½",
        "שלום",
        "' OR 1=1",
    ],
)
def test_any_writing_is_text(value: str):
    shape = Shape(data={"name": value})

    assert shape.is_valid()
    assert shape.validated_data == {"name": value}


def test_a_note_may_have_lines_and_be_empty():
    shape = Shape(data={"note": "one\r\n\ttwo"})
    empty = Shape(data={"note": ""})

    assert shape.is_valid()
    assert empty.is_valid()


def test_unknown_and_read_only_fields_are_refused_by_name():
    with pytest.raises(ValidationError) as caught:
        Shape(data={"count": 1, "tenant": 7, "state": "x"}).is_valid(
            raise_exception=True
        )

    detail: Any = caught.value.detail
    assert detail["tenant"][0].code == "unknown_field"
    assert "cancel, count, force, limit, name, note" in detail["tenant"][0]
    assert detail["state"][0].code == "read_only"


def test_a_flood_of_unknown_fields_gets_a_short_answer():
    shape = Shape(data={f"field{number}": 1 for number in range(10_000)})

    assert not shape.is_valid()
    assert len(shape.errors) == 10


@pytest.mark.parametrize("data", [[], "text", 5, None, True])
def test_what_is_no_object_is_refused(data: object):
    assert not Shape(data=data).is_valid()
