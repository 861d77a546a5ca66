"""The ledger: what the desk owns, what it cost, what it made, exact to the minor unit.

Rule 1: double entry, append-only. Each change of money or lots is one POSTING whose six
        legs add up to zero; a correction is a reversing entry, never an edit.
Rule 2: positions change on fills alone; splits and explicit adjustments are postings too.
Rule 3: money is whole minor units. A fill is rounded once, in `cost_minor`; all else
        is a difference of postings, so nothing drifts.
Rule 4: only realised PnL moves cash for good: the rest of a purchase stands in the cost.

Theory of operation. The legs, and what each is above zero for:

    cash       cash came in                 fees      a fee was paid (a rebate is below 0)
    position   cost basis was added         dividends a dividend was owed (received: below 0)
    realised   a loss was made (gain < 0)   capital   money was withdrawn (deposited: below 0)

A fill of amount A (paid > 0, received < 0) closes as much as is held on the other side and
opens the rest: A = A_closing + A_opening. The closing part takes its share of the cost out
at average cost, R = round(cost * closed / held), all of it when nothing stays. Then

    cash = -A - fee, position = A_opening - R, fees = fee, realised = A_closing + R,

which adds up to zero. Summed over all postings this is the identity of the books (A2, A15):

    cash + cost == initial + realised - fees + dividends + adjustments.

Each strategy has its own position in each instrument; these sub-ledgers sum to the account.

Worth and exposure. What a position adds to equity is its worth, what limits look at is its
exposure: its notional with the sign of its lots. They are one number but for inverse contracts,
where a long is worth less than nothing: A is below zero for a buy, and so is the cost basis.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.records import new_equity, new_event, new_posting
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import EventKind
from seawall.model.units import cost_minor, notional_minor, share_ceil, share_half_even, worth_minor

__all__ = [
    "BROKEN",
    "check_books",
    "check_books_full",
    "mark",
    "open_books",
    "position_exposure_minor",
    "position_worth_minor",
    "post",
    "post_adjustment",
    "post_bust",
    "post_fill",
    "start_day",
    "write_equity",
]

FILL = int(EventKind.FILL)
BUST = int(EventKind.BUST)
ADJUSTMENT = int(EventKind.ADJUSTMENT)
MILLION = 1_000_000

BROKEN: dict[int, str] = {
    1: "cash + cost is not initial + realised - fees + dividends + adjustments (A2, A15)",
    2: "the legs of the last posting do not add up to zero (A3)",
    3: "a cash account owes cash (A14)",
    4: "less than nothing is reserved or working (A13)",
    5: "the strategies' lots do not add up to the account's (A1)",
    6: "the strategies' ledgers do not add up to the account's (A2)",
    7: "a flat position has a cost (A16)",
    8: "the working orders' reservations do not add up to the account's (A13)",
    9: "equity is not cash + cost + unrealised PnL (A15)",
}
"""What the codes of `check_books` and `check_books_full` mean; 0 is unbroken."""


@kernel
def open_books(s: Any, cash_minor: int, margin_account: bool, cause: int) -> None:
    """The first posting: the capital comes in, and equity, its peak and the day start from it.

    A margin account may owe cash and hold shorts; a cash account may do neither.
    """
    ledger = s["ledger"]
    ledger["initial_minor"] = cash_minor
    ledger["margin_account"] = 1 if margin_account else 0
    ledger["equity_minor"] = cash_minor
    ledger["peak_minor"] = cash_minor
    ledger["day_start_minor"] = cash_minor
    ledger["day_session"] = -1
    ledger["cash_minor"] += cash_minor
    record = new_posting(s, cause)
    _legs(record, ADJUSTMENT, -1, -1, 0, cash_minor, 0, 0, 0, 0, cash_minor)


@kernel
def post(
    s: Any, kind: int, strategy: int, instrument: int, lots: int, cost: int, fee: int, realised: int,
    dividend: int, capital: int, cause: int,
) -> None:  # fmt: skip
    """Book one entry in a position, the account and the postings; the one writer of the books.

    lots, cost: signed changes of the position; fee paid, PnL realised, dividend received and
    capital brought in, all in minor units. Cash is what balances the entry. What settles in
    another currency has no place in these books: the gate has refused it.
    """
    assert lots == 0 or s["instruments"][instrument]["foreign"] == 0
    cash = realised + dividend + capital - cost - fee
    position = s["positions"][strategy, instrument]
    position["lots"] += lots
    position["cost_minor"] += cost
    position["realised_minor"] += realised
    position["fees_minor"] += fee
    position["dividends_minor"] += dividend
    s["net_lots"][instrument] += lots
    ledger = s["ledger"]
    ledger["cash_minor"] += cash
    ledger["cost_minor"] += cost
    ledger["realised_minor"] += realised
    ledger["fees_minor"] += fee
    ledger["dividends_minor"] += dividend
    ledger["adjustments_minor"] += capital
    record = new_posting(s, cause)
    _legs(record, kind, strategy, instrument, lots, cash, cost, fee, realised, dividend, capital)


@kernel
def _legs(
    record: Any, kind: int, strategy: int, instrument: int, lots: int, cash: int, cost: int, fee: int,
    realised: int, dividend: int, capital: int,
) -> None:  # fmt: skip
    record["kind"] = kind
    record["strategy"] = strategy
    record["instrument"] = instrument
    record["unused"] = 0
    record["lots"] = lots
    record["cash"] = cash
    record["position"] = cost
    record["fees"] = fee
    record["realised"] = -realised
    record["dividends"] = -dividend
    record["capital"] = -capital
    record["check"] = 0


@kernel
def post_fill(
    s: Any, strategy: int, instrument: int, side: int, lots: int, price_fine: int, fee_minor: int, cause: int
) -> int:
    """Book a fill and return the PnL that it realised, in minor units, before its fee.

    side +1 buys, -1 sells; lots above 0; price_fine in ten-thousandths of a tick; fee_minor
    below 0 is a rebate; cause is the sequence of the fill's event.
    """
    amount, closing = _amounts(s, strategy, instrument, side, lots, price_fine)
    s["positions"][strategy, instrument]["traded_lots"] += lots
    return _trade(s, FILL, strategy, instrument, side * lots, amount, closing, fee_minor, 0, cause)


@kernel
def post_bust(
    s: Any, strategy: int, instrument: int, side: int, lots: int, price_fine: int, fee_minor: int, cause: int
) -> int:
    """Reverse an earlier fill, given as it was booked, and return the PnL that this realises.

    Cash, fees and lots come back to the unit. The cost basis moves as by an opposite trade of
    the same amount at average cost: the sum of realised and unrealised PnL is that of books
    that never saw the fill, its split between the two may differ.
    """
    amount, closing = _amounts(s, strategy, instrument, side, lots, price_fine)
    s["positions"][strategy, instrument]["traded_lots"] -= lots
    return _trade(s, BUST, strategy, instrument, -side * lots, -amount, -closing, -fee_minor, 0, cause)


@kernel
def post_adjustment(s: Any, strategy: int, instrument: int, lots: int, cash_minor: int, cause: int) -> int:
    """Book an operator's correction, write its event, and return the PnL that it realises.

    Signed lots come in or leave at the mark (at nothing where there is none), paid for by
    capital; cash_minor above 0 is a deposit. Both count as external flows: the peak and the
    day's start move with them, for a deposit is no gain and a withdrawal no drawdown. For
    cash alone pass lots 0 with any strategy and instrument of the desk.
    """
    price_fine = s["instruments"][instrument]["mark_ticks"] * FINE_PER_TICK
    side = 1 if lots >= 0 else -1
    record = new_event(s, ADJUSTMENT, cause)
    record["strategy"] = strategy
    record["instrument"] = instrument
    record["side"] = side
    record["lots"] = abs(lots)
    record["price_fine"] = price_fine
    record["amount_minor"] = cash_minor
    amount, closing = _amounts(s, strategy, instrument, side, abs(lots), price_fine)
    flow = cash_minor + amount
    realised = _trade(s, ADJUSTMENT, strategy, instrument, lots, amount, closing, 0, flow, record["sequence"])
    s["ledger"]["peak_minor"] += flow
    s["ledger"]["day_start_minor"] += flow
    record["realised_minor"] = realised
    record["position_lots"] = s["positions"][strategy, instrument]["lots"]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    return realised


@kernel
def _amounts(
    s: Any, strategy: int, instrument: int, side: int, lots: int, price_fine: int
) -> tuple[int, int]:
    """The amount of a trade and, should it flip the position, of the part that closes it.

    The closing part is rounded as a fill of its own and the opening one takes the rest, so
    that both add up to what was paid.
    """
    record = s["instruments"][instrument]
    amount = cost_minor(record, side, lots, price_fine)
    held = abs(s["positions"][strategy, instrument]["lots"])
    if 0 < held < lots:
        return amount, cost_minor(record, side, held, price_fine)
    return amount, amount


@kernel
def _trade(
    s: Any, kind: int, strategy: int, instrument: int, lots: int, amount: int, closing: int, fee: int,
    capital: int, cause: int,
) -> int:  # fmt: skip
    """Book signed lots for an amount at average cost; `closing` is the amount of what closes.

    Where nothing is held on the other side nothing closes, and `closing` is not looked at.
    """
    position = s["positions"][strategy, instrument]
    held = position["lots"]
    cost = amount
    realised = 0
    if held * lots < 0:
        closed = min(abs(held), abs(lots))
        removed = share_half_even(position["cost_minor"], closed, abs(held))
        realised = -closing - removed
        cost = amount - closing - removed
    post(s, kind, strategy, instrument, lots, cost, fee, realised, 0, capital, cause)
    return realised


@kernel
def position_worth_minor(s: Any, instrument: int) -> int:
    """What all strategies hold of an instrument is worth at its mark; at cost without a mark."""
    record = s["instruments"][instrument]
    if record["mark_ticks"] != 0:
        return worth_minor(record, s["net_lots"][instrument], record["mark_ticks"])
    cost = 0
    for strategy in range(s["positions"].shape[0]):
        cost += s["positions"][strategy, instrument]["cost_minor"]
    return cost


@kernel
def position_exposure_minor(s: Any, instrument: int) -> int:
    """The notional of what all strategies hold of an instrument, with the sign of the lots.

    At its mark, at cost without one. The worth itself, but of an inverse contract.
    """
    record = s["instruments"][instrument]
    if record["inverse"] == 0:
        return position_worth_minor(s, instrument)
    if record["mark_ticks"] == 0:
        return -position_worth_minor(s, instrument)
    lots = s["net_lots"][instrument]
    notional = notional_minor(record, lots, record["mark_ticks"])
    return notional if lots >= 0 else -notional


@kernel
def mark(s: Any) -> None:
    """Value the account at the marks: equity, gross, net, unrealised PnL, peak and drawdown.

    equity = cash + sum of worths, unrealised = sum of worths - cost, gross = sum of
    |exposure|, net = sum of exposures; drawdown = (peak - equity) / peak in ppm, rounded up.
    A holding whose mark is stale or missing is counted in stale_marks; without a mark it
    stands at cost. The values fall in the state's ledger and hold until the next mark.
    """
    ledger = s["ledger"]
    worth = 0
    net = 0
    gross = 0
    stale = 0
    for instrument in range(s["instrument_count"]):
        record = s["instruments"][instrument]
        own = position_worth_minor(s, instrument)
        exposure = own if record["inverse"] == 0 else position_exposure_minor(s, instrument)
        s["ticks"][instrument]["worth_minor"] = own  # from which a move of one price goes on
        s["ticks"][instrument]["exposure_minor"] = exposure
        worth += own
        net += exposure
        gross += abs(exposure)
        if s["net_lots"][instrument] != 0 and (record["stale"] != 0 or record["mark_ticks"] == 0):
            stale += 1
    equity = ledger["cash_minor"] + worth
    ledger["worth_minor"] = worth
    ledger["net_minor"] = net
    ledger["gross_minor"] = gross
    ledger["stale_marks"] = stale
    ledger["equity_minor"] = equity
    ledger["unrealised_minor"] = worth - ledger["cost_minor"]
    ledger["peak_minor"] = max(ledger["peak_minor"], equity)
    peak = ledger["peak_minor"]
    ledger["drawdown_ppm"] = share_ceil(peak - equity, MILLION, peak) if peak > 0 else 0


@kernel
def start_day(s: Any, session_index: int) -> None:
    """Begin a session: its losses count from the equity of the last mark before it."""
    s["ledger"]["day_session"] = session_index
    s["ledger"]["day_start_minor"] = s["ledger"]["equity_minor"]


@kernel
def write_equity(s: Any, cause: int) -> None:
    """Append an EQUITY record of the last mark."""
    ledger = s["ledger"]
    record = new_equity(s, cause)
    record["cash_minor"] = ledger["cash_minor"]
    record["equity_minor"] = ledger["equity_minor"]
    record["gross_minor"] = ledger["gross_minor"]
    record["net_minor"] = ledger["net_minor"]
    record["realised_minor"] = ledger["realised_minor"]
    record["unrealised_minor"] = ledger["unrealised_minor"]
    record["fees_minor"] = ledger["fees_minor"]
    record["dividends_minor"] = ledger["dividends_minor"]
    record["peak_minor"] = ledger["peak_minor"]
    record["drawdown_ppm"] = ledger["drawdown_ppm"]
    record["reserved_minor"] = ledger["reserved_minor"]
    record["stale_marks"] = ledger["stale_marks"]
    record["check"] = 0


@kernel
def check_books(s: Any) -> int:
    """The invariants that hold after each event, in O(1); a code of BROKEN, 0 when all hold.

    Owed cash breaks a cash account whatever the cause, for then the reservation failed or the
    venue took a sale back, and both want a person. What is *not* required is cash >= reserved:
    a bust, a withdrawal or a late fill can eat into what working orders have reserved without
    any cash being owed. The gate counts free cash as cash - reserved, so that nothing new
    opens until it is above zero again.
    """
    ledger = s["ledger"]
    origin = ledger["initial_minor"] + ledger["adjustments_minor"]
    made = ledger["realised_minor"] - ledger["fees_minor"] + ledger["dividends_minor"]
    if ledger["cash_minor"] + ledger["cost_minor"] != origin + made:
        return 1
    if s["posting_count"] > 0:
        last = s["postings"][s["posting_count"] - 1]
        if (
            last["cash"] + last["position"] + last["fees"] + last["realised"] + last["dividends"]
            != -last["capital"]
        ):
            return 2
        if last["instrument"] >= 0 and _lots(s, last["instrument"]) != s["net_lots"][last["instrument"]]:
            return 5
    if ledger["margin_account"] == 0 and ledger["cash_minor"] < 0:
        return 3
    if ledger["reserved_minor"] < 0 or ledger["unexecuted_minor"] < 0:
        return 4
    return 0


@kernel
def check_books_full(s: Any) -> int:
    """All invariants, in O(instruments + orders), right after `mark`; a code of BROKEN or 0."""
    broken = check_books(s)
    if broken != 0:
        return broken
    ledger = s["ledger"]
    cost, realised, fees, dividends = 0, 0, 0, 0
    for instrument in range(s["positions"].shape[1]):
        for strategy in range(s["positions"].shape[0]):
            position = s["positions"][strategy, instrument]
            cost += position["cost_minor"]
            realised += position["realised_minor"]
            fees += position["fees_minor"]
            dividends += position["dividends_minor"]
            if position["lots"] == 0 and position["cost_minor"] != 0:
                return 7
        if _lots(s, instrument) != s["net_lots"][instrument]:
            return 5
    if cost != ledger["cost_minor"] or realised != ledger["realised_minor"]:
        return 6
    if fees != ledger["fees_minor"] or dividends != ledger["dividends_minor"]:
        return 6
    if ledger["equity_minor"] != ledger["cash_minor"] + ledger["cost_minor"] + ledger["unrealised_minor"]:
        return 9
    return _check_orders(s)


@kernel
def _lots(s: Any, instrument: int) -> int:
    """The lots of an instrument over all strategies."""
    total = 0
    for strategy in range(s["positions"].shape[0]):
        total += s["positions"][strategy, instrument]["lots"]
    return total


@kernel
def _check_orders(s: Any) -> int:
    """Whether the working orders hold what the account says that they hold (A13)."""
    reserved, unexecuted = 0, 0
    for slot in range(s["order_count"]):
        reserved += s["orders"][slot]["reserved_minor"]
        unexecuted += s["orders"][slot]["open_notional_minor"]
    ledger = s["ledger"]
    return 0 if reserved == ledger["reserved_minor"] and unexecuted == ledger["unexecuted_minor"] else 8
