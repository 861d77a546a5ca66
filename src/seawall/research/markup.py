"""Text, numbers and tables as HTML, every string escaped at the one place that writes it.

Rule 1: a cell is text until it leaves here; nothing else turns text into markup.
Rule 2: numbers are right-aligned, with a typographic minus; what is undefined is a dash.
Rule 3: money is exact integers of the minor unit all the way to the printed digits.
"""

import html
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

__all__ = [
    "Column",
    "amount",
    "bps",
    "clean",
    "count",
    "day",
    "percent",
    "ratio",
    "section",
    "stamp",
    "table",
]

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TEXT_MAX = 240


def clean(text: object, characters_max: int = TEXT_MAX) -> str:
    """The text escaped for HTML, cut at so many characters, with a space for each unprintable one.

    >>> clean("<b>&")
    '&lt;b&gt;&amp;'
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in str(text))
    if len(plain) > characters_max:
        plain = plain[: characters_max - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return html.escape(plain)


def signed(text: str) -> str:
    """The number with a typographic minus; a zero has no sign."""
    nothing = not any(letter in "123456789" for letter in text)
    return text.replace("-", "" if nothing else MINUS)


def amount(minor: int | None, exponent: int) -> str:
    """Money of the minor unit in whole units, exactly.

    >>> amount(-123456789, 2), amount(5, 0), amount(None, 2)
    ('−1,234,567.89', '5', '–')
    """
    if minor is None:
        return DASH
    whole, part = divmod(abs(minor), 10**exponent)
    digits = f"{whole:,}" + (f".{part:0{exponent}d}" if exponent else "")
    return MINUS + digits if minor < 0 else digits


def percent(value: float | None, digits: int = 2) -> str:
    """A fraction in percent.

    >>> percent(-0.12345), percent(None)
    ('−12.35%', '–')
    """
    return DASH if value is None else signed(f"{value * 100:,.{digits}f}%")


def ratio(value: float | None, digits: int = 2) -> str:
    """A plain number.

    >>> ratio(-1234.5), ratio(0.004, 1)
    ('−1,234.50', '0.0')
    """
    return DASH if value is None else signed(f"{value:,.{digits}f}")


def bps(value: float | None) -> str:
    """Basis points with one decimal.

    >>> bps(12.34)
    '12.3'
    """
    return ratio(value, 1)


def count(value: float | None) -> str:
    """A whole number with separators.

    >>> count(1234567)
    '1,234,567'
    """
    return ratio(value, 0)


def stamp(ts_ns: int) -> str:
    """The time in UTC, as short as it is exact to the second.

    >>> stamp(0), stamp(75_600_000_000_000), stamp(1_500_000_000)
    ('1970-01-01', '1970-01-01 21:00', '1970-01-01 00:00:01')
    """
    seconds = ts_ns // 1_000_000_000
    form = "%Y-%m-%d %H:%M:%S" if seconds % 60 else "%Y-%m-%d %H:%M" if seconds % 86_400 else "%Y-%m-%d"
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def day(ts_ns: int) -> str:
    """The UTC day.

    >>> day(1_500_000_000)
    '1970-01-01'
    """
    return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d")


class Column(msgspec.Struct, frozen=True):
    """One column: its heading, and whether it holds numbers, is left out on a phone, never wraps."""

    heading: str
    number: bool = False
    wide: bool = False
    whole: bool = False


def attribute(column: Column) -> str:
    """The class attribute of a column's cells."""
    kinds = (("n", column.number), ("w", column.wide), ("k", column.whole))
    names = [name for name, wanted in kinds if wanted]
    return f' class="{" ".join(names)}"' if names else ""


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], empty: str, summed: bool = False
) -> str:
    """A table of plain cells, each escaped; without rows the sentence that says so.

    summed: the last row is the sum of those above.

    >>> table([Column("Rule"), Column("Count", number=True)], [("C<1", 2)], "No refusal.")[-60:]
    '<tr><td>C&lt;1</td><td class="n">2</td></tr></tbody></table>'
    >>> table([Column("Rule")], [], "No refusal.")
    '<p class="none">No refusal.</p>'
    """
    if not rows:
        return f'<p class="none">{clean(empty)}</p>'
    kinds = [attribute(column) for column in columns]
    head = "".join(f"<th{kind}>{clean(c.heading)}</th>" for c, kind in zip(columns, kinds, strict=True))
    lines: list[str] = []
    for place, row in enumerate(rows):
        cells = zip(row, kinds, strict=True)
        begin = '<tr class="sum">' if summed and place == len(rows) - 1 else "<tr>"
        lines.append(begin + "".join(f"<td{kind}>{clean(cell)}</td>" for cell, kind in cells) + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def section(title: str, body: str, note: str = "") -> str:
    """A titled part of the page; body is markup, title and note are text.

    >>> section("Costs", "<p>x</p>", "in <USD>")
    '<section><h2>Costs</h2><p class="note">in &lt;USD&gt;</p><div class="scroll"><p>x</p></div></section>'
    """
    said = f'<p class="note">{clean(note)}</p>' if note else ""
    return f'<section><h2>{clean(title)}</h2>{said}<div class="scroll">{body}</div></section>'
