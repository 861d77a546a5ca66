"""Real L2 replayed row by row against the venue's own best bid and offer, an independent stream.

Rule 1: after each message bid, ask and both sizes are those of the venue's newest quote whose
        update id is not above the message's. Quotes of the spot market leave a few changes
        out, so a few of its states may differ there; at an equal update id they may not.
Rule 2: a message that is missing makes the book invalid until the next snapshot, and after
        that snapshot it is again the book that never missed anything.

The messages arrive from before the snapshot was asked for. The venue's rule for joining them
is applied here: drop what ends at or before the snapshot's id, check that the first message
kept bridges it, and apply the rest after it, also those that arrived before it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seawall.kernels.book import BOOK_INVALID, BOOK_OK, copy_levels, new_books, take_level_rows
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, ROW

ONE_BOOK = np.zeros(1, np.int64)
TOUCH = ["bid_ticks", "bid_lots", "ask_ticks", "ask_lots"]


@dataclass(frozen=True)
class Market:
    """One recorded market: its files, the size of its tick and lot, the share that must agree."""

    files: str
    ticks_per_unit: int
    lots_per_unit: int
    agreeing_min: float


MARKETS = {
    "coin-m": Market("binance_coinm_BTCUSD_PERP_20240808-09", 10, 1, 1.0),
    "usdm": Market("binance_usdm_BTCUSDT_20240808", 10, 1_000, 1.0),
    "spot": Market("binance_spot_BTCUSDT_20240808-09", 100, 100_000, 0.9995),
}


@dataclass(frozen=True)
class Replay:
    """A market's rows, the book after the last of them, and what it published after each packet."""

    market: Market
    rows: np.ndarray
    books: np.ndarray
    states: pl.DataFrame


@pytest.fixture(scope="module", params=MARKETS)
def replay(request: pytest.FixtureRequest, shared_data: Path) -> Replay:
    """Each market in turn; skips where kernels are plain Python, which takes minutes for a market."""
    if not hasattr(take_level_rows, "py_func"):
        pytest.skip("half a million rows are for compiled kernels: unset NUMBA_DISABLE_JIT")
    market = MARKETS[request.param]
    rows = rows_of(shared_data, market)
    books = new_books(1)
    states = pl.DataFrame(published(books, rows), schema=["sequence", "status", *TOUCH], orient="row")
    print(f"{request.param}: {speed(rows)}")
    return Replay(market, rows, books, states)


def published(books: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Sequence, status and touch after each packet of rows."""
    begin = 0
    for end in np.flatnonzero(rows["flags"] & FLAG_LAST) + 1:
        take_level_rows(books, rows[begin:end], ONE_BOOK)
        yield tuple(int(books[0][field]) for field in ("sequence", "status", *TOUCH))
        begin = end


def speed(rows: np.ndarray) -> str:
    """How fast one compiled loop takes the rows."""
    begun = time.perf_counter()
    take_level_rows(new_books(1), rows, ONE_BOOK)
    seconds = time.perf_counter() - begun
    return f"{len(rows)} rows in {seconds:.3f} s, {len(rows) / seconds / 1e6:.1f} million a second"


def joined(folder: Path, market: Market) -> pl.DataFrame:
    """The snapshot and the messages that follow it, in the order in which they apply."""
    frame = pl.read_parquet(folder / "l2_crypto" / f"{market.files}_l2_delta.parquet")
    snapshot = frame.filter(pl.col("is_snapshot"))
    held = int(snapshot["last_update_id"][0])
    kept = frame.filter(~pl.col("is_snapshot") & (pl.col("last_update_id") > held))
    assert kept["first_update_id"][0] <= held + 1 <= kept["last_update_id"][0]
    return pl.concat([snapshot, kept])


def rows_of(folder: Path, market: Market) -> np.ndarray:
    """The joined messages as market rows, a packet a message, the clock of the recorder put right."""
    frame = joined(folder, market)
    rows = np.zeros(frame.height + 1, ROW)
    body = rows[1:]
    body["ts_exchange"] = np.maximum.accumulate(frame["ts_ns"].to_numpy())
    received = np.maximum.accumulate(frame["ts_recv_ns"].to_numpy())
    body["ts_local"] = received + np.max(body["ts_exchange"] - received)
    body["sequence"] = frame["last_update_id"]
    body["price_ticks"] = np.rint(frame["price"].to_numpy() * market.ticks_per_unit)
    body["size_lots"] = np.rint(frame["qty"].to_numpy() * market.lots_per_unit)
    body["side"] = frame["side"]
    body["kind"] = LEVEL
    message = frame["msg_id"].to_numpy()
    last = np.append(message[1:] != message[:-1], True)
    body["flags"] = last * FLAG_LAST + frame["is_snapshot"].to_numpy() * FLAG_SNAPSHOT
    rows[0] = body[0]
    for field, value in (("kind", CLEAR), ("side", 0), ("price_ticks", 0), ("size_lots", 0)):
        rows[0][field] = value
    return rows


def quotes_of(folder: Path, market: Market) -> pl.DataFrame:
    """The venue's own best bid and offer by update id, in ticks and lots."""
    frame = pl.read_parquet(folder / "l2_crypto" / f"{market.files}_bbo.parquet")

    def whole(column: str, per_unit: int) -> pl.Expr:
        return (pl.col(column) * per_unit).round().cast(pl.Int64)

    return frame.select(
        pl.col("update_id").alias("sequence"),
        whole("bid_px", market.ticks_per_unit).alias("quoted_bid_ticks"),
        whole("bid_qty", market.lots_per_unit).alias("quoted_bid_lots"),
        whole("ask_px", market.ticks_per_unit).alias("quoted_ask_ticks"),
        whole("ask_qty", market.lots_per_unit).alias("quoted_ask_lots"),
    )


def test_the_touch_is_the_one_that_the_venue_quotes(replay: Replay, shared_data: Path) -> None:
    """All four values after each message, at its own update id too; no state is crossed, locked or empty."""
    quotes = quotes_of(shared_data, replay.market)
    newest = replay.states.join_asof(quotes, on="sequence").drop_nulls()
    same = replay.states.join(quotes, on="sequence")
    differ, differ_same = differing(newest), differing(same)
    book = replay.books[0]
    print(
        f"{replay.market.files}: {newest.height} states compared, {differ} differ; of these {same.height} at "
        f"an equal update id, {differ_same} differ; levels {book['counts']}, dropped {book['levels_dropped']}"
    )
    assert newest.height == replay.states.height == book["packets"] > 6_000
    assert differ <= (1 - replay.market.agreeing_min) * newest.height
    assert same.height > 500
    assert differ_same == 0
    assert replay.states["status"].unique().to_list() == [BOOK_OK]
    assert book["crossed_packets"] == book["locked_packets"] == book["gaps"] == 0


def differing(both: pl.DataFrame) -> int:
    """How many states are not as quoted."""
    equal = pl.all_horizontal(pl.col(name) == pl.col(f"quoted_{name}") for name in TOUCH)
    return both.filter(~equal).height


def snapshot_of(book: Any, last: Any) -> np.ndarray:
    """A snapshot packet of all levels of a book, at the time of the row that it took last."""
    rows = np.zeros(1 + int(book["counts"].sum()), ROW)
    for name in ("ts_exchange", "ts_local", "sequence"):
        rows[name] = last[name]
    rows["kind"], rows["flags"] = LEVEL, FLAG_SNAPSHOT
    rows["kind"][0] = CLEAR
    rows["flags"][-1] |= FLAG_LAST
    place = 1
    for side in (1, -1):
        room = rows[place:]
        count = copy_levels(book, side, room["price_ticks"], room["size_lots"])
        room["side"][:count] = side
        place += count
    return rows


def test_a_message_is_missing(replay: Replay) -> None:
    """Nothing is published from the gap on, until a snapshot ends; then all is as if it had not been."""
    ends = np.flatnonzero(replay.rows["flags"] & FLAG_LAST) + 1
    lost, taken = len(ends) // 3, len(ends) // 2  # the message that is lost, the last before the snapshot
    gap = replay.rows[ends[lost] - 1 : ends[lost]].copy()
    for field, value in (("kind", GAP), ("side", 0), ("price_ticks", 0), ("size_lots", 0)):
        gap[field] = value
    whole, holed = new_books(1), new_books(1)
    take_level_rows(whole, replay.rows[: ends[taken]], ONE_BOOK)
    snapshot = snapshot_of(whole[0], replay.rows[ends[taken] - 1])
    before, after = replay.rows[: ends[lost - 1]], replay.rows[ends[lost] : ends[taken]]
    rest = replay.rows[ends[taken] :]
    rows = np.concatenate([before, gap, after, snapshot, rest])
    states = list(published(holed, rows))
    expected = replay.states.rows()
    assert states[:lost] == expected[:lost]
    assert [state[1:] for state in states[lost : taken + 1]] == [(BOOK_INVALID, 0, 0, 0, 0)] * (
        taken + 1 - lost
    )
    assert states[taken + 1 :] == expected[taken:]
    assert holed[0]["gaps"] == 1
    for field in ("counts", "keys", "lots"):
        assert np.array_equal(holed[0][field], replay.books[0][field])
