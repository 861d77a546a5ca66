"""Events: what the core takes, and in which order things of one time come."""

from decimal import Decimal
from typing import get_args

import numpy as np
import pytest

from seawall.kernels.rows import ROW
from seawall.kernels.state import REPORT
from seawall.model.corporate import Dividend, Split
from seawall.model.events import (
    PHASE_EVENT,
    PHASE_OPEN,
    PHASE_ROW,
    PHASE_TIMER,
    Event,
    MarketData,
    Timer,
    VenueReport,
)
from seawall.model.predictions import ModelPrediction

EVENTS = [
    MarketData(np.zeros(2, ROW)),
    VenueReport(np.zeros(1, REPORT)),
    Timer(5),
    Split(instrument="AAPL", ts_local=5, numerator=2, denominator=1),
    Dividend(instrument="AAPL", ts_local=5, amount=Decimal("0.22")),
    ModelPrediction(name="up", instrument="AAPL", ts_local=5, value=0.61),
]


def test_at_one_time_answers_come_first_and_opens_last() -> None:
    """Answers and events, then rows that end bars, then timers, then what comes after a decision."""
    assert PHASE_EVENT < PHASE_ROW < PHASE_TIMER < PHASE_OPEN


def test_these_are_all_events() -> None:
    """Every member of Event stands in the list above, once."""
    assert [type(event) for event in EVENTS] == list(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
def test_an_event_is_frozen(event: Event) -> None:
    """What has happened cannot be changed."""
    field = event.__struct_fields__[0]
    with pytest.raises(AttributeError, match="immutable"):
        setattr(event, field, None)
