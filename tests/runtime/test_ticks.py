"""Setting up a desk on ticks: touches, books, bars out of trades, and what cannot be."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tick_world import FIRST_NS, write_market

from seawall.config import parse_desk
from seawall.kernels.ticks import BARS_OF_TIME, BARS_OF_TRADES, BARS_OF_VALUE, BARS_OF_VOLUME
from seawall.model.corporate import Dividend, Split
from seawall.model.errors import ConfigError
from seawall.runtime.desk import AssembledDesk, assemble
from seawall.store.catalog import Catalog

DESK = """
[desk]
name = "ticks"
cash = 1_000_000
account = "margin"
currency = "{currency}"
[data]
catalog = "catalog"
instruments = ["A", "B"]
streams = {streams}
{more}
[strategy]
path = "policy.py"
[venue]
volume_interval = "{interval}"
sigma_initial = 0.02
"""
POLICY = """
from seawall.features.bars import Sma
from seawall.features.ticks import LastTrade, Mid, TradeChange
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnPacket, OnQuote, OnTimer, OnTrade

class Watcher:
    wakes = ({wake},)
    features = ({features})
    def decide(self, view):
        return None
"""


def built(
    folder: Path,
    streams: list[str],
    wake: str = "OnPacket()",
    more: str = "",
    interval: str = "1m",
    features: str = "",
    **terms: Any,
) -> AssembledDesk:
    """An assembled desk of two made-up markets with these streams, whose policy wakes so."""
    write_market(folder / "catalog", {"A": 1, "B": 2}, 20, **terms)
    (folder / "policy.py").write_text(POLICY.format(wake=wake, features=features))
    currency = terms.get("currency", "USD")
    text = DESK.format(
        streams=str(streams).replace("'", '"'), more=more, interval=interval, currency=currency
    )
    (folder / "desk.toml").write_text(text)
    return assemble(parse_desk(text), folder)


TOUCHES: list[tuple[list[str], int, list[int], int]] = [  # streams -> touch, numbers of books, trades
    (["trades"], 0, [-1, -1], 1),
    (["quotes"], 1, [-1, -1], 0),
    (["levels"], 1, [0, 1], 0),
    (["trades", "quotes"], 1, [-1, -1], 1),
    (["trades", "quotes", "levels"], 1, [0, 1], 1),
]


@pytest.mark.parametrize(("streams", "touch", "books", "trades"), TOUCHES)
def test_touches_and_books(
    tmp_path: Path, streams: list[str], touch: int, books: list[int], trades: int
) -> None:
    """Core and venue have a touch with quotes or levels, and a book each an instrument with levels."""
    desk = built(tmp_path, streams)
    for ticks in (desk.state[0]["ticks"], desk.venue[0]["ticks"]):
        assert ticks["is_ticks"][:3].tolist() == [1, 1, 0]
        assert ticks["has_touch"][:2].tolist() == [touch, touch]
        assert ticks["book"][:2].tolist() == books
    assert desk.venue[0]["ticks"]["has_trades"][:2].tolist() == [trades, trades]
    count = 2 if books[0] == 0 else 0
    assert len(desk.books) == len(desk.venue_books) == count
    assert desk.books is not desk.venue_books


def test_bars_have_none_of_it(small: Any) -> None:
    """A desk on bars has neither ticks nor books."""
    desk = small.assembled()
    assert not desk.state[0]["ticks"]["is_ticks"].any()
    assert not desk.venue[0]["ticks"]["is_ticks"].any()
    assert len(desk.books) == len(desk.venue_books) == 0
    assert (desk.state[0]["ticks"]["book"][:2] == -1).all()


@pytest.mark.parametrize(
    ("interval", "ns", "share"),
    [("1m", 60 * 10**9, 1 / 1440), ("1.5s", 1_500_000_000, 1.5 / 86_400), ("1440m", 86_400 * 10**9, 1.0)],
)
def test_the_volatility_to_begin_with(tmp_path: Path, interval: str, ns: int, share: float) -> None:
    """In variance, that of a day for the share of it that an interval is; both sides know the interval."""
    desk = built(tmp_path, ["trades"], interval=interval)
    assert int(desk.state[0]["volume_interval_ns"]) == int(desk.venue[0]["volume_interval_ns"]) == ns
    assert desk.venue[0]["instruments"][0]["sigma_squared"] == pytest.approx(0.0004 * share, rel=1e-15)


def test_an_assumed_volume(tmp_path: Path) -> None:
    """It is what the average begins with, at both sides; without it nothing is known."""
    desk = built(tmp_path, ["quotes"], more='volume = "assume 700"')
    core, venue = desk.state[0]["instruments"][1], desk.venue[0]["instruments"][1]
    assert (int(core["volume_known"]), float(core["volume_average"])) == (1, 700.0)
    assert float(venue["volume_average"]) == 700.0
    plain = built(tmp_path / "plain", ["quotes"])
    assert int(plain.state[0]["instruments"][1]["volume_known"]) == 0


BARS: list[tuple[str, int, float]] = [  # wake -> kind of bars, size
    ('OnBarClose("1s")', BARS_OF_TIME, 0.0),
    ("OnBarClose(trades=25)", BARS_OF_TRADES, 25.0),
    ("OnBarClose(volume=300)", BARS_OF_VOLUME, 300.0),
    ("OnBarClose(value=25_000.5)", BARS_OF_VALUE, 25_000.5 / (0.001 * 10 * 0.1)),
    ("OnTrade()", 0, 0.0),
]


@pytest.mark.parametrize(("wake", "kind", "size"), BARS)
def test_bars_out_of_trades(tmp_path: Path, wake: str, kind: int, size: float) -> None:
    """Each kind for each instrument; a value in currency is price x lots x lot x multiplier."""
    desk = built(tmp_path, ["trades"], wake, lot=Decimal("0.001"), multiplier=Decimal(10))
    ticks = desk.state[0]["ticks"]
    assert ticks["bar_kind"][:2].tolist() == [kind, kind]
    assert ticks["bar_size"][:2].tolist() == pytest.approx([size, size], rel=1e-15)


def test_value_bars_of_an_inverse_contract(tmp_path: Path) -> None:
    """A contract of 100 USD has that value at any price: bars of 25,050 USD are bars of 250.5 lots."""
    terms: dict[str, Any] = {"multiplier": Decimal(100), "currency": "BTC", "contract": "inverse"}
    desk = built(tmp_path, ["trades"], "OnBarClose(value=25_050)", **terms)
    assert desk.state[0]["ticks"]["bar_kind"][0] == BARS_OF_VOLUME
    assert desk.state[0]["ticks"]["bar_size"][0] == 250.5


IMPOSSIBLE: list[tuple[list[str], str, str]] = [
    (["quotes"], 'OnBarClose("1s")', r"made out of trades: add them to data\.streams"),
    (["levels"], "OnBarClose(trades=5)", r"made out of trades: add them to data\.streams"),
    (["trades"], "OnBarClose()", r'no bars of their own: say OnBarClose\("1m"\)'),
    (["trades"], "OnBarClose(), OnTrade()", "no bars of their own"),
    (
        ["trades", "levels"],
        "OnTrade(), OnBarOpen()",
        "OnBarOpen would be silent .* it needs bars, .* trades, levels",
    ),
    (["quotes", "levels"], "OnTrade()", "OnTrade would be silent for the whole run: it needs trades"),
    (
        ["trades"],
        "OnQuote()",
        "OnQuote would be silent .* it needs quotes or levels, and the desk reads trades",
    ),
]
SILENT: list[tuple[list[str], str, str, str]] = [  # streams, wake, features -> what is said, "" = nothing
    (["trades"], "OnTrade()", "Mid(),", "feature mid would be silent .* it needs quotes or levels"),
    (
        ["levels"],
        "OnPacket()",
        "TradeChange(5),",
        "feature trade_change_5 would be silent .* it needs trades",
    ),
    (["quotes"], "OnPacket()", "Mid(), LastTrade()", "feature last_trade would be silent"),
    (
        ["trades"],
        "OnTrade()",
        "Sma(3),",
        "feature sma_3 would be silent .* it needs OnBarClose with an interval",
    ),
    (["trades"], 'OnTrade(), OnBarClose("1m")', "Sma(3), TradeChange(5)", ""),
    (["trades", "levels"], 'OnTimer("1s")', "Mid(), TradeChange(5)", ""),
]


@pytest.mark.parametrize(("streams", "wake", "message"), IMPOSSIBLE)
def test_what_cannot_be(tmp_path: Path, streams: list[str], wake: str, message: str) -> None:
    """It is said before the run, with what to do."""
    with pytest.raises(ConfigError, match=message):
        built(tmp_path, streams, wake)


@pytest.mark.parametrize(("streams", "wake", "features", "message"), SILENT)
def test_features_that_nothing_moves(
    tmp_path: Path, streams: list[str], wake: str, features: str, message: str
) -> None:
    """A feature that would be NaN to the end of the run is said before it."""
    if not message:
        assert built(tmp_path, streams, wake, features=features).state[0]["feature_count"] > 0
        return
    with pytest.raises(ConfigError, match=message):
        built(tmp_path, streams, wake, features=features)


@pytest.mark.parametrize("wake", ["OnTrade", "OnQuote", "OnPacket"])
def test_wakes_of_ticks_on_a_desk_of_bars(small: Any, wake: str) -> None:
    """Bars have neither trades nor quotes: nobody would ever be woken."""
    text = (
        small.policy.read_text()
        .replace("OnBarClose()", f"{wake}()")
        .replace("import OnBarClose", f"import {wake}")
    )
    small.policy.write_text(text)
    with pytest.raises(ConfigError, match=f"{wake} would be silent .* the desk reads bars"):
        small.assembled()


@pytest.mark.parametrize("bars", ["trades=5", "volume=5", "value=5.0"])
def test_bars_of_trades_on_a_desk_of_bars(small: Any, bars: str) -> None:
    """Bars have no trades in them."""
    text = small.policy.read_text()
    small.policy.write_text(text.replace("OnBarClose()", f"OnBarClose({bars})"))
    with pytest.raises(ConfigError, match=r"need data\.streams"):
        small.assembled()


@pytest.mark.parametrize(("after_s", "refused"), [(0.2, True), (3_600, False), (-3_600, False)])
def test_no_split_within_a_run(tmp_path: Path, after_s: float, refused: bool) -> None:
    """Books and touches have no new units; before, behind and for dividends there is nothing to do."""
    built(tmp_path, ["trades", "quotes"])
    ts = FIRST_NS + int(after_s * 10**9)
    catalog = Catalog(tmp_path / "catalog")
    catalog.write_actions("B", [Dividend("B", FIRST_NS + 10**8, Decimal("0.5")), Split("B", ts, 2, 1)])
    desk = parse_desk((tmp_path / "desk.toml").read_text())
    if refused:
        with pytest.raises(ConfigError, match=r"B splits 2:1 at 2024-01-01T00:00:00\.200Z; a run on ticks"):
            assemble(desk, tmp_path)
    else:
        assert len(assemble(desk, tmp_path).market.actions) == 1
