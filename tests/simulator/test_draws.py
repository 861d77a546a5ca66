"""Draws: golden latency, the quantile against the standard library, and independence of orders."""

import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.philox import uniform
from seawall.model.kinds import CommandKind, ReportKind
from seawall.simulator.draws import (
    entry_latency_ns,
    is_rejected,
    lognormal_latency,
    normal_quantile,
    response_latency_ns,
)
from seawall.simulator.settings import LatencySpread

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
SPREAD = {"latency_order": LatencySpread("5ms", "40ms"), "latency_response": LatencySpread("5ms", "40ms")}


def test_golden_latency() -> None:
    """F_LATENCY and F_PHILOX: mu, sigma and the draw of order 7 with seed 42."""
    mu, sigma = LatencySpread("5ms", "40ms").mu_sigma
    in_ms = mu - math.log(1e6)
    assert in_ms == pytest.approx(GOLDEN["F_LATENCY"]["lognorm_mu"], rel=1e-9)
    assert sigma == pytest.approx(GOLDEN["F_LATENCY"]["lognorm_sigma"], rel=1e-9)
    assert math.exp(in_ms + sigma**2 / 2) == pytest.approx(GOLDEN["F_LATENCY"]["mean_ms"], rel=1e-9)
    latency = lognormal_latency(in_ms, sigma, uniform(42, 7, 1, 0, 0))
    assert latency == pytest.approx(GOLDEN["F_PHILOX"]["latency_ms"], rel=1e-9)


def test_the_venue_draws_the_golden_latency(bench: Any) -> None:
    """Order 7 of a venue with seed 42 takes 5.176904 ms, in whole nanoseconds."""
    v = bench.venue(seed=42, **SPREAD)[0]
    assert entry_latency_ns(v, 7, CommandKind.NEW, 123) == round(GOLDEN["F_PHILOX"]["latency_ms"] * 1e6)


@given(st.floats(1e-300, 1 - 1e-16, exclude_min=True))
def test_normal_quantile(p: float) -> None:
    """Equal to the standard library's, which uses the same algorithm, and compiled as plain."""
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-14, abs=1e-15)
    assert getattr(normal_quantile, "py_func", normal_quantile)(p) == normal_quantile(p)


def test_the_median_and_the_tail() -> None:
    """Half of 4000 latencies are below p50 and one per cent above p99, within the sample's error."""
    mu, sigma = LatencySpread("5ms", "40ms").mu_sigma
    drawn = [lognormal_latency(mu, sigma, uniform(1, order, 1, 0, 0)) for order in range(4000)]
    assert sum(each < 5e6 for each in drawn) / 4000 == pytest.approx(0.5, abs=0.03)
    assert sum(each > 40e6 for each in drawn) / 4000 == pytest.approx(0.01, abs=0.006)


def test_bounds(bench: Any) -> None:
    """Constant latencies are constant; a response never takes less than a nanosecond."""
    v = bench.venue(latency_order="0", latency_response="0")[0]
    assert entry_latency_ns(v, 1, 1, 0) == 0
    assert response_latency_ns(v, 1, 10, 0) == 1
    assert lognormal_latency(0.0, 1.0, 0.0) > 0.0
    spread = bench.venue(latency_order=LatencySpread("1ns", "1ns"), latency_response="20ns")[0]
    assert entry_latency_ns(spread, 1, 1, 0) == 1
    assert response_latency_ns(spread, 1, 10, 0) == 20


def test_cancels_and_reports_have_draws_of_their_own(bench: Any) -> None:
    """A cancel, a replace and another time differ from the order's own draw; times before 1970 work."""
    v = bench.venue(**SPREAD)[0]
    drawn = [entry_latency_ns(v, 5, kind, ts) for kind, ts in ((1, 0), (2, 0), (3, 0), (2, 1), (2, -1))]
    drawn += [response_latency_ns(v, 5, kind, ts) for kind, ts in ((10, 0), (12, 0), (12, 1), (12, -1))]
    assert len(set(drawn)) == len(drawn)


def test_rejections(bench: Any) -> None:
    """Never with probability 0, always with 1, and by the order alone in between."""
    assert not any(is_rejected(bench.venue(p_reject=0)[0], order) for order in range(50))
    assert all(is_rejected(bench.venue(p_reject=1)[0], order) for order in range(50))
    v = bench.venue(p_reject=0.5)[0]
    forward = [is_rejected(v, order) for order in range(50)]
    assert forward == [is_rejected(v, order) for order in reversed(range(50))][::-1]


def test_other_orders_change_nobodys_luck(bench: Any) -> None:
    """Orders of another instrument, far apart in time, leave an order's latency and fate as they were."""
    first = (100, 105, 95, 100, 1000)
    bars = [bench.bars(*[first] * 20, instrument=number) for number in (0, 1)]
    settings = {"latency_order": LatencySpread("2ns", "4ns"), "latency_response": LatencySpread("2ns", "4ns")}
    settings |= {"p_reject": 0.3, "count": 2}
    mine = [bench.order(95 + 100 * n, order_id=10 * n + 5) for n in range(15)]
    others = [bench.order(45 + 100 * n, order_id=10 * n + 1, instrument=1) for n in range(15)]
    both = sorted([*mine, *others], key=lambda order: int(order["ts_sent"]))
    alone = bench.run(bench.rows(*bars), *mine, **settings)
    among = [each for each in bench.run(bench.rows(*bars), *both, **settings) if each["order_id"] % 10 == 5]
    numbers = ("venue_sequence", "execution_id")
    assert [_without(each, numbers) for each in among] == [_without(each, numbers) for each in alone]
    assert {each["kind"] for each in alone} == {ReportKind.ACCEPTED, ReportKind.REJECTED, ReportKind.FILL}


def _without(report: dict[str, int], names: tuple[str, ...]) -> dict[str, int]:
    return {name: value for name, value in report.items() if name not in names}
