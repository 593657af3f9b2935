"""The hidden column `__u`: the person behind a row, or the people behind a group.

For a group it is `{n, lo, hi}`: how many people, and the first and the last of their
ids. When groups are put together the numbers can only be added, which counts a person
twice who is in two of them; but with equal first and last id it is one person. So the
threshold of two people, which nearly all columns have, holds whatever is grouped how
often; for the threshold of a hundred the number is an upper bound.
"""

from __future__ import annotations

from sqlglot import exp

from instances.sandbox.engine.dialect import call

HIDDEN = "__u"


def column(table: str, name: str = HIDDEN) -> exp.Column:
    """A column of the translated query."""
    return exp.column(name, table=table, quoted=True)


def of_one(person: exp.Expr) -> exp.Expr:
    """A single person as people."""
    return _people(exp.Literal.number(1), person.copy(), person.copy())


def of_persons(person: exp.Expr) -> exp.Expr:
    """The people of a group of rows that have one person each."""
    count = call("COUNT", exp.Distinct(expressions=[person.copy()]))
    lowest, highest = call("MIN", person.copy()), call("MAX", person.copy())
    return _people(count, lowest, highest)


def of_groups(people: exp.Expr) -> exp.Expr:
    """The people of a group of rows that are groups themselves."""
    return _merged("SUM", people)


def of_equal_rows(people: exp.Expr) -> exp.Expr:
    """The people of equal rows: at least as many as behind one of them."""
    return _merged("MAX", people)


def fewest(nodes: list[exp.Expr]) -> exp.Expr:
    """The people of the smallest group; those that are not known do not count."""
    if len(nodes) == 1:
        return nodes[0]
    return exp.Anonymous(this="least", expressions=nodes)


def number(people: exp.Expr) -> exp.Expr:
    """How many people there are; events whose person is not known count nobody."""
    nobody = exp.Is(this=_part(people, "lo"), expression=exp.Null())
    same = exp.EQ(this=_part(people, "lo"), expression=_part(people, "hi"))
    return exp.Case(
        ifs=[
            exp.If(this=nobody, true=exp.Literal.number(0)),
            exp.If(this=same, true=exp.Literal.number(1)),
        ],
        default=_part(people, "n"),
    )


def _merged(adding: str, people: exp.Expr) -> exp.Expr:
    return _people(
        call(adding, _part(people, "n")),
        call("MIN", _part(people, "lo")),
        call("MAX", _part(people, "hi")),
    )


def _people(count: exp.Expr, lowest: exp.Expr, highest: exp.Expr) -> exp.Expr:
    parts = {"n": count, "lo": lowest, "hi": highest}
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
            for name, value in parts.items()
        ]
    )


def _part(people: exp.Expr, name: str) -> exp.Expr:
    return exp.Anonymous(
        this="struct_extract", expressions=[people.copy(), exp.Literal.string(name)]
    )
