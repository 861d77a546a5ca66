"""Bars become market rows in the one order that lets nobody see an open before deciding at a close."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from seawall.model.corporate import Split
from seawall.store.catalog import BAR_SCHEMA
from seawall.store.sample import open_catalog
from seawall.store.streams import actions_events, bar_rows

Bar = tuple[int, int, int, int, int, int, int | None, int | None, int | None]


class FakeCatalog:
    """A catalog of bars in memory: name -> (ts_open, ts_close, o, h, l, c, volume, buys, trades)."""

    def __init__(self, bars: dict[str, list[Bar]]) -> None:
        self.by_name = bars

    def bars(self, name: str, start: int | None = None, end: int | None = None) -> pl.DataFrame:
        """The bars within [start, end), numbered in the whole."""
        rows = [(*bar, 10, number) for number, bar in enumerate(self.by_name[name])]
        frame = pl.DataFrame(rows, schema={**BAR_SCHEMA, "sequence": pl.Int64}, orient="row")
        return frame.filter((pl.col("ts_open") >= (start or 0)) & (pl.col("ts_close") <= (end or 10**18)))


def plain_rows(bars: dict[str, list[Bar]]) -> list[tuple[int, ...]]:
    """The same rows made one by one and sorted by the rule: the oracle."""
    packets: list[tuple[tuple[int, ...], list[tuple[int, ...]]]] = []
    for number, name in enumerate(bars):
        for sequence, (t0, t1, o, h, low, c, volume, buys, trades) in enumerate(bars[name]):
            packets.append(
                ((t0, 1, number, sequence), [(t0, t0, sequence, o, 0, number, BAR_OPEN, 0, FLAG_LAST)])
            )
            flag = FLAG_NO_VOLUME if volume is None else 0
            closing = [(h, 0, BAR_HIGH, 0), (low, 0, BAR_LOW, 0), (c, volume or 0, BAR_CLOSE, flag)]
            closing += [(0, buys, BAR_BUY_VOLUME, 0)] if buys is not None else []
            closing += [(0, trades, BAR_TRADES, 0)] if trades is not None else []
            closing[-1] = (*closing[-1][:3], closing[-1][3] | FLAG_LAST)
            packet = [(t1, t1, sequence, p, size, number, kind, 0, f) for p, size, kind, f in closing]
            packets.append(((t1, 0, number, sequence), packet))
    return [row for _, packet in sorted(packets) for row in packet]


def test_one_bar_of_each_kind() -> None:
    """Known and unknown volume, with and without buy volume and trades, two instruments at one time."""
    bars: dict[str, list[Bar]] = {
        "A": [(0, 10, 5, 7, 4, 6, 100, 60, 9), (10, 20, 6, 8, 6, 8, None, None, None)],
        "B": [(0, 10, 50, 51, 49, 50, 0, None, 3)],
    }
    rows = bar_rows(FakeCatalog(bars), ["A", "B"])  # type: ignore[arg-type]
    assert rows.dtype == ROW
    fields = ["ts_local", "instrument", "kind", "price_ticks", "size_lots", "flags"]
    log = [(ts, "AB"[number], *rest) for ts, number, *rest in rows[fields].tolist()]
    assert log == [
        (0, "A", BAR_OPEN, 5, 0, FLAG_LAST),
        (0, "B", BAR_OPEN, 50, 0, FLAG_LAST),
        (10, "A", BAR_HIGH, 7, 0, 0),
        (10, "A", BAR_LOW, 4, 0, 0),
        (10, "A", BAR_CLOSE, 6, 100, 0),
        (10, "A", BAR_BUY_VOLUME, 0, 60, 0),
        (10, "A", BAR_TRADES, 0, 9, FLAG_LAST),
        (10, "B", BAR_HIGH, 51, 0, 0),
        (10, "B", BAR_LOW, 49, 0, 0),
        (10, "B", BAR_CLOSE, 50, 0, 0),
        (10, "B", BAR_TRADES, 0, 3, FLAG_LAST),
        (10, "A", BAR_OPEN, 6, 0, FLAG_LAST),  # after both closes of the same nanosecond
        (20, "A", BAR_HIGH, 8, 0, 0),
        (20, "A", BAR_LOW, 6, 0, 0),
        (20, "A", BAR_CLOSE, 8, 0, FLAG_NO_VOLUME | FLAG_LAST),
    ]


@st.composite
def series(draw: st.DrawFn) -> list[Bar]:
    """A sorted run of bars, often back to back, with any counts known or not."""
    bars: list[Bar] = []
    now = draw(st.integers(0, 3))
    count = st.one_of(st.none(), st.integers(0, 99))
    for _ in range(draw(st.integers(0, 6))):
        now += draw(st.integers(0, 2))
        end = now + draw(st.integers(1, 3))
        low, high = draw(st.integers(1, 50)), draw(st.integers(51, 99))
        bars.append((now, end, low, high, low, high, draw(count), draw(count), draw(count)))
        now = end
    return bars


@settings(max_examples=60, deadline=None)
@given(st.lists(series(), min_size=0, max_size=4))
def test_rows_equal_those_sorted_one_by_one(all_bars: list[list[Bar]]) -> None:
    """The vectorised merge gives, row for row, what sorting packets by the rule gives."""
    bars = {f"I{number}": run for number, run in enumerate(all_bars)}
    rows = bar_rows(FakeCatalog(bars), list(bars))  # type: ignore[arg-type]
    assert [tuple(int(v) for v in row) for row in rows.tolist()] == plain_rows(bars)


def test_a_later_start_changes_no_row() -> None:
    """Rows of a span are the rows of the whole that lie in it, sequence numbers included."""
    catalog = open_catalog("sample:us-stocks")
    names = catalog.instruments()
    whole = bar_rows(catalog, names)
    part = bar_rows(catalog, names, "2005-01-01", "2006-01-01")
    first, last = (int(np.datetime64(f"{y}-01-01", "ns").astype(np.int64)) for y in (2005, 2006))
    inside = whole[(whole["ts_local"] >= first) & (whole["ts_local"] < last)]
    assert len(part) == 252 * 4 * 4
    assert np.array_equal(part, inside)


def test_packets_end_and_time_never_steps_back() -> None:
    """Over the sample: times are sorted, every packet ends, and rows are 4 a bar."""
    catalog = open_catalog("sample:us-stocks")
    rows = bar_rows(catalog, catalog.instruments())
    assert len(rows) == 4 * 11_958
    assert bool(np.all(np.diff(rows["ts_local"]) >= 0))
    assert bool(np.all((rows["flags"] & FLAG_LAST != 0) == np.isin(rows["kind"], (BAR_OPEN, BAR_CLOSE))))
    assert np.array_equal(rows["ts_exchange"], rows["ts_local"])


def test_no_names_no_rows() -> None:
    """An empty list is an empty stream, and a name twice is our bug."""
    catalog = open_catalog("sample:us-stocks")
    assert len(bar_rows(catalog, [])) == 0
    with pytest.raises(AssertionError, match="twice"):
        bar_rows(catalog, ["IBM", "IBM"])


def test_actions_are_merged_by_time() -> None:
    """Events of all instruments, sorted, within [start, end)."""
    catalog = open_catalog("sample:us-stocks")
    events = actions_events(catalog, ["MSFT", "AAPL"], "2000-01-01", "2003-02-19")
    assert [(e.instrument, type(e)) for e in events] == [("AAPL", Split), ("MSFT", Split)]
    later = actions_events(catalog, ["IBM", "MSFT", "AAPL"])
    assert [e.ts_local for e in later] == sorted(e.ts_local for e in later)
    assert actions_events(catalog, ["MSFT"], later[-1].ts_local, later[-1].ts_local) == []
