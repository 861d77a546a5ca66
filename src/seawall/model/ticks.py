"""Ticks as a venue sends them, for whoever records or feeds them: prices and sizes are exact decimals.

Rule 1: a price or size is a Decimal, an int, or the text that the venue sent; never a binary float.
Rule 2: a tick carries its own number, if its venue counts, and the number of the one before it, so
        that a gap or a repetition is known when it happens.

Times are ns UTC. ts_exchange 0: the venue does not say; ts_local 0: whoever receives it looks at the
clock. sequence 0: the stream has no numbers; previous: the number of the message before, None for
sequence - 1, 0 where numbers leave some out and a gap cannot be told. instrument "": the one that is
being recorded.
"""

from decimal import Decimal

import msgspec

__all__ = ["BookUpdate", "Number", "QuoteTick", "Tick", "TradeTick"]

Number = Decimal | int | str


class TradeTick(msgspec.Struct, frozen=True, kw_only=True):
    """One trade. side: +1 the taker bought, -1 sold, 0 unknown; flags: FLAG_* of kernels/rows.py.

    >>> TradeTick(price="100.5", size=2, side=1, sequence=7).previous is None
    True
    """

    price: Number
    size: Number
    side: int = 0
    flags: int = 0
    ts_exchange: int = 0
    ts_local: int = 0
    sequence: int = 0
    previous: int | None = None
    instrument: str = ""


class QuoteTick(msgspec.Struct, frozen=True, kw_only=True):
    """The best bid and ask; a size of 0 is an empty side."""

    bid: Number
    bid_size: Number
    ask: Number
    ask_size: Number
    ts_exchange: int = 0
    ts_local: int = 0
    sequence: int = 0
    previous: int | None = None
    instrument: str = ""


class BookUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One message of an L2 book: (price, new size) of the levels that changed, 0 to delete.

    is_snapshot: these are all levels there are, and what was known before is void.
    """

    bids: tuple[tuple[Number, Number], ...] = ()
    asks: tuple[tuple[Number, Number], ...] = ()
    is_snapshot: bool = False
    ts_exchange: int = 0
    ts_local: int = 0
    sequence: int = 0
    previous: int | None = None
    instrument: str = ""


Tick = TradeTick | QuoteTick | BookUpdate
