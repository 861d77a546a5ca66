"""Bars: which rows make which bars, when they are complete, and what is never invented."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from seawall.kernels import bars
from seawall.kernels.bars import mix_row, rescale_bars, session_index, sessions_closed, take, take_bar_row
from seawall.kernels.rows import (
    BAR_BUY_VOLUME,
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_OPEN,
    BAR_TRADES,
    FLAG_LAST,
    FLAG_NO_VOLUME,
    ROW,
)
from seawall.kernels.state import BARS_KEPT, new_state

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OPEN = 20_000 * DAY + 14 * HOUR + 30 * MINUTE  # 09:30 in New York
CLOSE = OPEN + 6 * HOUR + 30 * MINUTE
WORD = (1 << 64) - 1
SEED = 5


def new_desk(interval_ns: int = 0, data_ns: int = MINUTE, assumed: int = -1) -> np.ndarray:
    """A state that knows ten sessions of 09:30 to 16:00 and one instrument."""
    state = new_state()
    s = state[0]
    s["instrument_count"] = 1
    s["bar_interval_ns"] = interval_ns
    s["volume_alpha"] = 0.25
    for day in range(10):
        s["session_open"][0, day] = OPEN + day * DAY
        s["session_close"][0, day] = CLOSE + day * DAY
    s["session_count"][0] = 10
    s["instruments"][0]["interval_ns"] = data_ns
    s["instruments"][0]["assumed_volume_lots"] = assumed
    return state


def bar(
    opens: int,
    closes: int,
    prices: tuple[int, int, int, int],
    volume: int | None = 100,
    late: int = 0,
    extra: int = 0,
) -> np.ndarray:
    """The rows of one bar: open, then high, low, close and `extra` rows; `late` ns after the exchange."""
    rows = np.zeros(4 + extra, ROW)
    rows["kind"] = [BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_BUY_VOLUME, BAR_TRADES][: 4 + extra]
    rows["price_ticks"][:4] = [prices[0], prices[1], prices[2], prices[3]]
    rows["ts_exchange"] = [opens] + [closes] * (3 + extra)
    rows["ts_local"] = rows["ts_exchange"] + late
    rows["flags"][[0, -1]] = FLAG_LAST
    rows["size_lots"][3] = volume or 0
    rows["size_lots"][4:] = 7
    if volume is None:
        rows["flags"][3] |= FLAG_NO_VOLUME
    return rows


def minute(number: int, price: int, volume: int | None = 100, late: int = 0) -> np.ndarray:
    """The bar of the minute that opens `number` minutes after 09:30, around a price."""
    start = OPEN + number * MINUTE
    return bar(start, start + MINUTE, (price, price + 3, price - 2, price + 1), volume, late)


def completed(
    state: np.ndarray, rows: np.ndarray, step: Callable[..., Any] = take
) -> Iterator[tuple[int, dict[str, float]]]:
    """(number of the row, the bar) for each row on which `take` says that a bar is complete."""
    s = state[0]
    for number, row in enumerate(rows):
        if step(s, row):
            last = s["bars"][0, (s["bar_count"][0] - 1) % BARS_KEPT]
            yield (
                number,
                {name: float(last[name]) for name in ("open", "high", "low", "close", "volume", "ts_close")},
            )


def closes_in_minutes(found: list[tuple[int, dict[str, float]]]) -> list[int]:
    """When the bars closed, in minutes since 09:30."""
    return [int(each["ts_close"] - OPEN) // MINUTE for _, each in found]


def test_daily_bars_are_complete_at_their_own_close() -> None:
    """One bar a packet, at its LAST row and not before, with its own prices and volume."""
    state = new_desk(data_ns=DAY)
    rows = np.concatenate(
        [bar(OPEN + d * DAY, CLOSE + d * DAY, (100 + d, 109, 95, 104), 1000 + d) for d in range(3)]
    )
    found = list(completed(state, rows))
    assert [number for number, _ in found] == [3, 7, 11]
    assert [each["open"] for _, each in found] == [100, 101, 102]
    assert found[2][1] == {
        "open": 102, "high": 109, "low": 95, "close": 104, "volume": 1002, "ts_close": float(CLOSE + 2 * DAY),
    }  # fmt: skip
    assert state[0]["bar_count"][0] == 3
    assert state[0]["updated"][0] == 1


@pytest.mark.parametrize(("extra", "last"), [(0, 3), (1, 4), (2, 5)])
def test_a_bar_ends_with_its_packet(extra: int, last: int) -> None:
    """Rows of buy volume and trades belong to it: complete on LAST, with the close as its price."""
    state = new_desk()
    rows = bar(OPEN, OPEN + MINUTE, (10, 12, 9, 11), 50, extra=extra)
    found = list(completed(state, rows))
    assert [number for number, _ in found] == [last]
    assert (found[0][1]["close"], found[0][1]["volume"]) == (11, 50)
    assert state[0]["instruments"][0]["mark_ticks"] == 11


FIVE = 5 * MINUTE
AGGREGATION = [
    # name, interval, minutes with data, minutes at which the bars close
    ("all minutes there", FIVE, range(10), [5, 10]),
    ("a hole in the middle", FIVE, [0, 1, 3, 4, 5, 6, 9], [5, 10]),
    ("the last minute missing: shown by the next open", FIVE, [0, 1, 2, 3, 5, 9], [4, 10]),
    ("a whole bar missing: none is invented", FIVE, [0, 4, 10, 14], [5, 15]),
    ("several bars missing", FIVE, [2, 33, 34], [3, 35]),
    ("one minute in each", FIVE, [1, 7, 12, 16], [2, 8, 13]),
    ("still forming at the end", FIVE, [0, 1], []),
    ("the end of the session ends the bar", 7 * MINUTE, [383, 384, 385, 388, 389], [385, 390]),
    ("an hour that begins at half past", HOUR, [0, 29, 30, 89], [30, 90]),
    ("the data's own interval", 0, [0, 1, 7], [1, 2, 8]),
    ("shorter than the data's", MINUTE // 2, [0, 1, 7], [1, 2, 8]),
    ("a day of minutes", DAY, [0, 200, 389, 1440, 1829], [390, 1830]),
    ("a week of minutes", 7 * DAY, [0, 389, 1440, 1829, 7 * 1440], [1830]),
]


@pytest.mark.parametrize(
    ("interval", "minutes", "closes"),
    [case[1:] for case in AGGREGATION],
    ids=[case[0] for case in AGGREGATION],
)
def test_longer_bars_of_shorter_ones(interval: int, minutes: list[int], closes: list[int]) -> None:
    """Which bars come of which minutes; their prices and volumes are those of their minutes."""
    state = new_desk(interval)
    assert OPEN % (7 * DAY) < 6 * DAY  # the week below does not end inside of it
    rows = np.concatenate([minute(m, 1000 + m, 10 + m) for m in minutes])
    found = list(completed(state, rows))
    assert closes_in_minutes(found) == closes
    done = -1
    for (_, each), end in zip(found, closes, strict=True):
        part = [m for m in minutes if done < m < end]
        done = part[-1]
        assert each["open"] == 1000 + part[0]
        assert each["high"] == 1000 + part[-1] + 3
        assert each["low"] == 1000 + part[0] - 2
        assert each["close"] == 1000 + part[-1] + 1
        assert each["volume"] == sum(10 + m for m in part)


def test_when_a_bar_without_its_last_minute_is_known() -> None:
    """Not while the minute could still come: on the open of the next interval, whose bar it is not."""
    rows = np.concatenate([minute(3, 1003), minute(5, 2000)])
    state = new_desk(FIVE)
    found = list(completed(state, rows))
    assert [rows[number]["kind"] for number, _ in found] == [BAR_OPEN]
    assert rows[found[0][0]]["ts_local"] == OPEN + 5 * MINUTE
    assert found[0][1]["high"] == 1006
    assert state[0]["forming"][0]["open"] == 2000


@pytest.mark.parametrize("late_ns", [250_000_000, 3 * MINUTE])
def test_rows_that_arrive_late_make_the_same_bars(late_ns: int) -> None:
    """Intervals are the exchange's time: no latency moves a minute into another bar."""
    minutes = [0, 1, 4, 8, 12, 389]
    at_once = list(completed(new_desk(FIVE), np.concatenate([minute(m, 100 + m) for m in minutes])))
    late_rows = np.concatenate([minute(m, 100 + m, late=late_ns) for m in minutes])
    late = list(completed(new_desk(FIVE), late_rows))
    assert [number for number, _ in late] == [number for number, _ in at_once]
    for (_, one), (_, other) in zip(at_once, late, strict=True):
        assert other == {**one, "ts_close": one["ts_close"] + late_ns}


def test_bars_before_1970() -> None:
    """Times below zero are times like any others."""
    start = -10 * DAY
    rows = [bar(start + m * MINUTE, start + (m + 1) * MINUTE, (5, 6, 4, 5)) for m in (0, 1, 6, 7)]
    found = list(completed(new_desk(FIVE), np.concatenate(rows)))
    assert [(each["ts_close"] - start) // MINUTE for _, each in found] == [2]


def test_the_newest_prices_follow_each_row() -> None:
    """Open, high and low begin anew at an open; mark and close time wait for the packet's end."""
    state = new_desk()
    s = state[0]
    one = s["instruments"][0]
    log = []
    for row in np.concatenate([minute(0, 100, 5), minute(1, 200, 6)]):
        take(s, row)
        log.append(
            [int(one[n]) for n in ("last_ticks", "open_ticks", "high_ticks", "low_ticks", "mark_ticks")]
        )
    assert log == [
        [100, 100, 100, 100, 0],
        [103, 100, 103, 100, 0],
        [98, 100, 103, 98, 0],
        [101, 100, 103, 98, 101],
        [200, 200, 200, 200, 101],
        [203, 200, 203, 200, 101],
        [198, 200, 203, 198, 101],
        [201, 200, 203, 198, 201],
    ]
    assert (one["rows_seen"], one["bars_seen"], one["volume_lots"]) == (8, 2, 6)
    assert one["mark_ts_local"] == one["bar_close_ts"] == one["last_ts_local"] == OPEN + 2 * MINUTE


@pytest.mark.parametrize(
    ("volume", "assumed", "known", "lots", "counted"),
    [
        (500, -1, 1, 500, 0),
        (None, -1, 0, 0, 1),
        (None, 0, 1, 0, 1),
        (None, 900, 1, 900, 1),
        (0, 900, 1, 0, 0),
    ],
)
def test_unknown_volume_is_not_zero(
    volume: int | None, assumed: int, known: int, lots: int, counted: int
) -> None:
    """A desk says what to assume, else the volume stays unknown; a volume of zero is known."""
    state = new_desk(assumed=assumed)
    list(completed(state, minute(0, 100, volume)))
    one = state[0]["instruments"][0]
    assert (one["volume_known"], one["volume_lots"]) == (known, lots)
    assert state[0]["no_volume_bars"] == counted


def test_average_volume_begins_with_the_first_and_follows() -> None:
    """m += a (v - m), seeded with the first volume that is known; unknown ones change nothing."""
    state = new_desk()
    log = []
    for number, volume in enumerate([None, None, 400, 800, None, 0, 300]):
        list(completed(state, minute(number, 100, volume)))
        log.append(float(state[0]["instruments"][0]["volume_average"]))
    assert log == [0.0, 0.0, 400.0, 500.0, 500.0, 375.0, 356.25]


def test_average_volume_of_a_silent_start() -> None:
    """A first volume of zero is a volume: the average rises from it step by step."""
    state = new_desk()
    for number, volume in enumerate([0, 1000]):
        list(completed(state, minute(number, 100, volume)))
    assert state[0]["instruments"][0]["volume_average"] == 250.0


def test_the_ring_keeps_the_newest() -> None:
    """After one more than it holds, the oldest is gone and the count goes on."""
    state = new_desk()
    for number in range(BARS_KEPT + 1):
        list(completed(state, minute(number, 1000 + number)))
    s = state[0]
    assert s["bar_count"][0] == BARS_KEPT + 1
    assert s["bars"][0, 0]["open"] == 1000 + BARS_KEPT
    assert s["bars"][0, 1]["open"] == 1001


def test_a_split_puts_the_ring_into_new_shares() -> None:
    """7 for 1: prices by seven, volumes times seven, in complete and forming bars, of that instrument."""
    state = new_desk(FIVE)
    s = state[0]
    list(completed(state, np.concatenate([minute(m, 700, 10) for m in (0, 4, 5)])))
    s["bars"][1, 0]["open"] = 700.0
    s["bar_count"][1] = 1
    rescale_bars(s, 0, 7, 1)
    whole, forming = s["bars"][0, 0], s["forming"][0]
    assert (whole["open"], whole["high"], whole["volume"]) == (
        100.0,
        pytest.approx(703 / 7),
        pytest.approx(140.0),
    )
    assert (forming["open"], forming["close"], forming["volume"]) == (
        100.0,
        pytest.approx(701 / 7),
        pytest.approx(70.0),
    )
    assert forming["ts_close"] == OPEN + 6 * MINUTE
    assert s["bars"][1, 0]["open"] == 700.0
    rescale_bars(s, 0, 1, 7)  # and back
    assert s["bars"][0, 0]["close"] == pytest.approx(701, rel=1e-15)


def test_a_split_reaches_every_bar_of_a_full_ring() -> None:
    """All places count once the ring has gone round."""
    state = new_desk()
    state[0]["bars"][0]["close"] = 2.0
    state[0]["bar_count"][0] = 3 * BARS_KEPT + 5
    rescale_bars(state[0], 0, 2, 1)
    assert (state[0]["bars"][0]["close"] == 1.0).all()
    assert (state[0]["bars"][1]["close"] == 0.0).all()


def test_sessions_are_counted_as_numpy_searches() -> None:
    """Sessions opened and closed at or before a time, at every border and its neighbours."""
    state = new_desk()
    s = state[0]
    opens, closes = s["session_open"][0, :10], s["session_close"][0, :10]
    borders = np.concatenate([opens, closes])
    for ts in np.concatenate([borders - 1, borders, borders + 1, [0, -1, 2**62]]):
        assert session_index(s, 0, ts) == np.searchsorted(opens, ts, side="right") - 1
        assert sessions_closed(s, 0, ts) == np.searchsorted(closes, ts, side="right")
    assert session_index(s, 1, OPEN) == -1  # a table without sessions
    assert sessions_closed(s, 1, OPEN) == 0


def drawn_rows(count: int) -> np.ndarray:
    """Rows of random bytes, with instruments as they can be."""
    rows = np.frombuffer(np.random.default_rng(SEED).bytes(count * ROW.itemsize), ROW).copy()
    rows["instrument"] &= 63
    return rows


def model_hash(before: int, row: np.void) -> int:
    """The running hash in whole numbers."""
    tail = (int(row["instrument"]) << 32) + (int(row["kind"]) << 24) + ((int(row["side"]) + 128) << 16)
    words = [int(row[name]) for name in ("ts_exchange", "ts_local", "sequence", "price_ticks", "size_lots")]
    roots = (math.isqrt(prime << 128) & WORD | 1 for prime in (2, 3, 5, 7, 11, 13))
    spread = ((word & WORD) ^ (word & WORD) >> 32 for word in [*words, tail + int(row["flags"])])
    total = sum(word * root for word, root in zip(spread, roots, strict=True))
    before = ((before ^ (total & WORD)) * 0x9E3779B97F4A7C15) & WORD
    return before ^ before >> 29


def test_the_row_hash_equals_a_model_in_whole_numbers() -> None:
    """Compiled and plain Python agree with it, row by row, whatever stood before."""
    rows = drawn_rows(300)
    with np.errstate(over="ignore"):  # plain Python wraps as well, and numpy would say so
        compiled = hashes(mix_row, rows)
        assert hashes(getattr(mix_row, "py_func", mix_row), rows) == compiled
    expected = [0]
    for row in rows:
        expected.append(model_hash(expected[-1], row))
    assert compiled == expected[1:]


def hashes(step: Callable[..., Any], rows: np.ndarray) -> list[int]:
    """The running hash after each row."""
    found: list[int] = []
    for row in rows:
        found.append(int(step(np.uint64(found[-1] if found else 0), row)))
    return found


def test_every_bit_of_a_row_moves_the_hash() -> None:
    """Any one of the 384 bits that flips, but for instruments that cannot be, gives another hash."""
    row = drawn_rows(1)
    with np.errstate(over="ignore"):  # where kernels run as plain Python
        seen = {int(mix_row(np.uint64(1), row[0]))}
    for bit in range(ROW.itemsize * 8):
        changed = row.copy()
        changed.view(np.uint8)[bit // 8] ^= 1 << bit % 8
        if changed[0]["instrument"] >= 0:
            with np.errstate(over="ignore"):
                seen.add(int(mix_row(np.uint64(1), changed[0])))
    assert len(seen) == ROW.itemsize * 8  # the sign of the instrument is the one bit left out


def test_plain_python_gives_the_same_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of all of this module, over a day with holes, unknown volume and a split, bit for bit."""
    draws = np.random.default_rng(SEED)
    present = np.flatnonzero(draws.random(390) < 0.7)
    rows = np.concatenate(
        [minute(int(m), int(draws.integers(500, 600)), [None, 7, 90][m % 3]) for m in present]
    )
    states = [new_desk(FIVE, assumed=40), new_desk(FIVE, assumed=40)]
    first = list(completed(states[0], rows))
    rescale_bars(states[0][0], 0, 3, 2)
    for name in ("complete", "_join", "_is_over", "average_volume", "_rescale", "_count_until"):
        monkeypatch.setattr(bars, name, getattr(getattr(bars, name), "py_func", getattr(bars, name)))
    for function in (session_index, take_bar_row):
        monkeypatch.setattr(bars, function.__name__, getattr(function, "py_func", function))
    second = list(completed(states[1], rows, getattr(take, "py_func", take)))
    getattr(rescale_bars, "py_func", rescale_bars)(states[1][0], 0, 3, 2)
    assert first == second
    assert len(first) > 70
    assert states[0].tobytes() == states[1].tobytes()
