"""Rows of the table of functions: conditions, arrays, aggregates, windows, synonyms.

What the four fields may say is explained at `functions.Function`.
"""

from __future__ import annotations

from instances.sandbox.engine.function_rows import Row

CONDITION: tuple[Row, ...] = (
    ("COALESCE", "same same *", "common", "coalesce($*)"),
    ("NULLIF", "same same", "#1", "nullif($1, $2)"),
    ("NVL2", "any same same", "common", "CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END"),
    ("CONTAINED_IN", "same same same *", "BOOLEAN", "list_contains([$rest], $1)"),
    # NULL when any argument is NULL: DuckDB's skip NULLs.
    (
        "GREATEST",
        "same same *",
        "common",
        "CASE WHEN list_count([$*]) = len([$*]) THEN greatest($*) END",
    ),
    (
        "LEAST",
        "same same *",
        "common",
        "CASE WHEN list_count([$*]) = len([$*]) THEN least($*) END",
    ),
)

# DuckDB's own set functions lose the order of the elements.
KEPT = "list_filter($1, lambda __x, __i: {0})"
ARRAY: tuple[Row, ...] = (
    ("ARRAY_CONTAINS", "array any", "BOOLEAN", "list_contains($1, $2)"),
    ("ARRAY_CAT", "array array", "#1", "list_concat($1, $2)"),
    ("ARRAY_SORT", "array", "#1", "list_sort($1)"),
    (
        "ARRAY_DISTINCT",
        "array",
        "#1",
        KEPT.format("list_position($1, __x) IS NOT DISTINCT FROM __i"),
    ),
    (
        "ARRAY_INTERSECT",
        "array array",
        "#1",
        KEPT.format("list_contains($2, __x) AND list_position($1, __x) = __i"),
    ),
    (
        "ARRAY_COMPLEMENT",
        "array array",
        "#1",
        KEPT.format("NOT list_contains($2, __x)"),
    ),
    ("ARRAY_REMOVE", "array any", "#1", KEPT.format("__x IS DISTINCT FROM $2")),
    (
        "ARRAY_UNION",
        "array array",
        "#1",
        "list_filter(list_concat($1, $2),"
        " lambda __x, __i: list_position(list_concat($1, $2), __x) = __i)",
    ),
    ("ARRAY_TO_STRING", "array text", "VARCHAR", "array_to_string($1, $2)"),
    ("CARDINALITY", "array", "BIGINT", "len($1)"),
    ("FLATTEN", "array", "item", "flatten($1)"),
    ("EXPLODE", "array", "item", "unnest($1)"),
)

AGGREGATE: tuple[Row, ...] = (
    ("SUM", "number", "sum", "sum($1)"),
    ("AVG", "number", "DOUBLE", "avg($1)"),
    ("MIN", "any", "#1", "min($1)"),
    ("MAX", "any", "#1", "max($1)"),
    ("ANY_VALUE", "any", "#1", "any_value($1)"),
    ("COUNT", "any any *", "BIGINT", "count($*)"),
    ("APPROX_COUNT_DISTINCT", "any", "BIGINT", "count(DISTINCT $1)"),
    ("COLLECT", "any", "[#1]", "list($1)"),
    ("MEDIAN", "number", "DOUBLE", "quantile_cont($1, 0.5)"),
    ("PERCENTILE", "number number", "DOUBLE", "quantile_cont($1, $2)"),
    ("STDDEV", "number", "DOUBLE", "stddev_samp($1)"),
    ("STDDEV_POP", "number", "DOUBLE", "stddev_pop($1)"),
    ("VARIANCE", "number", "DOUBLE", "var_samp($1)"),
    ("VAR_POP", "number", "DOUBLE", "var_pop($1)"),
    ("SKEWNESS", "number", "DOUBLE", "skewness($1)"),
    ("BOOL_AND", "bool", "BOOLEAN", "bool_and($1)"),
    ("BOOL_OR", "bool", "BOOLEAN", "bool_or($1)"),
)

WINDOW: tuple[Row, ...] = (
    ("ROW_NUMBER", "", "BIGINT", "row_number()"),
    ("RANK", "", "BIGINT", "rank()"),
    ("DENSE_RANK", "", "BIGINT", "dense_rank()"),
    ("PERCENT_RANK", "", "DOUBLE", "percent_rank()"),
    ("CUME_DIST", "", "DOUBLE", "cume_dist()"),
    ("NTILE", "number", "BIGINT", "ntile($1)"),
    ("LAG", "any", "#1", "lag($1)"),
    ("LAG", "any number", "#1", "lag($1, $2)"),
    ("LAG", "any number any", "#1", "lag($1, $2, $3)"),
    ("LEAD", "any", "#1", "lead($1)"),
    ("LEAD", "any number", "#1", "lead($1, $2)"),
    ("LEAD", "any number any", "#1", "lead($1, $2, $3)"),
    ("FIRST_VALUE", "any", "#1", "first_value($1)"),
    ("LAST_VALUE", "any", "#1", "last_value($1)"),
    ("NTH_VALUE", "any number", "#1", "nth_value($1, $2)"),
)

SYNONYMS = {
    "LOCATE": "CHARINDEX",
    "CHAR_LENGTH": "LENGTH",
    "CHARACTER_LENGTH": "LENGTH",
    "SUBSTR": "SUBSTRING",
    "CEILING": "CEIL",
    "TRUNCATE": "TRUNC",
    "POW": "POWER",
    "RAND": "RANDOM",
    "DAY": "DAYOFMONTH",
    "NVL": "COALESCE",
    "IFNULL": "COALESCE",
    "ARRAY_CONCAT": "ARRAY_CAT",
    "ARRAY_EXCEPT": "ARRAY_COMPLEMENT",
    "ARRAY_JOIN": "ARRAY_TO_STRING",
    "ARRAY_AGG": "COLLECT",
    # One function for both keeps results the same from run to run.
    "APPROX_PERCENTILE": "PERCENTILE",
    "STDDEV_SAMP": "STDDEV",
    "VAR_SAMP": "VARIANCE",
}

NOBODYS = frozenset(
    {
        "COUNT",
        "APPROX_COUNT_DISTINCT",
        "ROW_NUMBER",
        "RANK",
        "DENSE_RANK",
        "PERCENT_RANK",
        "CUME_DIST",
        "NTILE",
        "ARRAY_CONTAINS",
        "CONTAINED_IN",
    }
)
"""Their result says nothing of the values themselves: level NONE."""

LEVELS_FROM: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(NOBODYS, ()),
    "NVL2": (1, 2),
}
