"""Cron expressions for property tests, each with the numbers that it must mean."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

MONTH_NAMES = [
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
]
WEEKDAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# low, high, and the highest step; of minute, hour, day, month, weekday.
BOUNDS = ((0, 59, 59), (0, 23, 23), (1, 31, 31), (1, 12, 12), (0, 6, 7))


@dataclass(frozen=True, kw_only=True)
class Expression:
    text: str
    numbers: tuple[frozenset[int], ...]

    @property
    def fields(self) -> list[str]:
        return self.text.split(" ")

    @property
    def interval(self) -> bool:
        return self.text.startswith("*") or self.fields[1].startswith("*")

    def with_field(self, place: int, donor: Expression) -> Expression:
        fields, numbers = self.fields, list(self.numbers)
        fields[place], numbers[place] = donor.fields[place], donor.numbers[place]
        return Expression(text=" ".join(fields), numbers=tuple(numbers))

    def fires(self) -> bool:
        days, months = self.numbers[2], self.numbers[3]
        longest = max(
            29 if m == 2 else 30 if m in (4, 6, 9, 11) else 31 for m in months
        )
        return self.fields[4] != "*" or min(days) <= longest

    def matches_day(self, day: int, month: int, weekday: int) -> bool:
        _, _, days, months, weekdays = self.numbers
        if month not in months:
            return False
        if self.fields[2] == "*":
            return weekday in weekdays
        if self.fields[4] == "*":
            return day in days
        return day in days or weekday in weekdays


@st.composite
def items(draw: st.DrawFn, place: int) -> tuple[str, frozenset[int]]:
    """One item of a field's list."""
    low, high, highest_step = BOUNDS[place]
    kind = draw(st.sampled_from(["value", "range", "stepped range", "from", "star/"]))
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, highest_step))
    texts = {
        "value": (f"{_word(draw, place, first)}", range(first, first + 1)),
        "range": (
            f"{_word(draw, place, first)}-{_word(draw, place, last)}",
            range(first, last + 1),
        ),
        "stepped range": (f"{first}-{last}/{step}", range(first, last + 1, step)),
        "from": (f"{first}/{step}", range(first, high + 1, step)),
        "star/": (f"*/{step}", range(low, high + 1, step)),
    }
    text, numbers = texts[kind]
    return text, frozenset(numbers)


def _word(draw: st.DrawFn, place: int, number: int) -> str:
    names = {3: ["", *MONTH_NAMES], 4: WEEKDAY_NAMES}.get(place)
    if names and draw(st.booleans()):
        return names[number]
    return f"{number:02}" if draw(st.booleans()) else str(number)


@st.composite
def fields(draw: st.DrawFn, place: int) -> tuple[str, frozenset[int]]:
    if draw(st.booleans()):
        return every(place)
    parts = draw(st.lists(items(place), min_size=1, max_size=3))
    return (
        ",".join(text for text, _ in parts),
        frozenset().union(*(numbers for _, numbers in parts)),
    )


def every(place: int) -> tuple[str, frozenset[int]]:
    low, high, _ = BOUNDS[place]
    return "*", frozenset(range(low, high + 1))


@st.composite
def expressions(draw: st.DrawFn, of_some_days: bool = True) -> Expression:
    parts = [
        draw(fields(place)) if place < 2 or of_some_days else every(place)
        for place in range(5)
    ]
    return Expression(
        text=" ".join(text for text, _ in parts),
        numbers=tuple(numbers for _, numbers in parts),
    )


@st.composite
def night_expressions(draw: st.DrawFn) -> Expression:
    """Fixed times in the hours in which clocks change."""
    minutes = draw(st.frozensets(st.integers(0, 59), min_size=1, max_size=4))
    hours = draw(
        st.frozensets(st.sampled_from([22, 23, 0, 1, 2, 3, 4]), min_size=1, max_size=4)
    )
    some = [(",".join(map(str, numbers)), numbers) for numbers in (minutes, hours)]
    parts = [*some, *(every(place) for place in (2, 3, 4))]
    return Expression(
        text=" ".join(text for text, _ in parts),
        numbers=tuple(numbers for _, numbers in parts),
    )


fitting_expressions = expressions().filter(Expression.fires)
# Most expressions of some days have no run in a test of a few days.
daily_expressions = expressions(of_some_days=False)
