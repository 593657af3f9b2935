"""The demo's results look like those of its queries."""

from __future__ import annotations

import csv
from datetime import date
from random import Random

import pytest

from instances.demo_queries import load
from schedules.demo.answers import COLUMNS, MOST_ROWS, csv_of
from schedules.demo.stories import stories
from workflows.windows import Window

WINDOW = Window(start=date(2026, 11, 14), end=date(2026, 11, 21))
QUERIES = {query.name: query for query in load()}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_are_those_of_the_query(name: str):
    for column in COLUMNS[name]:
        assert column in QUERIES[name].sql


@pytest.mark.parametrize("name", COLUMNS)
def test_a_result_is_a_table_without_holes(name: str):
    text = csv_of(name, "Cedar & Salt", WINDOW, Random(1)).decode()

    header, *rows = csv.reader(text.splitlines())

    assert tuple(header) == COLUMNS[name]
    assert 1 <= len(rows) <= MOST_ROWS
    assert all(len(row) == len(header) and all(row) for row in rows)


def test_the_same_random_numbers_make_the_same_result():
    made = {csv_of("new_to_brand", "Acme", WINDOW, Random(3)) for _ in range(3)}

    assert len(made) == 1


def test_days_lie_in_the_window():
    text = csv_of("conversions_by_attribution_day", "Acme", WINDOW, Random(5)).decode()

    days = [row[0] for row in csv.reader(text.splitlines())][1:]

    assert all("2026-11-14" <= day <= "2026-11-20" for day in days)


def test_every_story_has_a_query_that_is_known():
    assert {story.query for story in stories(30)} <= set(COLUMNS)


@pytest.mark.parametrize("number", [10, 30, 31, 200])
def test_there_are_as_many_stories_as_asked_for_and_no_name_twice(number: int):
    names = [story.name for story in stories(number)]

    assert len(names) == len(set(names)) == number
