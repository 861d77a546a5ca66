"""Why something was refused, resized, dropped or ended: one enum, in order of precedence.

Rule 1: if several reasons apply to one decision, the lowest number is its reason; all
        failing rules are recorded beside it.
Rule 2: a number is never reused or reordered, because runs on disk carry it.
Rule 3: each member has one line in MEANING, from which the reference page is made.
"""

from enum import IntEnum

__all__ = ["MEANING", "Reason", "reference_page"]


class Reason(IntEnum):
    """The reason of a decision or an event; see MEANING for one sentence each."""

    NONE = 0
    # the gate's, in order of precedence
    INVALID_INPUT = 10
    UNIT_MISMATCH = 11
    DUPLICATE_ORDER = 20
    NO_POSITION_TO_REDUCE = 30
    DRAWDOWN_LIMIT = 40
    DAILY_LOSS_LIMIT = 41
    BOOK_INVALID = 49
    STALE_DATA = 50
    NAKED_MARKET_ORDER = 51
    PRICE_COLLAR = 52
    UNKNOWN_VOLUME = 53
    ORDER_QUANTITY = 60
    ORDER_NOTIONAL = 61
    OPEN_ORDERS = 62
    UNEXECUTED_NOTIONAL = 63
    POSITION_LIMIT = 70
    SHORT_NOT_ALLOWED = 71
    SINGLE_NAME_LIMIT = 72
    GROSS_LIMIT = 73
    NET_LIMIT = 74
    LEVERAGE_LIMIT = 75
    CAPITAL = 80
    # what execution does before the gate is asked
    TARGET_REACHED = 100
    INSIDE_BAND = 101
    BELOW_MINIMUM_NOTIONAL = 102
    ALREADY_WORKING = 103
    UNKNOWN_ORDER = 104
    TOO_MANY_INTENTS = 105
    NO_REFERENCE_PRICE = 106
    CLIPPED_TO_POSITION = 107
    # protective exits
    STOP_LOSS = 120
    TAKE_PROFIT = 121
    TRAILING_STOP = 122
    TIME_STOP = 123
    # the venue's
    VENUE_INVALID = 140
    VENUE_CLOSED = 141
    VENUE_BAND = 142
    VENUE_DUPLICATE = 143
    VENUE_RANDOM = 144
    VENUE_CAPACITY = 145
    VENUE_NO_LIQUIDITY = 146
    VENUE_TIME_IN_FORCE = 147
    VENUE_UNKNOWN_ORDER = 148
    VENUE_CORPORATE_ACTION = 149
    VENUE_TOO_LATE = 150
    VENUE_POST_ONLY = 151
    VENUE_REDUCE_ONLY = 152


MEANING: dict[Reason, str] = {
    Reason.NONE: "nothing to say: approved, or an ordinary event",
    Reason.INVALID_INPUT: "a quantity, price, side, type or instrument that cannot be used (C1)",
    Reason.UNIT_MISMATCH: "no quantity of this account: a notional or a price stood in its place, or the "
    "instrument settles in another currency, so that it can be watched, not traded (C2)",
    Reason.DUPLICATE_ORDER: "the same order was approved within the duplicate window (C10)",
    Reason.NO_POSITION_TO_REDUCE: "a reduce-only order without a position on the other side (C23)",
    Reason.DRAWDOWN_LIMIT: "equity marked to market fell too far below its peak; latched (C30)",
    Reason.DAILY_LOSS_LIMIT: "the loss since the session's start reached its limit; latched (C29)",
    Reason.BOOK_INVALID: "the book is not whole: a gap, crossed, one-sided, or no snapshot yet (C27)",
    Reason.STALE_DATA: "the newest price is older than the limit, or there is none (C26)",
    Reason.NAKED_MARKET_ORDER: "a market order without a worst price at the collar (C4)",
    Reason.PRICE_COLLAR: "the worst price is too far from the reference price (C3)",
    Reason.UNKNOWN_VOLUME: "no volume is known: no bar closed yet, or the data has none (C6)",
    Reason.ORDER_QUANTITY: "more lots than one order may have, or than the volume bears (C6)",
    Reason.ORDER_NOTIONAL: "more notional than one order may have (C7)",
    Reason.OPEN_ORDERS: "too many working orders on the instrument or the account (C14)",
    Reason.UNEXECUTED_NOTIONAL: "working orders at their worst price exceed the limit (C15)",
    Reason.POSITION_LIMIT: "position + working + this, each side assumed filled, is too large (C17)",
    Reason.SHORT_NOT_ALLOWED: "the instrument or the account may not be held short (C17)",
    Reason.SINGLE_NAME_LIMIT: "too much of the equity in one instrument after a worst-case fill (C18)",
    Reason.GROSS_LIMIT: "gross exposure after a worst-case fill exceeds its share of equity (C18)",
    Reason.NET_LIMIT: "net exposure after a worst-case fill exceeds its share of equity (C18)",
    Reason.LEVERAGE_LIMIT: "margin use after a worst-case fill exceeds the limit (C19)",
    Reason.CAPITAL: "not enough free cash or margin for the worst-case fill with its fees (C16)",
    Reason.TARGET_REACHED: "the position with its working orders is the target already",
    Reason.INSIDE_BAND: "the change is smaller than the no-trade band",
    Reason.BELOW_MINIMUM_NOTIONAL: "the change is worth less than the minimum notional",
    Reason.ALREADY_WORKING: "an order for the same change is working",
    Reason.UNKNOWN_ORDER: "the order to cancel is not working",
    Reason.TOO_MANY_INTENTS: "the policy returned more intents than one wake may have",
    Reason.NO_REFERENCE_PRICE: "no price has been seen yet, so a target cannot be turned into lots",
    Reason.CLIPPED_TO_POSITION: "a reduce-only order was cut to the position, so that it cannot flip",
    Reason.STOP_LOSS: "the position's loss reached its stop",
    Reason.TAKE_PROFIT: "the position's gain reached its target",
    Reason.TRAILING_STOP: "the price fell back from its best by the trailing distance",
    Reason.TIME_STOP: "the position was held for its maximum number of bars",
    Reason.VENUE_INVALID: "the venue found the order malformed or off its grid",
    Reason.VENUE_CLOSED: "the venue takes no orders for the instrument now",
    Reason.VENUE_BAND: "the price is outside the venue's band",
    Reason.VENUE_DUPLICATE: "the venue has an order of that id",
    Reason.VENUE_RANDOM: "the venue rejected at random, as configured",
    Reason.VENUE_CAPACITY: "the venue's order table is full",
    Reason.VENUE_NO_LIQUIDITY: "nothing could be filled at or inside the worst price",
    Reason.VENUE_TIME_IN_FORCE: "the order's time was over",
    Reason.VENUE_UNKNOWN_ORDER: "the venue knows no such working order",
    Reason.VENUE_CORPORATE_ACTION: "a split or the like removed working orders",
    Reason.VENUE_TOO_LATE: "the order was filled before the cancel arrived",
    Reason.VENUE_POST_ONLY: "a post-only order would have taken liquidity",
    Reason.VENUE_REDUCE_ONLY: "a reduce-only order had no position left to reduce",
}


def reference_page() -> str:
    """The Markdown page docs/reasons.md: every reason with its number and meaning."""
    lines = ["# Reasons", "", "In order of precedence; made by `seawall config reasons`.", ""]
    lines += ["| number | reason | meaning |", "|---|---|---|"]
    lines += [f"| {int(r)} | `{r.name.lower()}` | {MEANING[r]} |" for r in Reason]
    return "\n".join(lines) + "\n"
