"""Another latency of the feed: what a draw depends on, its distribution, its bound, and its order."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tick_world import write_market

from seawall.kernels.rows import FLAG_LAST, ROW, TRADE
from seawall.runtime.feed_latency import LATENCY_P99S_MAX, feed_latency
from seawall.simulator.settings import LatencySpread, VenueSettings
from seawall.store.row_source import open_rows

MS = 1_000_000
SPREAD = LatencySpread("5ms", "40ms")


def stream(count: int, step_ns: int, packet: int = 1, ts_local: int = 0) -> np.ndarray:
    """Messages of so many rows each, a step apart at the exchange."""
    rows = np.zeros(count * packet, ROW)
    rows["ts_exchange"] = np.repeat(np.arange(count, dtype=np.int64) * step_ns, packet)
    rows["ts_local"] = ts_local
    rows["kind"] = TRADE
    rows["flags"][packet - 1 :: packet] = FLAG_LAST
    return rows


def restamped(
    latency: Any, pieces: list[np.ndarray], seed: int = 7, name: str = "X/trades"
) -> tuple[np.ndarray, int]:
    """ts_local of all pieces of a stream after one pass, and the bound."""
    make, bound = feed_latency(VenueSettings(latency_feed=latency), seed)
    assert make is not None
    assert bound is not None
    restamp = make()
    copies = [piece.copy() for piece in pieces]
    for copy in copies:
        restamp(name, copy)
    return np.concatenate([copy["ts_local"] for copy in copies]), bound


def test_recorded_latencies_stay() -> None:
    """Nothing rewrites them, and their bound is the data's."""
    assert feed_latency(VenueSettings(), 7) == (None, None)


@pytest.mark.parametrize(("latency", "expected"), [("0", 0), ("3ms", 3 * MS), ("250us", 250_000)])
def test_a_constant(latency: str, expected: int) -> None:
    """Every row comes so much later, whatever was recorded; that is its bound as well."""
    rows = stream(50, MS, packet=3, ts_local=999 * MS)
    times, bound = restamped(latency, [rows])
    assert (times - rows["ts_exchange"] == expected).all()
    assert bound == expected


def test_a_log_normal_has_its_percentiles() -> None:
    """Of 20,000 messages that cannot catch up with one another, seed 7: median 5 ms, p99 40 ms, all drawn."""
    rows = stream(20_000, 1_000 * MS)
    times, bound = restamped(SPREAD, [rows])
    latencies = (times - rows["ts_exchange"]) / MS
    assert np.quantile(latencies, 0.5) == pytest.approx(5.0, rel=0.04)
    assert np.quantile(latencies, 0.99) == pytest.approx(40.0, rel=0.08)
    assert len(np.unique(latencies)) > 19_000
    assert bound == LATENCY_P99S_MAX * 40 * MS


def test_a_draw_is_cut_at_the_bound() -> None:
    """Where the spread is so wide that draws exceed ten 99th percentiles, they are that."""
    rows = stream(20_000, 10**13)
    times, bound = restamped(LatencySpread("1ns", "40ms"), [rows])
    latencies = times - rows["ts_exchange"]
    assert latencies.max() == bound == 400 * MS
    assert np.count_nonzero(latencies == bound) < 100


@pytest.mark.parametrize("latency", ["5ms", SPREAD])
def test_messages_keep_their_order_and_stay_whole(latency: Any) -> None:
    """In a stream nothing overtakes; all rows of a message arrive at once; never before they left."""
    rows = stream(3_000, MS, packet=4)
    times, bound = restamped(latency, [rows])
    assert (np.diff(times) >= 0).all()
    assert (times.reshape(-1, 4) == times[::4, None]).all()
    assert ((times - rows["ts_exchange"]) >= 0).all()
    assert (
        (times - rows["ts_exchange"]) <= bound
    ).all()  # to wait for an earlier one adds nothing to the bound


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("packet", [1, 5])
def test_cuts_change_nothing(seed: int, packet: int) -> None:
    """Pieces of any length, also such that end inside of a message."""
    chance = random.Random(seed)
    rows = stream(400, MS, packet)
    ends = sorted(chance.randrange(len(rows) + 1) for _ in range(30))
    whole, _ = restamped(SPREAD, [rows], seed)
    pieces, _ = restamped(SPREAD, np.split(rows, ends), seed)
    assert whole.tolist() == pieces.tolist()


def test_what_a_draw_depends_on() -> None:
    """Seed, stream and place; the recorded time of arrival does not count, a second pass is the first one."""
    rows = stream(300, 1_000 * MS)
    first, _ = restamped(SPREAD, [rows])
    assert restamped(SPREAD, [stream(300, 1_000 * MS, ts_local=77)])[0].tolist() == first.tolist()
    assert restamped(SPREAD, [rows[:100]])[0].tolist() == first[:100].tolist()
    for other in (restamped(SPREAD, [rows], seed=8), restamped(SPREAD, [rows], name="X/quotes")):
        assert np.count_nonzero(other[0] == first) < 5


def test_another_stream_changes_nothing() -> None:
    """Messages of two streams in turn have the latencies that each of them has alone."""
    make, _ = feed_latency(VenueSettings(latency_feed=SPREAD), 7)
    assert make is not None
    restamp = make()
    rows = stream(300, 1_000 * MS)
    turns = np.split(rows.copy(), 10)
    for turn in turns:
        restamp("Y/trades", rows.copy())
        restamp("X/trades", turn)
    alone, _ = restamped(SPREAD, [rows])
    assert np.concatenate([turn["ts_local"] for turn in turns]).tolist() == alone.tolist()


@pytest.mark.parametrize("latency", ["20ms", SPREAD])
def test_another_instrument_changes_nothing(tmp_path: Path, latency: Any) -> None:
    """Read from a catalog, with and without a second instrument beside it: the same rows of the first."""
    catalog = write_market(tmp_path, {"A": 1, "B": 2}, packets=150)
    restamp, bound = feed_latency(VenueSettings(latency_feed=latency), 7)
    read: list[np.ndarray] = []
    for names in (["A"], ["A", "B"], ["B", "A"]):
        source = open_rows(catalog, names, ["trades", "levels"], restamp=restamp, latency_ns_max=bound)
        rows = np.concatenate(list(source.pieces(37)))
        own = rows[rows["instrument"] == names.index("A")].copy()
        assert (source.first_ns, source.last_ns) == (rows["ts_local"][0], rows["ts_local"][-1])
        own["instrument"] = 0
        read.append(own)
    assert read[0].tobytes() == read[1].tobytes() == read[2].tobytes()
