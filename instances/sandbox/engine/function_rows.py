"""Rows of the table of functions: texts, numbers, times.

What the four fields may say is explained at `functions.Function`.
"""

from __future__ import annotations

NUMBERS_ARE_SECONDS_UP_TO = 100_000_000_000
"""EPOCH_TO_UTC_TIMESTAMP: a larger magnitude is milliseconds."""

LONGEST_PADDING = 10_000
"""LPAD and RPAD make no longer text: a call must not be able to fill the memory."""

Row = tuple[str, str, str, str]

TEXT: tuple[Row, ...] = (
    ("CHARINDEX", "text text", "BIGINT", "strpos($2, $1)"),
    (
        "CHARINDEX",
        "text text number",
        "BIGINT",
        "CASE WHEN strpos(substr($2, CAST($3 AS BIGINT)), $1) = 0 THEN 0 ELSE"
        " strpos(substr($2, CAST($3 AS BIGINT)), $1) + CAST($3 AS BIGINT) - 1 END",
    ),
    ("POSITION", "text text", "BIGINT", "strpos($2, $1)"),
    ("INSTR", "text text", "BIGINT", "strpos($1, $2)"),
    ("STRPOS", "text text", "BIGINT", "strpos($1, $2)"),
    # Not documented: NULL when any argument is NULL, as in Spark.
    ("CONCAT", "text text *", "VARCHAR", "($||)"),
    ("LEFT", "text number", "VARCHAR", "left($1, CAST($2 AS BIGINT))"),
    ("RIGHT", "text number", "VARCHAR", "right($1, CAST($2 AS BIGINT))"),
    ("LENGTH", "text", "BIGINT", "length($1)"),
    ("LOWER", "text", "VARCHAR", "lower($1)"),
    ("UPPER", "text", "VARCHAR", "upper($1)"),
    ("TRIM", "text", "VARCHAR", "trim($1)"),
    ("TRIM", "text text", "VARCHAR", "trim($1, $2)"),
    ("LTRIM", "text", "VARCHAR", "ltrim($1)"),
    ("LTRIM", "text text", "VARCHAR", "ltrim($1, $2)"),
    ("RTRIM", "text", "VARCHAR", "rtrim($1)"),
    ("RTRIM", "text text", "VARCHAR", "rtrim($1, $2)"),
    ("REPLACE", "text text text", "VARCHAR", "replace($1, $2, $3)"),
    ("REVERSE", "text", "VARCHAR", "reverse($1)"),
    ("SUBSTRING", "text number", "VARCHAR", "substr($1, CAST($2 AS BIGINT))"),
    (
        "SUBSTRING",
        "text number number",
        "VARCHAR",
        "substr($1, CAST($2 AS BIGINT), CAST($3 AS BIGINT))",
    ),
    (
        "INITCAP",
        "text",
        "VARCHAR",
        "array_to_string(list_transform(string_split(lower($1), ' '),"
        " lambda __w: upper(left(__w, 1)) || substr(__w, 2)), ' ')",
    ),
    (
        "LPAD",
        "text number text",
        "VARCHAR",
        f"lpad($1, CAST(least($2, {LONGEST_PADDING}) AS INTEGER), $3)",
    ),
    (
        "RPAD",
        "text number text",
        "VARCHAR",
        f"rpad($1, CAST(least($2, {LONGEST_PADDING}) AS INTEGER), $3)",
    ),
    (
        "REGEXP_REPLACE",
        "text text text",
        "VARCHAR",
        # Java's $1 is RE2's \1.
        r"regexp_replace($1, $2, regexp_replace($3, '[' || chr(36) || '](\d)',"
        r" '\\\1', 'g'), 'g')",
    ),
    (
        "REGEXP_SUBSTR",
        "text text",
        "VARCHAR",
        "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END",
    ),
    ("REGEXP_SPLIT", "text text", "VARCHAR[]", "regexp_split_to_array($1, $2)"),
    # DuckDB's SIMILAR TO matches the whole text; AMC's is a Java search. The
    # documentation writes (?!) where it means "without regard to case".
    (
        "SIMILAR TO",
        "text text",
        "BOOLEAN",
        "regexp_matches($1, replace($2, '(?!)', '(?i)'))",
    ),
    ("MD5", "text", "VARCHAR", "md5($1)"),
    ("SHA1", "text", "VARCHAR", "sha1($1)"),
    ("HASH64", "text", "BIGINT", "CAST(md5_number_lower($1) >> 1 AS BIGINT)"),
    (
        "STR_TO_MAP",
        "text text text",
        "MAP(VARCHAR, VARCHAR)",
        "map_from_entries(list_transform(string_split($1, $2),"
        " lambda __e: (string_split(__e, $3)[1], string_split(__e, $3)[2])))",
    ),
    ("JSON_SERIALIZE", "text", "VARCHAR", "$1"),
)

NUMBER: tuple[Row, ...] = (
    ("ABS", "number", "#1", "abs($1)"),
    ("CEIL", "number", "BIGINT", "CAST(ceil($1) AS BIGINT)"),
    ("FLOOR", "number", "BIGINT", "CAST(floor($1) AS BIGINT)"),
    ("ROUND", "number", "#1", "round($1)"),
    ("ROUND", "number number", "#1", "round($1, CAST($2 AS INTEGER))"),
    ("TRUNC", "number", "DOUBLE", "trunc($1)"),
    (
        "TRUNC",
        "number number",
        "DOUBLE",
        "trunc(($1) * power(10.0, $2)) / power(10.0, $2)",
    ),
    ("E", "", "DOUBLE", "exp(1)"),
    ("PI", "", "DOUBLE", "pi()"),
    ("EXP", "number", "DOUBLE", "exp($1)"),
    ("LN", "number", "DOUBLE", "CASE WHEN ($1) > 0 THEN ln($1) END"),
    ("LOG10", "number", "DOUBLE", "CASE WHEN ($1) > 0 THEN log10($1) END"),
    (
        "LOG",
        "number number",
        "DOUBLE",
        "CASE WHEN ($1) > 0 AND ($2) > 0 AND ($1) <> 1 THEN ln($2) / ln($1) END",
    ),
    ("MOD", "number number", "#1", "(($1) % nullif($2, 0))"),
    ("POWER", "number number", "DOUBLE", "power($1, $2)"),
    ("SIGN", "number", "INTEGER", "sign($1)"),
    ("SQRT", "number", "DOUBLE", "CASE WHEN ($1) >= 0 THEN sqrt($1) END"),
    ("RANDOM", "", "DOUBLE", "random()"),
    ("UUID", "", "VARCHAR", "CAST(uuid() AS VARCHAR)"),
)

TIME: tuple[Row, ...] = (
    ("SECONDS_BETWEEN", "time time", "BIGINT", "date_diff('second', $1, $2)"),
    ("DATE_TRUNC", "text time", "TIMESTAMP", "CAST(date_trunc($1, $2) AS TIMESTAMP)"),
    ("YEAR", "time", "BIGINT", "year($1)"),
    ("QUARTER", "time", "BIGINT", "quarter($1)"),
    ("MONTH", "time", "BIGINT", "month($1)"),
    ("WEEK", "time", "BIGINT", "week($1)"),
    ("DAYOFYEAR", "time", "BIGINT", "dayofyear($1)"),
    ("DAYOFMONTH", "time", "BIGINT", "day($1)"),
    ("DAYOFWEEK", "time", "BIGINT", "(dayofweek($1) + 1)"),
    ("HOUR", "time", "BIGINT", "hour($1)"),
    ("MINUTE", "time", "BIGINT", "minute($1)"),
    ("SECOND", "time", "BIGINT", "second($1)"),
    ("EPOCH", "time", "BIGINT", "CAST(epoch($1) AS BIGINT)"),
    # A DATE stays a DATE: the result has the argument's type.
    (
        "CONVERT_TIME_ZONE_FROM_UTC",
        "any text",
        "=1",
        "timezone($2, timezone('UTC', CAST($1 AS TIMESTAMP)))",
    ),
    (
        "EPOCH_TO_UTC_TIMESTAMP",
        "number",
        "TIMESTAMP",
        "make_timestamp(CAST($1 AS BIGINT) * CASE WHEN abs($1) >"
        f" {NUMBERS_ARE_SECONDS_UP_TO} THEN 1000 ELSE 1000000 END)",
    ),
)
