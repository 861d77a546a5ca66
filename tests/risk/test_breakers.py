"""Breakers: they trip once, stay, and are released by whom they may be."""

from typing import Any

from seawall.kernels.state import new_state
from seawall.model.kinds import EventKind
from seawall.model.reasons import Reason
from seawall.risk.breakers import update_breakers

TRIPPED, RESET = EventKind.BREAKER_TRIPPED, EventKind.BREAKER_RESET
BREACH, CURED = EventKind.PASSIVE_BREACH, EventKind.PASSIVE_CURED


def a_desk(**limits: int) -> Any:
    """A state with 1,000,000.00 at the start of session 5 and no limit but those named."""
    s = new_state()[0]
    for name in ("gross_ppm_max", "leverage_ppm_max", "daily_loss_minor_max", "daily_loss_ppm_max",
                 "drawdown_ppm_max"):  # fmt: skip
        s["limits"][name] = limits.pop(name, -1)
    for name, value in limits.items():
        s["limits"][name] = value
    s["instrument_count"] = 2
    s["instruments"]["tick_value_numerator"] = s["instruments"]["tick_value_denominator"] = 1
    s["instruments"]["mark_ticks"] = 10_000
    s["instrument_limits"]["single_name_ppm_max"] = -1
    s["ledger"]["day_start_minor"] = s["ledger"]["equity_minor"] = 100_000_000
    s["ledger"]["day_session"] = 5
    return s


def log(s: Any) -> list[tuple[str, str, int, int]]:
    """The events so far: what, why, value and limit; emptied, as the shell does."""
    events = [
        (EventKind(e["kind"]).name, Reason(e["reason"]).name, int(e["amount_minor"]), int(e["limit_ticks"]))
        for e in s["events"][: s["event_count"]]
    ]
    s["event_count"] = 0
    return events


def after(s: Any, **ledger: int) -> list[tuple[str, str, int, int]]:
    """What the breakers record when the books say this."""
    for name, value in ledger.items():
        s["ledger"][name] = value
    update_breakers(s)
    return log(s)


def test_without_limits_nothing_ever_trips() -> None:
    """-1 is no limit, here as in the rules."""
    assert after(a_desk(), equity_minor=-(10**12), drawdown_ppm=10**7, gross_minor=10**15) == []


def test_the_daily_loss_trips_when_it_is_reached_and_once() -> None:
    """One cent less passes; the limit itself trips; a recovery releases nothing."""
    s = a_desk(daily_loss_minor_max=5_000_000)
    assert after(s, equity_minor=95_000_001) == []
    assert s["daily_loss_latched"] == 0
    assert after(s, equity_minor=95_000_000) == [
        ("BREAKER_TRIPPED", "DAILY_LOSS_LIMIT", 5_000_000, 5_000_000)
    ]
    assert after(s, equity_minor=90_000_000) == []
    assert after(s, equity_minor=100_000_000) == []
    assert s["daily_loss_latched"] != 0


def test_of_amount_and_share_the_smaller_trips() -> None:
    """3 % of the day's start is less than 50,000.00."""
    s = a_desk(daily_loss_minor_max=5_000_000, daily_loss_ppm_max=30_000)
    assert after(s, equity_minor=97_000_000) == [
        ("BREAKER_TRIPPED", "DAILY_LOSS_LIMIT", 3_000_000, 3_000_000)
    ]


def test_the_next_session_releases_the_daily_latch_where_the_limits_say_so() -> None:
    """Within the session it stays; the next one starts from its own equity."""
    s = a_desk(daily_loss_ppm_max=50_000, daily_loss_resets=1)
    assert len(after(s, equity_minor=90_000_000)) == 1
    assert after(s, day_session=5) == []
    assert after(s, day_session=6, day_start_minor=90_000_000) == [
        ("BREAKER_RESET", "DAILY_LOSS_LIMIT", 0, 4_500_000)
    ]
    assert s["daily_loss_latched"] == 0


def test_a_session_that_starts_beyond_the_limit_trips_again() -> None:
    """Release and trip are two events of one mark."""
    s = a_desk(daily_loss_minor_max=5_000_000, daily_loss_resets=1)
    after(s, equity_minor=90_000_000)
    kinds = [event[0] for event in after(s, day_session=6, day_start_minor=96_000_000)]
    assert kinds == ["BREAKER_RESET", "BREAKER_TRIPPED"]


def test_without_resets_the_daily_latch_waits_for_a_person() -> None:
    """Sessions come and go."""
    s = a_desk(daily_loss_minor_max=5_000_000, daily_loss_resets=0)
    after(s, equity_minor=90_000_000)
    assert after(s, day_session=99, day_start_minor=90_000_000) == []
    assert s["daily_loss_latched"] != 0


def test_a_loss_before_the_first_session_trips_as_well() -> None:
    """The day before the first session has the number -1."""
    s = a_desk(daily_loss_minor_max=1, daily_loss_resets=1)
    assert len(after(s, day_session=-1, equity_minor=99_999_999)) == 1
    assert after(s, day_session=-1) == []
    assert after(s, day_session=0, day_start_minor=99_999_999)[0][0] == "BREAKER_RESET"


def test_the_drawdown_trips_when_it_is_reached_and_no_session_releases_it() -> None:
    """20 % of the peak; only an operator's event is enough."""
    s = a_desk(drawdown_ppm_max=200_000, daily_loss_resets=1)
    assert after(s, drawdown_ppm=199_999) == []
    assert after(s, drawdown_ppm=200_000) == [("BREAKER_TRIPPED", "DRAWDOWN_LIMIT", 200_000, 200_000)]
    assert after(s, drawdown_ppm=0, day_session=9, day_start_minor=100_000_000) == []
    assert s["drawdown_latched"] == 1


def test_a_limit_that_the_market_passed_is_recorded_once_and_once_when_cured() -> None:
    """Gross 100 % and leverage 2: the first goes before the second, and both come back."""
    s = a_desk(gross_ppm_max=1_000_000, leverage_ppm_max=2_000_000)
    assert after(s, gross_minor=100_000_000) == []
    assert after(s, gross_minor=100_000_001) == [("PASSIVE_BREACH", "GROSS_LIMIT", 100_000_001, 100_000_000)]
    assert after(s, gross_minor=150_000_000) == []
    assert [event[1] for event in after(s, gross_minor=150_000_000, equity_minor=60_000_000)] == [
        "LEVERAGE_LIMIT"
    ]
    cured = after(s, gross_minor=0, equity_minor=60_000_000)
    assert cured == [
        ("PASSIVE_CURED", "GROSS_LIMIT", 0, 60_000_000),
        ("PASSIVE_CURED", "LEVERAGE_LIMIT", 0, 120_000_000),
    ]
    assert s["passive_breach"] == 0


def test_equity_below_zero_breaches_every_share_of_it() -> None:
    """Nothing is a share of less than nothing."""
    s = a_desk(gross_ppm_max=1_000_000)
    assert after(s, gross_minor=1, equity_minor=-1) == [("PASSIVE_BREACH", "GROSS_LIMIT", 1, 0)]


def test_an_inverse_long_breaches_its_limit_as_the_price_falls() -> None:
    """Exposure of 1,500 contracts grows from 30,000,000 satoshis as the price falls a tick under 500."""
    s = a_desk()
    s["instrument_limits"]["single_name_ppm_max"] = 300_000
    record = s["instruments"][0]
    record["inverse"], record["tick_value_numerator"], record["tick_value_denominator"] = 1, 10**8, 1
    s["net_lots"][0], record["mark_ticks"] = 1_500, 5_000
    assert after(s) == []
    record["mark_ticks"] = 4_999
    assert after(s) == [("PASSIVE_BREACH", "SINGLE_NAME_LIMIT", 30_006_002, 30_000_000)]
    s["net_lots"][0] = -1_499
    assert after(s) == [("PASSIVE_CURED", "SINGLE_NAME_LIMIT", 29_985_998, 30_000_000)]


def test_each_single_name_has_a_breach_of_its_own() -> None:
    """Long in one and short in the other, each above 30 % of equity, each named."""
    s = a_desk()
    s["instrument_limits"]["single_name_ppm_max"] = 300_000
    s["net_lots"][0], s["net_lots"][1] = 3_000, -3_000
    assert after(s) == []
    s["instruments"][0]["mark_ticks"] = 10_001
    assert after(s) == [("PASSIVE_BREACH", "SINGLE_NAME_LIMIT", 30_003_000, 30_000_000)]
    s["instruments"][1]["mark_ticks"] = 10_002
    update_breakers(s)
    assert [int(e["instrument"]) for e in s["events"][: s["event_count"]]] == [1]
    log(s)
    s["net_lots"][0] = 0
    assert after(s) == [("PASSIVE_CURED", "SINGLE_NAME_LIMIT", 0, 30_000_000)]
