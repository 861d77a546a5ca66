"""What the data commands do with their options."""

from pathlib import Path
from typing import Any

import pytest

from seawall.model.errors import CatalogError, ConfigError, SeawallError
from seawall.model.instruments import Instrument
from seawall.research.commands import import_into
from seawall.store.bars_import import ImportReport
from seawall.store.catalog import Catalog
from seawall.store.tick_import import TickReport

OPTIONS: dict[str, Any] = {
    "instrument": "ACME", "symbol": None, "kind": "bars", "format": "auto", "bar_label": "open",
    "interval": "1d", "tick": None, "lot": None, "currency": None, "sessions": None, "tz": None,
    "splits": None, "dividends": None,
    "contract": None, "multiplier": None, "clock_shift": None, "latency_floor": None,
}  # fmt: skip
GOOD = "date,open,high,low,close,volume\n2001-01-02,10,11,9,10.5,1000\n2001-01-03,10.5,11,9,10.25,2000\n"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """A file of two good bars."""
    path = tmp_path / "acme.csv"
    path.write_text(GOOD)
    return path


def test_a_new_instrument_gets_the_terms_of_the_options(bars: Path, tmp_path: Path) -> None:
    """Tick, lot, currency and sessions; what is not said has its default."""
    found = import_into([bars], str(tmp_path / "c"), {**OPTIONS, "tick": "0.05", "sessions": "XNAS"})
    terms = Catalog(tmp_path / "c").instrument("ACME")
    assert isinstance(found, ImportReport)
    assert found.rows_written == 2
    assert (str(terms.tick), str(terms.lot), terms.currency, terms.sessions) == ("0.05", "1", "USD", "XNAS")
    again = import_into([bars], str(tmp_path / "c"), OPTIONS)
    assert isinstance(again, ImportReport)
    assert again.duplicates == 2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"tick": "x"}, "--tick 'x': expected a decimal number"),
        ({"tick": "0"}, "tick must be .*above 0"),
        ({"lot": "nan"}, "lot must be .*above 0"),
        ({"currency": "ABC"}, "unknown currency 'ABC'"),
        ({"instrument": "A B"}, "instrument name 'A B'"),
        ({"interval": "3w"}, "interval '3w'"),
        ({"tz": "Mars"}, "no time zone 'Mars'"),
        ({"splits": Path("absent.csv")}, "no file absent.csv"),
        ({"symbol": "OTHER"}, "OTHER"),
        ({"clock_shift": "1s"}, "--clock-shift is for ticks, and these are none"),
        ({"latency_floor": "1s"}, "--latency-floor is for ticks"),
        ({"kind": "trades", "interval": "1h"}, "--interval is for bars, and these are none"),
        ({"kind": "trades", "splits": Path("absent.csv")}, "--splits is for bars"),
        ({"kind": "trades", "clock_shift": "1"}, "--clock-shift: duration '1': expected a number of ns"),
        ({"kind": "trades", "latency_floor": "fast"}, "--latency-floor: duration 'fast': expected"),
        ({"multiplier": "x"}, "--multiplier 'x': expected a decimal number"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    bars: Path, tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    """Each is an error, and nothing is written."""
    with pytest.raises(SeawallError, match=says):
        import_into([bars], str(tmp_path / "c"), {**OPTIONS, **changed})
    assert not (tmp_path / "c" / "bars").exists()


def test_a_sample_is_never_written_to(bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the shipped one, nor a folder that happens to have its name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match="read-only"):
        import_into([bars], "sample:us-stocks", OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["acme.csv"]


def test_other_terms_than_the_stored_ones_are_refused(bars: Path, tmp_path: Path) -> None:
    """An instrument keeps the grid that its bars stand on."""
    import_into([bars], str(tmp_path / "c"), OPTIONS)
    with pytest.raises((CatalogError, ConfigError), match="ACME"):
        import_into([bars], str(tmp_path / "c"), {**OPTIONS, "tick": "0.05"})


TICKS = {**OPTIONS, "kind": "trades", "tick": "0.5"}
TRADES = "ts,recv_ns,price,size,side\n1700000000000000000,1699999999000000000,10.5,2,buy\n"


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    """A file of one good trade, recorded by a clock that is a second behind."""
    path = tmp_path / "trades.csv"
    path.write_text(TRADES)
    return path


def test_ticks_never_close(trades: Path, tmp_path: Path) -> None:
    """A new instrument of ticks trades around the clock, unless said; durations are read."""
    options = {**TICKS, "multiplier": "100", "clock_shift": "1.5s"}
    found = import_into([trades], str(tmp_path / "c"), options)
    assert isinstance(found, TickReport)
    assert found.clock.shift_ns == 1_500_000_000
    terms = Catalog(tmp_path / "c").instrument("ACME")
    assert (terms.sessions, str(terms.tick), str(terms.multiplier)) == ("24/7", "0.5", "100")
    floored = import_into(
        [trades], str(tmp_path / "d"), {**TICKS, "sessions": "XNYS", "latency_floor": "2ms"}
    )
    assert isinstance(floored, TickReport)
    assert floored.clock.latency_ns_min == 2_000_000
    assert Catalog(tmp_path / "d").instrument("ACME").sessions == "XNYS"


@pytest.mark.skipif(
    "contract" not in Instrument.__struct_fields__, reason="instruments here do not know their contract yet"
)
def test_the_contract_of_a_new_instrument(trades: Path, tmp_path: Path) -> None:
    """Spot, linear or inverse, as it is said."""
    import_into([trades], str(tmp_path / "c"), {**TICKS, "contract": "linear"})
    assert getattr(Catalog(tmp_path / "c").instrument("ACME"), "contract", None) == "linear"


def test_several_paths(bars: Path, trades: Path, tmp_path: Path) -> None:
    """Ticks in several files are one recording; bars come a file at a time."""
    later = tmp_path / "later.csv"
    later.write_text(TRADES.replace("1700000000000000000,1699999999", "1700000001000000000,1700000000"))
    found = import_into([trades, later], str(tmp_path / "c"), TICKS)
    assert isinstance(found, TickReport)
    assert found.stream("trades").rows_written == 2
    with pytest.raises(ConfigError, match="2 paths: bars are imported a file at a time"):
        import_into([bars, bars], str(tmp_path / "c"), OPTIONS)


def test_a_raw_capture_is_ticks(tmp_path: Path) -> None:
    """Whatever kind is said: a capture has them all."""
    path = tmp_path / "x.txt"
    path.write_text(
        '1700000000000000000 {"stream":"acme@trade","data":{"e":"trade","E":1,"s":"ACME","t":5,'
        '"p":"10.5","q":"2","T":1699999999999,"m":false}}\n'
    )
    found = import_into([path], str(tmp_path / "c"), {**TICKS, "kind": "bars", "format": "binance"})
    assert isinstance(found, TickReport)
    assert [stream.kind for stream in found.streams] == ["trades"]
