"""The view: shows the state as it is, in the desk's words, and lets nobody change it."""

import math
from decimal import Decimal

import numpy as np
import pytest

from seawall.features.bars import Sma, ZScore
from seawall.kernels.state import BARS_KEPT, new_state
from seawall.model.errors import PolicyError
from seawall.model.instruments import Instrument
from seawall.model.kinds import WakeReason
from seawall.model.orders import OrderState, OrderType, Side
from seawall.model.predictions import ModelPrediction
from seawall.strategies.view import View
from seawall.strategies.wakes import OnCrossing

INSTRUMENTS = (
    Instrument(name="AAPL", tick=Decimal("0.01")),
    Instrument(name="FUT", tick=Decimal("0.25"), multiplier=Decimal(50)),
)
FEATURES = (Sma(10), ZScore(20))


def a_desk(**options):
    """An empty state of two instruments and the view on it."""
    state = new_state()
    state[0]["feature_shown"][:] = np.nan
    state[0]["instrument_count"] = 2
    return state, View(state, INSTRUMENTS, FEATURES, **options)


def close_bar(state, instrument, close, volume=100.0):
    """One more bar in the ring, in ticks: open = close - 4, high + 8, low - 8."""
    s = state[0]
    bar = s["bars"][instrument, s["bar_count"][instrument] % BARS_KEPT]
    bar["open"], bar["high"], bar["low"], bar["close"] = close - 4, close + 8, close - 8, close
    bar["volume"], bar["ts_close"] = volume, 1000 + s["bar_count"][instrument]
    s["bar_count"][instrument] += 1


def test_prices_are_in_currency_and_nan_before_the_first_bar():
    """Ticks become the nearest float of the exact decimal price."""
    state, view = a_desk()
    assert all(math.isnan(read("AAPL")) for read in (view.open, view.high, view.low, view.close, view.volume))
    close_bar(state, 0, 11_001)
    close_bar(state, 1, 17_002)
    assert (view.close("AAPL"), view.close("FUT")) == (110.01, 4250.5)
    assert (view.open("AAPL"), view.high("AAPL"), view.low("AAPL")) == (109.97, 110.09, 109.93)
    assert (view.volume("FUT"), view.close(1)) == (100.0, 4250.5)


def test_bars_and_closes_come_oldest_first_through_the_end_of_the_ring():
    """Fewer while fewer are there; the newest where the ring has gone round."""
    state, view = a_desk()
    for number in range(3):
        close_bar(state, 0, 100 + number)
    assert view.closes("AAPL", 5).tolist() == [1.0, 1.01, 1.02]
    assert view.bars("AAPL", 2)["ts_close"].tolist() == [1001, 1002]
    for number in range(3, BARS_KEPT + 40):
        close_bar(state, 0, 100 + number)
    expected = [(100 + number) / 100 for number in range(BARS_KEPT + 30, BARS_KEPT + 40)]
    assert view.closes("AAPL", 10).tolist() == expected
    assert view.bars("AAPL", BARS_KEPT)["close"][[0, -1]].tolist() == [1.4, expected[-1]]
    assert view.close("AAPL") == expected[-1]


def test_features_are_read_as_they_are_shown():
    """By name or by a bound reader, for any instrument; NaN until warm."""
    state, view = a_desk()
    average, score = view.reader("sma_10", "FUT"), view.reader("z_score_20", 1)
    assert math.isnan(average())
    assert math.isnan(view.feature("sma_10", "FUT"))
    state[0]["feature_shown"][1, :2] = 4250.5, 1.5
    assert (average(), view.feature("sma_10", "FUT"), view.feature("sma_10", 1)) == (4250.5,) * 3
    assert (score(), view.feature("z_score_20", "FUT")) == (1.5, 1.5)
    assert math.isnan(view.feature("sma_10", "AAPL"))


def test_the_wake():
    """Time, reasons, what closed and what crossed."""
    state, view = a_desk(crossings=(OnCrossing("sma_10", 5.0), OnCrossing("z_score_20", 1.0)))
    s = state[0]
    assert (view.updated, view.crossed, view.reasons) == ((), (), 0)
    s["now_ns"], s["wake_reasons"], s["crossed"] = 77, int(WakeReason.BAR_CLOSE | WakeReason.CROSSING), 2
    s["updated"][1] = 1
    assert (view.now, view.updated, view.crossed) == (77, ("FUT",), ("z_score_20 x 1.0",))
    assert view.woken_by(WakeReason.CROSSING)
    assert not view.woken_by(WakeReason.TIMER)


def test_the_books():
    """Money in currency, positions of this strategy alone."""
    state, view = a_desk()
    s = state[0]
    s["ledger"]["cash_minor"], s["ledger"]["reserved_minor"] = 1_000_050, 250_000
    s["ledger"]["equity_minor"], s["ledger"]["drawdown_ppm"] = 2_000_000, 125_000
    s["positions"][0, 1]["lots"], s["positions"][0, 1]["cost_minor"] = -2, -42_505_000
    s["positions"][1, 0]["lots"] = 99  # another strategy's
    assert (view.cash, view.available_cash, view.equity, view.drawdown) == (
        10_000.5,
        7_500.5,
        20_000.0,
        0.125,
    )
    assert (view.position("AAPL"), view.position("FUT")) == (0, -2)
    assert view.average_price("FUT") == 4250.5
    assert math.isnan(view.average_price("AAPL"))


def test_the_average_price_of_an_inverse_contract():
    """5 contracts of 100 dollars at 40,000 and 5 at 60,000 cost as much as 10 at 48,000."""
    perpetual = Instrument(
        name="PERP", tick=Decimal("0.1"), multiplier=Decimal(100), currency="BTC", contract="inverse"
    )
    state = new_state()
    view = View(state, (perpetual,), currency="BTC")
    position = state[0]["positions"][0, 0]
    position["lots"], position["cost_minor"] = 10, -1_250_000 - 833_333
    assert view.average_price("PERP") == pytest.approx(48_000, rel=1e-6)
    position["lots"], position["cost_minor"] = -10, 2_000_000
    assert view.average_price("PERP") == 50_000.0
    position["cost_minor"] = 0
    assert math.isnan(view.average_price("PERP"))


def test_orders_of_this_strategy():
    """Working lots are signed and net; orders come oldest first, others' are not shown."""
    state, view = a_desk()
    s = state[0]
    rows = [(9, 0, 0, 1, 100, 40), (7, 0, 0, -1, 10, 0), (8, 0, 1, 1, 5, 0), (5, 1, 0, 1, 77, 0)]
    for slot, (order_id, strategy, number, side, lots, filled) in enumerate(rows):
        record = s["orders"][slot]
        record["order_id"], record["strategy"], record["instrument"] = order_id, strategy, number
        record["side"], record["quantity_lots"], record["filled_lots"] = side, lots, filled
        record["order_type"], record["state"], record["limit_ticks"] = (
            OrderType.LIMIT,
            OrderState.WORKING,
            200,
        )
        s["open_orders"][number] += 1
    s["order_count"] = 4
    assert (view.working("AAPL"), view.working("FUT")) == (50, 5)
    first, second = view.orders("AAPL")
    assert (first.order_id, first.side, first.lots, first.limit) == (7, Side.SELL, 10, 2.0)
    assert (second.order_id, second.lots, second.filled_lots) == (9, 60, 40)
    assert view.portfolio.working == {"AAPL": 50, "FUT": 5}


def test_objects_for_those_who_want_them():
    """The snapshot says the same as the calls, and leaves out what has not been seen."""
    state, view = a_desk()
    close_bar(state, 0, 11_001)
    state[0]["positions"][0, 0]["lots"] = 3
    state[0]["feature_shown"][0, 0] = 110.0
    market, books = view.market, view.portfolio
    assert market.prices == {"AAPL": 110.01}
    assert (market.bars["AAPL"].close, market.bars["AAPL"].ts_close) == (110.01, 1000)
    assert market.features["sma_10"]["AAPL"] == 110.0
    assert books.positions == {"AAPL": 3}


def test_predictions():
    """The newest by name and instrument, None before the first."""
    newest = {}
    _, view = a_desk(predictions=newest)
    assert view.prediction("up", "AAPL") is None
    newest["up", "AAPL"] = ModelPrediction(name="up", instrument="AAPL", ts_local=1, value=0.5)
    assert view.prediction("up", 0).value == 0.5


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda view: view.close("APPL"), "unknown instrument 'APPL': did you mean 'AAPL'?"),
        (lambda view: view.position("XYZ"), "unknown instrument 'XYZ': this desk has AAPL, FUT"),
        (lambda view: view.close(2), "unknown instrument 2"),
        (lambda view: view.close(-1), "unknown instrument -1"),
        (lambda view: view.feature("sma_11", "AAPL"), "unknown feature 'sma_11': did you mean 'sma_10'?"),
        (lambda view: view.reader("sma_10", "APPL"), "did you mean 'AAPL'?"),
        (lambda view: view.prediction("up", "APPL"), "did you mean 'AAPL'?"),
        (lambda view: view.bars("AAPL", 513), "bars are kept for 1 to 512, asked for 513"),
        (lambda view: view.closes("AAPL", 0), "asked for 0"),
    ],
)
def test_unknown_names(ask, message):
    """A mistyped name is an error with what was meant."""
    _, view = a_desk()
    with pytest.raises(PolicyError) as caught:
        ask(view)
    assert message in str(caught.value)


def test_nothing_in_the_view_changes_the_state():
    """Handed-out arrays are copies, inner ones are read-only, frozen structs stay as they are."""
    state, view = a_desk()
    close_bar(state, 0, 11_001)
    before = state.tobytes()
    view.bars("AAPL", 1)["close"][:] = 0.0
    view.closes("AAPL", 1)[:] = 0.0
    with pytest.raises(AttributeError):
        view.now = 5
    with pytest.raises(AttributeError):
        view.market.bars["AAPL"].close = 5.0
    refused = 0
    for inner in vars(view).values():
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, np.ndarray):
                assert not part.flags.writeable
                refused += 1
            if isinstance(part, memoryview):
                assert part.readonly
                refused += 1
    assert refused > 5
    assert state.tobytes() == before
