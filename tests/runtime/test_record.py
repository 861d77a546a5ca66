"""A recording holds what the source gave: in order, with its gaps, whole whenever it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from seawall.cli import main
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_ASK, QUOTE_BID, ROW, TRADE
from seawall.model.errors import CatalogError, ConfigError, DataError
from seawall.model.instruments import Instrument
from seawall.model.ticks import BookUpdate, QuoteTick, Tick, TradeTick
from seawall.runtime.record import TickRecorder, load_source, record, record_until_stopped
from seawall.store.catalog import Catalog
from seawall.store.ticks import tick_parts, tick_rows

LAST, SNAP = FLAG_LAST, FLAG_SNAPSHOT


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog with two instruments and no ticks."""
    catalog = Catalog(tmp_path / "catalog")
    for name in ("X", "Y"):
        terms = Instrument(name=name, tick=Decimal("0.5"), lot=Decimal("0.001"), sessions="24/7")
        catalog.write_instrument(terms)
    return catalog


def recorded(catalog: Catalog, kind: str, name: str = "X") -> list[tuple[int, ...]]:
    """The rows of a stream without their instrument."""
    rows = np.concatenate([np.zeros(0, ROW), *tick_rows(catalog, kind, name, 0)])
    fields = ["ts_exchange", "ts_local", "sequence", "price_ticks", "size_lots", "kind", "side", "flags"]
    return rows[fields].tolist()


def trade(sequence: int, **fields: Any) -> TradeTick:
    """A trade at the time of its number."""
    given: dict[str, Any] = {"price": "100.5", "size": "0.002", "ts_exchange": sequence, "ts_local": sequence}
    return TradeTick(sequence=sequence, **(given | fields))


def taken(catalog: Catalog, *ticks: Tick, **options: Any) -> TickRecorder:
    """A recorder of X that took these ticks and wrote them."""
    recorder = TickRecorder(catalog, "X", **options)
    for tick in ticks:
        recorder.take(tick)
    recorder.flush()
    return recorder


async def source_of(*ticks: Tick, then: Exception | None = None) -> AsyncIterator[Tick]:
    """A feed of these ticks, which then ends, or fails."""
    for tick in ticks:
        yield tick
    if then is not None:
        raise then


async def endless(ticks: Sequence[Tick], is_silent: asyncio.Event) -> AsyncIterator[Tick]:
    """A feed of these ticks, which then is silent; the event says so."""
    for tick in ticks:
        yield tick
    is_silent.set()
    await asyncio.Event().wait()


def test_each_tick_becomes_its_rows(catalog: Catalog) -> None:
    """A trade, a quote with an empty side, a snapshot and an update, in exact ticks and lots."""
    stamps = {"ts_exchange": 5, "ts_local": 7}
    report = taken(
        catalog,
        TradeTick(price="100.5", size=Decimal("0.002"), side=-1, flags=32, sequence=3, **stamps),
        QuoteTick(bid=100, bid_size="1", ask="0", ask_size=0, sequence=4, **stamps),
        BookUpdate(bids=(("100", "1"),), asks=(("101", 2),), is_snapshot=True, sequence=9, **stamps),
        BookUpdate(asks=(("101", "0"), ("101.5", "3")), sequence=11, previous=9, **stamps),
        BookUpdate(sequence=12, **stamps),
        TradeTick(price="1", size="1", instrument="Y", **stamps),
    ).report("done")
    log = [recorded(catalog, kind) for kind in ("trades", "quotes", "levels")]
    assert log == [
        [(5, 7, 3, 201, 2, TRADE, -1, LAST | 32)],
        [(5, 7, 4, 200, 1000, QUOTE_BID, 1, 0), (5, 7, 4, 0, 0, QUOTE_ASK, -1, LAST)],
        [
            (5, 7, 9, 0, 0, CLEAR, 0, SNAP),
            (5, 7, 9, 200, 1000, LEVEL, 1, SNAP),
            (5, 7, 9, 202, 2000, LEVEL, -1, SNAP | LAST),
            (5, 7, 11, 202, 0, LEVEL, -1, 0),
            (5, 7, 11, 203, 3000, LEVEL, -1, LAST),
        ],
    ]
    assert recorded(catalog, "trades", "Y") == [(5, 7, 0, 2, 1000, TRADE, 0, LAST)]
    assert [(row.instrument, row.kind, row.rows, row.messages) for row in report.streams] == [
        ("X", "levels", 5, 3),
        ("X", "quotes", 1, 1),
        ("X", "trades", 1, 1),
        ("Y", "trades", 1, 1),
    ]


def test_holes_and_repetitions(catalog: Catalog) -> None:
    """Numbers that lack are a gap, repeated ones are dropped; also when a recording goes on."""
    taken(catalog, trade(1), trade(2), trade(2), trade(6))
    again = taken(catalog, trade(5), trade(6), trade(9, previous=7), trade(20, previous=0), trade(21))
    (row,) = again.report("done").streams
    assert [(r[2], r[5], r[4]) for r in recorded(catalog, "trades")] == [
        *((1, TRADE, 2), (2, TRADE, 2), (3, GAP, 3), (6, TRADE, 2)),
        *((7, GAP, 1), (9, TRADE, 2), (20, TRADE, 2), (21, TRADE, 2)),
    ]
    assert (row.rows, row.messages, row.gaps, row.missing, row.duplicates) == (4, 3, 1, 1, 2)
    assert row.render() == [
        "X: 4 rows of trades written, 3 messages",
        "  1 gaps, 1 messages missing",
        "  2 duplicates dropped",
    ]


def test_a_snapshot_needs_nothing_before_it(catalog: Catalog) -> None:
    """After a hole a snapshot opens the book anew, without a gap; an update does not."""
    update = {"bids": (("100", 1),), "ts_local": 1}
    ticks = [
        BookUpdate(sequence=5, **update),  # type: ignore[arg-type]
        BookUpdate(sequence=50, is_snapshot=True, **update),  # type: ignore[arg-type]
        BookUpdate(sequence=60, previous=55, **update),  # type: ignore[arg-type]
    ]
    taken(catalog, *ticks)
    log = [(r[2], r[5], r[4]) for r in recorded(catalog, "levels")]
    assert log == [(5, LEVEL, 1000), (50, CLEAR, 0), (50, LEVEL, 1000), (51, GAP, 5), (60, LEVEL, 1000)]


@pytest.mark.parametrize(
    ("tick", "says"),
    [
        (trade(2, price="100.3"), "a price is not on the step 0.5"),
        (trade(2, size="0.0005"), "a size is not on the step 0.001"),
        (trade(2, price=100.5), "a price is no finite Decimal, int or text of one"),
        (trade(2, price="high"), "a price is no finite Decimal, int or text of one"),
        (trade(2, price="NaN"), "a price is no finite Decimal, int or text of one"),
        (trade(2, price=None), "a price is no finite Decimal, int or text of one"),
        (trade(2, size=0), "a size is below 1 or beyond 9007199254740992 steps"),
        (trade(2, price="1e30"), "a price is below 1 or beyond 9007199254740992 steps"),
        (trade(2, side=2), "a side is 1, -1 or 0, and flags are those of the market row"),
        (trade(2, flags=256), "a side is 1, -1 or 0, and flags are those of the market row"),
    ],
)
def test_what_cannot_be_stored_is_a_gap(catalog: Catalog, tick: TradeTick, says: str) -> None:
    """The reason is counted, and whoever reads the stream sees that a message lacks."""
    (row,) = taken(catalog, trade(1), tick, trade(3)).report("done").streams
    assert [(r[2], r[5], r[4]) for r in recorded(catalog, "trades")] == [
        (1, TRADE, 2),
        (2, GAP, 1),
        (3, TRADE, 2),
    ]
    assert (row.rejected, row.gaps, row.missing, row.messages) == ({says: 1}, 1, 1, 2)
    assert row.render()[-1] == f"  1 rejected: {says}"


def test_times_are_made_to_fit(catalog: Catalog) -> None:
    """A clock behind the exchange, back-steps, a shift, and no times at all; each is counted."""
    ticks = [
        trade(1, ts_exchange=1000, ts_local=900),
        trade(2, ts_exchange=990, ts_local=1010),
        trade(3, ts_exchange=1005, ts_local=1001),
        trade(4, ts_exchange=0, ts_local=0),
    ]
    (row,) = taken(catalog, *ticks, clock_shift_ns=20, clock=lambda: 2000).report("done").streams
    assert [r[:2] for r in recorded(catalog, "trades")] == [
        (1000, 1000),
        (1000, 1030),
        (1005, 1030),
        (2020, 2020),
    ]
    assert (row.late, row.late_ns_max, row.back_steps) == (2, 80, 1)
    assert tick_parts(catalog, "trades", "X")[0].facts.clock_shift_ns == 20
    again = taken(catalog, trade(5, ts_exchange=2000, ts_local=1990)).report("done").streams[0]
    assert recorded(catalog, "trades")[-1][:2] == (2020, 2020)
    assert (again.late, again.back_steps) == (1, 1)


def test_no_ticks(catalog: Catalog) -> None:
    """What is no tick, has no whole number, or is of no known instrument ends the recording with a reason."""
    recorder = TickRecorder(catalog, "X")
    with pytest.raises(
        DataError, match=r"the source gave dict \{'price': 1\}; expected TradeTick, QuoteTick"
    ):
        recorder.take({"price": 1})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"the source gave ts_exchange, ts_local, sequence \(1\.5, 1, 1\)"):
        recorder.take(trade(1, ts_exchange=1.5))
    with pytest.raises(CatalogError, match="no instrument 'Z'"):
        recorder.take(trade(1, instrument="Z"))
    assert recorder.report("done").render().startswith("nothing was received\n")


def test_the_buffer_is_bounded(catalog: Catalog) -> None:
    """It is written whenever it is long enough, and at the end of the source."""
    ticks = [trade(number) for number in range(1, 8)]
    report = asyncio.run(record(source_of(*ticks), catalog, instrument="X", flush_rows=3, origin="a feed"))
    assert [part.facts.rows for part in tick_parts(catalog, "trades", "X")] == [3, 3, 1]
    assert tick_parts(catalog, "trades", "X")[0].facts.source == "a feed"
    assert (report.ended, report.streams[0].messages) == ("the source ended", 7)


def test_the_buffer_is_written_by_time(catalog: Catalog) -> None:
    """A feed that falls silent is written all the same, and `seconds` end the recording."""

    async def run() -> Any:
        source = endless([trade(1), trade(2)], asyncio.Event())
        return await record(source, catalog, instrument="X", flush_seconds=0.02, seconds=0.2)

    assert asyncio.run(run()).ended == "0.2 seconds are over"
    assert [r[2] for r in recorded(catalog, "trades")] == [1, 2]


def test_cancelling_writes_first(catalog: Catalog) -> None:
    """Cancelling the task stays a cancellation, and nothing that was received is lost."""

    async def run() -> None:
        is_silent = asyncio.Event()
        task = asyncio.ensure_future(
            record(endless([trade(1), trade(2)], is_silent), catalog, instrument="X")
        )
        await is_silent.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert [r[2] for r in recorded(catalog, "trades")] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_recording_cleanly(catalog: Catalog, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: what was received is written, and the report says so."""

    async def source() -> AsyncIterator[Tick]:
        yield trade(1)
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    report = record_until_stopped(source(), TickRecorder(catalog, "X"))
    assert (report.ended, report.streams[0].rows) == ("interrupted", 1)
    assert [r[2] for r in recorded(catalog, "trades")] == [1]


def test_a_source_that_fails(catalog: Catalog) -> None:
    """Its exception is carried by a DataError, after what it gave was written."""
    source = source_of(trade(1), then=OSError("connection lost"))
    with pytest.raises(DataError, match="the source raised OSError: connection lost"):
        asyncio.run(record(source, catalog, instrument="X"))
    assert [r[2] for r in recorded(catalog, "trades")] == [1]


FEED = """
from seawall.model.ticks import TradeTick

async def feed():
    for number in (1, 2, 4):
        yield TradeTick(price="100.5", size="0.001", ts_exchange=number, ts_local=number, sequence=number)

async def needs(argument):
    yield argument

def plain():
    return []
"""


def test_the_command(tmp_path: Path) -> None:
    """A new instrument is made with the terms given; a second run finds everything there."""
    (tmp_path / "my.py").write_text(FEED)
    catalog = str(tmp_path / "catalog")
    words = ["data", "record", f"{tmp_path / 'my.py'}:feed", "--catalog", catalog, "--instrument", "BTC-X"]
    first = CliRunner().invoke(main, [*words, "--tick", "0.5", "--lot", "0.001", "--currency", "USDT"])
    assert first.exit_code == 0, first.output
    assert first.output == (
        "BTC-X: 4 rows of trades written, 3 messages\n"
        "  1 gaps, 1 messages missing\n"
        f"{catalog}: the source ended\n"
    )
    terms = Catalog(catalog).instrument("BTC-X")
    assert (terms.tick, terms.lot, terms.currency, terms.sessions) == (
        Decimal("0.5"),
        Decimal("0.001"),
        "USDT",
        "24/7",
    )
    second = CliRunner().invoke(main, words)
    assert "BTC-X: 0 rows of trades written, 0 messages\n  3 duplicates dropped\n" in second.output


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("my.py", "source 'my.py': expected file.py:function"),
        ("my.py:a b", "expected file.py:function"),
        ("absent.py:feed", r"absent\.py cannot be read: No such file"),
        ("my.py:food", "has no `async def food` that yields ticks; it has feed, needs"),
        ("my.py:plain", "has no `async def plain` that yields ticks"),
        ("my.py:needs", "is called without arguments: missing a required argument: 'argument'"),
        ("broken.py:feed", r"broken\.py:2: invalid syntax"),
        ("raising.py:feed", r"raising\.py raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_source_is_found_or_what_is_wrong_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, says: str
) -> None:
    """Each mistake in the name or the file is a ConfigError."""
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(FEED)
    Path("broken.py").write_text("\nasync def feed(:\n")
    Path("raising.py").write_text("1 / 0\n")
    with pytest.raises(ConfigError, match=says):
        load_source(spec)
