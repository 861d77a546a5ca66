"""Order books: what counts, what is published and when, and what a query answers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from seawall.kernels import book as module
from seawall.kernels.book import (
    BOOK,
    BOOK_CROSSED,
    BOOK_EMPTY,
    BOOK_INVALID,
    BOOK_OK,
    BOOK_ONE_SIDED,
    CROSSED_NS_MAX,
    LEVELS_MAX,
    copy_levels,
    depth_levels,
    depth_lots,
    level_lots,
    levels_inside,
    new_books,
    sweep,
    take_level_row,
    take_level_rows,
)
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID, ROW, TRADE

START = 1_700_000_000 * 10**9
MS = 1_000_000
LATE = 3 * MS  # from the exchange to us
SEEDS = (1, 2, 3)
Level = tuple[int, int, int]  # side, price, lots
NONE = (0, 0, 0, 0)
FIRST = (100, 10, 102, 8)  # the touch of `two_sided`


def packet(ms: int, *levels: Level, snapshot: bool = False, last: bool = True) -> np.ndarray:
    """The rows of one venue message, number and time `ms`; a snapshot opens with its CLEAR."""
    rows = np.zeros(len(levels) + snapshot, ROW)
    rows["ts_exchange"] = START + ms * MS
    rows["ts_local"] = START + ms * MS + LATE
    rows["sequence"] = ms
    rows["kind"] = LEVEL
    for name, column in zip(("side", "price_ticks", "size_lots"), zip(*levels, strict=True), strict=False):
        rows[name][int(snapshot) :] = column
    if snapshot:
        rows[0]["kind"] = CLEAR
        rows["flags"] = FLAG_SNAPSHOT
    rows[-1]["flags"] |= FLAG_LAST if last else 0
    return rows


def lone(kind: int, ms: int) -> np.ndarray:
    """A packet of one row: a GAP, or a CLEAR that belongs to no snapshot."""
    rows = packet(ms, (0, 0, 0))
    rows["kind"] = kind
    return rows


def names_of(table: list[Any]) -> list[str]:
    """The first column of a table of cases."""
    return [case[0] for case in table]


def two_sided(ms: int = 0) -> np.ndarray:
    """A snapshot of three bids and three asks, best 100 and 102."""
    levels = [(1, 100, 10), (1, 99, 20), (1, 95, 5), (-1, 102, 8), (-1, 103, 12), (-1, 110, 40)]
    return packet(ms, *levels, snapshot=True)


def answers(book: Any, *packets: np.ndarray) -> list[bool]:
    """What the book says to each row."""
    return [bool(take_level_row(book, row)) for row in np.concatenate(packets)]


def fed(*packets: np.ndarray) -> Any:
    """A new book that has taken all rows."""
    book = new_books(1)[0]
    answers(book, *packets)
    return book


def touch(book: Any) -> tuple[int, ...]:
    """Bid price and lots, ask price and lots, as published."""
    return tuple(int(book[name]) for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"))


def levels_of(book: Any, side: int, room: int = LEVELS_MAX) -> list[tuple[int, int]]:
    """Price and lots of the levels of a side, best first."""
    prices, lots = np.zeros(room, np.int64), np.zeros(room, np.int64)
    count = copy_levels(book, side, prices, lots)
    return list(zip(prices[:count].tolist(), lots[:count].tolist(), strict=True))


def test_a_new_book_is_empty_and_has_no_hole() -> None:
    """All zero, whole words, no byte without a field; two books share nothing."""
    books = new_books(2)
    assert books.dtype == BOOK
    assert not np.any(books.view(np.uint8))
    assert BOOK.isalignedstruct
    assert sum(BOOK[name].itemsize for name in BOOK.names or ()) == BOOK.itemsize
    answers(books[0], two_sided())
    assert not np.any(books[1:].view(np.uint8))


def test_a_snapshot_of_a_book_is_its_bytes() -> None:
    """A book from its bytes goes on as if nothing had been."""
    rows = np.concatenate([two_sided(), packet(1, (1, 101, 3)), packet(2, (-1, 102, 0), (1, 101, 0))])
    through = fed(rows)
    half = new_books(1)
    answers(half[0], rows[:8])
    again = np.frombuffer(half.tobytes(), BOOK).copy()
    answers(again[0], rows[8:])
    assert again.tobytes() == through.tobytes()


def test_equal_books_have_equal_bytes() -> None:
    """Levels that came and went leave no trace behind the count."""
    went = fed(two_sided(), packet(1, (1, 97, 3), (-1, 109, 5)), packet(2, (1, 97, 0), (-1, 109, 0)))
    never = fed(two_sided(), packet(1, (1, 97, 0), (-1, 109, 0)), packet(2, (1, 97, 0), (-1, 109, 0)))
    assert went.tobytes() == never.tobytes()


RULES = [
    # name, packets after the first, status, touch, bids and asks; "+" = after the snapshot `two_sided`
    ("changes before a snapshot", [packet(0, (1, 100, 5))], BOOK_EMPTY, NONE, (0, 0)),
    ("a clear alone is no snapshot", [lone(CLEAR, 0), packet(0, (1, 1, 1))], BOOK_EMPTY, NONE, (0, 0)),
    ("a snapshot", [two_sided()], BOOK_OK, FIRST, (3, 3)),
    ("+ a clear", [lone(CLEAR, 1)], BOOK_EMPTY, NONE, (0, 0)),
    ("+ a new best", [packet(1, (1, 101, 4))], BOOK_OK, (101, 4, 102, 8), (4, 3)),
    ("a crossed snapshot", [packet(0, (1, 5, 1), (-1, 4, 1), snapshot=True)], BOOK_CROSSED, NONE, (1, 1)),
    ("+ sizes are absolute", [packet(1, (1, 100, 4))], BOOK_OK, (100, 4, 102, 8), (3, 3)),
    ("+ the last size counts", [packet(1, (1, 100, 4), (1, 100, 6))], BOOK_OK, (100, 6, 102, 8), (3, 3)),
    ("+ a deleted best", [packet(1, (-1, 102, 0))], BOOK_OK, (100, 10, 103, 12), (3, 2)),
    ("+ a deleted inner level", [packet(1, (1, 99, 0))], BOOK_OK, FIRST, (2, 3)),
    ("+ absent, and a trade", [packet(1, (1, 98, 0), (-1, 1, 0)), lone(TRADE, 2)], BOOK_OK, FIRST, (3, 3)),
    ("+ both sides", [packet(1, (-1, 102, 0), (1, 102, 1))], BOOK_OK, (102, 1, 103, 12), (4, 2)),
    ("+ locked", [packet(1, (1, 102, 1))], BOOK_OK, (102, 1, 102, 8), (4, 3)),
    ("+ crossed", [packet(1, (1, 103, 1))], BOOK_CROSSED, FIRST, (4, 3)),
    ("+ crossed inside a packet", [packet(1, (1, 103, 1), (1, 103, 0))], BOOK_OK, FIRST, (3, 3)),
    ("+ no asks", [packet(1, (-1, 102, 0), (-1, 103, 0), (-1, 110, 0))],
     BOOK_ONE_SIDED, (100, 10, 0, 0), (3, 0)),
    ("no bids", [packet(0, (-1, 102, 8), snapshot=True)], BOOK_ONE_SIDED, (0, 0, 102, 8), (0, 1)),
    ("run dry", [packet(0, (-1, 9, 8), snapshot=True), packet(1, (-1, 9, 0))], BOOK_EMPTY, NONE, (0, 0)),
    ("dry, and back", [packet(0, snapshot=True), packet(1, (1, 9, 2))],
     BOOK_ONE_SIDED, (9, 2, 0, 0), (1, 0)),
    ("+ a second snapshot", [packet(1, (1, 5, 2), (-1, 6, 3), snapshot=True)], BOOK_OK, (5, 2, 6, 3), (1, 1)),
    ("prices below zero", [packet(0, (1, -5, 2), (1, -7, 9), (-1, -3, 3), (-1, 2, 1), snapshot=True)],
     BOOK_OK, (-5, 2, -3, 3), (2, 2)),
    ("a gap before the first snapshot", [lone(GAP, 1)], BOOK_INVALID, NONE, (0, 0)),
    ("+ a gap", [lone(GAP, 1)], BOOK_INVALID, NONE, (0, 0)),
    ("+ changes after it", [lone(GAP, 1), packet(2, (1, 99, 3), (-1, 101, 3))], BOOK_INVALID, NONE, (0, 0)),
    ("+ a snapshot after a gap", [lone(GAP, 1), two_sided(2)], BOOK_OK, FIRST, (3, 3)),
    ("a gap inside a snapshot", [two_sided()[:4], lone(GAP, 1), two_sided()[4:]], BOOK_INVALID, NONE, (0, 0)),
    ("+ a snapshot cut short", [two_sided(1)[:4], packet(2, (1, 100, 9))], BOOK_INVALID, NONE, (0, 0)),
    ("+ a snapshot begun again", [two_sided(1)[:4], two_sided(2)], BOOK_OK, FIRST, (3, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "packets", "status", "expected", "counts"), RULES, ids=names_of(RULES))
def test_rules(
    name: str, packets: list[np.ndarray], status: int, expected: tuple[int, ...], counts: tuple[int, int]
) -> None:
    """Status, published touch and number of levels after the last row."""
    book = fed(*([two_sided()] if name[0] == "+" else []), *packets)
    assert (book["status"], touch(book)) == (status, expected)
    assert (len(levels_of(book, 1)), len(levels_of(book, -1))) == counts


def test_rows_are_answered_at_last() -> None:
    """True where a touch or status was published that is another one, and nowhere inside a packet."""
    book = new_books(1)[0]
    snapshot = packet(0, (1, 100, 10), (1, 99, 1), (-1, 102, 8), snapshot=True)
    assert answers(book, snapshot) == [False, False, False, True]
    assert answers(book, snapshot) == [False] * 4  # the same once more
    assert answers(book, packet(1, (1, 99, 5), (-1, 104, 2))) == [False, False]  # behind the touch
    assert answers(book, packet(2, (1, 101, 5), (1, 101, 0))) == [False, False]  # there and gone
    open_packet = packet(3, (1, 101, 5), (1, 100, 0), last=False)
    assert answers(book, open_packet) == [False, False]
    assert touch(book) == FIRST
    assert answers(book, packet(3, (-1, 102, 7))) == [True]
    assert touch(book) == (101, 5, 102, 7)
    assert answers(book, lone(GAP, 4), lone(GAP, 5)) == [True, False]
    assert answers(book, packet(6, (1, 99, 5))) == [False]


def test_rows_that_do_not_count_leave_no_trace() -> None:
    """Before the first snapshot and after a gap, changes leave the book as it was, byte for byte."""
    books = new_books(1)
    for before in ([], [lone(GAP, 0)], [two_sided(), lone(GAP, 1)]):
        for each in before:
            answers(books[0], each)
        bytes_before = books.tobytes()
        answers(books[0], packet(5, (1, 100, 5), (-1, 101, 5)), lone(CLEAR, 6), lone(TRADE, 7))
        assert books.tobytes() == bytes_before


def test_times_and_numbers_of_the_last_packet() -> None:
    """They are those of the last packet that counted; a gap moves the times and not the number."""
    steps = [(two_sided(0), 0, 0), (packet(4, (1, 98, 1)), 4, 4)]
    steps += [(packet(5, (1, 98, 1), last=False), 4, 4), (lone(GAP, 6), 6, 4), (packet(8, (1, 98, 1)), 6, 4)]
    book = new_books(1)[0]
    for rows, ms, sequence in steps:
        answers(book, rows)
        assert (book["ts_exchange"], book["ts_local"]) == (START + ms * MS, START + ms * MS + LATE)
        assert book["sequence"] == sequence


BID_103, NO_103 = (1, 103, 1), (1, 103, 0)
LIMIT = CROSSED_NS_MAX // MS
CROSSES = [
    # name, (ms, level) of the packets after a snapshot at 0, the status after each
    ("until the limit", [(10, BID_103), (9 + LIMIT, (1, 90, 1)), (10 + LIMIT, (1, 91, 1))],
     "crossed crossed invalid"),
    ("a packet that comes late", [(10, BID_103), (500, (1, 90, 1))], "crossed invalid"),
    ("over before the limit", [(10, BID_103), (20, NO_103)], "crossed ok"),
    ("over when next heard of", [(10, BID_103), (500, NO_103)], "crossed ok"),
    ("each has its own clock", [(10, BID_103), (20, NO_103), (30, BID_103), (70, (1, 90, 1))],
     "crossed ok crossed crossed"),
    ("crossed, locked, apart", [(10, BID_103), (20, (1, 102, 3)), (30, NO_103)], "crossed crossed ok"),
    ("changes after it lasted", [(10, BID_103), (99, (1, 90, 1)), (100, NO_103)], "crossed invalid invalid"),
]  # fmt: skip
WORDS = {"crossed": BOOK_CROSSED, "invalid": BOOK_INVALID, "ok": BOOK_OK}


@pytest.mark.parametrize(("steps", "statuses"), [case[1:] for case in CROSSES], ids=names_of(CROSSES))
def test_a_cross_is_borne_for_a_while(steps: list[tuple[int, Level]], statuses: str) -> None:
    """The touch stands frozen while crossed, and is gone when the cross has lasted."""
    book = fed(two_sided())
    for (ms, level), word in zip(steps, statuses.split(), strict=True):
        answers(book, packet(ms, level))
        assert book["status"] == WORDS[word]
        if word == "crossed":
            assert touch(book) == FIRST
        if word == "invalid":
            assert (touch(book), np.any(book["counts"]), np.any(book["keys"])) == (NONE, False, False)
        assert (book["crossed_since_ns"] > 0) == (word == "crossed")


def test_counters() -> None:
    """Snapshots, packets, crossed and locked ones and gaps, each counted where it happens."""
    book = fed(
        packet(0, (1, 1, 1)), lone(GAP, 1), two_sided(2), packet(3, (1, 102, 1)), packet(4, (1, 101, 1)),
        packet(5, BID_103), packet(6, (1, 90, 2)), packet(7, NO_103), lone(GAP, 8), two_sided(9),
    )  # fmt: skip
    names = ("snapshots", "packets", "crossed_packets", "locked_packets", "gaps")
    assert [int(book[name]) for name in names] == [2, 7, 2, 3, 2]


FULL = [
    # name, distance from the best in ticks (below 0 = better), lots, dropped, best, furthest distance
    ("a new best", -1, 3, 1, (-1, 3), 10 * (LEVELS_MAX - 2)),
    ("in the middle", 15, 3, 1, (0, 1), 10 * (LEVELS_MAX - 2)),
    ("just before the furthest", 10 * (LEVELS_MAX - 1) - 1, 3, 1, (0, 1), 10 * (LEVELS_MAX - 1) - 1),
    ("the furthest itself", 10 * LEVELS_MAX, 3, 1, (0, 1), 10 * (LEVELS_MAX - 1)),
    ("a level that is there", 10, 3, 0, (0, 1), 10 * (LEVELS_MAX - 1)),
    ("a level that goes", 0, 0, 0, (10, 2), 10 * (LEVELS_MAX - 1)),
]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("distance", "lots", "dropped", "best", "furthest"), [case[1:] for case in FULL], ids=names_of(FULL)
)
def test_a_full_side_drops_its_furthest_level(
    distance: int, lots: int, dropped: int, best: tuple[int, int], furthest: int, side: int
) -> None:
    """The level furthest from the touch makes room and is counted; the other side is as it was."""
    levels = [(side, 100_000 - side * 10 * number, 1 + number) for number in range(LEVELS_MAX)][::-1]
    book = fed(packet(0, *levels, (-side, 100_000 + side * 5, 7), snapshot=True))
    answers(book, packet(1, (side, 100_000 - side * distance, lots)))
    levels = levels_of(book, side)
    assert book["levels_dropped"] == dropped
    assert len(levels) == LEVELS_MAX - (lots == 0)
    assert levels[0] == (100_000 - side * best[0], best[1])
    assert levels[-1][0] == 100_000 - side * furthest
    assert level_lots(book, side, 100_000 - side * distance) == (lots if distance < 10 * LEVELS_MAX else 0)
    assert levels_of(book, -side) == [(100_000 + side * 5, 7)]


QUERIES = [
    # function, arguments after the book, answer; bids 10@100 20@99 5@95, asks 8@102 12@103 40@110
    (depth_lots, (1, 0), 10), (depth_lots, (1, 1), 30), (depth_lots, (1, 4), 30), (depth_lots, (1, 5), 35),
    (depth_lots, (-1, 0), 8), (depth_lots, (-1, 7), 20), (depth_lots, (-1, 8), 60),
    (depth_lots, (-1, 2**40), 60), (depth_lots, (1, -1), 0),
    (depth_levels, (1, 0), 0), (depth_levels, (1, 1), 10), (depth_levels, (1, 2), 30),
    (depth_levels, (1, 9), 35), (depth_levels, (-1, 2), 20), (depth_levels, (-1, -1), 0),
    (level_lots, (1, 100), 10), (level_lots, (1, 95), 5), (level_lots, (1, 98), 0), (level_lots, (1, 102), 0),
    (level_lots, (-1, 102), 8), (level_lots, (-1, 110), 40), (level_lots, (-1, 111), 0),
    (levels_inside, (1, 101), 0), (levels_inside, (1, 100), 1), (levels_inside, (1, 96), 2),
    (levels_inside, (1, 95), 3), (levels_inside, (1, 0), 3), (levels_inside, (-1, 101), 0),
    (levels_inside, (-1, 102), 1), (levels_inside, (-1, 109), 2), (levels_inside, (-1, 200), 3),
    (sweep, (1, 0, 999), (0, 0, 0)), (sweep, (1, 9, 102), (8, 816, 102)), (sweep, (1, 9, 999), (9, 919, 103)),
    (sweep, (1, 61, 110), (60, 6452, 110)), (sweep, (1, 9, 101), (0, 0, 0)),
    (sweep, (-1, 5, 100), (5, 500, 100)), (sweep, (-1, 31, 0), (31, 3075, 95)),
    (sweep, (-1, 31, 96), (30, 2980, 99)), (sweep, (-1, 5, 101), (0, 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "arguments", "answer"), QUERIES, ids=[f"{case[0].__name__}{case[1]}" for case in QUERIES]
)
def test_queries(query: Any, arguments: tuple[int, ...], answer: Any) -> None:
    """The answer for a small book, compiled and as plain Python; the book stays as it is."""
    books = new_books(1)
    answers(books[0], two_sided())
    before = books.tobytes()
    assert query(books[0], *arguments) == answer
    assert getattr(query, "py_func", query)(books[0], *arguments) == answer
    assert books.tobytes() == before


def test_levels_are_copied_best_first_as_far_as_there_is_room() -> None:
    """As many as fit; what stands behind them in the caller's arrays is left alone."""
    book = fed(two_sided())
    assert levels_of(book, 1, 2) == [(100, 10), (99, 20)]
    assert (levels_of(book, -1, 9), levels_of(book, -1, 0)) == ([(102, 8), (103, 12), (110, 40)], [])
    prices, lots = np.full(5, -7), np.full(5, -7)
    assert copy_levels(book, 1, prices, lots) == 3
    assert prices.tolist() == [100, 99, 95, -7, -7]
    assert lots.tolist() == [10, 20, 5, -7, -7]


class Twin:
    """The rules once more, over two dictionaries of price and lots."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.status, self.touch, self.since = BOOK_EMPTY, NONE, 0
        self.taking = self.snapshot = False
        self.dropped = self.locked = self.crossed = 0

    def take(self, row: np.void) -> bool:
        """One row; whether another touch or status was published."""
        before = self.status, self.touch
        if row["kind"] == GAP:
            self.forget()
        if row["kind"] == CLEAR and row["flags"] & FLAG_SNAPSHOT:
            self.taking = self.snapshot = True
        if self.taking and row["kind"] == CLEAR:
            self.levels = {1: {}, -1: {}}
        elif self.taking:
            self.change(int(row["side"]), int(row["price_ticks"]), int(row["size_lots"]))
        if self.taking and row["flags"] & FLAG_LAST:
            self.end(row)
        return before != (self.status, self.touch)

    def sorted(self, side: int) -> list[tuple[int, int]]:
        """Price and lots of the levels of a side, best first."""
        return sorted(self.levels[side].items(), key=lambda level: -level[0] * side)

    def forget(self) -> None:
        """No levels, no touch, until a snapshot."""
        self.levels = {1: {}, -1: {}}
        self.taking = self.snapshot = False
        self.status, self.touch = BOOK_INVALID, NONE

    def change(self, side: int, price: int, lots: int) -> None:
        """The level is what the row says."""
        levels = self.levels[side]
        levels[price] = lots
        if lots == 0:
            del levels[price]
        if len(levels) > LEVELS_MAX:
            del levels[min(levels, key=lambda each: each * side)]
            self.dropped += 1

    def end(self, row: np.void) -> None:
        """The end of a packet: status and touch."""
        if self.snapshot and not row["flags"] & FLAG_SNAPSHOT:
            self.forget()
            return
        self.snapshot = False
        bid, ask = max(self.levels[1], default=None), min(self.levels[-1], default=None)
        if bid is not None and ask is not None and bid > ask:
            self.crossed += 1
            self.since = self.since if self.status == BOOK_CROSSED else int(row["ts_exchange"])
            self.status = BOOK_CROSSED
            if row["ts_exchange"] - self.since >= CROSSED_NS_MAX:
                self.forget()
            return
        self.locked += bid is not None and bid == ask
        self.status = (BOOK_EMPTY, BOOK_ONE_SIDED, BOOK_OK)[(bid is not None) + (ask is not None)]
        bids, asks = self.sorted(1) or [(0, 0)], self.sorted(-1) or [(0, 0)]
        self.touch = (*bids[0], *asks[0])


def stream(seed: int, packets: int) -> Iterator[np.ndarray]:
    """Packets of a made-up venue: mostly changes around a wandering price, and all that goes wrong."""
    print(f"seed {seed}")
    chance = np.random.default_rng(seed)
    ms, middle = 0, 1000
    for _ in range(packets):
        ms += int(chance.integers(0, 30))
        middle += int(chance.integers(-1, 2))
        what = chance.random()
        sides = chance.choice((1, -1), int(chance.integers(1, 6 if what > 0.13 else 12)))
        lots = chance.integers(0, 9, len(sides)) * (chance.random(len(sides)) < 0.7)  # many are deletions
        aways = chance.integers(-1, 10, len(sides))  # now and then on the wrong side of the middle
        levels = [(s, middle - s * a, n) for s, a, n in zip(sides, aways, lots, strict=True)]
        if what < 0.03:
            yield lone(GAP, ms)
        elif what < 0.05:
            yield lone(CLEAR, ms)
        else:
            yield packet(ms, *levels, snapshot=what < 0.13, last=what > 0.07)


def deep_stream(seed: int) -> Iterator[np.ndarray]:
    """A snapshot that nearly fills both sides, and changes all over them."""
    print(f"seed {seed}")
    chance = np.random.default_rng(seed)

    def levels(count: int) -> list[Level]:  # the furthest first: plain Python moves nothing then
        aways = np.sort(chance.choice(3 * LEVELS_MAX, count, replace=False))[::-1]
        return [(side, 50_000 - side * int(away), int(away) % 5) for away in aways for side in (1, -1)]

    yield packet(
        0, *((side, price, lots or 1) for side, price, lots in levels(LEVELS_MAX - 9)), snapshot=True
    )
    for ms in range(150):
        yield packet(ms, *levels(2))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_streams_against_dictionaries(seed: int) -> None:
    """After each row the book says what the two dictionaries say, its queries too."""
    book, twin, seen = new_books(1)[0], Twin(), set[int]()
    chance = np.random.default_rng(seed)
    for row in np.concatenate(list(stream(seed, 700))):
        assert bool(take_level_row(book, row)) == twin.take(row)
        assert (book["status"], touch(book), book["in_snapshot"]) == (twin.status, twin.touch, twin.snapshot)
        seen.add(int(book["status"]))
        for side in (1, -1):
            levels = twin.sorted(side)
            assert levels_of(book, side, 64) == levels
            check_queries(book, side, levels, int(chance.integers(0, 12)))
    assert [book[name] for name in ("locked_packets", "crossed_packets")] == [twin.locked, twin.crossed]
    assert seen == {BOOK_EMPTY, BOOK_INVALID, BOOK_ONE_SIDED, BOOK_CROSSED, BOOK_OK}
    assert book["gaps"] > 0 < book["snapshots"]


def check_queries(book: Any, side: int, levels: list[tuple[int, int]], number: int) -> None:
    """Each query by its definition; `number` is levels, ticks or lots."""
    limit = (levels[0][0] if levels else 0) - side * number
    inside = [(price, lots) for price, lots in levels if (price - limit) * side >= 0]
    assert depth_levels(book, side, number) == sum(lots for _, lots in levels[:number])
    assert depth_lots(book, side, number) == sum(lots for _, lots in inside)
    assert levels_inside(book, side, limit) == len(inside)
    assert level_lots(book, side, limit) == dict(levels).get(limit, 0)
    single = [price for price, lots in inside for _ in range(lots)][: 3 * number]
    assert sweep(book, -side, 3 * number, limit) == (len(single), sum(single), single[-1] if single else 0)


def test_full_sides_against_dictionaries() -> None:
    """With thousands of levels and no room for more, the same levels stay and the same are dropped."""
    book, twin = new_books(1)[0], Twin()
    for row in np.concatenate(list(deep_stream(SEEDS[0]))):
        assert bool(take_level_row(book, row)) == twin.take(row)
    for side in (1, -1):
        assert levels_of(book, side) == twin.sorted(side)
    assert book["levels_dropped"] == twin.dropped > 100


def market(seed: int) -> np.ndarray:
    """Rows of three instruments, packet by packet, and trades and quotes among them."""
    packets: list[np.ndarray] = []
    for together in zip(*(stream(seed + number, 300) for number in range(3)), strict=True):
        for number, rows in enumerate(together):
            rows["instrument"] = number
        packets += [*together, lone(TRADE, 0), lone(QUOTE_BID, 0)]
    return np.concatenate(packets)


@pytest.mark.parametrize("seed", SEEDS)
def test_chunks_do_not_matter(seed: int) -> None:
    """One chunk, random chunks and single rows end in the same bytes and count the same changes."""
    rows = market(seed)
    book_of = np.array([1, -1, 0])
    whole, parts, single = new_books(2), new_books(2), new_books(2)
    changes = take_level_rows(whole, rows, book_of)
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(rows), 40))
    assert sum(take_level_rows(parts, part, book_of) for part in np.split(rows, cuts)) == changes > 100
    ours = rows[rows["instrument"] != 1]
    assert sum(take_level_row(single[book_of[row["instrument"]]], row) for row in ours) == changes
    assert whole.tobytes() == parts.tobytes() == single.tobytes()


def test_plain_python_gives_the_same_books(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of all of this module, over random streams and full sides, bit for bit."""
    rows = np.concatenate([market(SEEDS[0]), *deep_stream(SEEDS[1])])
    compiled, plain = new_books(3), new_books(3)
    changes = take_level_rows(compiled, rows, np.arange(3))
    for name, function in list(vars(module).items()):
        monkeypatch.setattr(module, name, getattr(function, "py_func", function))
    assert module.take_level_rows(plain, rows, np.arange(3)) == changes
    assert plain.tobytes() == compiled.tobytes()
