"""Limits as people write them, and the numbers that they become."""

import inspect
import tomllib
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from seawall.kernels.state import INSTRUMENTS_MAX
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.risk.limits import (
    InstrumentRiskSettings,
    RiskSettings,
    instrument_setting,
    limits_hash,
    to_limits,
)

AAPL = Instrument(name="AAPL", tick=Decimal("0.01"))
IBM = Instrument(name="IBM", tick=Decimal("0.01"))


def settings_of(toml: str) -> RiskSettings:
    """The [risk] table as a desk file has it."""
    return msgspec.convert(tomllib.loads(toml), RiskSettings)


def test_the_defaults_become_numbers() -> None:
    """Shares in ppm, amounts in cents, times in ns; nothing is left at zero by accident."""
    limits, each = to_limits(RiskSettings(), [AAPL])
    row, apple = limits[0], each[0]
    assert row["order_notional_minor_max"] == 25_000_000
    assert (row["gross_ppm_max"], row["leverage_ppm_max"], row["drawdown_ppm_max"]) == (
        10**6,
        2 * 10**6,
        250_000,
    )
    assert (row["age_ns_max"], row["duplicate_window_ns"], row["age_sessions_max"]) == (300 * 10**9, 10**9, 0)
    assert (row["daily_loss_minor_max"], row["daily_loss_ppm_max"], row["daily_loss_resets"]) == (
        -1,
        50_000,
        1,
    )
    assert (apple["collar_ppm"], apple["order_volume_ppm_max"], apple["single_name_ppm_max"]) == (
        100_000, 50_000, 300_000,
    )  # fmt: skip
    assert apple["allowed"] == 1


def test_every_way_to_write_a_limit() -> None:
    """Text with units, exact decimals, and "none"."""
    limits, each = to_limits(
        settings_of("""
        price_collar = "250 bps"
        order_lots_max = "none"
        order_notional_max = 1000.25
        unexecuted_notional_max = "none"
        gross_max = "none"
        max_age = "90s"
        daily_loss_max = "5000.50"
        """),
        [AAPL],
    )
    row, apple = limits[0], each[0]
    assert (apple["collar_ppm"], apple["order_lots_max"], row["order_notional_minor_max"]) == (
        25_000,
        -1,
        100_025,
    )
    assert (row["unexecuted_notional_minor_max"], row["gross_ppm_max"]) == (-1, -1)
    assert (row["age_ns_max"], row["daily_loss_minor_max"]) == (90 * 10**9, 500_050)


def test_one_instrument_may_differ() -> None:
    """What its table says is its own; the rest, and the others, have the desk's."""
    settings = settings_of("""
        order_lots_max = 700
        instrument_open_orders_max = 3
        [instruments.AAPL]
        order_lots_max = 500
        short_lots_max = 0
        open_orders_max = 1
    """)
    _, each = to_limits(settings, [AAPL, IBM])
    assert each["order_lots_max"][:3].tolist() == [500, 700, 0]
    assert each["short_lots_max"][:2].tolist() == [0, 100_000]
    assert each["open_orders_max"][:2].tolist() == [1, 3]
    assert instrument_setting(settings, "IBM", "open_orders_max") == 3


def test_an_instrument_without_limits_is_allowed_nothing() -> None:
    """Rows beyond the desk's instruments are zero, which the gate reads as nothing at all."""
    _, each = to_limits(RiskSettings(), [AAPL])
    assert len(each) == INSTRUMENTS_MAX
    assert not each[1:].tobytes().strip(b"\0")


def test_amounts_follow_the_currency() -> None:
    """A yen has no cents."""
    limits, _ = to_limits(RiskSettings(), [], "JPY")
    assert limits[0]["order_notional_minor_max"] == 250_000


BAD: list[tuple[dict[str, Any], str]] = [
    ({"price_collar": "ten"}, "risk.instruments.AAPL.price_collar"),
    ({"price_collar": -0.1}, "risk.instruments.AAPL.price_collar: must be at least 0"),
    ({"gross_max": "0.00001%"}, "risk.gross_max"),
    ({"gross_max": float("nan")}, "risk.gross_max"),
    ({"order_notional_max": 0.001}, "risk.order_notional_max: 0.001 is not a whole number of minor units"),
    ({"order_notional_max": "lots"}, "risk.order_notional_max: 'lots' is no amount"),
    ({"order_notional_max": float("inf")}, "risk.order_notional_max"),
    ({"order_notional_max": 10**15}, "below 2^53"),
    ({"order_lots_max": "many"}, "order_lots_max: 'many' is no count"),
    ({"order_lots_max": -5}, "order_lots_max: must be at least 0"),
    ({"max_age": "5 minutes"}, "risk.max_age: expected a duration"),
    ({"max_age": "none"}, "risk.max_age"),
    ({"max_age_sessions": -1}, "risk.max_age_sessions"),
    ({"cash_floor": "none"}, "risk.cash_floor: needs a value"),
    ({"emergency_collar": "none"}, "risk.emergency_collar: needs a value"),
    ({"open_orders_max": 193}, "risk.open_orders_max: needs a value of at least 0 and at most 192"),
    ({"instruments": {"APPL": InstrumentRiskSettings()}}, "no such instrument; did you mean AAPL?"),
]


@pytest.mark.parametrize(("changes", "said"), BAD, ids=[next(iter(case[0])) for case in BAD])
def test_what_cannot_be_meant_names_its_key(changes: dict[str, Any], said: str) -> None:
    """A ConfigError with the key, what stood there and what was expected."""
    with pytest.raises(ConfigError) as error:
        to_limits(RiskSettings(**changes), [AAPL])
    assert said in str(error.value)


def test_unknown_keys_are_errors() -> None:
    """A limit with a slip in its name would be no limit at all."""
    with pytest.raises(msgspec.ValidationError, match="order_lots_maxx"):
        settings_of("order_lots_maxx = 5")
    with pytest.raises(msgspec.ValidationError, match="gross_max"):
        settings_of("[instruments.AAPL]\ngross_max = 1.0")


def test_every_key_says_what_it_means() -> None:
    """The reference of a desk file is made of the texts below the keys."""
    source = inspect.getsource(RiskSettings)
    for field in msgspec.structs.fields(RiskSettings):
        line = source.index(f"    {field.name}:")
        assert source[line:].split("\n")[1].strip().startswith('"""'), field.name


def test_the_hash_changes_with_every_limit() -> None:
    """One changed figure is another set of limits; the same figures are the same."""
    base = limits_hash(*to_limits(RiskSettings(), [AAPL]))
    assert base == limits_hash(*to_limits(RiskSettings(price_collar="10%"), [AAPL]))
    changed: list[dict[str, Any]] = [
        {"version": 2},
        {"gross_max": 0.999999},
        {"order_lots_max": 19_999},
        {"max_age": "301s"},
        {"daily_loss_resets": False},
        {"cash_floor": 0.01},
    ]
    seen = [base, *(limits_hash(*to_limits(RiskSettings(**each), [AAPL])) for each in changed)]
    assert len(dict.fromkeys(seen)) == len(seen)
