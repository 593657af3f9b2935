"""Whatever the text is, the answer is columns or a refusal, and nothing is logged."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instances.demo_queries import load
from instances.sandbox.engine.contract import Query, QueryRefused
from instances.sandbox.engine.dialect import Amc
from instances.sandbox.engine.engine import Engine
from tests.instances.sandbox.engine.test_demo_queries import declared
from tests.instances.sandbox.engine.test_thresholds import SHAPES

TEXTS = [demo.sql for demo in load()] + list(SHAPES.values())
DECLARED = tuple(parameter for demo in load() for parameter in declared(demo))


def words(sql: str) -> list[str]:
    return [sql[token.start : token.end + 1] for token in Amc().tokenize(sql)]


WORDS = [words(sql) for sql in TEXTS]
VOCABULARY = sorted({word for found in WORDS for word in found})


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A sound query with a word or two taken out, put in, or replaced."""
    found = list(draw(st.sampled_from(WORDS)))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(found) - 1))
        removed = draw(st.integers(0, 1))
        found[place : place + removed] = draw(
            st.lists(st.sampled_from(VOCABULARY), max_size=2)
        )
    return " ".join(found)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sql=st.one_of(damaged(), st.text(max_size=60)))
def test_any_text_gives_columns_or_a_refusal(
    engine: Engine, caplog: pytest.LogCaptureFixture, sql: str
) -> None:
    caplog.clear()
    caplog.set_level(logging.ERROR)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    query = Query(
        sql=sql,
        declared=DECLARED,
        window_start=moment,
        window_end=moment,
        now=moment,
        advertisers=frozenset(),
    )

    with contextlib.suppress(QueryRefused):
        assert engine.check(query)

    assert caplog.records == []
