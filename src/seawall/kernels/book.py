"""Order books: L2 by price level, one record a book, from LEVEL, CLEAR and GAP rows.

Rule 1: sizes are absolute. A level is what its last row said; zero lots delete it, and to
        delete what is not there is no error.
Rule 2: the touch is published at LAST and never inside a packet.
Rule 3: nothing counts before a snapshot has ended, and nothing after a gap until the next
        one has: a book that may lack a change is no book, and its touch is zero.
Rule 4: a crossed book (bid above ask) freezes the published touch. Crossed still after
        CROSSED_NS_MAX, judged in exchange time at each LAST, it is invalid until the next
        snapshot. A locked book (bid = ask) is a good one with spread zero, and is counted.
Rule 5: a side has LEVELS_MAX levels. When it is full, the one furthest from the touch is
        dropped and counted.

Theory of operation. Each side is two arrays, keys and lots, sorted ascending by key, with
key = price for bids and -price for asks: the best level is the last one on either side, one
code path serves both, and a change moves only the entries between it and the touch, which
are few where most changes are. Entries behind the count are zero, so that equal levels are
equal bytes; a snapshot of a book is its bytes. Queries read the levels as they stand: ask
between packets, and look at the status first, because the levels of a crossed book are the
crossed ones.

Units: `_ticks`, `_lots` as in the instrument, `ts_*` and `_ns` = ns (UTC). A side is +1 for
bids and -1 for asks; in `sweep` it is the taker's.
"""

from typing import Any

import numpy as np

from seawall.kernels.jit import kernel
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL

__all__ = [
    "BOOK",
    "BOOK_CROSSED",
    "BOOK_EMPTY",
    "BOOK_INVALID",
    "BOOK_OK",
    "BOOK_ONE_SIDED",
    "CROSSED_NS_MAX",
    "LEVELS_MAX",
    "copy_levels",
    "depth_levels",
    "depth_lots",
    "level_lots",
    "levels_inside",
    "new_books",
    "sweep",
    "take_level_row",
    "take_level_rows",
]

LEVELS_MAX = 4096
CROSSED_NS_MAX = 50_000_000

BOOK_EMPTY = 0  # no snapshot yet, or a book that has run dry on both sides
BOOK_INVALID = 1  # after a gap, a lasting cross or a snapshot cut short, until the next snapshot
BOOK_ONE_SIDED = 2
BOOK_CROSSED = 3  # the published touch is the last one that was not crossed
BOOK_OK = 4

BOOK = np.dtype(
    [
        ("ts_exchange", "i8"),  # of the last packet that counted, a gap included
        ("ts_local", "i8"),
        ("sequence", "i8"),  # of the last packet that counted; a gap leaves it
        ("bid_ticks", "i8"),  # the published touch; zero lots = that side is empty
        ("bid_lots", "i8"),
        ("ask_ticks", "i8"),
        ("ask_lots", "i8"),
        ("crossed_since_ns", "i8"),  # exchange time; zero while not crossed
        ("packets", "i8"),  # states that were published, the crossed ones included
        ("snapshots", "i8"),
        ("gaps", "i8"),
        ("crossed_packets", "i8"),
        ("locked_packets", "i8"),
        ("levels_dropped", "i8"),
        ("status", "i4"),
        ("taking", "i4"),  # 1: rows count, from the start of a snapshot to the next gap
        ("in_snapshot", "i4"),  # 1: from the CLEAR of a snapshot to its LAST
        ("unused", "i4"),
        ("counts", "i8", (2,)),  # bids, asks
        ("keys", "i8", (2, LEVELS_MAX)),
        ("lots", "i8", (2, LEVELS_MAX)),
    ],
    align=True,
)


def new_books(count: int) -> np.ndarray:
    """`count` empty books: an array of BOOK records, all zero.

    >>> new_books(2)["status"].tolist() == [BOOK_EMPTY, BOOK_EMPTY]
    True
    """
    return np.zeros(count, BOOK)


# --- taking rows ---------------------------------------------------------------------------


@kernel
def take_level_row(book: Any, row: Any) -> bool:
    """Takes one LEVEL, CLEAR or GAP row; True when it published another touch or status.

    That is at LAST, or on a GAP, which is a packet of its own. Rows that do not count, and
    those of other kinds, leave the book as it was, byte for byte. A side is +1 or -1 in LEVEL
    rows; CLEAR is for both.
    """
    kind = row["kind"]
    flags = row["flags"]
    if kind == GAP:
        return _take_gap(book, row)
    if kind == CLEAR and flags & FLAG_SNAPSHOT:
        book["taking"] = 1
        book["in_snapshot"] = 1
    if book["taking"] == 0:
        return False
    if kind == LEVEL:
        side = 0 if row["side"] > 0 else 1
        key = row["price_ticks"] if side == 0 else -row["price_ticks"]
        _set_level(book, side, key, row["size_lots"])
    elif kind == CLEAR:
        _clear(book)
    else:
        return False
    return flags & FLAG_LAST != 0 and _end_packet(book, row)


@kernel
def take_level_rows(books: Any, rows: Any, book_of_instrument: Any) -> int:
    """Takes a chunk of rows, each into the book of its instrument; how often a touch or status changed.

    `books` (n,) BOOK, `rows` (m,) ROW, `book_of_instrument` int64 by instrument, below 0 for
    those without a book.
    """
    changes = 0
    for index in range(rows.shape[0]):
        row = rows[index]
        number = book_of_instrument[row["instrument"]]
        if number >= 0 and take_level_row(books[number], row):
            changes += 1
    return changes


@kernel
def _take_gap(book: Any, row: Any) -> bool:
    book["gaps"] += 1
    book["ts_exchange"] = row["ts_exchange"]
    book["ts_local"] = row["ts_local"]
    return _invalidate(book)


@kernel
def _end_packet(book: Any, row: Any) -> bool:
    """Publishes what the levels now say, unless they are crossed or were cut short."""
    book["ts_exchange"] = row["ts_exchange"]
    book["ts_local"] = row["ts_local"]
    book["sequence"] = row["sequence"]
    if book["in_snapshot"] != 0:
        if row["flags"] & FLAG_SNAPSHOT == 0:  # another packet began before the snapshot's end
            return _invalidate(book)
        book["in_snapshot"] = 0
        book["snapshots"] += 1
    book["packets"] += 1
    bids = book["counts"][0]
    asks = book["counts"][1]
    if bids > 0 and asks > 0:
        spread_ticks = -book["keys"][1, asks - 1] - book["keys"][0, bids - 1]
        if spread_ticks < 0:
            return _end_crossed(book, row["ts_exchange"])
        if spread_ticks == 0:
            book["locked_packets"] += 1
        status = BOOK_OK
    else:
        status = BOOK_ONE_SIDED if bids + asks > 0 else BOOK_EMPTY
    book["crossed_since_ns"] = 0
    return _publish(book, status)


@kernel
def _end_crossed(book: Any, ts_exchange: int) -> bool:
    """Freezes the touch, and gives the book up when the cross has lasted too long."""
    book["crossed_packets"] += 1
    if book["status"] != BOOK_CROSSED:
        book["status"] = BOOK_CROSSED
        book["crossed_since_ns"] = ts_exchange
        return True
    if ts_exchange - book["crossed_since_ns"] >= CROSSED_NS_MAX:
        return _invalidate(book)
    return False


@kernel
def _publish(book: Any, status: int) -> bool:
    """Puts the best levels into the touch; True when it or the status is another one."""
    bids = book["counts"][0]
    asks = book["counts"][1]
    bid_ticks = bid_lots = ask_ticks = ask_lots = 0
    if bids > 0:
        bid_ticks = book["keys"][0, bids - 1]
        bid_lots = book["lots"][0, bids - 1]
    if asks > 0:
        ask_ticks = -book["keys"][1, asks - 1]
        ask_lots = book["lots"][1, asks - 1]
    changed = book["status"] != status
    changed = changed or book["bid_ticks"] != bid_ticks or book["bid_lots"] != bid_lots
    changed = changed or book["ask_ticks"] != ask_ticks or book["ask_lots"] != ask_lots
    book["status"] = status
    book["bid_ticks"] = bid_ticks
    book["bid_lots"] = bid_lots
    book["ask_ticks"] = ask_ticks
    book["ask_lots"] = ask_lots
    return changed


@kernel
def _invalidate(book: Any) -> bool:
    """Forgets the levels and takes nothing until the next snapshot."""
    _clear(book)
    book["taking"] = 0
    book["in_snapshot"] = 0
    book["crossed_since_ns"] = 0
    return _publish(book, BOOK_INVALID)


@kernel
def _clear(book: Any) -> None:
    for side in range(2):
        keys = book["keys"][side]
        lots = book["lots"][side]
        for index in range(book["counts"][side]):
            keys[index] = 0
            lots[index] = 0
        book["counts"][side] = 0


# --- levels --------------------------------------------------------------------------------


@kernel
def _place(keys: Any, count: int, key: int) -> int:
    """How many of the keys are below `key`: where it stands, or would stand.

    The halving always takes as many steps as the count asks for, and chooses without a
    branch: a branch that nobody can predict costs more than the steps that it would save.
    """
    place, left = 0, count
    while left > 1:
        half = left // 2
        place += half if keys[place + half - 1] < key else 0
        left -= half
    return place + 1 if left == 1 and keys[place] < key else place


@kernel
def _set_level(book: Any, side: int, key: int, size_lots: int) -> None:
    """One level of side 0 (bids) or 1 (asks) is now `size_lots`; none when that is zero."""
    keys = book["keys"][side]
    lots = book["lots"][side]
    count = book["counts"][side]
    place = _place(keys, count, key)
    if place < count and keys[place] == key:
        if size_lots > 0:
            lots[place] = size_lots
        else:
            _remove(keys, count, place)
            _remove(lots, count, place)
            book["counts"][side] = count - 1
    elif size_lots > 0:
        if count < LEVELS_MAX:
            _insert(keys, count, place, key)
            _insert(lots, count, place, size_lots)
            book["counts"][side] = count + 1
        else:
            book["levels_dropped"] += 1
            if place > 0:  # else the new level is the furthest itself
                _insert_in_full(keys, place, key)
                _insert_in_full(lots, place, size_lots)


@kernel
def _remove(values: Any, count: int, place: int) -> None:
    """The values behind a place move down by one."""
    moving = values[place:]  # indices from zero up compile to moves of whole vectors
    for index in range(count - 1 - place):
        moving[index] = moving[index + 1]
    values[count - 1] = 0


@kernel
def _insert(values: Any, count: int, place: int, value: int) -> None:
    """The values from a place on move up by one."""
    moving = values[place : count + 1]
    for index in range(moving.shape[0]):
        moved = moving[index]
        moving[index] = value
        value = moved


@kernel
def _insert_in_full(values: Any, place: int, value: int) -> None:
    """The values before a place move down by one; the first of them is gone."""
    for index in range(place - 1):
        values[index] = values[index + 1]
    values[place - 1] = value


# --- queries -------------------------------------------------------------------------------


@kernel
def level_lots(book: Any, side: int, price_ticks: int) -> int:
    """The lots at a price of a side, 0 where there is no level."""
    number = 0 if side > 0 else 1
    key = price_ticks if side > 0 else -price_ticks
    keys = book["keys"][number]
    count = book["counts"][number]
    place = _place(keys, count, key)
    if place < count and keys[place] == key:
        return book["lots"][number, place]
    return 0


@kernel
def levels_inside(book: Any, side: int, limit_ticks: int) -> int:
    """How many levels of a side are at a limit or better: bids at or above it, asks at or below."""
    number = 0 if side > 0 else 1
    key = limit_ticks if side > 0 else -limit_ticks
    count = book["counts"][number]
    return count - _place(book["keys"][number], count, key)


@kernel
def depth_levels(book: Any, side: int, levels: int) -> int:
    """The lots on the best `levels` levels of a side."""
    number = 0 if side > 0 else 1
    lots = book["lots"][number]
    count = book["counts"][number]
    total_lots = 0
    for index in range(max(count - levels, 0), count):
        total_lots += lots[index]
    return total_lots


@kernel
def depth_lots(book: Any, side: int, ticks: int) -> int:
    """The lots of a side within `ticks` of its own best price; 0 ticks = the best level alone."""
    number = 0 if side > 0 else 1
    count = book["counts"][number]
    if count == 0:
        return 0
    keys = book["keys"][number]
    return depth_levels(book, side, count - _place(keys, count, keys[count - 1] - ticks))


@kernel
def sweep(book: Any, side: int, lots: int, limit_ticks: int) -> tuple[int, int, int]:
    """What a taker of `lots` gets at once: (filled lots, sum of price_ticks * lots, worst price).

    Side +1 buys: it walks the asks from the best up to `limit_ticks`. Side -1 sells: the bids
    down to it. Size beyond the limit or the book is not filled; the worst price of nothing is
    0. The book stays as it is. Keep lots * price below 2^62, as the gate does.

    >>> books = new_books(1)
    >>> for price, size in ((1005, 5), (1010, 7), (1015, 20)):
    ...     _set_level(books[0], 1, -price, size)
    >>> filled, value, worst = map(int, sweep(books[0], 1, 15, 1015))
    >>> filled, round(value / filled / 10, 6), worst / 10
    (15, 100.933333, 101.5)
    """
    number = 1 if side > 0 else 0
    limit_key = -limit_ticks if side > 0 else limit_ticks
    keys = book["keys"][number]
    sizes = book["lots"][number]
    index = book["counts"][number] - 1
    filled_lots = value = worst_key = 0
    while index >= 0 and filled_lots < lots and keys[index] >= limit_key:
        worst_key = keys[index]
        taken_lots = min(sizes[index], lots - filled_lots)
        filled_lots += taken_lots
        value += taken_lots * worst_key
        index -= 1
    if side > 0:
        return filled_lots, -value, -worst_key
    return filled_lots, value, worst_key


@kernel
def copy_levels(book: Any, side: int, out_prices: Any, out_lots: Any) -> int:
    """Copies the best levels of a side, best first, into two int64 arrays; how many were copied.

    As many as there are, at most the length of `out_prices`; `out_lots` is as long.
    """
    number = 0 if side > 0 else 1
    sign = 1 if side > 0 else -1
    keys = book["keys"][number]
    lots = book["lots"][number]
    count = book["counts"][number]
    copied = min(count, out_prices.shape[0])
    for index in range(copied):
        out_prices[index] = sign * keys[count - 1 - index]
        out_lots[index] = lots[count - 1 - index]
    return copied
