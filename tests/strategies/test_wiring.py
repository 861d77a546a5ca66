"""What a policy declares becomes fields of the state; what cannot be meant is named."""

from typing import Any

import numpy as np
import pytest

from seawall.features.bars import Sma, ZScore
from seawall.features.ticks import LastTrade, Mid, Spread, TradeChange
from seawall.kernels.state import CROSSINGS_MAX, FEATURES_MAX, new_state
from seawall.model.errors import ConfigError
from seawall.strategies.wakes import (
    OnBarClose,
    OnBarOpen,
    OnCrossing,
    OnEvent,
    OnOrder,
    OnPacket,
    OnQuote,
    OnTimer,
    OnTrade,
)
from seawall.strategies.wiring import bars_of, crossings_of, features_of, wire_policy


class Declares:
    """A policy that only declares."""

    def __init__(self, wakes: Any, features: Any = ()) -> None:
        self.wakes, self.features = wakes, features


def wired(wakes: Any, features: Any = ()) -> Any:
    """A state after the policy was wired."""
    s = new_state()[0]
    wire_policy(s, Declares(wakes, features))
    return s


def test_every_wake_has_its_field() -> None:
    """Each declaration sets its own, and nothing else."""
    bars, orders = ("wake_bar_close", "wake_bar_open"), ("wake_orders", "wake_timer", "wake_events")
    fields = (*bars, *orders, "wake_trade", "wake_quote", "wake_packet")
    wakes = (OnBarClose(), OnBarOpen(), OnOrder(), OnTimer("5m"), OnEvent(), OnTrade(), OnQuote(), OnPacket())
    made = [[int(wired((wake,))[f]) for f in fields] for wake in wakes]
    assert np.array_equal(made, np.eye(8))


def test_intervals_and_timers_are_nanoseconds() -> None:
    """Bars of "5m" and a timer of "1h" that waits for a change."""
    s = wired((OnBarClose("5m"), OnTimer("1h", if_changed=True)))
    assert (s["bar_interval_ns"], s["timer_interval_ns"], s["timer_if_changed"]) == (
        300 * 10**9,
        3600 * 10**9,
        1,
    )


def test_features_and_crossings_refer_by_number() -> None:
    """A crossing of two features and one of a level; a feature declared twice is one."""
    crossings = (OnCrossing("sma_10", "sma_50"), OnCrossing("z_score_20", 2.0, way="down"))
    s = wired(crossings, (Sma(10), Sma(50), Sma(10), ZScore(20)))
    assert s["feature_count"] == 3
    made = [tuple(c[name].item() for name in ("left", "right", "level", "way")) for c in s["crossings"][:2]]
    assert made == [(0, 1, 0.0, 0), (2, -1, 2.0, -1)]
    assert s["crossing_count"] == 2
    assert np.isnan(s["feature_values"]).all()


def test_features_stand_in_the_order_of_their_events() -> None:
    """Of bars, then of trades, then of the touch, each group in the policy's order; crossings follow."""
    declared = (Spread(), TradeChange(5), Sma(10), Mid(), LastTrade(), Sma(5), Spread())
    crossings = (OnCrossing("mid", "sma_5"), OnCrossing("last_trade", 9.5))
    s = wired(crossings, declared)
    names = ["sma_10", "sma_5", "trade_change_5", "last_trade", "spread", "mid"]
    assert [feature.name for feature in features_of(Declares(crossings, declared))] == names
    counts = ("feature_count", "bar_feature_count", "trade_feature_count", "tick_features")
    assert [int(s[count]) for count in counts] == [6, 2, 2, 4]
    numbers = [feature.number for feature in features_of(Declares((), declared))]
    assert [int(record["kind"]) for record in s["features"][:6]] == numbers
    made = [(int(c["left"]), int(c["right"]), float(c["level"])) for c in s["crossings"][:2]]
    assert made == [(5, 1, 0.0), (3, -1, 9.5)]


@pytest.mark.parametrize("bars", [{"trades": 7}, {"volume": 7}, {"value": 7.0}])
def test_bars_out_of_trades_have_no_interval(bars: dict[str, Any]) -> None:
    """Which they are is set up with the ticks; here they wake, and are told apart from the data's own."""
    wake = OnBarClose(**bars)
    s = wired((OnTrade(), wake))
    assert (s["wake_bar_close"], s["bar_interval_ns"]) == (1, 0)
    assert bars_of(Declares((OnTrade(), wake))) == wake
    assert bars_of(Declares((OnTrade(),))) is None


TEN = (Sma(10),)
NINE = tuple(OnCrossing("sma_10", float(n)) for n in range(9))
MISTAKES = [  # wakes, features, words of the error
    ((), (), "Declares declares no wakes, so it would never be asked"),
    (OnBarClose(), (), "Declares.wakes must be a tuple"),
    (None, (), "Declares.wakes must be a tuple, got None"),
    (("1m",), (), "Declares.wakes has '1m', which does not belong there"),
    ((OnBarClose,), (), "Declares.wakes has <class"),
    ((OnBarClose(),), Sma(10), "Declares.features must be a tuple"),
    ((OnBarClose(),), ("sma_10",), "Declares.features has 'sma_10'"),
    ((OnBarClose("1m"), OnBarClose("5m")), (), "the closes of one kind of bars only"),
    ((OnBarClose(), OnBarClose("5m")), (), "the closes of one kind of bars only"),
    ((OnBarClose("1m"), OnBarClose(trades=5)), (), "the closes of one kind of bars only"),
    ((OnTimer("1m"), OnTimer("5m")), (), "one timer only"),
    (
        (OnCrossing("sma_10", "sma_50"),),
        TEN,
        "sma_10 x sma_50: 'sma_50' is no declared feature; declared are sma_10",
    ),
    ((OnCrossing("sma_10", 1.0),), (), "'sma_10' is no declared feature; declared are none"),
    ((OnCrossing(1.0, "sma_10"),), (Sma(10),), "1.0 is no declared feature"),  # type: ignore[arg-type]
    (
        (OnBarClose(),),
        tuple(Sma(n) for n in range(2, 11)),
        f"declares 9 features; a desk can have {FEATURES_MAX}",
    ),
    (NINE, TEN, f"9 crossings; a desk can have {CROSSINGS_MAX}"),
]


@pytest.mark.parametrize(("wakes", "features", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_named(wakes: Any, features: Any, words: str) -> None:
    """A ConfigError says which declaration cannot be used."""
    with pytest.raises(ConfigError) as caught:
        wired(wakes, features)
    assert words in str(caught.value)


def test_the_declarations_in_their_order() -> None:
    """What the view names by place is what the state numbers."""
    policy = Declares((OnBarClose(), OnCrossing("sma_10", 1.0)), [Sma(10), Sma(20)])
    assert [f.name for f in features_of(policy)] == ["sma_10", "sma_20"]
    assert [c.name for c in crossings_of(policy)] == ["sma_10 x 1.0"]
    assert features_of(object()) == ()
