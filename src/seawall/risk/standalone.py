"""The gate without the engine: in front of somebody else's broker.

Rule 1: the verdict is the engine's: the same gathering and the same rules on the same kind
        of state, which a view of plain numbers fills.
Rule 2: it fails closed. No account, no price, a stale one, a number that is none, an unknown
        instrument, a holding without a price: Refused, with every rule's verdict.
Rule 3: only Approved may be sent, and only the gate that made it can tell that it is
        genuine: `check` knows the very object, so a copy or an altered one is worth nothing.
Rule 4: it remembers what it approved for as long as the duplicate window, and no longer. If
        that memory is full, nobody knows, and the order is refused.

A gate is used from one thread. Views are snapshots: the gate keeps nothing of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from seawall.kernels.state import new_state
from seawall.model.amounts import Price, Quantity, whole_lots
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.model.reasons import Reason
from seawall.model.units import lots_max, share_ceil
from seawall.portfolio.exposure import open_leaves
from seawall.risk.gate import review
from seawall.risk.inputs import gather
from seawall.risk.limits import RiskSettings, to_limits
from seawall.risk.rule import Status
from seawall.risk.verdicts import Verdict, read_verdicts

__all__ = [
    "APPROVALS_KEPT",
    "AccountView",
    "Approved",
    "FeeBound",
    "Gate",
    "GateView",
    "InstrumentView",
    "OrderRequest",
    "Refused",
    "WorkingOrder",
]

APPROVALS_KEPT = 4096
INT64_MAX = 2**63 - 1
MILLION = 1_000_000
NOBODY_KNOWS = -2  # so that the duplicate rule is not evaluated


class FeeBound(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a broker may charge: ppm of the notional, per lot, and at least so much."""

    ppm: int = 2_000
    per_lot_millionths: int = 0
    minimum_minor: int = 0


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order that somebody wants to send.

    quantity: a Quantity of the instrument, or whole lots; limit: the worst price, needed for
    market orders too, a Price or whole ticks; stop: of stop-limit orders; intent: what the
    order is for, so that a wanted repetition is told from an accidental one.
    """

    instrument: str
    side: Side
    quantity: Quantity | int
    limit: Price | int | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    stop: Price | int | None = None
    reduce_only: bool = False
    strategy: str = ""
    intent: str = ""


class WorkingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that can still fill, in flight and of unknown state included; lots: its leaves."""

    instrument: str
    side: Side
    lots: int
    limit_ticks: int


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one instrument; None is unknown.

    price_ts: when the price was seen, ns UTC; age_sessions: for daily data, the sessions that
    have closed since; volume_average_lots: the average volume of a bar; book_is_whole: False where
    the price stands on a book that has a gap, is crossed or lacks a side (True without a book).
    """

    price_ticks: int | None = None
    price_ts: int | None = None
    age_sessions: int | None = None
    position_lots: int = 0
    volume_average_lots: int | None = None
    book_is_whole: bool = True


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the account, in minor units; equity is marked to market.

    day_start_minor: equity at the session's start; peak_minor: the highest equity so far; the
    latches are what the breakers of whoever keeps the books say.
    """

    cash_minor: int
    equity_minor: int
    day_start_minor: int | None = None
    peak_minor: int | None = None
    margin: bool = False
    daily_loss_latched: bool = False
    drawdown_latched: bool = False


class GateView(msgspec.Struct, frozen=True, kw_only=True):
    """The world as it is known at one instant."""

    now_ns: int
    account: AccountView | None
    instruments: Mapping[str, InstrumentView]
    working: Sequence[WorkingOrder] = ()


class Approved(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request that passed; only its gate can make one, and check it."""

    request: OrderRequest
    verdicts: tuple[Verdict, ...]
    seal: object


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A request that did not pass: its reason, and what every rule said."""

    request: OrderRequest
    reason: Reason
    verdicts: tuple[Verdict, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The failing rules in words, in the order of the controls."""
        failed = [v for v in self.verdicts if v.status in (Status.FAIL, Status.NOT_EVALUATED)]
        return tuple(f"{verdict.control} {verdict.rule}: {verdict.cause}" for verdict in failed)


class _Seal:
    """Ties one Approved object, with its request, to one gate; a copy of it is empty."""

    __slots__ = ("_approved", "_gate", "_request")

    def __init__(self) -> None:
        self._gate: object = None
        self._approved: Approved | None = None
        self._request: OrderRequest | None = None

    def __reduce__(self) -> tuple[type["_Seal"], tuple[()]]:
        return _Seal, ()

    def bind(self, gate: object, approved: Approved) -> None:
        assert self._gate is None
        self._gate, self._approved, self._request = gate, approved, approved.request

    def fits(self, gate: object, approved: Approved) -> bool:
        return self._gate is gate and self._approved is approved and self._request is approved.request


class Gate:
    """Reviews orders against limits; see docs/gate.md for an example from start to end.

    limits: the settings of a desk's [risk] table; instruments: all that may be traded, of one
    currency; fees: a bound on what the broker may charge, which the cash must bear as well.
    """

    def __init__(
        self, limits: RiskSettings, instruments: Sequence[Instrument], fees: FeeBound | None = None
    ) -> None:
        currencies = dict.fromkeys(instrument.currency for instrument in instruments)
        if len(currencies) > 1:
            raise ConfigError(f"a gate keeps one currency, got {', '.join(currencies)}")
        self._token = object()
        self._numbers = {instrument.name: number for number, instrument in enumerate(instruments)}
        self._instruments = tuple(instruments)
        self._approvals: dict[tuple[object, ...], int] = {}
        self._state = new_state()
        desk, each = to_limits(limits, instruments, next(iter(currencies), "USD"))
        s = self._s
        s["limits"], s["instrument_limits"] = desk[0], each
        s["instrument_count"] = len(instruments)
        fees = fees or FeeBound()
        for number, instrument in enumerate(instruments):
            record = s["instruments"][number]
            record["active"] = 1
            record["shortable"] = instrument.shortable
            record["tick_value_numerator"] = instrument.tick_value.numerator
            record["tick_value_denominator"] = instrument.tick_value.denominator
            record["inverse"] = instrument.inverse
            record["fee_ppm_max"] = fees.ppm
            record["fee_per_lot_millionths"] = fees.per_lot_millionths
            record["fee_minimum_minor"] = fees.minimum_minor

    @property
    def _s(self) -> Any:
        return self._state[0]

    def review(self, request: OrderRequest, view: GateView) -> Approved | Refused:
        """Evaluates all rules on the request; whatever is wrong with the inputs is a Refused."""
        s = self._s
        self._load(view)
        number = self._numbers.get(request.instrument, -1)
        lots = self._lots(request)
        limit = _ticks(request.limit, request.instrument)
        stop = _ticks(request.stop, request.instrument)
        side = _whole(request.side, 0)
        s["gate_inputs"]["book_state"] = self._book_state(request, view)
        key = (request.strategy, number, side, lots, limit, stop, request.intent)
        gather(
            s, 0, number, side, _whole(request.order_type, 0),
            _whole(request.time_in_force, 0), max(lots, 0), limit, stop, int(bool(request.reduce_only)),
            self._age_sessions(request, view), self._duplicate_age(key, s["now_ns"]),
        )  # fmt: skip
        s["gate_inputs"]["wanted_lots"] = lots
        decision = s["decisions"][0]
        failed = review(s, decision)
        verdicts = read_verdicts(decision)
        if failed:
            return Refused(request=request, reason=Reason(int(decision["reason"])), verdicts=verdicts)
        self._approvals[key] = int(s["now_ns"])
        seal = _Seal()
        approved = Approved(request=request, verdicts=verdicts, seal=seal)
        seal.bind(self._token, approved)
        return approved

    def check(self, approved: object) -> bool:
        """Whether this very object came out of this gate's `review`, unaltered."""
        if type(approved) is not Approved:
            return False
        return isinstance(approved.seal, _Seal) and approved.seal.fits(self._token, approved)

    def _lots(self, request: OrderRequest) -> int:
        """The lots; -1 where something else than a quantity of the instrument stands (C2)."""
        number = self._numbers.get(request.instrument, -1)
        try:
            lots = whole_lots(request.quantity, self._instruments[number]) if number >= 0 else 0
        except TypeError:
            return -1
        return lots if 0 <= lots <= INT64_MAX else -1

    def _duplicate_age(self, key: tuple[object, ...], now_ns: int) -> int:
        """The age of the same order's last approval, after forgetting what is out of the window."""
        window = int(self._s["limits"]["duplicate_window_ns"])
        self._approvals = {k: ts for k, ts in self._approvals.items() if now_ns - ts <= window}
        if key in self._approvals:
            age = now_ns - self._approvals[key]
            return age if age >= 0 else NOBODY_KNOWS  # the clock went back
        return NOBODY_KNOWS if len(self._approvals) >= APPROVALS_KEPT else -1

    def _age_sessions(self, request: OrderRequest, view: GateView) -> int:
        known = view.instruments.get(request.instrument)
        return _whole(known.age_sessions, -1) if known else -1

    def _book_state(self, request: OrderRequest, view: GateView) -> int:
        """0 only where the view says True of the book; an instrument without a view has no price anyway."""
        known = view.instruments.get(request.instrument)
        return 0 if known is None or known.book_is_whole is True else 1

    def _load(self, view: GateView) -> None:
        """Fills the state from a view; one that cannot be read whole counts as no account."""
        s = self._s
        s["now_ns"] = _whole(view.now_ns, 0)
        for field in ("reserved_minor", "unexecuted_minor"):
            s["ledger"][field] = 0
        for field in ("net_lots", "open_buy_lots", "open_sell_lots", "open_buy_minor", "open_sell_minor"):
            s[field] = 0
        s["open_orders"] = 0
        whole = all(name in self._numbers for name, known in view.instruments.items() if known.position_lots)
        for number, instrument in enumerate(self._instruments):
            known = view.instruments.get(instrument.name) or InstrumentView()
            whole = self._load_instrument(number, known) and whole
        # The account's kind decides what working orders reserve, so it comes before them.
        s["ledger"]["margin_account"] = view.account is not None and view.account.margin
        for order in view.working:
            whole = self._load_working(order) and whole
        self._load_account(view.account if whole else None)

    def _load_instrument(self, number: int, known: InstrumentView) -> bool:
        """One instrument's price and position; False if a holding cannot be valued."""
        s, price = self._s, max(_whole(known.price_ticks, 0), 0)
        record = s["instruments"][number]
        record["last_ticks"] = price
        record["mark_ticks"] = price
        record["last_ts_local"] = _whole(known.price_ts, 0)
        record["daily"] = known.age_sessions is not None
        volume = _whole(known.volume_average_lots, 0)
        record["volume_known"] = volume > 0
        record["volume_average"] = volume
        position = _whole(known.position_lots, INT64_MAX)
        fits = _fits(abs(position), price, record)
        s["net_lots"][number] = position if fits else 0
        return position == 0 or (price > 0 and fits)

    def _load_working(self, order: WorkingOrder) -> bool:
        """Counts one working order; False if it cannot be understood."""
        s, number = self._s, self._numbers.get(order.instrument, -1)
        lots, limit, side = _whole(order.lots, 0), _whole(order.limit_ticks, 0), _whole(order.side, 0)
        if number < 0 or lots <= 0 or limit <= 0 or abs(side) != 1:
            return False
        record = s["instruments"][number]
        mark = int(record["mark_ticks"]) or limit
        if not _fits(lots, min(limit, mark) if record["inverse"] else max(limit, mark), record):
            return False
        slot = s["orders"][0]
        slot["instrument"], slot["side"], slot["quantity_lots"] = number, side, lots
        slot["limit_ticks"], slot["filled_lots"] = limit, 0
        slot["open_notional_minor"], slot["reserved_minor"] = 0, 0
        open_leaves(s, 0)
        return True

    def _load_account(self, account: AccountView | None) -> None:
        s, ledger = self._s, self._s["ledger"]
        if account is None:
            account = AccountView(cash_minor=-1, equity_minor=0)
            ledger["reserved_minor"], ledger["unexecuted_minor"] = -1, -1
        ledger["cash_minor"] = _whole(account.cash_minor, -1)
        equity = _whole(account.equity_minor, 0)
        peak = _whole(account.peak_minor, 0)
        ledger["equity_minor"] = equity
        ledger["day_start_minor"] = _whole(account.day_start_minor, 0)
        ledger["drawdown_ppm"] = share_ceil(max(peak - equity, 0), MILLION, peak) if peak > 0 else -1
        s["daily_loss_latched"] = int(bool(account.daily_loss_latched))
        s["drawdown_latched"] = int(bool(account.drawdown_latched))


def _fits(lots: int, price_ticks: int, record: Any) -> bool:
    """Whether a holding's value stays far below the end of 64 bits, sums of them included."""
    return lots <= lots_max(record, max(price_ticks, 1), max(price_ticks, 1))


def _whole(value: object, unknown: int) -> int:
    """A whole number that 64 bits hold, else `unknown`: NaN, text and None are no numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT64_MAX:
        return int(value)
    return unknown


def _ticks(value: object, instrument: str) -> int:
    """The ticks of a price of the instrument or of whole ticks; 0 for anything else."""
    if isinstance(value, Price):
        value = cast(object, value.ticks) if value.instrument.name == instrument else None
    return max(_whole(value, 0), 0)
