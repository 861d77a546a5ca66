"""The gate in front of somebody else's broker: the same verdict, closed doors, and a seal."""

import copy
import pickle
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.state import new_state
from seawall.model.amounts import Notional, Price, Quantity
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.model.reasons import Reason
from seawall.portfolio.exposure import open_leaves
from seawall.portfolio.ledger import mark
from seawall.risk import (
    AccountView,
    Approved,
    FeeBound,
    Gate,
    GateView,
    InstrumentView,
    OrderRequest,
    Refused,
    RiskSettings,
    Status,
    WorkingOrder,
)
from seawall.risk import standalone as standalone_module
from seawall.risk.gate import review
from seawall.risk.inputs import gather
from seawall.risk.limits import to_limits

REPOSITORY = Path(__file__).resolve().parents[2]
AAPL = Instrument(name="AAPL", tick=Decimal("0.01"))
IBM = Instrument(name="IBM", tick=Decimal("0.01"), shortable=False)
ACCOUNT = AccountView(
    cash_minor=100_000_000, equity_minor=100_000_000, day_start_minor=100_000_000, peak_minor=100_000_000
)
FRESH = InstrumentView(price_ticks=18_000, price_ts=900, volume_average_lots=50_000_000)
VIEW = GateView(now_ns=1_000, account=ACCOUNT, instruments={"AAPL": FRESH, "IBM": FRESH})
BUY = OrderRequest(instrument="AAPL", side=Side.BUY, quantity=100, limit=18_100)


def a_gate(**changes: Any) -> Gate:
    """A gate for two stocks with the default limits."""
    return Gate(RiskSettings(**changes), [AAPL, IBM])


def seen(view: GateView = VIEW, account: dict[str, Any] | None = None, **changes: Any) -> GateView:
    """The view with the changes of AAPL and of the account."""
    apple = msgspec.structs.replace(FRESH, **changes)
    return msgspec.structs.replace(
        view,
        instruments={"AAPL": apple, "IBM": FRESH},
        account=msgspec.structs.replace(ACCOUNT, **(account or {})),
    )


def failed(answer: Approved | Refused) -> list[str]:
    """The controls that stood in the way."""
    return [v.control for v in answer.verdicts if v.status in (Status.FAIL, Status.NOT_EVALUATED)]


def test_a_sound_order_is_approved_with_every_verdict() -> None:
    """23 rules, each with value, limit and headroom."""
    answer = a_gate().review(BUY, VIEW)
    assert isinstance(answer, Approved)
    assert len(answer.verdicts) == 23
    assert all(v.status is Status.PASS and v.headroom >= 0 for v in answer.verdicts)


CLOSED: list[tuple[str, OrderRequest, GateView, Reason]] = [
    ("no account", BUY, msgspec.structs.replace(VIEW, account=None), Reason.DRAWDOWN_LIMIT),
    ("no price", BUY, seen(price_ticks=None), Reason.STALE_DATA),
    ("a price of nothing", BUY, seen(price_ticks=0), Reason.STALE_DATA),
    ("a negative price", BUY, seen(price_ticks=-18_000), Reason.STALE_DATA),
    ("a price that is not a number", BUY, seen(price_ticks=float("nan")), Reason.STALE_DATA),
    ("a price without a time", BUY, seen(price_ts=None), Reason.STALE_DATA),
    ("a price of the future", BUY, seen(price_ts=1_001), Reason.STALE_DATA),
    ("an old price", BUY, msgspec.structs.replace(VIEW, now_ns=901 + 300 * 10**9), Reason.STALE_DATA),
    ("a daily price of the session before", BUY, seen(age_sessions=1), Reason.STALE_DATA),
    ("no view of the instrument", BUY, msgspec.structs.replace(VIEW, instruments={}), Reason.STALE_DATA),
    ("unknown volume", BUY, seen(volume_average_lots=None), Reason.UNKNOWN_VOLUME),
    ("a book with a gap", BUY, seen(book_is_whole=False), Reason.BOOK_INVALID),
    ("a book of which nobody knows", BUY, seen(book_is_whole=None), Reason.BOOK_INVALID),
    ("no equity", BUY, seen(account={"equity_minor": 0}), Reason.DRAWDOWN_LIMIT),
    ("equity that is not a number", BUY, seen(account={"equity_minor": float("nan")}), Reason.DRAWDOWN_LIMIT),
    ("no peak", BUY, seen(account={"peak_minor": None}), Reason.DRAWDOWN_LIMIT),
    ("no start of the day", BUY, seen(account={"day_start_minor": None}), Reason.DAILY_LOSS_LIMIT),
    ("a latch", BUY, seen(account={"daily_loss_latched": True}), Reason.DAILY_LOSS_LIMIT),
    ("a holding without a price", BUY, msgspec.structs.replace(
        VIEW, instruments={"AAPL": FRESH, "IBM": InstrumentView(position_lots=5)}), Reason.DRAWDOWN_LIMIT),
    ("a holding that the gate does not know", BUY, msgspec.structs.replace(
        VIEW, instruments={"AAPL": FRESH, "GE": InstrumentView(position_lots=5)}), Reason.DRAWDOWN_LIMIT),
    ("a position that is not a number", BUY, seen(position_lots=float("nan")), Reason.DRAWDOWN_LIMIT),
    ("a working order that makes no sense", BUY, msgspec.structs.replace(
        VIEW, working=(WorkingOrder(instrument="AAPL", side=Side.BUY, lots=0, limit_ticks=1),)),
        Reason.DRAWDOWN_LIMIT),
    ("an unknown instrument", msgspec.structs.replace(BUY, instrument="GE"), VIEW, Reason.INVALID_INPUT),
    ("lots that are not a number", msgspec.structs.replace(BUY, quantity=float("nan")), VIEW,
        Reason.INVALID_INPUT),
    ("negative lots", msgspec.structs.replace(BUY, quantity=-100), VIEW, Reason.INVALID_INPUT),
    ("more lots than 64 bits hold", msgspec.structs.replace(BUY, quantity=2**80), VIEW, Reason.INVALID_INPUT),
    ("a size that overflows", msgspec.structs.replace(BUY, quantity=2**60), VIEW, Reason.INVALID_INPUT),
    ("no side", msgspec.structs.replace(BUY, side=None), VIEW, Reason.INVALID_INPUT),
    ("a market order without a worst price",
        msgspec.structs.replace(BUY, order_type=OrderType.MARKET, limit=None), VIEW, Reason.INVALID_INPUT),
    ("another instrument's price", msgspec.structs.replace(BUY, limit=Price(IBM, 18_100)), VIEW,
        Reason.INVALID_INPUT),
]  # fmt: skip


@pytest.mark.parametrize(("said", "request_", "view", "reason"), CLOSED, ids=[case[0] for case in CLOSED])
def test_it_fails_closed(said: str, request_: OrderRequest, view: GateView, reason: Reason) -> None:
    """Whatever is unknown is a refusal with all verdicts; nothing is skipped or read as zero."""
    answer = a_gate().review(request_, view)
    assert isinstance(answer, Refused), said
    assert answer.reason is reason
    assert len(answer.verdicts) == 23
    assert answer.causes


@pytest.mark.parametrize("quantity", [Notional.of("USD", 58_000_000), Price(AAPL, 100), 100.0, "100", None,
                                      Quantity(IBM, 100), True])  # fmt: skip
def test_what_is_no_quantity_of_the_instrument_never_passes_as_one(quantity: Any) -> None:
    """C2: a notional, a price, a float, a text, somebody else's quantity."""
    answer = a_gate().review(msgspec.structs.replace(BUY, quantity=quantity), VIEW)
    assert isinstance(answer, Refused)
    assert "C2" in failed(answer)


PERPETUAL = Instrument(
    name="BTCUSD_PERP", tick=Decimal("0.1"), multiplier=Decimal(100), currency="BTC", contract="inverse"
)
COINS = AccountView(
    cash_minor=10**10, equity_minor=10**10, day_start_minor=10**10, peak_minor=10**10, margin=True
)
AT_50_000 = InstrumentView(price_ticks=500_000, price_ts=900, volume_average_lots=10**9)
# held, side, limit in ticks, lots -> the controls that stand in the way; at most 2 coins an order
INVERSE_ORDERS = [
    (0, Side.BUY, 500_000, 1_000, []),  # 2 coins
    (0, Side.BUY, 500_000, 1_001, ["C7"]),
    (0, Side.SELL, 500_000, 1_000, []),
    (0, Side.SELL, 500_000, 1_001, ["C7"]),
    (0, Side.BUY, 480_000, 960, []),  # the lower the limit, the more coins
    (0, Side.BUY, 480_000, 961, ["C7"]),
    (0, Side.SELL, 520_000, 1_000, []),  # sold higher, it counts at the market
    (0, Side.SELL, 520_000, 1_001, ["C7"]),
    (14_000, Side.BUY, 500_000, 1_000, []),  # 28 + 2 coins are 30 % of the equity
    (14_001, Side.BUY, 500_000, 1_000, ["C18"]),
    (-14_000, Side.SELL, 500_000, 1_000, []),
    (-14_001, Side.SELL, 500_000, 1_000, ["C18"]),
    (14_001, Side.SELL, 500_000, 1_001, []),  # it reduces
]


@pytest.mark.parametrize(("held", "side", "limit", "lots", "controls"), INVERSE_ORDERS)
def test_inverse_orders_at_the_limit_and_one_beyond(
    held: int, side: Side, limit: int, lots: int, controls: list[str]
) -> None:
    """Limits are amounts of the settlement currency; a notional is what a lot is worth at the lower price."""
    assert failed(of_perpetuals(held, side, limit, lots)) == controls


def of_perpetuals(held: int, side: Side, limit: int, lots: int) -> Approved | Refused:
    """The verdict on an order for contracts at 50,000 in an account of 100 coins."""
    gate = Gate(RiskSettings(order_notional_max=2), [PERPETUAL], FeeBound(ppm=500))
    known = msgspec.structs.replace(AT_50_000, position_lots=held)
    view = GateView(now_ns=1_000, account=COINS, instruments={"BTCUSD_PERP": known})
    order = OrderRequest(instrument="BTCUSD_PERP", side=side, quantity=lots, limit=limit)
    return gate.review(order, view)


def test_inverse_orders_are_counted_up_to_the_last_lot_that_fits() -> None:
    """2^53 satoshis are 45,035,996,273 contracts at 50,000: judged on their size; one more is not counted."""
    most = of_perpetuals(0, Side.BUY, 500_000, 45_035_996_273)
    assert isinstance(most, Refused)
    assert most.reason is Reason.ORDER_QUANTITY
    value = next(v.value for v in most.verdicts if v.rule == "order_notional")
    assert value == -(-45_035_996_273 * 10**11 // 500_000)
    beyond = of_perpetuals(0, Side.BUY, 500_000, 45_035_996_274)
    assert isinstance(beyond, Refused)
    assert beyond.reason is Reason.INVALID_INPUT
    held = of_perpetuals(45_035_996_274, Side.SELL, 500_000, 1)  # a holding that cannot be counted
    assert isinstance(held, Refused)


def test_a_cash_view_of_inverse_contracts_asks_for_their_whole_notional() -> None:
    """The engine asks for a margin account; a view without one is refused what it could not bear."""
    gate = Gate(RiskSettings(order_notional_max=2), [PERPETUAL], FeeBound(ppm=500))
    poor = msgspec.structs.replace(COINS, margin=False, cash_minor=10**8)
    view = GateView(now_ns=1_000, account=poor, instruments={"BTCUSD_PERP": AT_50_000})
    order = OrderRequest(instrument="BTCUSD_PERP", side=Side.BUY, quantity=500, limit=500_000)
    assert failed(gate.review(order, view)) == ["C16"]  # 1 coin, and its fee


def test_fees_and_working_orders_hold_cash() -> None:
    """A buy that fits to the cent without its fee, or without the order before it, does not fit."""
    exact = AccountView(
        cash_minor=100 * 18_100, equity_minor=100_000_000, day_start_minor=100_000_000, peak_minor=100_000_000
    )
    view = msgspec.structs.replace(VIEW, account=exact)
    assert failed(a_gate().review(BUY, view)) == ["C16"]
    free = Gate(RiskSettings(), [AAPL, IBM], FeeBound(ppm=0))
    assert failed(free.review(BUY, view)) == ["C16"]  # fills in parts may round against it
    enough = msgspec.structs.replace(exact, cash_minor=100 * 18_100 + 100)
    view = msgspec.structs.replace(view, account=enough)
    assert isinstance(free.review(BUY, view), Approved)
    working = (WorkingOrder(instrument="IBM", side=Side.BUY, lots=1, limit_ticks=1),)
    fresh = Gate(RiskSettings(), [AAPL, IBM], FeeBound(ppm=0))
    assert failed(fresh.review(BUY, msgspec.structs.replace(view, working=working))) == ["C16"]


def test_a_reducing_order_passes_where_an_opening_one_does_not() -> None:
    """On an old price, after the worst day: sell what is held, and not one lot more."""
    view = seen(position_lots=100, age_sessions=9, account={"drawdown_latched": True})
    sell = msgspec.structs.replace(BUY, side=Side.SELL, limit=17_000, reduce_only=True)
    assert isinstance(a_gate().review(sell, view), Approved)
    flip = a_gate().review(msgspec.structs.replace(sell, quantity=101), view)
    assert {"C23", "C26", "C30"} <= set(failed(flip))
    assert failed(a_gate().review(BUY, view)) == ["C26", "C30"]


def test_the_same_order_waits_for_the_window_and_an_intent_tells_repetitions_apart() -> None:
    """At 0 and at 1 s it is a duplicate; a nanosecond later it is not; nothing fills up for ever."""
    gate = a_gate()
    assert isinstance(gate.review(BUY, VIEW), Approved)
    assert failed(gate.review(BUY, VIEW)) == ["C10"]
    assert isinstance(gate.review(msgspec.structs.replace(BUY, intent="second"), VIEW), Approved)
    at_window = msgspec.structs.replace(VIEW, now_ns=1_000 + 10**9)
    assert failed(gate.review(BUY, at_window)) == ["C10"]
    after = msgspec.structs.replace(VIEW, now_ns=1_001 + 10**9)
    assert isinstance(gate.review(BUY, after), Approved)
    assert failed(gate.review(BUY, VIEW)) == ["C10"]  # the clock went back
    assert len(gate._approvals) == 1


def test_a_full_memory_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can know, nothing passes."""
    monkeypatch.setattr(standalone_module, "APPROVALS_KEPT", 2)
    gate = a_gate()
    answers = [gate.review(msgspec.structs.replace(BUY, intent=str(i)), VIEW) for i in range(3)]
    assert [failed(answer) for answer in answers] == [[], [], ["C10"]]


def test_only_the_very_object_is_genuine() -> None:
    """Made by hand, altered, copied, pickled, of another gate: the check fails."""
    gate = a_gate()
    approved = gate.review(BUY, VIEW)
    assert isinstance(approved, Approved)
    assert gate.check(approved)
    larger = msgspec.structs.replace(BUY, quantity=10_000)
    forgeries = [
        Approved(request=larger, verdicts=approved.verdicts, seal=approved.seal),
        Approved(request=BUY, verdicts=approved.verdicts, seal=object()),
        msgspec.structs.replace(approved, request=larger),
        msgspec.structs.replace(approved),
        copy.copy(approved),
        copy.deepcopy(approved),
        pickle.loads(pickle.dumps(approved)),
        gate.review(BUY, VIEW),
        None,
        BUY,
    ]
    assert [gate.check(forgery) for forgery in forgeries] == [False] * len(forgeries)
    assert not a_gate().check(approved)
    with pytest.raises(AttributeError):
        approved.request = larger
    Approved.request.__set__(approved, larger)  # type: ignore[attr-defined]
    assert not gate.check(approved)


def test_one_gate_keeps_one_currency() -> None:
    """Exposures in different money do not add up."""
    yen = Instrument(name="7203", tick=Decimal(1), currency="JPY")
    with pytest.raises(ConfigError, match="one currency, got USD, JPY"):
        Gate(RiskSettings(), [AAPL, yen])


WORKING = st.tuples(
    st.integers(0, 1), st.sampled_from([1, -1]), st.integers(1, 3_000), st.integers(9_000, 11_500)
)
POSITIONS = st.tuples(st.integers(-2_000, 2_000), st.integers(-2_000, 2_000))


@settings(max_examples=150, deadline=None)
@given(
    POSITIONS, st.lists(WORKING, max_size=5), st.integers(0, 1), st.sampled_from([1, -1]),
    st.integers(1, 30_000), st.integers(8_000, 12_500),
    st.integers(-10**6, 2 * 10**8), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_the_verdict_is_the_engines(
    positions: tuple[int, int], working: list[tuple[int, int, int, int]], number: int, side: int, lots: int,
    limit: int, cash: int, margin: bool, reduce_only: bool, daily: bool,
) -> None:  # fmt: skip
    """For random accounts and orders, each rule says the same number in both."""
    s = new_state()[0]
    desk, each = to_limits(RiskSettings(), [AAPL, IBM])
    s["limits"], s["instrument_limits"], s["instrument_count"], s["now_ns"] = desk[0], each, 2, 10**15
    s["ledger"]["cash_minor"], s["ledger"]["margin_account"] = cash, margin
    s["ledger"]["day_start_minor"], s["ledger"]["peak_minor"] = 10**8, 10**8
    for i, instrument in enumerate((AAPL, IBM)):
        record = s["instruments"][i]
        record["active"], record["shortable"], record["daily"] = 1, instrument.shortable, daily
        record["tick_value_numerator"] = record["tick_value_denominator"] = 1
        record["fee_ppm_max"] = 2_000
        record["last_ticks"] = record["mark_ticks"] = 10_000 + i
        record["last_ts_local"] = 10**15 - 7
        record["volume_known"], record["volume_average"] = 1, 400_000.0
        s["net_lots"][i] = s["positions"][0, i]["lots"] = positions[i]
    mark(s)
    for slot, (where, way, size, price) in enumerate(working):
        order = s["orders"][slot]
        order["instrument"], order["side"], order["quantity_lots"], order["limit_ticks"] = (
            where,
            way,
            size,
            price,
        )
        open_leaves(s, slot)
    gather(s, 0, number, side, 2, 2, lots, limit, 0, reduce_only, 0 if daily else -1, -1)
    decision = s["decisions"][0]
    review(s, decision)

    view = GateView(
        now_ns=10**15,
        account=AccountView(
            cash_minor=cash, equity_minor=int(s["ledger"]["equity_minor"]), day_start_minor=10**8,
            peak_minor=int(s["ledger"]["peak_minor"]), margin=margin,
        ),
        instruments={
            name: InstrumentView(
                price_ticks=10_000 + i, price_ts=10**15 - 7, age_sessions=0 if daily else None,
                position_lots=positions[i], volume_average_lots=400_000,
            )
            for i, name in enumerate(("AAPL", "IBM"))
        },
        working=[
            WorkingOrder(instrument=("AAPL", "IBM")[where], side=Side(way), lots=size, limit_ticks=price)
            for where, way, size, price in working
        ],
    )  # fmt: skip
    request = OrderRequest(
        instrument=("AAPL", "IBM")[number], side=Side(side), quantity=lots, limit=limit,
        time_in_force=TimeInForce.DAY, reduce_only=reduce_only,
    )  # fmt: skip
    answer = a_gate().review(request, view)
    assert [v.value for v in answer.verdicts] == decision["rule_value"][:23].tolist()
    assert [v.limit for v in answer.verdicts] == decision["rule_limit"][:23].tolist()
    assert [int(v.status) for v in answer.verdicts] == decision["rule_status"][:23].tolist()
    assert (answer.reason if isinstance(answer, Refused) else 0) == decision["reason"]


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/gate.md prints what it says."""
    page = (REPOSITORY / "docs" / "gate.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    assert example
    code, output = example.groups()
    exec(code, {})
    assert capsys.readouterr().out == output
