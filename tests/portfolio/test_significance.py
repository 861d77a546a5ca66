"""Sharpe ratios under suspicion: the papers' own examples, and the traps around them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from seawall.portfolio import significance as of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
RETURNS = np.array([0.012, -0.008, 0.005, 0.0, 0.015, -0.020, -0.006, 0.009, 0.011, -0.004, 0.007, 0.003])
SHARPE = 2.5 / math.sqrt(250)  # the example of Bailey & Lopez de Prado 2014, per day
VARIANCE = 0.5 / 250


def close(value: object) -> object:
    """The value within the tolerance of the golden file."""
    return pytest.approx(value, rel=1e-9)


def test_golden_moments_and_probability() -> None:
    """Population moments with raw kurtosis, and the probability and length that follow from them."""
    skew, kurt = of.skewness(RETURNS), of.kurtosis(RETURNS)
    ratio = of.period_sharpe(RETURNS)
    assert ratio is not None
    assert skew == close(GOLDEN["G_METRICS"]["skew_pop"])
    assert kurt == close(GOLDEN["G_METRICS"]["kurt_pop"])
    assert of.probabilistic_sharpe_ratio(ratio, 12, skew, kurt) == close(GOLDEN["G_METRICS"]["psr0"])
    assert of.minimum_track_record_length(ratio, skew, kurt) == close(GOLDEN["G_DSR"]["mintrl"])


@pytest.mark.parametrize(
    ("name", "trials", "skew", "kurt"),
    [
        ("dsr_N100", 100, -3.0, 10.0),
        ("dsr_N46", 46, -3.0, 10.0),
        ("dsr_N88_normal", 88, 0.0, 3.0),
        ("wrong_excess_kurt", 100, -3.0, 7.0),
    ],
)
def test_golden_deflated_sharpe(name: str, trials: int, skew: float, kurt: float) -> None:
    """The paper's table; excess kurtosis in place of raw would give another number."""
    value = of.deflated_sharpe_ratio(SHARPE, 1250, skew, kurt, VARIANCE, trials)
    assert value == close(GOLDEN["G_DSR"][name])


def test_golden_expected_maximum() -> None:
    """A hundred worthless trials show a best daily Sharpe ratio of 0.113; one trial selects nothing."""
    assert of.expected_maximum_sharpe(VARIANCE, 100) == close(GOLDEN["G_DSR"]["sr0_N100"])
    assert of.expected_maximum_sharpe(VARIANCE, 1) == 0.0


def test_golden_lo_2002() -> None:
    """Negative autocorrelation raises the annual ratio, and the factor is the paper's."""
    golden = GOLDEN["G_LO2002"]
    correlation = of.first_autocorrelation(RETURNS)
    assert correlation == close(golden["rho1"])
    assert of.lo_scaling(correlation, 252) == close(golden["eta"])
    assert of.lo_adjusted_sharpe(RETURNS, 252) == close(golden["sharpe_ar1"])


def test_more_trials_deflate_more() -> None:
    """The more was tried, the less the best is worth."""
    values = [of.deflated_sharpe_ratio(SHARPE, 1250, 0.0, 3.0, VARIANCE, n) for n in (1, 2, 10, 100, 10_000)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_length_and_probability_are_inverse() -> None:
    """A track record exactly as long as needed reaches exactly the confidence."""
    length = of.minimum_track_record_length(0.1, -0.5, 5.0, confidence=0.99)
    assert length is not None
    below = of.probabilistic_sharpe_ratio(0.1, math.floor(length), -0.5, 5.0)
    above = of.probabilistic_sharpe_ratio(0.1, math.ceil(length), -0.5, 5.0)
    assert below < 0.99 <= above


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("skewness of a flat series", of.skewness(np.zeros(9))),
        ("kurtosis of one period", of.kurtosis(np.array([0.1]))),
        ("no length is enough", of.minimum_track_record_length(-0.1, 0.0, 3.0)),
        ("variance not positive", of.probabilistic_sharpe_ratio(2.0, 10, 4.0, 3.0)),
        ("one period", of.probabilistic_sharpe_ratio(0.1, 1, 0.0, 3.0)),
        ("autocorrelation of nothing", of.first_autocorrelation(np.zeros(5))),
        ("adjusted ratio of a flat series", of.lo_adjusted_sharpe(np.zeros(5), 252)),
        ("scaling of a perfect alternation", of.lo_scaling(-1.0, 252)),
    ],
)
def test_undefined_is_none(case: str, value: object) -> None:
    """What has no meaning is None."""
    assert value is None, case


@pytest.mark.parametrize(("variance", "trials"), [(0.1, 0), (-0.1, 5), (math.nan, 5), (math.inf, 5)])
def test_bad_trials_are_refused(variance: float, trials: int) -> None:
    """Zero trials or a variance that is none are errors."""
    with pytest.raises(ValueError, match="trials must be at least 1"):
        of.expected_maximum_sharpe(variance, trials)
