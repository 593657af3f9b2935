"""Every function of AMC SQL gives the documented value."""

from __future__ import annotations

import pytest

from instances.sandbox.engine.functions import FUNCTIONS
from tests.instances.sandbox.engine.conftest import Ask

LIST = "ARRAY['b', 'a', 'b', 'c']"
NUMBERS = "(VALUES (1), (2), (3), (4), (10)) AS t(n)"

SCALARS: list[tuple[str, str]] = [
    ("CHARINDEX('b', 'abcb')", "2"),
    ("CHARINDEX('b', 'abcb', 3)", "4"),
    ("CHARINDEX('x', 'abcb', 3)", "0"),
    ("LOCATE('b', 'abcb')", "2"),
    ("POSITION('c' IN 'abc')", "3"),
    ("INSTR('abc', 'c')", "3"),
    ("STRPOS('abc', 'x')", "0"),
    ("CONCAT('a', 1, '-', 2.5)", "a1-2.5"),
    ("CONCAT('a', NULL)", ""),
    ("LEFT('abcdef', 2)", "ab"),
    ("RIGHT('abcdef', 2)", "ef"),
    ("LENGTH('häß')", "3"),
    ("CHAR_LENGTH('abc')", "3"),
    ("LOWER('AbC')", "abc"),
    ("UPPER('AbC')", "ABC"),
    ("TRIM('  a ')", "a"),
    ("TRIM(BOTH 'x' FROM 'xxaxx')", "a"),
    ("TRIM(LEADING 'x' FROM 'xxaxx')", "axx"),
    ("TRIM(TRAILING 'x' FROM 'xxaxx')", "xxa"),
    ("LTRIM(' a')", "a"),
    ("RTRIM('a ')", "a"),
    ("REPLACE('aXbX', 'X', '-')", "a-b-"),
    ("REVERSE('abc')", "cba"),
    ("SUBSTRING('abcdef' FROM 2)", "bcdef"),
    ("SUBSTRING('abcdef' FROM 2 FOR 3)", "bcd"),
    ("SUBSTRING('abcdef', 2, 3)", "bcd"),
    ("SUBSTR('abcdef', 4)", "def"),
    ("INITCAP('new york')", "New York"),
    ("LPAD('7', 3, '0')", "007"),
    ("RPAD('7', 3, '0')", "700"),
    ("REGEXP_REPLACE('a1b22', '[0-9]+', '#')", "a#b#"),
    ("REGEXP_REPLACE('ab-cd', '(\\w+)-(\\w+)', '$2 $1')", "cd ab"),
    ("REGEXP_SUBSTR('ab12cd', '[0-9]+')", "12"),
    ("REGEXP_SUBSTR('abcd', '[0-9]+')", ""),
    ("ARRAY_TO_STRING(REGEXP_SPLIT('a1b2c', '[0-9]'), '|')", "a|b|c"),
    ("IF('Brand X' SIMILAR TO '(?!)brand', 1, 0)", "1"),
    ("IF('Brand X' NOT SIMILAR TO 'and', 1, 0)", "0"),
    ("IF('abc' LIKE 'a%', 1, 0)", "1"),
    ("IF('a_c' LIKE 'a!_c' ESCAPE '!', 1, 0)", "1"),
    ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("SHA1('a')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    ("HASH64('a')", "3500206983725506968"),
    ("CARDINALITY(ARRAY[1, 2])", "2"),
    ("JSON_SERIALIZE('{}')", "{}"),
    ("ABS(-2)", "2"),
    ("CEIL(1.2)", "2"),
    ("CEILING(-1.2)", "-1"),
    ("FLOOR(-1.2)", "-2"),
    ("ROUND(2.567, 2)", "2.57"),
    ("ROUND(2.5)", "3"),
    ("TRUNC(2.567, 2)", "2.56"),
    ("TRUNC(-2.5)", "-2"),
    ("ROUND(E(), 4)", "2.7183"),
    ("ROUND(PI(), 2)", "3.14"),
    ("EXP(0)", "1.0"),
    ("LN(1)", "0.0"),
    ("LN(0)", ""),
    ("LOG10(100)", "2.0"),
    ("LOG(2, 8)", "3.0"),
    ("MOD(7, 3)", "1"),
    ("MOD(7, 0)", ""),
    ("POWER(2, 10)", "1024.0"),
    ("SIGN(-3)", "-1"),
    ("SQRT(9)", "3.0"),
    ("SQRT(-1)", ""),
    ("IF(RANDOM() BETWEEN 0 AND 1, 1, 0)", "1"),
    ("LENGTH(UUID())", "36"),
    ("1 / 2", "0.5"),
    ("1 / 0", ""),
    ("7 % 4", "3"),
    (
        "SECONDS_BETWEEN(TIMESTAMP '2026-01-01 00:00:00',"
        " TIMESTAMP '2026-01-01 00:01:40')",
        "100",
    ),
    ("SECONDS_BETWEEN('2026-01-02', DATE '2026-01-01')", "-86400"),
    ("DATE_TRUNC('week', DATE '2026-11-25')", "2026-11-23T00:00:00.000"),
    (
        "DATE_TRUNC('HOUR', TIMESTAMP '2026-01-01 10:20:30')",
        "2026-01-01T10:00:00.000",
    ),
    ("EXTRACT(YEAR FROM DATE '2026-11-25')", "2026"),
    ("EXTRACT(DOW FROM DATE '2026-11-22')", "1"),
    ("DAYOFWEEK(DATE '2026-11-28')", "7"),
    ("EXTRACT(WEEK FROM DATE '2026-01-05')", "2"),
    ("YEAR('2026-11-25')", "2026"),
    ("QUARTER(DATE '2026-11-25')", "4"),
    ("MONTH(DATE '2026-11-25')", "11"),
    ("WEEK(DATE '2026-01-05')", "2"),
    ("DAYOFMONTH(DATE '2026-11-25')", "25"),
    ("DAYOFYEAR(DATE '2026-02-01')", "32"),
    ("HOUR(TIMESTAMP '2026-01-01 10:20:30')", "10"),
    ("MINUTE(TIMESTAMP '2026-01-01 10:20:30')", "20"),
    ("SECOND(TIMESTAMP '2026-01-01 10:20:30')", "30"),
    ("EXTRACT(EPOCH FROM DATE '1970-01-02')", "86400"),
    (
        "CONVERT_TIME_ZONE_FROM_UTC(TIMESTAMP '2026-07-01 12:00:00',"
        " 'America/New_York')",
        "2026-07-01T08:00:00.000",
    ),
    (
        "CONVERT_TIME_ZONE_FROM_UTC(DATE '2026-07-01', 'America/New_York')",
        "2026-06-30",
    ),
    ("EPOCH_TO_UTC_TIMESTAMP(0)", "1970-01-01T00:00:00.000"),
    ("EPOCH_TO_UTC_TIMESTAMP(1767225600)", "2026-01-01T00:00:00.000"),
    ("EPOCH_TO_UTC_TIMESTAMP(1767225600123)", "2026-01-01T00:00:00.123"),
    ("DATE '2026-01-31' + INTERVAL '1' DAY", "2026-02-01T00:00:00.000"),
    ("CURRENT_DATE", "2026-11-25"),
    ("CAST('today' AS DATE)", "2026-11-25"),
    ("CURRENT_TIMESTAMP", "2026-11-25T12:00:00.000"),
    ("CAST('now' AS TIMESTAMP)", "2026-11-25T12:00:00.000"),
    ("BUILT_IN_PARAMETER('TIME_WINDOW_START')", "2026-10-24T00:00:00.000"),
    ("BUILT_IN_PARAMETER('TIME_WINDOW_END')", "2026-11-23T00:00:00.000"),
    ("COALESCE(NULL, 2, 3)", "2"),
    ("COALESCE(1, 'a')", "1"),
    ("NVL(NULL, 'x')", "x"),
    ("IFNULL(NULL, 5)", "5"),
    ("NVL2(NULL, 'a', 'b')", "b"),
    ("NULLIF(1, 1)", ""),
    ("NULLIF(2, 1)", "2"),
    ("IF(CONTAINED_IN('b', 'a', 'b'), 1, 0)", "1"),
    ("GREATEST(1, 3, 2)", "3"),
    ("GREATEST(1, NULL, 2)", ""),
    ("LEAST(1, 3, 2)", "1"),
    ("CASE WHEN 1 = 2 THEN 'a' ELSE 7 END", "7"),
    ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
    ("IF(ARRAY_CONTAINS(ARRAY[1, 2], '2'), 1, 0)", "1"),
    (f"ARRAY_SORT({LIST})", "[a, b, b, c]"),
    (f"ARRAY_DISTINCT({LIST})", "[b, a, c]"),
    (f"ARRAY_CAT({LIST}, ARRAY['z'])", "[b, a, b, c, z]"),
    (f"ARRAY_INTERSECT({LIST}, ARRAY['c', 'b'])", "[b, c]"),
    (f"ARRAY_COMPLEMENT({LIST}, ARRAY['b'])", "[a, c]"),
    (f"ARRAY_REMOVE({LIST}, 'b')", "[a, c]"),
    (f"ARRAY_UNION({LIST}, ARRAY['z', 'a'])", "[b, a, c, z]"),
    (f"ARRAY_TO_STRING({LIST}, '>')", "b>a>b>c"),
    (f"({LIST})[2]", "a"),
    ("FLATTEN(ARRAY[ARRAY[1], ARRAY[2, 3]])", "[1, 2, 3]"),
    ("ARRAY_SORT(ARRAY[NAMED_ROW('n', 2), NAMED_ROW('n', 1)])", "[[1], [2]]"),
    ("NAMED_ROW('order', 1, 'name', 'x')", "[1, x]"),
    ("CAST('12' AS LONG) + 1", "13"),
    ("CAST('x' AS INTEGER)", ""),
    ("CAST('' AS DATE)", ""),
    ("CAST(1.5 AS STRING)", "1.5"),
    ("CAST(3 AS DECIMAL(38,4))", "3.0000"),
    ("TRUE", "true"),
]

AGGREGATES: list[tuple[str, str]] = [
    ("SUM(n)", "20"),
    ("AVG(n)", "4.0"),
    ("MIN(n)", "1"),
    ("MAX(n)", "10"),
    ("COUNT(*)", "5"),
    ("COUNT(DISTINCT n % 2)", "2"),
    ("COUNT(DISTINCT n, n % 2)", "5"),
    ("APPROX_COUNT_DISTINCT(n)", "5"),
    ("ARRAY_SORT(COLLECT(DISTINCT n % 2))", "[0, 1]"),
    ("CARDINALITY(COLLECT(n))", "5"),
    ("CARDINALITY(COLLECT(ALL n))", "5"),
    ("MEDIAN(n)", "3.0"),
    ("PERCENTILE(n, 0.25)", "2.0"),
    ("APPROX_PERCENTILE(n, 0.25)", "2.0"),
    ("ROUND(STDDEV(n), 4)", "3.5355"),
    ("ROUND(STDDEV_SAMP(n), 4)", "3.5355"),
    ("ROUND(STDDEV_POP(n), 4)", "3.1623"),
    ("ROUND(VARIANCE(n), 4)", "12.5"),
    ("VAR_SAMP(n)", "12.5"),
    ("VAR_POP(n)", "10.0"),
    ("IF(SKEWNESS(n) > 1, 1, 0)", "1"),
    ("BOOL_OR(n > 9)", "true"),
    ("BOOL_AND(n > 9)", "false"),
    ("SUM(n) FILTER (WHERE n > 3)", "14"),
    ("ANY_VALUE(5)", "5"),
]

WINDOWS: list[tuple[str, str]] = [
    ("ROW_NUMBER() OVER (ORDER BY n)", "1 2 3 4 5"),
    ("RANK() OVER (ORDER BY n % 2)", "1 1 1 4 4"),
    ("DENSE_RANK() OVER (ORDER BY n % 2)", "1 1 1 2 2"),
    ("NTILE(2) OVER (ORDER BY n)", "1 1 1 2 2"),
    ("COALESCE(LAG(n) OVER (ORDER BY n), 0)", "0 1 2 3 4"),
    ("COALESCE(LEAD(n, 2) OVER (ORDER BY n), 0)", "0 0 3 4 10"),
    ("LAG(n, 1, 99) OVER (ORDER BY n)", "1 2 3 4 99"),
    ("FIRST_VALUE(n) OVER (ORDER BY n)", "1 1 1 1 1"),
    (
        "LAST_VALUE(IF(n > 3, NULL, n) IGNORE NULLS) OVER (ORDER BY n"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "3 3 3 3 3",
    ),
    (
        "NTH_VALUE(n, 2) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND"
        " UNBOUNDED FOLLOWING)",
        "2 2 2 2 2",
    ),
    ("SUM(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", "1 14 3 5 7"),
    ("PERCENT_RANK() OVER (ORDER BY n)", "0.0 0.25 0.5 0.75 1.0"),
    ("CUME_DIST() OVER (ORDER BY n)", "0.2 0.4 0.6 0.8 1.0"),
]


@pytest.mark.parametrize(("expression", "expected"), SCALARS)
def test_a_scalar_expression_has_its_value(
    ask: Ask, expression: str, expected: str
) -> None:
    rows = ask(f"SELECT {expression} AS x FROM (VALUES (1)) AS one(n)")

    assert [row["x"] for row in rows] == [expected]


@pytest.mark.parametrize(("expression", "expected"), AGGREGATES)
def test_an_aggregate_has_its_value(ask: Ask, expression: str, expected: str) -> None:
    rows = ask(f"SELECT {expression} AS x FROM {NUMBERS}")

    assert [row["x"] for row in rows] == [expected]


@pytest.mark.parametrize(("expression", "expected"), WINDOWS)
def test_a_window_function_has_its_values(
    ask: Ask, expression: str, expected: str
) -> None:
    rows = ask(f"SELECT {expression} AS x FROM {NUMBERS}")

    assert sorted(row["x"] for row in rows) == sorted(expected.split())


def test_explode_makes_a_row_of_every_element(ask: Ask) -> None:
    rows = ask("SELECT EXPLODE(ARRAY['a', 'b']) AS x FROM (VALUES (1)) AS one(n)")

    assert [row["x"] for row in rows] == ["a", "b"]


def test_every_function_of_the_table_is_tried_here() -> None:
    tried = " ".join(text for text, _ in (*SCALARS, *AGGREGATES, *WINDOWS)).upper()
    spelled_otherwise = {"SIMILAR TO", "EPOCH", "DAYOFMONTH", "EXPLODE", "STR_TO_MAP"}

    missing = {
        name
        for name in FUNCTIONS
        if f"{name}(" not in tried and name not in spelled_otherwise
    }

    assert missing == set()
