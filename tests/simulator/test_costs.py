"""Costs of a fill: golden prices, exact splits, fees to the minor unit."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from seawall.model.kinds import ReportKind
from seawall.simulator.costs import cost_fine, half_spread_bps, impact_bps

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
FLAT = (100_000, 100_000, 100_000, 100_000, 400)


def fills(bench: Any, *orders: Any, bar: Any = FLAT, **settings: Any) -> list[dict[str, int]]:
    """The fills of orders on flat bars; their base price is 100,000 ticks of one minor unit."""
    rows = bench.rows(bench.bars(*[bar] * 6))
    return [each for each in bench.run(rows, *orders, **settings) if each["kind"] == ReportKind.FILL]


@pytest.mark.parametrize(("side", "name"), [(1, "buy"), (-1, "sell")])
def test_golden_slippage(bench: Any, side: int, name: str) -> None:
    """Base 25 bps, a fortieth of the average volume, half spread 2 bps, mid 100: F_SLIP, either side."""
    order = bench.order(lots=10, side=side, limit=10**6 if side > 0 else 1)
    (fill,) = fills(bench, order, impact="base", impact_base_bps=25, spread_bps=4)
    price = fill["price_fine"] / 10_000 / 1000  # 100,000 ticks stand for 100
    assert price == pytest.approx(GOLDEN["F_SLIP"][name], rel=1e-9)
    exact = GOLDEN["F_SLIP"][name] * 1000 * 10_000
    assert side * (fill["price_fine"] - exact) >= -1e-3  # rounded against the trader


def test_toth(bench: Any) -> None:
    """Y = 1, sigma 2 %, one per cent of the average volume: 20 bps."""
    order = bench.order(lots=4)
    (fill,) = fills(bench, order, impact="sqrt", sigma_initial=0.02)
    # a first bar gives no return, so volatility is still the initial one
    assert (fill["price_fine"] - fill["base_fine"]) / fill["base_fine"] * 1e4 == pytest.approx(20.0, rel=1e-6)


def test_half_spread_is_the_larger_of_two(bench: Any) -> None:
    """Least spread against a share of volatility."""
    for spread_bps, expected in ((10, 10.0), (60, 30.0)):
        v = bench.venue(spread_bps=spread_bps, k_sigma=0.05, sigma_initial=0.02)[0]
        assert half_spread_bps(v, v["instruments"][0]) == pytest.approx(expected)


def test_costs_are_cut_at_the_whole_price(bench: Any) -> None:
    """An absurd size costs the price itself, and nothing overflows."""
    v = bench.venue(impact="sqrt", sigma_initial=1.0, assumed=[1])[0]
    assert impact_bps(v, v["instruments"][0], 10**12) > 1e9
    assert cost_fine(v, v["instruments"][0], 10**6, 10**12) == (0, 10**10)


@pytest.mark.parametrize("lots", [1, 3, 7, 39])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("instrument", [0, 1, 2])
def test_the_split_is_exact(bench: Any, lots: int, side: int, instrument: int) -> None:
    """Spread + impact = what the fill costs more than at its base, in whole minor units."""
    rows = bench.rows(bench.bars(*[(997, 997, 997, 997, 400)] * 3, instrument=instrument))
    order = bench.order(lots=lots, side=side, limit=10**6 if side > 0 else 1, instrument=instrument)
    reports = bench.run(rows, order, count=3, spread_bps=7, impact="sqrt")
    fill = reports[-1]
    value = bench.instruments(3)[instrument].tick_value * lots * side / 10_000
    cash = {name: math.ceil(fill[name] * value) for name in ("price_fine", "base_fine")}
    assert fill["spread_minor"] + fill["impact_minor"] == cash["price_fine"] - cash["base_fine"]
    assert fill["spread_minor"] >= 0
    assert fill["impact_minor"] >= 0


@pytest.mark.parametrize("lots", [1, 7, 39, 5_000])
@pytest.mark.parametrize("side", [1, -1])
def test_the_split_of_an_inverse_contract_is_exact(inverse_bench: Any, lots: int, side: int) -> None:
    """What a worse price costs in coins: less received by a buy, more paid by a sell; fees on the size."""
    rows = inverse_bench.rows(inverse_bench.bars(*[(997, 997, 997, 997, 400)] * 3))
    order = inverse_bench.order(lots=lots, side=side, limit=10**6 if side > 0 else 1)
    fill = inverse_bench.run(rows, order, spread_bps=7, impact="sqrt", taker_bps=20)[-1]
    value = inverse_bench.instruments()[0].tick_value * -side * lots * 10_000
    cash = {name: math.ceil(value / fill[name]) for name in ("price_fine", "base_fine")}
    assert fill["spread_minor"] + fill["impact_minor"] == cash["price_fine"] - cash["base_fine"]
    assert min(fill["spread_minor"], fill["impact_minor"]) >= 0
    assert side * (fill["price_fine"] - fill["base_fine"]) > 0
    assert fill["fee_minor"] == round(Fraction(abs(cash["price_fine"]) * 20, 10_000))


FEES = [  # side, lots, settings -> fee in minor units on lots x 100,000 minor units
    (1, 1, {"taker_bps": 1}, 10),
    (1, 1, {"taker_bps": 0.05}, 0),  # half a unit: to the even one
    (1, 3, {"taker_bps": 0.05}, 2),  # one and a half: to the even one
    (1, 1, {"taker_bps": 0, "per_share": 0.005}, 0),
    (1, 3, {"taker_bps": 0, "per_share": 0.005}, 2),
    (1, 1, {"taker_bps": 1, "fee_minimum": 1}, 100),
    (1, 20, {"taker_bps": 1, "fee_minimum": 1}, 200),
    (-1, 1, {"taker_bps": 1, "sell_levy_bps": 0.278}, 13),
    (1, 1, {"taker_bps": 1, "sell_levy_bps": 0.278}, 10),
    (-1, 1, {"taker_bps": 0, "fee_minimum": 1, "sell_levy_bps": 0.278}, 103),
]


@pytest.mark.parametrize(("side", "lots", "settings", "fee"), FEES)
def test_fees(bench: Any, side: int, lots: int, settings: dict[str, float], fee: int) -> None:
    """Rates, amounts a share, minimum and levy, half to even."""
    order = bench.order(lots=lots, side=side, limit=10**6 if side > 0 else 1)
    (fill,) = fills(bench, order, **settings)
    assert fill["fee_minor"] == fee


def test_a_maker_may_earn(bench: Any) -> None:
    """A rebate is a fee below zero; a taker pays the taker's rate."""
    bar = (100_000, 100_100, 99_000, 100_000, 400)
    orders = bench.order(lots=10), bench.order(lots=10, limit=99_500, order_type=2, order_id=2)
    taker, maker = fills(bench, *orders, bar=bar, taker_bps=2, maker_bps=-0.5)
    assert (taker["fee_minor"], maker["fee_minor"]) == (200, -50)


def test_the_minimum_is_asked_once_an_order(bench: Any) -> None:
    """Fills of 4 lots: commissions 40, 40, 40, minimum 100: charged 100, 0, 20."""
    order = bench.order(lots=12)
    charged = [
        each["fee_minor"] for each in fills(bench, order, participation=0.01, taker_bps=1, fee_minimum=1)
    ]
    assert charged == [100, 0, 20]


def test_dearer_settings_never_cost_less(bench: Any) -> None:
    """With the fills held fixed, raising a fee, the spread or the impact never lowers the cost."""
    order = bench.order(lots=39)
    steps = {
        "taker_bps": (0, 1, 5),
        "spread_bps": (0, 3, 9),
        "k_sigma": (0, 0.01, 0.1),
        "impact_y": (0, 0.5, 2),
    }
    for name, values in steps.items():
        costs = []
        for value in values:
            (fill,) = fills(bench, order, **({"impact": "sqrt"} | {name: value}))
            costs.append(fill["fee_minor"] + fill["spread_minor"] + fill["impact_minor"])
        assert costs == sorted(costs)
        assert costs[0] < costs[-1], name


def test_fee_and_price_are_exact_for_fractions_of_a_minor_unit(bench: Any) -> None:
    """A tick of a quarter of a minor unit: 7 lots at 99,997 ticks cost 174,994.75, paid 174,995."""
    rows = bench.rows(bench.bars(*[(99_997,) * 4 + (400,)] * 3, instrument=2))
    fill = bench.run(rows, bench.order(lots=7, instrument=2), count=3, taker_bps=1)[-1]
    assert Fraction(7 * fill["price_fine"], 40_000) == Fraction(17499475, 100)
    assert fill["fee_minor"] == 17
