"""Random desks, audited in plain Python from their records alone (CONTROLS.md section 6).

Hypothesis draws the market (jumps, gaps, missing bars, splits, dividends), the venue (latencies,
partial fills, rejections, costs), the limits, and a policy that wants anything at any time. The
auditor below shares no arithmetic with the desk: it books the fills anew from the records and the
rows, and says of each decision what could have happened in the worst case.
"""

import random
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from seawall.config import parse_desk
from seawall.kernels.rows import BAR_CLOSE, BAR_OPEN, FLAG_LAST
from seawall.model.corporate import Dividend, Split
from seawall.model.instruments import Instrument
from seawall.model.kinds import DecisionKind, EventKind
from seawall.model.orders import TERMINAL, OrderState
from seawall.risk.rule import FAIL, NOT_EVALUATED
from seawall.runtime.backtest import Backtest, start
from seawall.store.catalog import BAR_SCHEMA, Catalog

SEED = 20_260_101
MINUTE = 60 * 10**9
FIRST = (1_767_225_600 - 1_800) * 10**9  # half an hour before midnight: day orders expire in the run
CASH = 10_000_000
NAMES = ("ONE", "TWO")
APPROVED, REFUSED = DecisionKind.APPROVED, DecisionKind.REFUSED
ENDS = {EventKind.REJECTED, EventKind.CANCELLED, EventKind.EXPIRED}
ANSWERS = {EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCEL_REJECTED, *ENDS}

POLICY = '''
"""A policy that wants anything."""

import random
from decimal import Decimal

from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnOrder


class Wild:
    wakes = (OnBarClose(), OnBarOpen(), OnOrder())

    def __init__(self, seed: int = 0, margin: bool = False) -> None:
        self.chance, self.low = random.Random(seed), -1.5 if margin else 0.0

    def decide(self, view):
        count = self.chance.choice((0, 0, 1, 1, 2))
        return [self.one(view, self.chance.choice(view.instruments)) for _ in range(count)]

    def one(self, view, name):
        chance = self.chance
        kind = chance.choice(("weight", "weight", "lots", "order", "order", "order", "reduce", "off", "all"))
        exits = {"stop_loss": 0.03, "take_profit": 0.03, "trailing": 0.02, "time_bars": 4}
        exits = Exits(**{key: value for key, value in exits.items() if chance.random() < 0.3})
        exits = exits if chance.random() < 0.5 else None
        if kind == "weight":
            return Target(name, weight=chance.uniform(self.low, 1.5), reason="weight", exits=exits)
        if kind == "lots":
            side = -1 if self.low and chance.random() < 0.4 else 1
            return Target(name, lots=side * chance.choice((0, 0, 1, 50, 400)), reason="lots", exits=exits)
        if kind == "off":
            return Cancel(chance.randrange(1, 60), reason="cancel")
        if kind == "all":
            return CancelAll(instrument=chance.choice((None, name)), reason="all")
        close = view.close(name)
        last = Decimal(str(round(close if close > 0 else 100.0, 2)))
        step = Decimal(chance.randrange(-300, 301)) / 100
        form = chance.choice((OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP_LIMIT))
        limit = None if form is OrderType.MARKET else max(last + step, Decimal("0.01"))
        stop = max(last + Decimal(chance.randrange(-200, 201)) / 100, Decimal("0.01"))
        return Order(
            name, side=chance.choice((Side.BUY, Side.SELL)), lots=chance.choice((1, 7, 60, 300, 2_000)),
            order_type=form,
            limit=limit, stop=stop if form is OrderType.STOP_LIMIT else None, exits=exits, reason=kind,
            time_in_force=chance.choice(tuple(TimeInForce)), reduce_only=kind == "reduce",
        )
'''
DESK = """
[desk]
name = "wild"
cash = 100_000
account = "{account}"
equity_interval = "3m"
rebalance_band = {band}
seed = {seed}
[data]
catalog = "catalog"
instruments = ["ONE", "TWO"]
[strategy]
path = "wild.py"
seed = {seed}
margin = {margin}
[risk]
price_collar = {collar}
order_lots_max = 1_500
order_volume_share_max = "none"
order_notional_max = {notional}
unexecuted_notional_max = 120_000
instrument_open_orders_max = 6
long_lots_max = {lots}
short_lots_max = {lots}
single_name_max = {single}
gross_max = 1.2
net_max = 1.0
max_age = "3m"
duplicate_window = "1s"
daily_loss_share_max = 0.20
drawdown_max = 0.40
[venue]
latency_order = {latency_order}
latency_response = {latency_response}
p_reject = 0.05
participation = {participation}
impact = "{impact}"
taker_bps = {fee}
maker_bps = -1.0
sell_levy_bps = 2.0
price_band = 0.5
"""
LATENCIES = ('"0"', '"5ms"', '{p50 = "20ms", p99 = "3s"}', '{p50 = "20s", p99 = "5m"}')
WORLDS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "account": st.sampled_from(("cash", "cash", "margin")),
        "band": st.sampled_from((0.0, 0.1)),
        "collar": st.sampled_from((0.02, 0.10)),
        "notional": st.sampled_from((20_000, 60_000)),
        "lots": st.sampled_from((300, 2_000)),
        "single": st.sampled_from((0.3, 0.9)),
        "latency_order": st.sampled_from(LATENCIES),
        "latency_response": st.sampled_from(LATENCIES),
        "participation": st.sampled_from((0.02, 0.5, '"unlimited"')),
        "impact": st.sampled_from(("none", "sqrt")),
        "fee": st.sampled_from((0.0, 30.0)),
    }
)


def write_market(folder: Path, chance: random.Random) -> None:
    """Two stocks of fifty minutes: walks with jumps and gaps, missing bars, splits and dividends."""
    catalog = Catalog(folder / "catalog")
    for name in NAMES:
        catalog.write_instrument(Instrument(name=name, tick=Decimal("0.01"), sessions="24/7", shortable=True))
        actions: list[Any] = []
        price, bars = 10_000, []
        for minute in range(50):
            ts = FIRST + minute * MINUTE
            if chance.random() < 0.03:
                price = max(int(price * chance.uniform(0.6, 1.6)), 50)
            if minute > 3 and chance.random() < 0.04:
                numerator, denominator = chance.choice(((2, 1), (3, 2), (1, 3)))
                actions.append(Split(name, ts, numerator, denominator))
                price = max(price * denominator // numerator, 50)
            if minute > 3 and chance.random() < 0.04:
                actions.append(Dividend(name, ts, Decimal(chance.randrange(1, 200)) / 100))
            first = max(price + chance.randrange(-40, 41), 20)
            last = max(first + chance.randrange(-80, 81), 20)
            high, low = (
                max(first, last) + chance.randrange(60),
                max(min(first, last) - chance.randrange(60), 10),
            )
            if chance.random() > 0.06 or minute == 0:
                volume = chance.choice((0, 300, 3_000, 30_000))
                bars.append((ts, ts + 59 * 10**9, first, high, low, last, volume, None, None, MINUTE))
            price = last
        catalog.write_bars(name, pl.DataFrame(bars, schema=BAR_SCHEMA, orient="row"))
        if actions:
            catalog.write_actions(name, actions)


class Auditor:
    """Books a run anew from its records; every method takes one record and asserts what must hold."""

    def __init__(self, run: Backtest, lanes: dict[str, np.ndarray], words: list[str]) -> None:
        self.lanes, self.words = lanes, words
        self.s, self.rows = run.state[0], run.rows
        self.is_cash = self.s["ledger"]["margin_account"] == 0
        self.cash, self.row = CASH, 0
        self.held, self.marks, self.lasts = (
            Counter[int](),
            defaultdict[int, int](int),
            defaultdict[int, int](int),
        )
        self.orders: dict[int, dict[str, Any]] = {}
        self.made: dict[int, Any] = {}
        self.causes: set[int] = set()
        self.caused: Counter[int] = Counter()

    def audit(self) -> Counter[str]:
        """The whole run in order of sequence; how much of everything there was."""
        every = [(int(r["sequence"]), lane, r) for lane, records in self.lanes.items() for r in records]
        every.sort(key=lambda each: each[0])
        assert [number for number, _, _ in every] == list(range(1, len(every) + 1))
        for number, lane, record in every:
            getattr(self, lane)(record)
            self.causes.add(number)
            assert record["cause"] < number
        self.ends()
        return Counter(f"{lane} {r['kind']}" if lane != "equity" else lane for _, lane, r in every)

    def see(self, rows: int) -> None:
        """The rows up to a number: last prices, and marks where a closing packet ends."""
        for row in self.rows[self.row : rows]:
            self.lasts[int(row["instrument"])] = int(row["price_ticks"])
            if row["kind"] >= BAR_CLOSE and row["flags"] & FLAG_LAST:
                self.marks[int(row["instrument"])] = int(row["price_ticks"])
        self.row = max(self.row, rows)

    def see_until(self, ts: int) -> None:
        """The rows before a time."""
        self.see(int(np.searchsorted(self.rows["ts_local"], ts)))

    def working(self, number: int, side: int) -> list[dict[str, Any]]:
        """The orders that can still fill."""
        return [
            o for o in self.orders.values() if not o["over"] and (o["number"], o["side"]) == (number, side)
        ]

    def equity_now(self) -> int:
        """Cash and all holdings at their marks; a tick and lot is a minor unit here."""
        return self.cash + sum(lots * self.marks[number] for number, lots in self.held.items())

    def worst(self, number: int, extra: dict[int, int]) -> int:
        """The largest exposure that an instrument can reach; `extra` by side, in minor units."""
        sums = {side: sum(o["left"] * o["worst"] for o in self.working(number, side)) + extra.get(side, 0)
                for side in (1, -1)}  # fmt: skip
        value = self.held[number] * self.marks[number]
        return max(abs(value + sums[1]), abs(value - sums[-1]))

    def postings(self, p: Any) -> None:
        """A3: the legs of every entry add up to zero."""
        assert (
            sum(int(p[leg]) for leg in ("cash", "position", "fees", "realised", "dividends", "capital")) == 0
        )

    def equity(self, e: Any) -> None:
        """A15: equity is cash and holdings at the marks, and the sum of what was ever booked."""
        self.see(int(np.sum((self.rows["ts_local"] + (self.rows["kind"] == BAR_OPEN)) <= e["ts_local"])))
        assert e["cash_minor"] == self.cash
        assert e["equity_minor"] == self.equity_now()
        made = e["realised_minor"] + e["unrealised_minor"] - e["fees_minor"] + e["dividends_minor"]
        assert e["equity_minor"] == CASH + made
        assert e["peak_minor"] >= e["equity_minor"]

    def decisions(self, d: Any) -> None:
        """Every decision has its reason; every approval stays within the limits at its worst."""
        self.made[int(d["sequence"])] = d
        failing = [k for k, status in enumerate(d["rule_status"]) if status in (FAIL, NOT_EVALUATED)]
        assert (len(failing) > 0) == (d["kind"] == REFUSED and d["reason"] != 106)
        assert d["kind"] in (APPROVED, DecisionKind.CANCEL) or d["reason"] != 0
        if d["kind"] == APPROVED:
            self.see(int(d["rows_seen"]))
            self.approved(d)

    def approved(self, d: Any) -> None:
        """The worst case of an approved order, from what is known here (A10, A14, A26, C3 to C18)."""
        number, side, lots, limit = (int(d[f]) for f in ("instrument", "side", "lots", "limit_ticks"))
        limits, each = self.s["limits"], self.s["instrument_limits"][number]
        same = sum(o["left"] for o in self.working(number, side))
        assert d["reference_ticks"] == self.lasts[number] > 0
        reduces = lots <= -side * self.held[number] - same
        assert bool(d["reducing"]) == reduces
        if d["exit_kind"] or self.words[d["text"]] == "reduce":
            assert reduces
        assert not (self.is_cash and side < 0) or same + lots <= self.held[number]
        if reduces:
            return
        worst = max(limit, self.marks[number]) if side < 0 else limit
        assert abs(limit - self.lasts[number]) * 10**6 <= each["collar_ppm"] * self.lasts[number]
        assert lots <= each["order_lots_max"]
        assert lots * max(limit, self.lasts[number]) <= limits["order_notional_minor_max"]
        assert (
            side * self.held[number] + same + lots <= each["long_lots_max" if side > 0 else "short_lots_max"]
        )
        open_now = [o for o in self.orders.values() if not o["over"]]
        assert (
            sum(o["left"] * o["worst"] for o in open_now) + lots * worst
            <= limits["unexecuted_notional_minor_max"]
        )
        assert sum(o["number"] == number for o in open_now) < each["open_orders_max"]
        equity = self.equity_now()
        one = self.worst(number, {side: lots * worst})
        assert one * 10**6 <= each["single_name_ppm_max"] * equity
        gross = one + sum(self.worst(other, {}) for other in (0, 1) if other != number)
        assert gross * 10**6 <= limits["gross_ppm_max"] * equity
        if self.is_cash and side > 0:
            owed = sum(o["left"] * o["limit"] for o in open_now if o["side"] > 0) + lots * limit
            assert owed <= self.cash

    def events(self, e: Any) -> None:
        """What happened to an order or to the books."""
        kind = EventKind(int(e["kind"]))
        if kind is EventKind.COMMAND_NEW:
            self.sent(e)
        elif kind is EventKind.COMMAND_CANCEL:
            assert e["cause"] in self.causes
            self.caused[int(e["cause"])] += 1
            self.move(e)
        elif kind in ANSWERS:
            self.move(e)
            if kind is EventKind.FILL:
                self.filled(e)
            if kind in ENDS:
                self.orders[int(e["order_id"])].update(over=True, left=0)
        elif kind is EventKind.SPLIT:
            self.split(e)
        elif kind is EventKind.DIVIDEND:
            amount = Fraction(int(e["lots"]), int(e["cumulative_lots"]))
            self.cash += floor(self.held[int(e["instrument"])] * amount)
            assert e["cash_minor"] == self.cash

    def sent(self, e: Any) -> None:
        """Every order has one approving decision, before it, which no other order used (A10)."""
        d = self.made[int(e["cause"])]
        assert (d["kind"], d["order_id"], d["lots"]) == (APPROVED, e["order_id"], e["lots"])
        assert int(e["order_id"]) not in self.orders
        self.caused[int(e["cause"])] += 1
        number, side, limit = int(e["instrument"]), int(e["side"]), int(e["limit_ticks"])
        self.orders[int(e["order_id"])] = {
            "number": number, "side": side, "limit": limit, "left": int(e["lots"]), "over": False,
            "worst": max(limit, self.marks[number]) if side < 0 else limit, "state": OrderState.PENDING_NEW,
            "reduces": bool(d["exit_kind"]) or self.words[d["text"]] == "reduce", "event": int(e["sequence"]),
        }  # fmt: skip

    def move(self, e: Any) -> None:
        """The life of an order is a chain: from the state it was in, caused by the event before."""
        order = self.orders[int(e["order_id"])]
        assert e["state_from"] == order["state"]
        if e["kind"] != EventKind.COMMAND_CANCEL:
            assert e["cause"] == order["event"]
        order["state"], order["event"] = OrderState(int(e["state_to"])), int(e["sequence"])

    def filled(self, e: Any) -> None:
        """A fill within its order and its limit, booked to the unit, that owes no cash (A1, A2, A6, A14)."""
        order, lots, side, number = (
            self.orders[int(e["order_id"])],
            int(e["lots"]),
            int(e["side"]),
            int(e["instrument"]),
        )
        assert 0 < lots <= order["left"]
        assert not order["over"]
        assert side * int(e["price_fine"]) <= side * order["limit"] * 10_000
        before = self.held[number]
        self.held[number] += side * lots
        if order["reduces"] and self.is_cash:
            assert abs(self.held[number]) < abs(before)
        self.cash -= ceil(Fraction(side * lots * int(e["price_fine"]), 10_000)) + int(e["fee_minor"])
        order["left"] -= lots
        order["over"] = order["left"] == 0
        assert order["over"] == (order["state"] is OrderState.FILLED)
        assert (e["position_lots"], e["cash_minor"]) == (self.held[number], self.cash)
        assert not self.is_cash or (self.cash >= 0 and self.held[number] >= 0)

    def split(self, e: Any) -> None:
        """Lots and marks in new units; the fraction of a lot is paid at the mark (A17)."""
        self.see_until(int(e["ts_local"]))
        number = int(e["instrument"])
        ratio = Fraction(int(e["lots"]), int(e["cumulative_lots"]))
        exact = self.held[number] * ratio
        whole = floor(abs(exact)) * (1 if exact > 0 else -1)
        self.cash += floor((exact - whole) * self.marks[number] / ratio)
        self.held[number] = whole
        for prices in (self.marks, self.lasts):
            prices[number] = max(round(prices[number] / ratio), 1) if prices[number] else 0
        assert (e["position_lots"], e["cash_minor"]) == (whole, self.cash)

    def ends(self) -> None:
        """A1, A9: the books are those of the auditor; each order is over by the venue's word, or open."""
        for number in (0, 1):
            assert self.s["net_lots"][number] == self.held[number]
        assert self.s["ledger"]["cash_minor"] == self.cash
        slots = {int(o["order_id"]): int(o["state"]) for o in self.s["orders"][: self.s["order_count"]]}
        for order_id, order in self.orders.items():
            assert (order["state"] in TERMINAL) == order["over"]
            assert slots.get(order_id) == (None if order["over"] else order["state"])
        for sequence, d in self.made.items():
            expected = {APPROVED: {1}, REFUSED: {0}, DecisionKind.NO_ACTION: {0}}
            count = self.caused[sequence]
            assert count in expected[d["kind"]] if d["kind"] in expected else count >= 1


def run_world(folder: Path, world: dict[str, Any]) -> Counter[str]:
    """One desk from its drawing to its audit."""
    write_market(folder, random.Random(world["seed"]))
    (folder / "wild.py").write_text(POLICY)
    text = DESK.format(**world, margin=str(world["account"] == "margin").lower())
    run = start(parse_desk(text), text, folder, None)
    finished = run.run()
    return Auditor(run, finished.lanes, finished.manifest["words"]).audit()


def test_random_desks_keep_every_invariant(tmp_path_factory: Any) -> None:
    """Some hundred random desks: not one record is out of order, over a limit, or without a cause."""
    total: Counter[str] = Counter()
    folder = tmp_path_factory.mktemp("wild")

    @seed(SEED)
    @settings(
        max_examples=120, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(WORLDS)
    def check(world: dict[str, Any]) -> None:
        note(str(world))
        total.update(run_world(Path(mkdtemp(dir=folder)), world))
        total["desks"] += 1

    print("seed", SEED)
    check()
    print(dict(sorted(total.items())))
    for kind in (
        EventKind.FILL,
        EventKind.REJECTED,
        EventKind.CANCELLED,
        EventKind.EXPIRED,
        EventKind.SPLIT,
        EventKind.DIVIDEND,
    ):
        assert total[f"events {int(kind)}"] > 20, kind
    for kind in DecisionKind:
        assert total[f"decisions {int(kind)}"] > 100, kind
