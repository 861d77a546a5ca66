"""Ticks are plain frozen values with nothing in them that was not said."""

from decimal import Decimal

import pytest

from seawall.model.ticks import BookUpdate, QuoteTick, Tick, TradeTick


@pytest.mark.parametrize(
    "tick",
    [
        TradeTick(price="1", size="2"),
        QuoteTick(bid=Decimal(1), bid_size=0, ask=2, ask_size=1),
        BookUpdate(),
    ],
)
def test_what_is_not_said_is_unknown(tick: Tick) -> None:
    """No time, no number, the number before it one less, the instrument that is recorded; and it stays so."""
    assert (tick.ts_exchange, tick.ts_local, tick.sequence, tick.previous, tick.instrument) == (
        0,
        0,
        0,
        None,
        "",
    )
    with pytest.raises(AttributeError):
        tick.sequence = 1  # type: ignore[misc]


def test_values_are_kept_as_they_were_sent() -> None:
    """Text stays text: what it means in ticks is a question of the instrument's terms."""
    assert TradeTick(price="0.10", size=2).price == "0.10"
    assert BookUpdate(bids=(("1.5", "0"),)).bids == (("1.5", "0"),)
