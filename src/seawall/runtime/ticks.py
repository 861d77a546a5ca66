"""What a desk that reads ticks needs beyond one that reads bars: books, touches, bars of trades.

Rule 1: an instrument has a touch if quotes or levels of it are read, a book if levels are.
Rule 2: bars out of trades need trades; a policy that asks for the data's own bars gets an error,
        because ticks have none.
Rule 3: what a policy declares can come: a wake or a feature of what the desk does not read would
        be silent for the whole run, so it is an error.
Rule 4: no split falls into a run on ticks: touch, books and what the venue knows of the position
        stand in old units, and nothing turns them into new ones.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from seawall.config import Desk
from seawall.features.bars import Feature as BarFeature
from seawall.kernels.book import new_books
from seawall.kernels.ticks import BARS_OF_TIME, BARS_OF_TRADES, BARS_OF_VALUE, BARS_OF_VOLUME
from seawall.model.corporate import Split
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.times import format_time
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnPacket, OnQuote, OnTrade, Wake
from seawall.strategies.wiring import Feature, bars_of, features_of, wakes_of

__all__ = ["fill_ticks", "refuse_splits"]

DAY_NS = 86_400_000_000_000
TOUCH = ("quotes", "levels")
SOURCES: dict[type[Wake], tuple[str, ...]] = {
    OnBarOpen: ("bars",),
    OnTrade: ("trades",),
    OnQuote: TOUCH,
    OnPacket: ("trades", *TOUCH),
}


def fill_ticks(
    s: Any, v: Any, desk: Desk, instruments: tuple[Instrument, ...], policy: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Sets up core and venue for ticks where the desk reads any; answers with the books of both."""
    streams = desk.data.streams
    _refuse_silence(policy, streams)
    for number in range(len(instruments)):
        s["ticks"][number]["book"] = v["ticks"][number]["book"] = -1
    if "bars" in streams:
        _refuse_trade_bars(bars_of(policy))
        return new_books(0), new_books(0)
    count = len(instruments) if "levels" in streams else 0
    s["volume_interval_ns"] = v["volume_interval_ns"]
    for number, instrument in enumerate(instruments):
        for record in (s["ticks"][number], v["ticks"][number]):
            record["is_ticks"] = 1
            record["has_touch"] = int("quotes" in streams or "levels" in streams)
            record["book"] = number if count else -1
        v["ticks"][number]["has_trades"] = int("trades" in streams)
        # the volatility to begin with is a day's; an interval of it has less
        v["instruments"][number]["sigma_squared"] *= int(v["volume_interval_ns"]) / DAY_NS
        if desk.data.assumed_volume_lots >= 0:
            s["instruments"][number]["volume_known"] = 1
            s["instruments"][number]["volume_average"] = desk.data.assumed_volume_lots
        _set_bars(s["ticks"][number], instrument, bars_of(policy), streams)
    return new_books(count), new_books(count)


def refuse_splits(actions: Sequence[Any]) -> None:
    """A split within the run is a ConfigError that says when it is."""
    split = next((action for action in actions if isinstance(action, Split)), None)
    if split is not None:
        raise ConfigError(
            f"data: {split.instrument} splits {split.numerator}:{split.denominator} at "
            f"{format_time(split.ts_local)}; a run on ticks cannot go over a split: end it before "
            "(data.end), or start behind it (data.start)"
        )


def _refuse_silence(policy: Any, streams: tuple[str, ...]) -> None:
    """Wakes and features that the desk's data cannot bring about."""
    needed = [(type(wake).__name__, SOURCES.get(type(wake), streams)) for wake in wakes_of(policy)]
    needed += [(f"feature {each.name}", _sources_of(each, policy, streams)) for each in features_of(policy)]
    for name, sources in needed:
        if not set(sources) & set(streams):
            wanted = " or ".join(sources) or "OnBarClose with an interval, trades=, volume= or value="
            raise ConfigError(
                f"strategy: {name} would be silent for the whole run: it needs {wanted}, "
                f"and the desk reads {', '.join(streams)} (data.streams)"
            )


def _sources_of(feature: Feature, policy: Any, streams: tuple[str, ...]) -> tuple[str, ...]:
    """The streams of which one must be read; none will do for a feature of bars that nobody makes."""
    if isinstance(feature, BarFeature):
        return streams if "bars" in streams or bars_of(policy) is not None else ()
    return ("trades",) if feature.of_trades else TOUCH


def _refuse_trade_bars(bars: OnBarClose | None) -> None:
    if bars is not None and (bars.trades or bars.volume or bars.value):
        raise ConfigError('strategy: bars of trades, volume or value need data.streams = ["trades", ...]')


def _set_bars(tick: Any, instrument: Instrument, bars: OnBarClose | None, streams: tuple[str, ...]) -> None:
    """The bars that the instrument's trades are to make."""
    if bars is None:
        return
    if "trades" not in streams:
        raise ConfigError("strategy: bars are made out of trades: add them to data.streams")
    if bars.interval is not None:
        tick["bar_kind"] = BARS_OF_TIME
    elif bars.trades is not None:
        tick["bar_kind"], tick["bar_size"] = BARS_OF_TRADES, bars.trades
    elif bars.volume is not None:
        tick["bar_kind"], tick["bar_size"] = BARS_OF_VOLUME, bars.volume
    elif bars.value is not None:
        _set_value_bars(tick, instrument, Fraction(repr(float(bars.value))))
    else:
        raise ConfigError(
            'strategy: ticks have no bars of their own: say OnBarClose("1m"), or trades=, volume= or value='
        )


def _set_value_bars(tick: Any, instrument: Instrument, value: Fraction) -> None:
    """A value in currency as ticks x lots; a lot of an inverse contract has the same value at any price."""
    lot = Fraction(instrument.lot) * Fraction(instrument.multiplier)
    if instrument.contract == "inverse":
        tick["bar_kind"], tick["bar_size"] = BARS_OF_VOLUME, float(value / lot)
    else:
        tick["bar_kind"], tick["bar_size"] = BARS_OF_VALUE, float(value / (lot * Fraction(instrument.tick)))
