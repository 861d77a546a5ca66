"""What a stream of trades, quotes or levels must satisfy before it is stored.

Rule 1: the whole frame is judged before anything is written; the first row that breaks a rule is
        named together with the rule.
Rule 2: importers are trusted to translate and checked all the same: a stored stream needs no second
        look, so that reading runs at the speed of arrays.

The rules of all kinds: times never decrease and ts_exchange is at most ts_local; the rows of a packet
share both times and the sequence; the last row of the frame ends its packet; a gap is a packet of its
own at price 0. The rules of each kind stand in its function below. A rule is a pair of words and a mask
of the rows that break it.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from seawall.kernels.rows import (
    CLEAR,
    FLAG_LAST,
    FLAG_NO_VOLUME,
    FLAG_SNAPSHOT,
    GAP,
    LEVEL,
    QUOTE_BID,
    TRADE,
)
from seawall.model.errors import DataError

__all__ = ["check_ticks"]

Columns = Mapping[str, NDArray[np.integer]]
Mask = NDArray[np.bool_]
Rule = tuple[str, Mask]

FLAGS_ALL = 2 * FLAG_NO_VOLUME - 1  # the highest flag and all below it


def check_ticks(kind: str, where: str, columns: Columns) -> None:
    """A DataError for the first row that breaks a rule of its kind.

    kind: trades, quotes or levels; where: what the message calls the stream; columns: those of the
    kind's schema, equally long.

    >>> from seawall.store.ticks import QUOTE_SCHEMA
    >>> quote = {name: np.array([1]) for name in QUOTE_SCHEMA} | {"kind": np.array([3])}
    >>> check_ticks("quotes", "ACME quotes", quote)
    >>> check_ticks("quotes", "ACME quotes", quote | {"ts_local": np.array([0])})
    Traceback (most recent call last):
    seawall.model.errors.DataError: ACME quotes: row 0 of 1: ts_local is before ts_exchange
    """
    count = len(columns["ts_local"])
    found: tuple[int, str] | None = None
    for words, broken in _rules(kind, columns) if count else ():
        if broken.any():
            row = int(np.argmax(broken))
            found = (row, words) if found is None or row < found[0] else found
    if found is not None:
        raise DataError(f"{where}: row {found[0]} of {count}: {found[1]}")


def _rules(kind: str, columns: Columns) -> Iterator[Rule]:
    yield from _common(columns)
    yield from _RULES[kind](columns)


def _common(c: Columns) -> Iterator[Rule]:
    inside, last = _inside(c), (c["flags"] & FLAG_LAST) != 0
    yield "ts_local is before ts_exchange", c["ts_local"] < c["ts_exchange"]
    for column in ("ts_local", "ts_exchange"):
        yield f"{column} decreases", _after(c[column][1:] < c[column][:-1])
    for column in ("ts_local", "ts_exchange", "sequence"):
        yield f"{column} changes inside a packet", inside & _after(c[column][1:] != c[column][:-1])
    yield "sequence is negative", c["sequence"] < 0
    yield f"flags have a bit above {FLAG_NO_VOLUME}", c["flags"] > FLAGS_ALL
    open_end = np.zeros(len(last), dtype=np.bool_)
    open_end[-1] = not last[-1]
    yield "the last packet has no LAST", open_end
    yield "a gap stands inside a packet", (c["kind"] == GAP) & (inside | ~last)


def _trades(c: Columns) -> Iterator[Rule]:
    trade, gap = c["kind"] == TRADE, c["kind"] == GAP
    yield "kind is neither TRADE nor GAP", ~(trade | gap)
    yield "a trade without LAST", (c["flags"] & FLAG_LAST) == 0
    yield "side is none of 1, -1, 0", np.abs(c["side"]) > 1
    yield "a trade's price is not above 0", trade & (c["price_ticks"] <= 0)
    yield "a trade's size is not above 0", trade & (c["size_lots"] <= 0)
    yield from _gap(c, gap, "price_ticks", "size_lots")


def _quotes(c: Columns) -> Iterator[Rule]:
    quote, gap = c["kind"] == QUOTE_BID, c["kind"] == GAP
    yield "kind is neither QUOTE_BID nor GAP", ~(quote | gap)
    yield "a quote without LAST", (c["flags"] & FLAG_LAST) == 0
    for side in ("bid", "ask"):
        ticks, lots = c[f"{side}_ticks"], c[f"{side}_lots"]
        yield f"{side}_lots is negative", lots < 0
        yield f"{side}_ticks is not above 0", quote & (lots > 0) & (ticks <= 0)
    yield "a gap has an ask", gap & ((c["ask_ticks"] != 0) | (c["ask_lots"] != 0))
    yield from _gap(c, gap, "bid_ticks", "bid_lots")


def _levels(c: Columns) -> Iterator[Rule]:
    level, clear, gap = (c["kind"] == kind for kind in (LEVEL, CLEAR, GAP))
    inside, snapshot = _inside(c), (c["flags"] & FLAG_SNAPSHOT) != 0
    yield "kind is none of LEVEL, CLEAR, GAP", ~(level | clear | gap)
    yield "a level's side is neither 1 nor -1", level & (np.abs(c["side"]) != 1)
    yield "a level's price is not above 0", level & (c["price_ticks"] <= 0)
    yield "a level's size is negative", level & (c["size_lots"] < 0)
    yield "a clear stands inside a packet", clear & inside
    yield "a clear without SNAPSHOT", clear & ~snapshot
    yield "a clear has a side, price or size", clear & (_sized(c) | (c["side"] != 0))
    yield "SNAPSHOT changes inside a packet", inside & _after(snapshot[1:] != snapshot[:-1])
    yield "a snapshot does not open with a clear", snapshot & ~inside & ~clear
    yield from _gap(c, gap, "price_ticks", "size_lots")


def _gap(c: Columns, gap: Mask, price: str, size: str) -> Iterator[Rule]:
    yield f"a gap's {price} is not 0", gap & (c[price] != 0)
    yield f"a gap's {size} is negative", gap & (c[size] < 0)


def _sized(c: Columns) -> Mask:
    sized: Mask = (c["price_ticks"] != 0) | (c["size_lots"] != 0)
    return sized


def _inside(c: Columns) -> Mask:
    """Whether each row continues the packet of the row before it."""
    return _after((c["flags"][:-1] & FLAG_LAST) == 0)


def _after(changes: Mask) -> Mask:
    """A mask of pairs of neighbours as one of rows: that of the later row."""
    return np.concatenate([np.zeros(1, dtype=np.bool_), changes])


_RULES: dict[str, Callable[[Columns], Iterator[Rule]]] = {
    "trades": _trades,
    "quotes": _quotes,
    "levels": _levels,
}
