"""Duplicates, gaps and snapshots by the venue's numbers: tables, a true book as oracle, six real files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.store.sequences import NO_NUMBER, Messages, Sequenced, lift, number_rows, sequence_levels

STREAMS = [
    ("binance_coinm_BTCUSD_PERP_20240808-09", 23),
    ("binance_spot_BTCUSDT_20240808-09", 2),
    ("binance_usdm_BTCUSDT_20240808", 4),
]


def messages(*rows: str) -> Messages:
    """Messages written as `U-u`, `U-u<pu` or `S<L>`; one arrives each 10 ns, sent 5 ns before."""
    first, last, previous, snapshot = [], [], [], []
    for row in rows:
        span, _, before = row.partition("<")
        head, _, tail = span.removeprefix("S").partition("-")
        first.append(int(head))
        last.append(int(tail or head))
        previous.append(int(before) if before else NO_NUMBER)
        snapshot.append(row.startswith("S"))
    local = np.arange(len(rows), dtype=np.int64) * 10 + 100
    numbers = (np.array(values, np.int64) for values in (first, last, previous))
    return Messages(local - 5, local, *numbers, np.array(snapshot, np.bool_))


def written(found: Sequenced, given: Messages) -> str:
    """What is applied: numbers, S before a snapshot's, G<first missing>x<how many> for a gap."""
    words = []
    for message, number, missing in zip(found.message, found.sequence, found.missing, strict=True):
        mark = f"G{number}x{missing}" if message < 0 else f"{'S' if given.snapshot[message] else ''}{number}"
        words.append(mark)
    return " ".join(words)


CASES = [
    # what arrives, the last stored number, what is applied, duplicates, late, dropped
    ("1-2 3-4 5-6", 0, "2 4 6", 0, 0, 0),
    ("1-2 5-6", 0, "2 G3x2 6", 0, 0, 0),
    ("1-2<0 5-6<2 9-9<7", 0, "2 6 G7x1 9", 0, 0, 0),
    ("3-4", 1, "G2x1 4", 0, 0, 0),
    ("1-2 3-4 3-4 5-6", 0, "2 4 6", 1, 0, 0),
    ("1-2 5-6 3-4 7-8", 0, "2 G3x2 6 8", 0, 1, 0),
    ("1-2 3-4 5-6", 4, "6", 2, 0, 0),
    ("S4 5-6 7-8", 0, "S4 6 8", 0, 0, 0),
    ("S4 3-6 7-8", 0, "S4 6 8", 0, 0, 0),
    ("S4 6-6 7-8", 0, "S4 G5x1 6 8", 0, 0, 0),
    ("1-2 3-4 5-6 S3 7-8", 0, "S3 4 6 8", 0, 0, 1),
    ("1-2 3-4 S4 5-6", 0, "S4 6", 0, 0, 2),
    ("1-2 3-4 S2 5-6", 0, "S2 4 6", 0, 0, 1),
    ("1-2 7-8 S4 9-9", 0, "S4 G5x2 8 9", 0, 0, 1),
    ("1-2 S6 3-4 5-6 7-8", 0, "S6 8", 0, 0, 3),
    ("1-2 S1", 0, "S1 2", 0, 0, 0),
    ("S2", 0, "S2", 0, 0, 0),
    # a book is there already
    ("S2 3-4 5-6 S4 7-8", 0, "S2 4 6 8", 0, 0, 1),
    ("S2 3-4 S4 5-6", 0, "S2 4 S4 6", 0, 0, 0),
    ("S2 3-4 S9 5-6 7-8 9-10", 0, "S2 4 S9 10", 0, 0, 2),
    ("S2 3-4 S4 S4 5-6", 0, "S2 4 S4 6", 1, 0, 0),
    ("S2 S9 S4 10-10", 0, "S2 S9 10", 0, 0, 1),
    ("1-2 5-6 S2 S3 7-8", 0, "S2 G3x2 S3 G4x1 6 8", 0, 0, 1),
    ("1-2 5-6 S2 S4 7-8", 0, "S2 G3x2 S4 6 8", 0, 0, 1),
    # a gap, and the snapshot that repairs the book, or cannot
    ("S2 3-4 7-8 9-9 S8 10-10", 0, "S2 4 G5x2 8 S8 9 10", 0, 0, 0),
    ("S2 3-4 7-8 9-9 S6 10-10", 0, "S2 4 G5x2 S6 8 9 10", 0, 0, 0),
    ("S2 3-4 7-8 9-9 S3 10-10", 0, "S2 4 G5x2 8 9 10", 0, 0, 1),
    ("3-4 S4 5-6", 1, "G2x1 4 S4 6", 0, 0, 0),
    ("1-2 S2 3-4", 2, "4", 2, 0, 0),
    ("1-2 3-4 S2 5-6", 4, "6", 3, 0, 0),
]


@pytest.mark.parametrize(
    ("arrives", "stored", "applied", "duplicates", "late", "dropped"), CASES, ids=[c[0] for c in CASES]
)
def test_what_is_applied(
    arrives: str, stored: int, applied: str, duplicates: int, late: int, dropped: int
) -> None:
    """Each stream in the order in which its messages are applied, with its gaps; nothing is lost."""
    given = messages(*arrives.split())
    found = sequence_levels(given, last_stored=stored)
    assert written(found, given) == applied
    assert (len(found.duplicates), len(found.late), len(found.dropped)) == (duplicates, late, dropped)
    assert found.gaps == applied.count("G")
    assert np.all(np.diff(found.ts_local) >= 0)
    assert np.all(np.diff(found.ts_exchange) >= 0)
    assert np.all(found.ts_exchange <= found.ts_local)


def test_the_times_around_a_snapshot() -> None:
    """What waited is stamped with its arrival; it precedes what follows it, in exchange time too."""
    given = messages("1-2", "3-4", "5-6", "S2", "9-9")
    found = sequence_levels(given)
    assert written(found, given) == "S2 4 6 G7x2 9"
    assert found.ts_local.tolist() == [130, 130, 130, 140, 140]
    assert found.ts_exchange.tolist() == [105, 105, 115, 135, 135]


def test_back_steps_are_lifted_and_counted() -> None:
    """The running maximum, and how many values it raised."""
    values, count = lift(np.array([1, 4, 2, 3, 5]))
    assert (values.tolist(), count) == ([1, 4, 4, 4, 5], 2)
    assert lift(np.zeros(0, np.int64))[1] == 0


ROWS = [
    # numbers, last stored, kept, duplicates, late, first missing, how many
    ([1, 2, 3], 0, [1, 2, 3], 0, 0, [], []),
    ([1, 2, 2, 3], 0, [1, 2, 3], 1, 0, [], []),
    ([5, 6, 9], 3, [5, 6, 9], 0, 0, [], []),  # two skips of three: the numbers do not count by one
    ([5, 6, 7, 9], 4, [5, 6, 7, 9], 0, 0, [8], [1]),
    ([7, 8, 9], 4, [7, 8, 9], 0, 0, [5], [2]),
    ([1, 2, 4, 3, 5], 0, [1, 2, 4, 5], 0, 1, [3], [1]),
    ([3, 4, 5, 6], 4, [5, 6], 2, 0, [], []),
    ([0, 0, 0], 9, [0, 0, 0], 0, 0, [], []),
    ([], 0, [], 0, 0, [], []),
]


@pytest.mark.parametrize(("numbers", "stored", "kept", "duplicates", "late", "first", "missing"), ROWS)
def test_rows_with_a_number_each(
    numbers: list[int], stored: int, kept: list[int], duplicates: int, late: int, first: list[int],
    missing: list[int],
) -> None:  # fmt: skip
    """Trades and quotes: seen before is a duplicate, unseen and lower is late, skipped is a gap."""
    array = np.array(numbers, np.int64)
    found = number_rows(array, last_stored=stored)
    assert array[found.keep].tolist() == kept
    assert (int(found.duplicates.sum()), int(found.late.sum())) == (duplicates, late)
    assert found.gap_first[found.gap_first > 0].tolist() == first
    assert found.gap_missing[found.gap_first > 0].tolist() == missing


# A true book as oracle -------------------------------------------------------------------


class Venue(NamedTuple):
    """Changes by number, and the messages that carry them: (U, u, pu)."""

    changes: dict[int, tuple[int, int]]  # number -> (level, size)
    sent: list[tuple[int, int, int]]

    def book(self, number: int) -> dict[int, int]:
        """The sizes after all changes up to a number."""
        return {level: size for at, (level, size) in self.changes.items() if at <= number}


@st.composite
def venues(draw: st.DrawFn) -> tuple[Venue, bool]:
    """A venue whose messages cover one to three numbers, on futures with numbers that stay unused."""
    futures = draw(st.booleans())
    changes: dict[int, tuple[int, int]] = {}
    sent: list[tuple[int, int, int]] = []
    number = 10
    for width in draw(st.lists(st.integers(1, 3), min_size=1, max_size=12)):
        before = number
        number += draw(st.integers(0, 2)) if futures else 0
        for at in range(number + 1, number + width + 1):
            changes[at] = (draw(st.integers(0, 3)), at)
        sent.append((number + 1, number + width, before))
        number += width
    return Venue(changes, sent), futures


@settings(max_examples=200, deadline=None)
@given(venues(), st.data())
def test_a_trusted_book_is_the_true_book(venue_of: tuple[Venue, bool], data: st.DataObject) -> None:
    """Whatever is lost, repeated or late: after a snapshot and before a gap, the book is the venue's."""
    venue, futures = venue_of
    arrived: list[tuple[int, int, int, bool]] = []
    for u_first, u_last, before in venue.sent:
        times = data.draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
        arrived += [(u_first, u_last, before if futures else NO_NUMBER, False)] * times
    for number in data.draw(st.lists(st.integers(10, venue.sent[-1][1]), max_size=3)):
        place = data.draw(st.integers(0, len(arrived)))
        arrived.insert(place, (number, number, NO_NUMBER, True))
    if data.draw(st.booleans()) and len(arrived) > 1:
        place = data.draw(st.integers(0, len(arrived) - 2))
        arrived[place], arrived[place + 1] = arrived[place + 1], arrived[place]
    local = np.arange(len(arrived), dtype=np.int64) * 10
    columns = (np.array([row[i] for row in arrived], np.int64) for i in range(3))
    given = Messages(local, local, *columns, np.array([row[3] for row in arrived], np.bool_))
    found = sequence_levels(given)
    book: dict[int, int] = {}
    trusted = False
    for message, number in zip(found.message.tolist(), found.sequence.tolist(), strict=True):
        if message < 0:
            trusted = False
        elif given.snapshot[message]:
            book, trusted = venue.book(number), True
        else:
            spanned = range(int(given.first[message]), number + 1)
            book |= dict(venue.changes[at] for at in spanned if at in venue.changes)
        assert not trusted or book == venue.book(number), written(found, given)
    known = [*found.message[found.message >= 0], *found.duplicates, *found.late, *found.dropped]
    assert sorted(known) == list(range(len(given)))


# Real files ------------------------------------------------------------------------------


def real_messages(path: Path) -> Messages:
    """The messages of a file of levels."""
    heads = (
        pl.read_parquet(path)
        .group_by("msg_id", maintain_order=True)
        .agg(
            pl.col("ts_ns", "ts_recv_ns", "first_update_id", "last_update_id").first(),
            pl.col("prev_update_id").first().fill_null(NO_NUMBER),
            pl.col("is_snapshot").first(),
        )
    )
    names = ("ts_ns", "ts_recv_ns", "first_update_id", "last_update_id", "prev_update_id", "is_snapshot")
    return Messages(*(heads[name].to_numpy().copy() for name in names))


def without(given: Messages, keep: np.ndarray) -> Messages:
    """Those messages, by index."""
    return Messages(*(getattr(given, field)[keep] for field in Messages.__struct_fields__))


@pytest.mark.parametrize(("name", "dropped"), STREAMS, ids=[name for name, _ in STREAMS])
def test_real_books(shared_data: Path, name: str, dropped: int) -> None:
    """No gap; one message taken out makes one gap at its place, one repeated makes one duplicate."""
    given = real_messages(shared_data / "l2_crypto" / f"{name}_l2_delta.parquet")
    whole = sequence_levels(given)
    assert (whole.gaps, len(whole.duplicates), len(whole.late)) == (0, 0, 0)
    print(f"{name}: {len(whole.dropped)} messages dropped before the snapshot, {whole.lifted} lifted")
    assert len(whole.dropped) == dropped
    lost = len(given) // 2
    holed = sequence_levels(without(given, np.delete(np.arange(len(given)), lost)))
    place = int(np.flatnonzero(holed.message < 0).item())
    assert (holed.gaps, len(holed.duplicates)) == (1, 0)
    assert holed.sequence[place] == given.last[lost - 1] + 1
    assert holed.sequence[place + 1] == given.last[lost + 1]
    repeated = sequence_levels(without(given, np.insert(np.arange(len(given)), lost, lost)))
    assert (repeated.gaps, len(repeated.duplicates)) == (0, 1)
    assert np.array_equal(repeated.sequence, whole.sequence)


@pytest.mark.parametrize("name", [name for name, _ in STREAMS])
def test_real_trades(shared_data: Path, name: str) -> None:
    """No gap and no duplicate; one trade taken out makes one gap, one repeated makes one duplicate."""
    numbers = pl.read_parquet(shared_data / "l2_crypto" / f"{name}_trades.parquet")["trade_id"].to_numpy()
    whole = number_rows(numbers)
    assert (int(whole.gap_first.sum()), bool(whole.keep.all())) == (0, True)
    holed = number_rows(np.delete(numbers, 100))
    assert np.flatnonzero(holed.gap_first).tolist() == [100]
    assert (holed.gap_first[100], holed.gap_missing[100]) == (numbers[100], 1)
    assert np.flatnonzero(number_rows(np.insert(numbers, 100, numbers[99])).duplicates).tolist() == [100]
