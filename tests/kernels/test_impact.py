"""The impact formulas against the golden values of the specification."""

import json
from pathlib import Path

import pytest

from seawall.kernels.impact import almgren_2005, square_root_bps

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
NAMES = {"IBM": (6.561e6, 1728e6, 0.0157), "DRI": (1.929e6, 168e6, 0.0226)}


def test_square_root_law() -> None:
    """The seed's example, and Tóth's reading with sigma 2 % and 1 % of the daily volume."""
    assert square_root_bps(25.0, 1.0, 40.0) == pytest.approx(GOLDEN["F_SLIP"]["seed_bps"], rel=1e-12)
    assert square_root_bps(0.02 * 1e4, 1.0, 100.0) == pytest.approx(GOLDEN["F_SLIP"]["toth_bps"], rel=1e-12)


def test_buy_and_sell_of_the_example() -> None:
    """Mid 100, half spread 2 bps: the prices of the specification, on either side."""
    bps = 2.0 + square_root_bps(25.0, 1.0, 40.0)
    assert 100 * (1 + bps / 1e4) == pytest.approx(GOLDEN["F_SLIP"]["buy"], rel=1e-12)
    assert 100 * (1 - bps / 1e4) == pytest.approx(GOLDEN["F_SLIP"]["sell"], rel=1e-12)


@pytest.mark.parametrize("case", list(GOLDEN["F_ALMGREN"]))
def test_almgren(case: str) -> None:
    """The paper's own two stocks at three speeds."""
    name, days = case.split("_T")
    volume, outstanding, sigma = NAMES[name]
    permanent, cost = almgren_2005(0.1 * volume, volume, outstanding, sigma, float(days))
    assert permanent * 1e4 == pytest.approx(GOLDEN["F_ALMGREN"][case]["I_bp"], rel=1e-9)
    assert cost * 1e4 == pytest.approx(GOLDEN["F_ALMGREN"][case]["J_bp"], rel=1e-9)
