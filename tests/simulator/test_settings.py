"""Settings: defaults, what is refused and how it is said, fees in exact integers, words."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.simulator.settings import (
    FeeBound,
    FeeRates,
    Fees,
    LatencySpread,
    VenueSettings,
    describe,
    duration_ns,
    fee_bound,
    fee_rates,
)

APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))
COIN = Instrument(name="BTC", tick=Decimal("0.1"), lot=Decimal("0.001"), currency="USDT", fee_class="perp")
BAD: list[tuple[dict[str, Any], str]] = [
    ({"taker_bps": -1}, "taker_bps"),
    ({"taker_bps": float("nan")}, "taker_bps"),
    ({"spread_bps": -0.1}, "spread_bps"),
    ({"k_sigma": float("inf")}, "k_sigma"),
    ({"p_reject": 1.5}, "p_reject"),
    ({"price_band": -0.1}, "price_band"),
    ({"participation": 0}, "participation"),
    ({"participation": 1.01}, "participation"),
    ({"volume_bars": 0}, "volume_bars"),
    ({"seed": -1}, "seed"),
    ({"latency_order": "5"}, "latency_order"),
    ({"latency_order": "five ms"}, "latency_order"),
    ({"latency_response": "25h"}, "latency_response"),
    ({"latency_response": "1500m"}, "latency_response"),
    ({"latency_order": "0.1ns"}, "latency_order"),
    ({"fee_minimum": 1, "maker_bps": -1}, "minimum"),
    ({"latency_order": "recorded"}, "latency_order"),
    ({"latency_feed": "as recorded"}, "latency_feed"),
    ({"latency_feed": "25h"}, "latency_feed"),
    ({"volume_interval": "0"}, "volume_interval"),
    ({"volume_interval": "1h"}, "volume_interval"),
    ({"replenish_half_life": "0"}, "replenish_half_life"),
    ({"replenish_half_life": "never"}, "replenish_half_life"),
]


@pytest.mark.parametrize(("settings", "key"), BAD)
def test_bad_settings_name_their_key(settings: dict[str, Any], key: str) -> None:
    """Out of range, not a number, not a duration: refused by name."""
    with pytest.raises(ConfigError, match=key):
        VenueSettings(**settings)


@pytest.mark.parametrize(("p50", "p99"), [("5ms", "4ms"), ("0", "4ms")])
def test_bad_latency_spread(p50: str, p99: str) -> None:
    """The 99th percentile is not below the median, and neither is zero."""
    with pytest.raises(ConfigError, match="p50"):
        LatencySpread(p50, p99)


def test_read_from_a_desk_file() -> None:
    """All of it can be written in TOML; an unknown key is refused."""
    text = """
    taker_bps = 2
    participation = "unlimited"
    latency_order = {p50 = "5ms", p99 = "40ms"}
    latency_response = "250us"
    impact = "base"
    fee_classes.perp = {taker_bps = 4.5, maker_bps = -0.5}
    latency_feed = {p50 = "10ms", p99 = "80ms"}
    volume_interval = "5m"
    replenish_half_life = "250ms"
    """
    read = msgspec.toml.decode(text, type=VenueSettings)
    assert read.participation_ppm == -1
    assert read.latency_order == LatencySpread("5ms", "40ms")
    assert read.fees("perp") == Fees(taker_bps=4.5, maker_bps=-0.5)
    assert read.latency_feed == LatencySpread("10ms", "80ms")
    assert (read.volume_interval, read.replenish_half_life) == ("5m", "250ms")
    with pytest.raises(msgspec.ValidationError, match="taker_bsp"):
        msgspec.toml.decode("taker_bsp = 2", type=VenueSettings)
    with pytest.raises(msgspec.ValidationError, match="impact"):
        msgspec.toml.decode('impact = "cubic"', type=VenueSettings)


DURATIONS = [
    ("0", 0),
    ("7ns", 7),
    ("250us", 250_000),
    ("5ms", 5_000_000),
    ("1.5s", 1_500_000_000),
    ("2m", 12 * 10**10),
]


@pytest.mark.parametrize(("text", "expected"), DURATIONS)
def test_durations(text: str, expected: int) -> None:
    """Every unit, with decimals, exactly."""
    assert duration_ns("key", text) == expected


def test_fee_rates_by_class() -> None:
    """A class of its own, in the currency and lot of its instrument."""
    settings = VenueSettings(
        fee_classes={"perp": Fees(taker_bps=4.5, maker_bps=-0.5, per_share=0.01, minimum=0)}
    )
    assert fee_rates(settings, COIN) == FeeRates(45_000, -5_000, 0, 10_000_000, 0)
    with pytest.raises(ConfigError, match=r"'perp'.*default"):
        fee_rates(VenueSettings(), COIN)


def test_a_fee_that_cannot_be_exact_is_refused() -> None:
    """A ten-thousandth of a basis point is kept, a finer one is not."""
    assert fee_rates(VenueSettings(taker_bps=0.0001), APPLE).taker == 1
    with pytest.raises(ConfigError, match="taker_bps"):
        fee_rates(VenueSettings(taker_bps=0.00001), APPLE)
    with pytest.raises(ConfigError, match="minimum"):
        fee_rates(VenueSettings(fee_minimum=0.001), APPLE)


BOUNDS = [
    ({"taker_bps": 1, "maker_bps": 2}, FeeBound(200, 0, 0)),
    ({"taker_bps": 0, "maker_bps": -1}, FeeBound(0, 0, 0)),
    ({"taker_bps": 0.0001, "maker_bps": 0}, FeeBound(1, 0, 0)),
    (
        {"taker_bps": 1, "sell_levy_bps": 0.5, "per_share": 0.0035, "fee_minimum": 1},
        FeeBound(150, 350_000, 100),
    ),
]


@pytest.mark.parametrize(("settings", "bound"), BOUNDS)
def test_fee_bound(settings: dict[str, float], bound: FeeBound) -> None:
    """The worst of maker and taker with the levy, rounded up; a rebate is not counted on."""
    assert fee_bound(VenueSettings(**settings), APPLE) == bound


def test_no_fill_is_above_the_bound(bench: Any) -> None:
    """Over random worlds an order's fees stay within the bound that the core reserves."""
    for seed in range(40):
        world = bench.world(seed)
        settings, instruments = VenueSettings(**world["settings"]), bench.instruments(3)
        totals: dict[int, list[float]] = {}
        for each in bench.reference(world):
            if each["last_lots"]:
                instrument = instruments[each["instrument"]]
                amount = each["last_lots"] * each["price_fine"] / 10_000 * float(instrument.tick_value) + 1
                bound = fee_bound(settings, instrument)
                total = totals.setdefault(each["order_id"], [0.0, 0.0, float(bound.fee_minimum_minor)])
                total[0] += each["fee_minor"]
                total[1] += amount * bound.fee_ppm_max / 1e6 + 1
                total[1] += each["last_lots"] * bound.fee_per_lot_millionths / 1e6
        assert all(fee <= worst + minimum for fee, worst, minimum in totals.values())


def test_the_words_follow_the_settings() -> None:
    """Every assumption has a sentence, and it changes with its setting."""
    latency = LatencySpread("5ms", "40ms")
    market: dict[str, Any] = {
        "adversarial": False,
        "impact": "none",
        "participation": "unlimited",
        "spread_bps": 8,
    }
    fees = {"fee_minimum": 1, "per_share": 0.005, "sell_levy_bps": 0.3}
    other = VenueSettings(**market, **fees, p_reject=0.1, price_band=0, latency_order=latency, seed=3)
    default, changed = describe(VenueSettings()), describe(other)
    assert list(default) == list(changed)
    same = [key for key in default if default[key] == changed[key]]
    assert same == ["Fills", "Stops"]
    assert changed["Latency"] == "order log-normal 5ms (p99 40ms), response 5ms"
    assert (
        changed["Fees"] == "taker 1 bps, maker 1 bps, 0.005 a share, at least 1 an order, sells 0.3 bps more"
    )
    assert describe(VenueSettings(impact="base"))["Impact"].startswith("25 bps")


WORDS: list[tuple[list[str], dict[str, str]]] = [  # streams -> what is in the words; "" = there are none
    (["bars"], {"Fills": "next bar's open", "Participation": "10 %", "Queue": "", "Depth": "", "Gaps": ""}),
    (["trades"], {"Fills": "the last trade", "Depth": "all that they ask for", "Gaps": "change nothing"}),
    (["trades"], {"Limits": "limit when a trade", "Stops": "a trade", "Spread": "half spread: 1 bps"}),
    (["quotes"], {"Fills": "the opposite best", "Depth": "all that they ask for", "Gaps": "nothing fills"}),
    (["quotes"], {"Limits": "limit when the opposite best reaches them", "Stops": "opposite best"}),
    (["trades", "quotes"], {"Limits": "reaches them; when a trade", "Stops": "a trade", "Spread": "quoted"}),
    (["levels"], {"Depth": "half-life of 1s", "Stops": "opposite best", "Impact": "an interval of 1m"}),
    (["trades", "levels"], {"Participation": "", "Queue": "not modelled", "Latency": "feed recorded"}),
]


@pytest.mark.parametrize(("streams", "expected"), WORDS)
def test_the_words_follow_the_data(streams: list[str], expected: dict[str, str]) -> None:
    """Nothing of bars is told of ticks, and of each kind of ticks only what holds for it."""
    words = describe(VenueSettings(), streams)
    assert "bar" not in " ".join(words.values()) or streams == ["bars"]
    for key, part in expected.items():
        assert (key in words) == bool(part), key
        assert part in words.get(key, ""), key


def test_the_words_of_ticks_follow_the_settings() -> None:
    """Each assumption of ticks changes with its setting."""
    market: dict[str, Any] = {"adversarial": False, "impact": "base", "spread_bps": 8, "p_reject": 0.1}
    feed: dict[str, Any] = {"latency_feed": LatencySpread("5ms", "40ms"), "volume_interval": "5m"}
    other = VenueSettings(**market, **feed, replenish_half_life="20s", taker_bps=2, seed=3)
    default, changed = (describe(each, ["trades", "levels"]) for each in (VenueSettings(), other))
    same = [key for key in default if default[key] == changed[key]]
    assert same == ["Fills", "Queue", "Stops", "Gaps"]
    assert changed["Latency"] == "order 5ms, response 5ms, feed log-normal 5ms (p99 40ms)"
