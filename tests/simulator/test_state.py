"""A new venue: what it is told stands in it, and what does not fit is refused."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from seawall.kernels.state import INSTRUMENTS_MAX, SESSIONS_MAX
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.sessions import always_open
from seawall.simulator.settings import LatencySpread, VenueSettings
from seawall.simulator.state import VENUE, new_venue


def test_settings_arrive(bench: Any) -> None:
    """Numbers of all parts of the settings in the units of the state."""
    spread = LatencySpread("1us", "9us")
    v = bench.venue(
        participation=0.1, price_band=0.05, spread_bps=3, latency_order=spread, latency_response="2us"
    )[0]
    assert (v["participation_ppm"], v["price_band_ppm"], v["half_spread_bps_min"]) == (100_000, 50_000, 1.5)
    assert (v["response_ns"], v["response_ns_min"], v["entry_model"]) == (2000, 2000, 1)
    assert v["entry_mu"] == pytest.approx(np.log(1000))
    assert (v["session_open"][0][0], v["session_close"][0][0], v["session_count"][0]) == (10, 90, 60)


def test_the_smallest_response_is_never_below_a_nanosecond(bench: Any) -> None:
    """Also where latency is zero, or random."""
    assert bench.venue(latency_response="0")[0]["response_ns_min"] == 1
    assert bench.venue(latency_response=LatencySpread("5ms", "40ms"))[0]["response_ns_min"] == 1


def test_instruments_arrive(bench: Any) -> None:
    """Tick values are exact fractions, assumed volumes stand where nothing is known."""
    v = bench.venue(3, [-1, 700, -1])[0]
    pairs = [(int(i["tick_value_numerator"]), int(i["tick_value_denominator"])) for i in v["instruments"][:3]]
    assert pairs == [(1, 1), (5, 1), (1, 4)]
    assert [int(i["previous_volume_lots"]) for i in v["instruments"][:3]] == [-1, 700, -1]


def test_the_bytes_are_all_there_is(bench: Any) -> None:
    """Two venues of the same settings have the same bytes; of another seed, others."""
    assert bench.venue(seed=1).tobytes() == bench.venue(seed=1).tobytes() != bench.venue(seed=2).tobytes()
    assert VENUE.itemsize < 4_000_000


def test_what_does_not_fit_is_refused(bench: Any) -> None:
    """Too many instruments or sessions, or a table that was not given."""
    many = [Instrument(name=f"I{n}", tick=Decimal(1), sessions="TOY") for n in range(INSTRUMENTS_MAX + 1)]
    with pytest.raises(ConfigError, match="65 instruments, at most 64"):
        new_venue(VenueSettings(), many, bench.sessions)
    with pytest.raises(ConfigError, match="'TOY'"):
        new_venue(VenueSettings(), many[:1], {})
    ages = always_open()
    assert len(ages.opens) > SESSIONS_MAX
    with pytest.raises(ConfigError, match="47482 sessions"):
        new_venue(VenueSettings(), many[:1], {"TOY": ages})
    towns = [Instrument(name=f"I{n}", tick=Decimal(1), sessions=f"T{n}") for n in range(4)]
    with pytest.raises(ConfigError, match="4 session tables"):
        new_venue(VenueSettings(), towns, {})
