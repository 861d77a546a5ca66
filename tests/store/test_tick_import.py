"""An import of ticks takes what is good, keeps what is bad with its reason, and loses nothing."""

import csv
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.rows import CLEAR, FLAG_INFERRED_SIDE, FLAG_LAST, GAP, LEVEL
from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import Catalog
from seawall.store.tick_import import import_ticks
from seawall.store.ticks import tick_frames, tick_parts

X = Instrument(name="X", tick=Decimal("0.5"), lot=Decimal("0.001"), sessions="24/7")
START = 1_700_000_000_000_000_000
MS = 1_000_000
HEADER = "ts_ns,ts_recv_ns,trade_id,price,qty,side"


def trade(number: int, price: str = "10.5", qty: str = "0.003", side: str = "buy", latency: int = MS) -> str:
    """A line of a file of trades, one each millisecond."""
    return f"{START + number * MS},{START + number * MS + latency},{number},{price},{qty},{side}"


def write(folder: Path, *lines: str, name: str = "x.csv") -> Path:
    """A file of those lines."""
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def stored(catalog: Catalog, kind: str, name: str = "X") -> pl.DataFrame:
    """All rows of a stream."""
    return pl.concat(list(tick_frames(catalog, kind, name)))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog(tmp_path / "catalog")


def test_a_clean_file(tmp_path: Path, catalog: Catalog) -> None:
    """All rows are written, once: the second import finds only duplicates, a longer one the rest."""
    lines = [trade(n) for n in range(1, 11)]
    first = import_ticks(write(tmp_path, HEADER, *lines[:8]), X, catalog)
    again = import_ticks(write(tmp_path, HEADER, *lines[:8]), "X", catalog)
    longer = import_ticks(write(tmp_path, HEADER, *lines), "X", catalog)
    counts = [
        (r.stream("trades").rows_written, r.stream("trades").duplicates) for r in (first, again, longer)
    ]
    assert counts == [(8, 0), (0, 8), (2, 8)]
    frame = stored(catalog, "trades")
    assert frame["sequence"].to_list() == list(range(1, 11))
    assert (frame["price_ticks"].to_list(), frame["size_lots"].to_list()) == ([21] * 10, [3] * 10)
    assert (first.first_ns, first.last_ns) == (START + 2 * MS, START + 9 * MS)
    assert "rows read 8 = written 8 + duplicates 0 + rejected 0 + dropped 0" in first.render()
    assert again.reject_paths == ()


def test_bad_rows_stand_in_the_reject_file(tmp_path: Path, catalog: Catalog) -> None:
    """File, row of the file, reason and raw text of each, in one reject file a source."""
    bad = [trade(3, price="nan"), trade(4, price="10.25"), trade(5, qty="0")]
    good = [trade(n) for n in range(7, 30)]
    paths = [
        write(tmp_path, HEADER, trade(1), bad[0], bad[1], name="a.csv"),
        write(tmp_path, HEADER, bad[2], *good, trade(6), name="b.csv"),
    ]
    report = import_ticks(paths, X, catalog)
    stream = report.stream("trades")
    assert (stream.rows_read, stream.rows_written, stream.rejected, stream.gaps) == (28, 24, 4, 1)
    rows: list[dict[str, str]] = []
    for path in report.reject_paths:
        with Path(path).open(newline="") as file:
            rows += list(csv.DictReader(file))
    advice = "the finest tick that fits the file is 0.01"
    assert [(row["file"], row["row"], row["reason"], row["raw"]) for row in rows] == [
        (str(paths[0]), "2", "price is not finite: nan", bad[0]),
        (str(paths[0]), "3", f"price 10.25 is not on the tick 0.5; {advice}", bad[1]),
        (str(paths[1]), "1", "size is not above 0: 0", bad[2]),
        (str(paths[1]), "25", "its number is below one that came before it", trade(6)),
    ]
    assert sum(report.reasons.values()) == 4
    gap = stored(catalog, "trades").filter(pl.col("kind") == GAP).row(0, named=True)
    assert (gap["sequence"], gap["size_lots"], gap["flags"]) == (2, 5, FLAG_LAST)


GOOD = [trade(n) for n in range(1, 9)]
BAD = [
    trade(3, price="x"),
    trade(4, qty="-1"),
    trade(5, price=""),
    "soon,,,,,",
    trade(6, side="up"),
    f"{trade(7)},9",
]
LINES = st.sampled_from([*GOOD, *GOOD, *BAD])


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, max_size=9), st.lists(LINES, max_size=6))
def test_nothing_is_lost(first: list[str], second: list[str]) -> None:
    """Whatever the rows, read = written + duplicates + rejected, and each reject is in the file."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "catalog")
        for lines in ([trade(1), *first], [trade(1), *second, trade(9)]):
            report = import_ticks(write(Path(folder), HEADER, *lines), X, catalog)
            stream = report.streams[0]
            assert stream.rows_read == len(lines) == stream.rows_written + stream.duplicates + stream.rejected
            listed = [Path(path).read_text().splitlines()[1:] for path in report.reject_paths]
            assert sum(map(len, listed)) == stream.rejected


def test_symbols(tmp_path: Path, catalog: Catalog) -> None:
    """The instrument's own, the one that is said, or the only one; several need a name."""
    lines = [f"{symbol},{trade(n)}" for n, symbol in enumerate(["A", "X", "A"], 1)]
    path = write(tmp_path, f"symbol,{HEADER}", *lines)
    assert import_ticks(path, X, catalog).stream("trades").rows_read == 1
    other = import_ticks(path, "OTHER", catalog, template=X, symbol="A")
    assert other.stream("trades").rows_read == 2
    assert "the file's symbol 'A' is imported as OTHER" in other.notes
    with pytest.raises(DataError, match="it has the symbols A, X"):
        import_ticks(path, None, catalog, template=X)
    with pytest.raises(DataError, match="has no symbol 'B'; it has: A, X"):
        import_ticks(path, "B", catalog, template=X)
    alone = write(tmp_path, f"symbol,{HEADER}", f"BTC,{trade(1)}", name="alone.csv")
    assert import_ticks(alone, None, catalog, template=X).instrument == "BTC"


def test_a_clock_behind_the_exchange(tmp_path: Path, catalog: Catalog) -> None:
    """One shift for all rows, stored with the part and told."""
    path = write(tmp_path, HEADER, *(trade(n, latency=-1272 * MS + n) for n in range(1, 5)))
    report = import_ticks(path, X, catalog)
    shift = 1272 * MS - 1 + MS // 2
    assert report.clock.shift_ns == shift
    assert "recorder clock 1.272 s behind the exchange: shifted by 1.2725 s; latency now min 0.5 ms" in (
        report.render()
    )
    frame = stored(catalog, "trades")
    assert (frame["ts_local"] - frame["ts_exchange"]).to_list() == [MS // 2 + n for n in range(4)]
    (part,) = tick_parts(catalog, "trades", "X")
    assert (part.facts.clock_shift_ns, part.facts.source) == (shift, str(path))


def test_a_clock_shift_that_is_said(tmp_path: Path, catalog: Catalog) -> None:
    """It is used as it is, must suffice, and another one than the stored is noted."""
    path = write(tmp_path, HEADER, *(trade(n, latency=-MS) for n in range(1, 5)))
    with pytest.raises(DataError, match="does not suffice: a row arrives 1 ms before it was sent"):
        import_ticks(path, X, catalog, clock_shift_ns=MS - 1)
    assert not catalog.path.exists()
    assert import_ticks(path, X, catalog, clock_shift_ns=3 * MS).clock.latency_ns_min == 2 * MS
    later = write(tmp_path, HEADER, *(trade(n, latency=-MS) for n in range(5, 9)), name="later.csv")
    with pytest.raises(
        CatalogError, match=r"X trades: the first new row is 0.5 ms before the last stored one"
    ):
        import_ticks(write(tmp_path, HEADER, trade(5, latency=-4 * MS), name="y.csv"), X, catalog)
    notes = import_ticks(later, X, catalog, clock_shift_ns=2 * MS).notes
    assert any("were shifted by 3000000 ns, these rows by 2000000 ns" in note for note in notes)


@pytest.mark.parametrize(("floor", "latency"), [(None, 0), (2 * MS, 2 * MS)])
def test_without_a_receive_time(tmp_path: Path, catalog: Catalog, floor: int | None, latency: int) -> None:
    """A row arrives when it was sent, or the floor later if one is asked for."""
    path = write(tmp_path, "timestamp,price,size,side", f"{START},10.5,0.001,sell")
    import_ticks(path, X, catalog, latency_floor_ns=floor)
    row = stored(catalog, "trades").row(0, named=True)
    assert (row["ts_exchange"], row["ts_local"], row["sequence"], row["side"]) == (
        START,
        START + latency,
        0,
        -1,
    )


def test_a_shift_backwards_needs_a_receive_time(tmp_path: Path, catalog: Catalog) -> None:
    """Without one a row would arrive before it was sent; nothing is written."""
    path = write(tmp_path, "timestamp,price,size,side", f"{START},10.5,0.001,sell")
    with pytest.raises(DataError, match="a clock shift of -1 ms is none for trades without a receive time"):
        import_ticks(path, X, catalog, clock_shift_ns=-MS)
    assert not catalog.path.exists()


def test_progress(tmp_path: Path, catalog: Catalog) -> None:
    """Rows of a table as they are written; bytes of a capture as they are read."""
    seen: list[tuple[int, int]] = []
    path = write(tmp_path, HEADER, trade(1), trade(2))
    import_ticks(path, X, catalog, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (2, 2)]
    seen.clear()
    path = capture(tmp_path, "x.txt", depth(1, 2, ("9.5", "1")))
    options = {"format": "binance", "template": X}
    report = import_ticks(
        path, "Y", catalog, progress=lambda done, total: seen.append((done, total)), **options
    )
    assert seen == [(path.stat().st_size,) * 2]
    assert "the capture's symbol 'X' is imported as Y" in report.notes


def test_order_of_arrival(tmp_path: Path, catalog: Catalog) -> None:
    """Newest first is read backwards, a few back-steps are lifted, a shuffled file is refused."""
    lines = [trade(n) for n in range(1, 40)]
    shuffled = write(tmp_path, HEADER, *lines[20:], *lines[:20], *lines[::-1], name="s.csv")
    with pytest.raises(
        DataError, match=r"rows of trades are before the one above them, first row 20 of .*s.csv"
    ):
        import_ticks(shuffled, X, catalog)
    report = import_ticks(write(tmp_path, HEADER, *lines[::-1]), X, catalog)
    assert "the file is newest first and was read backwards" in report.notes
    assert stored(catalog, "trades")["sequence"].to_list() == list(range(1, 40))
    stepped = [trade(40), trade(41).replace(f"{START + 42 * MS}", f"{START + 41 * MS - 1}"), trade(42)]
    more = import_ticks(write(tmp_path, HEADER, *stepped), X, catalog)
    assert "trades: 1 local times stepped back and were lifted" in more.notes


def test_sides_are_inferred_from_stored_quotes(tmp_path: Path, catalog: Catalog) -> None:
    """Lee and Ready where the catalog has quotes, else the tick test; the rows are marked."""
    trades = write(tmp_path, "ts,price,size", f"{START},9.5,1", f"{START + 10},10.5,1", name="t.csv")
    report = import_ticks(trades, "TICKS", catalog, template=X)
    assert stored(catalog, "trades", "TICKS")["side"].to_list() == [0, 1]
    assert "sides inferred by the tick test" in report.notes
    quotes = write(tmp_path, "ts,bid,bid_size,ask,ask_size", f"{START - 1},9.5,1,10.5,1", name="q.csv")
    import_ticks(quotes, X, catalog, kind="quotes")
    report = import_ticks(trades, X, catalog)
    frame = stored(catalog, "trades")
    assert frame["side"].to_list() == [-1, 1]
    assert frame["flags"].to_list() == [FLAG_LAST | FLAG_INFERRED_SIDE] * 2
    assert report.stream("trades").inferred == 2
    assert "sides inferred by quotes of the catalog" in report.notes


ERRORS = [
    ({"kind": "ticks"}, "kind 'ticks': expected trades, quotes, levels"),
    ({"time_unit": "minutes"}, "time_unit 'minutes': expected auto, ns, us, ms, s"),
    ({"tz": "Mars"}, "no time zone 'Mars'"),
    ({"format": "xml"}, "format 'xml'"),
    ({"kind": "quotes"}, "quotes: no column of bid"),
    ({"columns": {"price": "p"}}, "price is said to be 'p'"),
]


@pytest.mark.parametrize(("options", "says"), ERRORS)
def test_what_cannot_be_used_is_an_error(
    tmp_path: Path, catalog: Catalog, options: dict[str, str], says: str
) -> None:
    """It names the option, and nothing is written."""
    path = write(tmp_path, HEADER, trade(1))
    with pytest.raises(DataError, match=says):
        import_ticks(path, X, catalog, **options)
    assert not catalog.path.exists()


def test_files_that_cannot_be_used(tmp_path: Path, catalog: Catalog) -> None:
    """None, one without a good row, several of unlike columns, other terms than the stored."""
    with pytest.raises(DataError, match="no file to import"):
        import_ticks([], X, catalog)
    with pytest.raises(DataError, match="none of 1 rows can be used; row 1: price is not finite"):
        import_ticks(write(tmp_path, HEADER, trade(1, price="nan")), X, catalog)
    good, other = (
        write(tmp_path, HEADER, trade(1)),
        write(tmp_path, f"a,{HEADER}", f"1,{trade(2)}", name="o.csv"),
    )
    with pytest.raises(DataError, match=r"o.csv: its columns .* are not those of .*x.csv"):
        import_ticks([good, other], X, catalog)
    import_ticks(good, X, catalog)
    with pytest.raises(CatalogError, match=r"with tick 0.5, not 0.25"):
        import_ticks(good, Instrument(name="X", tick=Decimal("0.25")), catalog)
    with pytest.raises(CatalogError, match="no instrument 'Y'"):
        import_ticks(good, "Y", catalog)


# Raw captures ----------------------------------------------------------------------------

TIME = START // MS


def capture(folder: Path, name: str, *messages: tuple[str, dict[str, object]]) -> Path:
    """A raw capture, a message each ms, by a clock that is 5 ms behind."""
    lines: list[str] = []
    for n, (stream, message) in enumerate(messages):
        body = {"stream": f"x@{stream}", "data": message} if stream else message
        lines.append(f"{START - 5 * MS + n * MS + 7} {json.dumps(body)}")
    return write(folder, *lines, name=name)


def depth(first: int, last: int, *bids: tuple[str, str]) -> tuple[str, dict[str, object]]:
    """A depth message of spot."""
    return "depth", {"e": "depthUpdate", "E": TIME, "s": "X", "U": first, "u": last, "b": bids, "a": []}


def test_a_capture(tmp_path: Path, catalog: Catalog) -> None:
    """Trades, quotes and levels at once, under one shift, with the lines that could not be used."""
    quote = {"u": 5, "s": "X", "b": "10.0", "B": "1", "a": "10.5", "A": "2"}
    one = {"e": "trade", "E": TIME, "s": "X", "t": 1, "p": "10.5", "q": "0.003", "T": TIME, "m": True}
    book = {"lastUpdateId": 2, "bids": [["10.0", "1.000"]], "asks": [["10.5", "2.000"]]}
    messages = [
        depth(1, 2, ("9.5", "1")), depth(3, 4, ("9.0", "1")), ("", book), ("kline", {"e": "kline"}),
        ("bookTicker", quote), ("trade", one), depth(5, 6, ("9.25", "1"), ("9.0", "3")),
        depth(7, 8, ("9.5", "2")),
    ]  # fmt: skip
    many = [depth(n, n, ("9.5", "2")) for n in range(9, 30)]
    path = capture(tmp_path, "x.txt", *messages, *many)
    report = import_ticks(path, None, catalog, template=X, format="binance")
    assert report.instrument == "X"
    assert (report.lines, report.lines_rejected) == (29, 1)
    assert report.clock.shift_ns == 5 * MS + MS // 2 - 7
    levels = stored(catalog, "levels").head(6)
    assert levels["kind"].to_list() == [CLEAR, LEVEL, LEVEL, LEVEL, GAP, LEVEL]
    assert levels["sequence"].to_list() == [2, 2, 2, 4, 5, 8]
    assert levels["ts_local"].to_list() == [START + 2 * MS + MS // 2] * 4 + [START + 7 * MS + MS // 2] * 2
    stream = report.stream("levels")
    assert (stream.rows_read, stream.dropped, stream.rejected, stream.gaps, stream.added) == (28, 1, 2, 1, 2)
    quotes = stored(catalog, "quotes").row(0, named=True)
    assert quotes["ts_local"] - quotes["ts_exchange"] == MS // 2
    with Path(report.reject_paths[0]).open(newline="") as file:
        rows = [(row["row"], row["reason"].partition(";")[0]) for row in csv.DictReader(file)]
    assert rows == [
        ("4", "unknown stream: x@kline"),
        ("7", "another row of its message was rejected"),
        ("7", "price 9.25 is not on the tick 0.5"),
    ]


def test_files_of_a_recording_one_by_one(tmp_path: Path, catalog: Catalog) -> None:
    """The later file has no snapshot and needs none, if the shift is the same."""
    book = {"lastUpdateId": 2, "bids": [["10.0", "1.000"]], "asks": [["10.5", "2.000"]]}
    first = capture(tmp_path, "a.txt", ("", book), depth(3, 4, ("9.5", "1")))
    _, then = depth(5, 6, ("9.5", "2"))
    second = write(tmp_path, f"{START + 9 * MS} {json.dumps(then)}", name="b.txt")
    for path in (first, second):
        import_ticks(path, X, catalog, format="binance", clock_shift_ns=6 * MS)
    assert stored(catalog, "levels")["sequence"].to_list() == [2, 2, 2, 4, 6]
    again = import_ticks([first, second], "X", catalog, format="binance", clock_shift_ns=6 * MS)
    assert (again.stream("levels").rows_written, again.stream("levels").duplicates) == (0, 4)


# Real files ------------------------------------------------------------------------------

REAL = [
    # twin, tick, lot, rows dropped before the snapshot
    ("binance_coinm_BTCUSD_PERP_20240808-09", "0.1", "1", 266),
    ("binance_spot_BTCUSDT_20240808-09", "0.01", "0.000001", 17),
    ("binance_usdm_BTCUSDT_20240808", "0.1", "0.001", 259),
]
CAPTURES = {
    "binance_spot_BTCUSDT_20240808-09": (
        "binance_spot_btcusdt_20240808.gz",
        "binance_spot_btcusdt_20240809.gz",
    ),
    "binance_usdm_BTCUSDT_20240808": ("binance_usdm_btcusdt_20240808.gz",),
}


@pytest.mark.parametrize(("name", "tick", "lot", "dropped"), REAL, ids=[row[0] for row in REAL])
def test_real_streams(
    shared_data: Path, catalog: Catalog, name: str, tick: str, lot: str, dropped: int
) -> None:
    """No row rejected, no gap; a raw capture gives the very rows that its tables give."""
    target = Instrument(name="X", tick=Decimal(tick), lot=Decimal(lot), sessions="24/7")
    shift_ns = 1_280 * MS
    for kind, suffix in (("quotes", "bbo"), ("levels", "l2_delta"), ("trades", "trades")):
        path = shared_data / "l2_crypto" / f"{name}_{suffix}.parquet"
        stream = import_ticks(path, target, catalog, kind=kind, clock_shift_ns=shift_ns).streams[0]
        assert (stream.rejected, stream.duplicates, stream.gaps, stream.inferred) == (0, 0, 0, 0)
        assert stream.dropped == (dropped if kind == "levels" else 0)
        assert stream.rows_read == pl.scan_parquet(path).select(pl.len()).collect().item()
    if name not in CAPTURES:
        return
    raw = Catalog(catalog.path / "raw")
    paths = [shared_data / "raw_capture" / file for file in CAPTURES[name]]
    import_ticks(paths, target, raw, format="binance", clock_shift_ns=shift_ns)
    for kind in ("quotes", "levels", "trades"):
        parts = [tick_parts(each, kind, "X")[0].facts.sha256 for each in (catalog, raw)]
        assert parts[0] == parts[1]
    automatic = import_ticks(paths, target, Catalog(catalog.path / "automatic"), format="binance")
    assert automatic.clock.latency_ns_min == MS // 2


def test_real_snapshots(shared_data: Path, catalog: Catalog) -> None:
    """Ten levels a side in every row are a packet each; trades have no receive time."""
    target = Instrument(name="XBTUSD", tick=Decimal("0.5"), lot=Decimal(1), sessions="24/7")
    folder = shared_data / "l2_crypto"
    book = import_ticks(folder / "bitmex_XBTUSD_20200310_book10.parquet", target, catalog, kind="levels")
    assert (book.streams[0].rows_written, book.streams[0].rejected) == (91_779, 0)
    frame = stored(catalog, "levels", "XBTUSD")
    assert frame.height == 91_779 * 21
    table = pl.read_parquet(folder / "bitmex_XBTUSD_20200310_book10.parquet")
    best = frame["price_ticks"].to_numpy().reshape(-1, 21)
    assert np.array_equal(best[:, 1] / 2, table["bid_px_0"].to_numpy())
    assert np.array_equal(best[:, 11] / 2, table["ask_px_0"].to_numpy())
    trades = import_ticks(folder / "bitmex_XBTUSD_20200310_trades.parquet", target, catalog)
    assert (trades.streams[0].rows_written, trades.streams[0].rejected) == (8_464, 0)
    times = stored(catalog, "trades", "XBTUSD")
    assert times["ts_local"].equals(times["ts_exchange"])


def test_inferred_sides_agree_with_the_venue(shared_data: Path, catalog: Catalog) -> None:
    """Lee and Ready find the aggressor of at least nineteen in twenty real trades."""
    name, shift_ns = "binance_usdm_BTCUSDT_20240808", 1_280 * MS
    target = Instrument(name="X", tick=Decimal("0.1"), lot=Decimal("0.001"), sessions="24/7")
    quotes = shared_data / "l2_crypto" / f"{name}_bbo.parquet"
    import_ticks(quotes, target, catalog, kind="quotes", clock_shift_ns=shift_ns)
    table = pl.read_parquet(shared_data / "l2_crypto" / f"{name}_trades.parquet")
    catalog.path.mkdir(exist_ok=True)
    table.drop("side").write_parquet(catalog.path / "trades.parquet")
    import_ticks(catalog.path / "trades.parquet", target, catalog, clock_shift_ns=shift_ns)
    agree = (stored(catalog, "trades")["side"].to_numpy() == table["side"].to_numpy()).mean()
    print(f"agreement {agree:.4f}")
    assert agree > 0.95
