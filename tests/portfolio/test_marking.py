"""Marking one instrument: the account is the one that a full mark would find, and no alarm is late."""

import random
from typing import Any

import pytest

from seawall.kernels.state import new_state
from seawall.model.kinds import EventKind
from seawall.portfolio.ledger import mark, open_books, post_adjustment, post_fill
from seawall.portfolio.marking import NO_ALARM, remark, set_alarm, set_drawdown
from seawall.risk.breakers import update_breakers

SEED = 20_260
VALUES = [f"{name}_minor" for name in ("cash", "equity", "worth", "gross", "net", "unrealised", "peak")]
PRICE = 10_000
FINE = 10_000
CASH = 10**9
TRIPPED = int(EventKind.BREAKER_TRIPPED)


def a_desk(inverse: bool = False, cash: int = CASH, **limits: int) -> Any:
    """Books of a margin account with four instruments, none of whose limits is set but those given."""
    s = new_state()[0]
    s["instrument_count"] = 4
    for number in range(4):
        record = s["instruments"][number]
        record["active"], record["inverse"], record["mark_ticks"] = 1, int(inverse), PRICE
        record["tick_value_numerator"] = 10**9 if inverse else 1 + number
        record["tick_value_denominator"] = 1 + number % 2
    for name in ("gross_ppm_max", "leverage_ppm_max", "daily_loss_minor_max", "daily_loss_ppm_max"):
        s["limits"][name] = -1
    s["limits"]["drawdown_ppm_max"] = -1
    s["instrument_limits"]["single_name_ppm_max"] = -1
    for name, value in limits.items():
        s["limits"][name] = value
    open_books(s, cash, True, 0)
    settle(s)
    return s


def settle(s: Any) -> None:
    """What the end of a group with events does: a full mark, breakers, the next alarm."""
    mark(s)
    update_breakers(s)
    set_alarm(s)


def move(s: Any, number: int, price: int) -> None:
    """A tick: the price of one instrument moves."""
    s["instruments"][number]["mark_ticks"] = price
    s["group_alarm"] = 0
    remark(s, number)


def account(s: Any) -> dict[str, int]:
    """What the ledger says."""
    return {name: int(s["ledger"][name]) for name in VALUES}


def trips(s: Any) -> list[tuple[int, int]]:
    """The breakers that tripped: reason, and the loss or drawdown at which they did."""
    events = s["events"][: s["event_count"]]
    return [(int(e["reason"]), int(e["amount_minor"])) for e in events if e["kind"] == TRIPPED]


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_after_any_moves_the_ledger_is_that_of_a_full_mark(seed: int, inverse: bool) -> None:
    """Random fills, fees, flows and ticks: after each tick both ways of valuing agree to the unit."""
    chance = random.Random(seed)
    one, other = a_desk(inverse), a_desk(inverse)
    for _ in range(400):
        number, side = chance.randrange(4), chance.choice((1, -1))
        price = max(1, int(one["instruments"][number]["mark_ticks"]) + chance.randrange(-50, 51))
        lots, fee, what = chance.randrange(1, 500), chance.randrange(-3, 9), chance.random()
        for s in (one, other):
            s["event_count"] = s["posting_count"] = 0
            if what < 0.1:
                post_fill(s, 0, number, side, lots, price * FINE + 5_000, fee, 0)
                settle(s)
            elif what < 0.12:
                post_adjustment(s, 0, number, 0, side * 1_000, 0)
                settle(s)
            else:
                move(s, number, price)
        mark(other)
        set_drawdown(one)
        assert account(one) == account(other), f"seed {seed}"
        assert one["ledger"]["drawdown_ppm"] == other["ledger"]["drawdown_ppm"], f"seed {seed}"
    assert one["ledger"]["gross_minor"] > 0


def test_money_that_came_in_between_counts_at_the_next_move() -> None:
    """A dividend is posted without a mark; the next tick has it in equity and not in the unrealised."""
    s = a_desk()
    post_fill(s, 0, 0, 1, 100, PRICE * FINE, 0, 0)
    settle(s)
    s["ledger"]["cash_minor"] -= 700  # a short pays, say
    move(s, 0, PRICE + 2)
    assert (s["ledger"]["equity_minor"], s["ledger"]["unrealised_minor"]) == (CASH - 500, 200)
    assert s["ledger"]["peak_minor"] == CASH


LIMITS = [
    {},
    {"drawdown_ppm_max": 0},
    {"drawdown_ppm_max": 1},
    {"drawdown_ppm_max": 20_000},
    {"daily_loss_minor_max": 0},
    {"daily_loss_minor_max": 12_345_678},
    {"daily_loss_ppm_max": 13_333},
    {"daily_loss_minor_max": 15_000_000, "daily_loss_ppm_max": 14_000},
    {"daily_loss_minor_max": 9_000_000, "daily_loss_ppm_max": 14_000, "drawdown_ppm_max": 31_007},
]


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("cash", [CASH, 999_999_937])
@pytest.mark.parametrize("limits", LIMITS, ids=range(len(LIMITS)))
def test_the_alarm_is_never_late(limits: dict[str, int], cash: int, inverse: bool) -> None:
    """A desk that marks in full at alarms alone trips when one that always does trips, with its numbers."""
    chance = random.Random(SEED)
    one, other = a_desk(inverse, cash, **limits), a_desk(inverse, cash, **limits)
    for s in (one, other):
        for number, lots in enumerate((7_000, 9_000, -4_000, 8_000)):
            post_fill(s, 0, number, 1 if lots > 0 else -1, abs(lots), PRICE * FINE, 0, 0)
        settle(s)
    full_marks, drift = 0, 0
    for step in range(800):
        drift = chance.choice((-1, 1)) if step % 100 == 0 else drift
        number = chance.randrange(4)
        price = int(one["instruments"][number]["mark_ticks"]) + drift * chance.randrange(30)
        price = max(price + chance.randrange(-5, 6), 1)
        for s in (one, other):
            move(s, number, price)
        if one["group_alarm"]:
            settle(one)
            full_marks += 1
        settle(other)
        assert trips(one) == trips(other), f"seed {SEED}, step {step}"
    assert full_marks < 300
    assert bool(trips(one)) == bool(limits)


def test_the_alarm_is_near() -> None:
    """It stands at most two minor units before the first loss that trips."""
    for share in (1, 3, 20_000, 333_333):
        s = a_desk(drawdown_ppm_max=share)
        peak = int(s["ledger"]["peak_minor"])
        loss = next(n for n in range((share - 1) * 1_000 - 5, 10**9) if -(-n * 10**6 // peak) >= share)
        assert 0 <= s["alarm_minor"] - (peak - loss) <= 2, share


ALARMS = [  # limits, latches, level
    ({}, {}, NO_ALARM),
    ({"daily_loss_minor_max": 100}, {}, CASH - 100),
    ({"daily_loss_ppm_max": 10}, {}, CASH - 10_000),
    ({"daily_loss_minor_max": 100, "daily_loss_ppm_max": 10}, {}, CASH - 100),
    ({"daily_loss_minor_max": 100}, {"daily_loss_latched": 1}, NO_ALARM),
    ({"drawdown_ppm_max": 11}, {"drawdown_latched": 1}, NO_ALARM),
    ({"drawdown_ppm_max": 11}, {}, CASH - 10_000 + 1),
    ({"drawdown_ppm_max": 11, "daily_loss_minor_max": 100}, {"daily_loss_latched": 1}, CASH - 10_000 + 1),
]


@pytest.mark.parametrize(("limits", "latches", "level"), ALARMS)
def test_the_level_is_the_nearest_of_what_can_still_trip(
    limits: dict[str, int], latches: dict[str, int], level: int
) -> None:
    """Amount, share and drawdown; what is latched does not count."""
    s = a_desk(**limits)
    for name, value in latches.items():
        s[name] = value
    set_alarm(s)
    assert s["alarm_minor"] == level


def test_a_new_peak_moves_the_alarm() -> None:
    """The level of the drawdown follows the peak up, and a fall leaves it."""
    s = a_desk(drawdown_ppm_max=20_000)
    post_fill(s, 0, 0, 1, 1_000, PRICE * FINE, 0, 0)
    settle(s)
    before = int(s["alarm_minor"])
    move(s, 0, PRICE + 100)
    assert (s["alarm_minor"] - before, s["group_alarm"]) == (98_000, 0)
    after = int(s["alarm_minor"])
    move(s, 0, PRICE)
    assert s["alarm_minor"] == after
