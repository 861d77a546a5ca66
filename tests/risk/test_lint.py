"""The start-up lint: limits that cannot bind or contradict each other."""

from decimal import Decimal
from typing import Any

import pytest

from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.risk.limits import InstrumentRiskSettings, RiskSettings
from seawall.risk.lint import limit_problems, lint

AAPL = Instrument(name="AAPL", tick=Decimal("0.01"))


def test_the_defaults_pass() -> None:
    """On a stock that trades 400,000 lots a day, 20,000 is exactly 5 %; one lot less is too few."""
    assert limit_problems(RiskSettings(), [AAPL], {"AAPL": 400_000}) == ()
    lint(RiskSettings(), [AAPL], {"AAPL": 400_000})
    with pytest.raises(ConfigError, match="AAPL: order_lots_max 20000 is above 19999 lots"):
        lint(RiskSettings(), [AAPL], {"AAPL": 399_999})


def test_merrills_cap_fails() -> None:
    """A cap of 5,000,000 shares on a stock that traded 79,000 a day."""
    (problem,) = limit_problems(RiskSettings(order_lots_max=5_000_000), [AAPL], {"AAPL": 79_000})
    assert "5000000 is above 3950 lots, 5 % of the average volume of 79000" in problem


def test_a_cap_is_judged_where_the_share_is_switched_off_too() -> None:
    """Then against 5 %; with no cap at all there is nothing to judge, nor without a volume."""
    off = RiskSettings(order_volume_share_max="none")
    assert len(limit_problems(off, [AAPL], {"AAPL": 1_000})) == 1
    assert limit_problems(RiskSettings(order_lots_max="none"), [AAPL], {"AAPL": 1_000}) == ()
    assert limit_problems(RiskSettings(), [AAPL], {}) == ()


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"unexecuted_notional_max": 1_000, "order_notional_max": 1_001}, "could never go"),
    ({"net_max": 1.1}, "net_max 1.1 is above gross_max 1.0"),
    ({"gross_max": 2.5, "single_name_max": 0.3}, "gross_max 2.5 is above leverage_max 2.0"),
    ({"drawdown_max": 0.0}, "drawdown_max is 0: it trips before the first order"),
    ({"daily_loss_max": 0}, "daily_loss_max is 0"),
    ({"daily_loss_share_max": 0.0}, "daily_loss_share_max is 0"),
    ({"price_collar": "none"}, "AAPL: price_collar is none"),
    ({"price_collar": 0.4}, "AAPL: price_collar 0.4 is wider than emergency_collar 0.3"),
    ({"instrument_open_orders_max": 65}, "AAPL: open_orders_max is above the desk's"),
    ({"single_name_max": 1.5}, "AAPL: single_name_max is above gross_max"),
    (
        {"instruments": {"AAPL": InstrumentRiskSettings(order_notional_max=250_001)}},
        "AAPL: order_notional_max is above the desk's",
    ),
]


@pytest.mark.parametrize(("changes", "said"), CONTRADICTIONS, ids=[case[1] for case in CONTRADICTIONS])
def test_contradictions_are_named(changes: dict[str, Any], said: str) -> None:
    """One sentence each, with the figures."""
    problems = limit_problems(RiskSettings(**changes), [AAPL], {"AAPL": 10**9})
    assert len(problems) == 1
    assert said in problems[0]


def test_all_problems_are_told_at_once() -> None:
    """A desk is not mended one start at a time."""
    with pytest.raises(ConfigError) as error:
        lint(RiskSettings(drawdown_max=0.0, daily_loss_max=0, price_collar=0.4), [AAPL], {"AAPL": 10})
    assert str(error.value).count(";") == 3
