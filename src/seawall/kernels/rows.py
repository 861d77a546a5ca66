"""The market row: one aligned record of 48 bytes for every piece of market data.

Rule 1: data is an array of rows in order of arrival, never a stream of objects.
Rule 2: a packet ends with the LAST flag, and nothing is decided inside a packet.
Rule 3: a bar's open is a packet of its own at the opening time (it is known then);
        all other rows of a bar stand at its close, never before.
Rule 4: at one timestamp everything else comes before the BAR_OPEN rows, so a
        decision taken at a close precedes an open of the same nanosecond.

Prices are integer ticks and sizes integer lots; times are int64 ns since 1970 UTC.
"""

import numpy as np

__all__ = [
    "BAR_BUY_VOLUME",
    "BAR_CLOSE",
    "BAR_HIGH",
    "BAR_LOW",
    "BAR_OPEN",
    "BAR_TRADES",
    "CLEAR",
    "FLAG_AUCTION",
    "FLAG_BLOCK",
    "FLAG_INFERRED_SIDE",
    "FLAG_LAST",
    "FLAG_LIQUIDATION",
    "FLAG_NO_VOLUME",
    "FLAG_SNAPSHOT",
    "FLAG_SYNTHETIC",
    "GAP",
    "KIND_NAMES",
    "LEVEL",
    "QUOTE_ASK",
    "QUOTE_BID",
    "ROW",
    "TRADE",
]

ROW = np.dtype(
    [
        ("ts_exchange", "i8"),
        ("ts_local", "i8"),
        ("sequence", "i8"),
        ("price_ticks", "i8"),
        ("size_lots", "i8"),
        ("instrument", "i4"),
        ("kind", "u1"),
        ("side", "i1"),
        ("flags", "u2"),
    ],
    align=True,
)

TRADE = 1
LEVEL = 2
QUOTE_BID = 3
QUOTE_ASK = 4
BAR_OPEN = 5
BAR_HIGH = 6
BAR_LOW = 7
BAR_CLOSE = 8  # size_lots is the volume of the bar
BAR_BUY_VOLUME = 9
BAR_TRADES = 10
GAP = 11
CLEAR = 12

KIND_NAMES = {
    TRADE: "TRADE",
    LEVEL: "LEVEL",
    QUOTE_BID: "QUOTE_BID",
    QUOTE_ASK: "QUOTE_ASK",
    BAR_OPEN: "BAR_OPEN",
    BAR_HIGH: "BAR_HIGH",
    BAR_LOW: "BAR_LOW",
    BAR_CLOSE: "BAR_CLOSE",
    BAR_BUY_VOLUME: "BAR_BUY_VOLUME",
    BAR_TRADES: "BAR_TRADES",
    GAP: "GAP",
    CLEAR: "CLEAR",
}

FLAG_LAST = 1  # the packet ends here
FLAG_SNAPSHOT = 2
FLAG_INFERRED_SIDE = 4
FLAG_AUCTION = 8
FLAG_BLOCK = 16
FLAG_LIQUIDATION = 32
FLAG_SYNTHETIC = 64
FLAG_NO_VOLUME = 128  # the volume is unknown, which is not zero
