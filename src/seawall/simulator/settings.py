"""What a user may say about the venue: fees, spread, impact, latency and refusals.

Rule 1: every default is on the adverse side; a kinder venue has to be asked for by name.
Rule 2: numbers are read as the decimals that the user wrote, so that fees are exact.
Rule 3: a setting that cannot be used is a ConfigError that names the key and its bounds.
"""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from seawall.model.errors import ConfigError
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument

__all__ = [
    "RECORDED",
    "FeeBound",
    "FeeRates",
    "Fees",
    "LatencySpread",
    "VenueSettings",
    "describe",
    "duration_ns",
    "fee_bound",
    "fee_rates",
]

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|s|m)|0")
DURATION_NS_MAX = 86_400_000_000_000  # a day
HUNDREDTHS_OF_PPM = 10_000  # in a basis point
RATE_BPS_MAX = 1_000.0
RECORDED = "recorded"


class Fees(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fees of one class of instruments; money is in units of the instrument's currency.

    taker_bps, maker_bps: of the amount of a fill, in basis points (a maker's below 0 = rebate, and
    then without a minimum);
    per_share: for each unit of the instrument; minimum: least commission of an order that
    fills at all; sell_levy_bps: added on sells, outside the minimum.
    """

    taker_bps: float = 1.0
    maker_bps: float = 1.0
    per_share: float = 0.0
    minimum: float = 0.0
    sell_levy_bps: float = 0.0

    def __post_init__(self) -> None:
        for key in ("taker_bps", "maker_bps", "sell_levy_bps"):
            least = -RATE_BPS_MAX if key == "maker_bps" else 0.0
            _within(f"fee {key}", getattr(self, key), least, RATE_BPS_MAX)
        for key in ("per_share", "minimum"):
            _within(f"fee {key}", getattr(self, key), 0.0, 1e6)
        if self.minimum > 0.0 and self.maker_bps < 0.0:
            raise ConfigError("fee minimum: cannot stand beside a rebate (maker_bps below 0)")


class LatencySpread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log-normal latency by its median and its 99th percentile, as durations ("5ms")."""

    p50: str
    p99: str

    def __post_init__(self) -> None:
        low, high = duration_ns("latency p50", self.p50), duration_ns("latency p99", self.p99)
        if not 0 < low <= high:
            raise ConfigError(f"latency: needs 0 < p50 <= p99, got {self.p50} and {self.p99}")

    @property
    def mu_sigma(self) -> tuple[float, float]:
        """mu = ln p50, sigma = ln(p99 / p50) / 2.3263479, of nanoseconds (SPEC.md F4)."""
        low, high = duration_ns("latency p50", self.p50), duration_ns("latency p99", self.p99)
        return math.log(low), math.log(high / low) / 2.3263478740408408


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table [venue] of a desk file.

    taker_bps ... sell_levy_bps: the fee class "default", see `Fees`; fee_classes: others by
    name. spread_bps: least full spread; k_sigma: half spread as a share of one bar's
    volatility, the larger of both counts. impact: "sqrt" (impact_y * sigma * sqrt(lots /
    average volume)), "base" (impact_base_bps * sqrt(lots / average volume)) or "none"; sigma
    and average volume are both of one bar. sigma_initial: volatility of one bar before any
    return is seen, as a fraction. volume_bars: span of the average volume, in bars.
    participation: share of a bar's volume that the desk may fill, or "unlimited".
    latency_order, latency_response: "5ms" or {p50 = "5ms", p99 = "40ms"}. p_reject:
    probability of a random rejection. price_band: furthest distance of a limit from the last
    price, as a fraction, 0 = no band. adversarial: a touched limit does not fill. latency_feed:
    of ticks, "recorded" as in the data, or a latency that replaces it. volume_interval: with ticks,
    the bar of which volatility and average volume are meant. replenish_half_life: how fast depth
    that the desk took comes back. seed: of all draws.

    >>> VenueSettings(taker_bps=2).latency_order
    '5ms'
    """

    taker_bps: float = 1.0
    maker_bps: float = 1.0
    per_share: float = 0.0
    fee_minimum: float = 0.0
    sell_levy_bps: float = 0.0
    fee_classes: dict[str, Fees] = {}
    spread_bps: float = 2.0
    k_sigma: float = 0.02
    impact: Literal["sqrt", "base", "none"] = "sqrt"
    impact_y: float = 1.0
    impact_base_bps: float = 25.0
    sigma_initial: float = 0.02
    volume_bars: int = 20
    participation: float | Literal["unlimited"] = 0.1
    latency_order: str | LatencySpread = "5ms"
    latency_response: str | LatencySpread = "5ms"
    p_reject: float = 0.0
    price_band: float = 0.05
    adversarial: bool = True
    latency_feed: str | LatencySpread = "recorded"
    volume_interval: str = "1m"
    replenish_half_life: str = "1s"
    seed: int = 0

    def __post_init__(self) -> None:
        self.fees("default")
        for key, most in (("spread_bps", 1e4), ("k_sigma", 10.0), ("impact_y", 100.0)):
            _within(key, getattr(self, key), 0.0, most)
        for key, most in (("impact_base_bps", 1e4), ("sigma_initial", 1.0), ("p_reject", 1.0)):
            _within(key, getattr(self, key), 0.0, most)
        _within("price_band", self.price_band, 0.0, 1.0)
        _within("volume_bars", self.volume_bars, 1, 100_000)
        _within("seed", self.seed, 0, 2**63 - 1)
        if not isinstance(self.participation, str):
            _within("participation", self.participation, 1e-6, 1.0)
        for key in ("latency_order", "latency_response", "latency_feed"):
            latency = getattr(self, key)
            if isinstance(latency, str) and (key, latency) != ("latency_feed", RECORDED):
                duration_ns(key, latency)
        for key in ("volume_interval", "replenish_half_life"):
            if duration_ns(key, getattr(self, key)) <= 0:
                raise ConfigError(f"venue {key}: must be above 0, got {getattr(self, key)!r}")

    def fees(self, fee_class: str) -> Fees:
        """The fees of a class; an unknown one is a ConfigError that lists what there is."""
        if fee_class in self.fee_classes:
            return self.fee_classes[fee_class]
        if fee_class != "default":
            known = ", ".join(["default", *self.fee_classes])
            raise ConfigError(f"no fee class {fee_class!r} in [venue.fee_classes]; there are: {known}")
        return Fees(
            taker_bps=self.taker_bps,
            maker_bps=self.maker_bps,
            per_share=self.per_share,
            minimum=self.fee_minimum,
            sell_levy_bps=self.sell_levy_bps,
        )

    @property
    def participation_ppm(self) -> int:
        """The participation cap in parts per million; -1 for none."""
        return -1 if isinstance(self.participation, str) else int(_exact(self.participation) * 1_000_000)


class FeeRates(msgspec.Struct, frozen=True):
    """Fees of one instrument as the venue computes them.

    Rates in hundredths of a millionth of the amount, per_lot in millionths of a minor unit,
    the minimum in minor units.
    """

    taker: int
    maker: int
    sell_levy: int
    per_lot_millionths: int
    minimum_minor: int


class FeeBound(msgspec.Struct, frozen=True):
    """The worst case of an order's fees, for the core to reserve.

    Whatever the fills: fee <= amount * fee_ppm_max / 1e6 + lots * fee_per_lot_millionths / 1e6,
    or the minimum plus the first term where that is more, plus half a minor unit for each
    rounding (two a fill: commission and levy).
    """

    fee_ppm_max: int
    fee_per_lot_millionths: int
    fee_minimum_minor: int


def fee_rates(settings: VenueSettings, instrument: Instrument) -> FeeRates:
    """The instrument's fees in exact integers; a rate finer than they can hold is a ConfigError.

    >>> from decimal import Decimal
    >>> fee_rates(VenueSettings(taker_bps=1, per_share=0.005), Instrument(name="A", tick=Decimal("0.01")))
    FeeRates(taker=10000, maker=10000, sell_levy=0, per_lot_millionths=500000, minimum_minor=0)
    """
    fees = settings.fees(instrument.fee_class)
    minor = 10 ** CURRENCY_EXPONENTS[instrument.currency]
    name = f"fees of {instrument.name}"
    return FeeRates(
        taker=_whole(f"{name}: taker_bps", _exact(fees.taker_bps) * HUNDREDTHS_OF_PPM),
        maker=_whole(f"{name}: maker_bps", _exact(fees.maker_bps) * HUNDREDTHS_OF_PPM),
        sell_levy=_whole(f"{name}: sell_levy_bps", _exact(fees.sell_levy_bps) * HUNDREDTHS_OF_PPM),
        per_lot_millionths=_whole(
            f"{name}: per_share", _exact(fees.per_share) * Fraction(instrument.lot) * minor * 1_000_000
        ),
        minimum_minor=_whole(f"{name}: minimum", _exact(fees.minimum) * minor),
    )


def fee_bound(settings: VenueSettings, instrument: Instrument) -> FeeBound:
    """The worst case of the instrument's fees, in the units that the core reserves in.

    >>> from decimal import Decimal
    >>> fee_bound(VenueSettings(taker_bps=1, sell_levy_bps=0.278), Instrument(name="A", tick=Decimal("0.01")))
    FeeBound(fee_ppm_max=128, fee_per_lot_millionths=0, fee_minimum_minor=0)
    """
    rates = fee_rates(settings, instrument)
    worst = max(rates.taker, rates.maker, 0) + rates.sell_levy
    return FeeBound(-(-worst // 100), rates.per_lot_millionths, rates.minimum_minor)


def duration_ns(key: str, text: str) -> int:
    """A duration such as "5ms", "0.25s" or "0" in whole ns; at most a day.

    >>> duration_ns("latency_order", "0.25s")
    250000000
    """
    match = DURATION.fullmatch(text.strip())
    if not match:
        raise ConfigError(f'{key}: expected a duration such as "5ms", "250us" or "0", got {text!r}')
    exact = Fraction(match[1]) * UNITS_NS[match[2]] if match[1] else Fraction(0)
    if exact > DURATION_NS_MAX:
        raise ConfigError(f"{key}: {text} is longer than a day")
    return _whole(f"{key} in ns", exact)


def describe(settings: VenueSettings, streams: Sequence[str] = ("bars",)) -> dict[str, str]:
    """The venue's assumptions in words, for a report; keys are short titles.

    streams: what the desk reads, because the venue assumes other things of ticks than of bars.

    >>> describe(VenueSettings(participation=0.1))["Participation"]
    'at most 10 % of a bar: the previous one at an open, its own at a close; the rest carries'
    >>> describe(VenueSettings(), ["trades", "levels"])["Depth"]
    'displayed lots alone; what the desk took comes back with a half-life of 1s'
    """
    s = settings
    of_bars = "bars" in streams
    latency = f"order {_latency_in_words(s.latency_order)}, response {_latency_in_words(s.latency_response)}"
    latency += "" if of_bars else f", feed {_latency_in_words(s.latency_feed)}"
    return {
        **(_of_bars(s) if of_bars else _of_ticks(s, streams)),
        "Fees": _fees_in_words(s.fees("default")),
        "Latency": latency,
        "Rejections": f"{s.p_reject:g} at random; limits beyond {s.price_band * 100:g} % of the last price"
        if s.price_band
        else f"{s.p_reject:g} at random",
        "Seed": str(s.seed),
    }


def _of_bars(s: VenueSettings) -> dict[str, str]:
    touch = "does not fill (adversarial)" if s.adversarial else "fills (not adversarial)"
    cap = "at most {:g} % of a bar: the previous one at an open, its own at a close; the rest carries"
    return {
        "Fills": "market orders at the next bar's open; a bar that began before an order cannot fill it",
        "Limits": f"fill when traded through by a tick; a touch {touch}",
        "Stops": "trigger on a touch and fill at the worse of stop and open, with costs, before limits",
        "Spread": f"half spread: the larger of {s.spread_bps / 2:g} bps and {s.k_sigma:g} x bar volatility",
        "Impact": _impact_in_words(s, "one bar", "average bar volume"),
        "Participation": "no cap"
        if isinstance(s.participation, str)
        else cap.format(float(_exact(s.participation) * 100)),
    }


def _of_ticks(s: VenueSettings, streams: Sequence[str]) -> dict[str, str]:
    """What docs/venue_ticks.md says of data with or without depth, a touch and trades."""
    depth = "levels" in streams
    touch = depth or "quotes" in streams
    trades = "trades" in streams
    at_limit = "does not fill (adversarial)" if s.adversarial else "fills (not adversarial)"
    rest = ["when the opposite best reaches them"] if touch else []
    rest += [f"when a trade goes through them by a tick; a trade at the limit {at_limit}"] if trades else []
    taken = "displayed lots alone; what the desk took comes back with a half-life of"
    costs, least = "at half spread and impact from the", f"{s.spread_bps / 2:g} bps"
    worst = f"{costs} middle, or at the levels that they take or the opposite best where that is worse"
    stops = "with a trade" if trades else "when the opposite best is"
    return {
        "Fills": f"takers as they arrive, {worst if touch else f'{costs} last trade'}",
        "Depth": f"{taken} {s.replenish_half_life}" if depth else "takers get all that they ask for",
        "Limits": f"that rest fill whole at their limit {'; '.join(rest)}",
        "Queue": "not modelled",
        "Stops": f"become limits {stops} at or beyond them",
        "Gaps": "nothing fills while the touch is missing, crossed or one-sided"
        if touch
        else "change nothing",
        "Spread": f"half spread: {f'the larger of half the quoted one and {least}' if touch else least}",
        "Impact": _impact_in_words(s, f"an interval of {s.volume_interval}", "its average volume"),
    }


def _impact_in_words(s: VenueSettings, span: str, volume: str) -> str:
    return {
        "sqrt": f"{s.impact_y:g} x volatility of {span} x sqrt(lots / {volume})",
        "base": f"{s.impact_base_bps:g} bps x sqrt(lots / {volume})",
        "none": "none",
    }[s.impact]


def _fees_in_words(fees: Fees) -> str:
    words = f"taker {fees.taker_bps:g} bps, maker {fees.maker_bps:g} bps"
    words += f", {fees.per_share:g} a share" if fees.per_share else ""
    words += f", at least {fees.minimum:g} an order" if fees.minimum else ""
    return words + (f", sells {fees.sell_levy_bps:g} bps more" if fees.sell_levy_bps else "")


def _latency_in_words(latency: str | LatencySpread) -> str:
    return latency if isinstance(latency, str) else f"log-normal {latency.p50} (p99 {latency.p99})"


def _within(key: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise ConfigError(f"venue {key}: must be within {least:g} and {most:g}, got {value}")


def _exact(value: float) -> Fraction:
    """The decimal that the user wrote: the shortest one that reads back as this float."""
    return Fraction(repr(value))


def _whole(key: str, value: Fraction) -> int:
    if value.denominator != 1:
        raise ConfigError(f"venue {key}: finer than can be kept exactly ({float(value)} is not whole)")
    return value.numerator
