from __future__ import annotations

import pytest

from workflows.results.formulas import harmless


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1-1",
        "@SUM(A1)",
        "=cmd|'/c calc'!A1",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        " =1+1",
        "\ufeff=1+1",
        "\u00a0\u3000@x",
        "＝1+1",
        "＋1+1",
        "－1－1",
        "＠x",
        "-",
        "--1",
        "+",
        "-1e",
        "-٣",
    ],
)
def test_a_formula_becomes_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Acme",
        "1",
        "-5",
        "+5",
        "-0.25",
        "-.5",
        "-5.",
        "1e6",
        "-1.5E+10",
        "a=b",
        "5-3",
    ],
)
def test_numbers_and_other_texts_stay(cell: str) -> None:
    assert harmless(cell) == cell
