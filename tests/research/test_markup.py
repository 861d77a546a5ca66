"""Text and numbers as HTML: escaping, money to the cent, tables."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.research.markup import Column, amount, clean, count, percent, ratio, section, stamp, table


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever a name holds, it stays text, on one line, at a bounded length."""
    escaped = clean(text)
    assert not set("<>\"'") & set(escaped)
    assert len(html.unescape(escaped)) <= max(len(text), 240)
    assert html.unescape(escaped).isprintable()


@given(st.integers(), st.integers(0, 8))
def test_money_is_exact(minor: int, exponent: int) -> None:
    """Every digit of the minor unit is printed, whatever the size."""
    printed = amount(minor, exponent).replace(",", "").replace("\N{MINUS SIGN}", "-")
    assert int(printed.replace(".", "")) == minor
    assert len(printed.partition(".")[2]) == exponent


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("0.00%", percent(-0.000001)),
        ("−0.01%", percent(-0.0001)),
        ("−0.05", amount(-5, 2)),
        ("1,234.6%", percent(12.3456, 1)),
        ("–", ratio(None)),
        ("−3", count(-3.0)),
        ("1970-01-02", stamp(86_400_000_000_000)),
    ],
)
def test_numbers(expected: str, printed: str) -> None:
    """A zero has no sign, a minus is typographic, nothing is a dash."""
    assert printed == expected


def test_table_marks_its_columns() -> None:
    """Numbers to the right, wide columns marked, the sum emphasised, a wrong row an error."""
    columns = [Column("A", wide=True, whole=True), Column("B", number=True)]
    text = table(columns, [("x<y", 1), ("sum", 2)], "", summed=True)
    assert '<td class="w k">x&lt;y</td><td class="n">1</td>' in text
    assert '<tr class="sum"><td class="w k">sum</td>' in text
    with pytest.raises(ValueError, match="zip"):
        table(columns, [("only one",)], "")


def test_long_text_is_cut_with_a_sign() -> None:
    """What is cut ends in an ellipsis, at the length asked for."""
    assert clean("x" * 241) == "x" * 239 + "…"
    assert clean("x" * 240) == "x" * 240
    assert clean("abcdef", 3) == "ab…"


def test_section_without_note() -> None:
    """A part without a note has no empty paragraph."""
    assert section("T", "<p>b</p>") == '<section><h2>T</h2><div class="scroll"><p>b</p></div></section>'
