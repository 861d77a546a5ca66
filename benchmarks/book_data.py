"""The rows of benchmark "book", and what a right answer to them is: a real order book, ten minutes of it.

Rule 1: the data is a recording that the project does not ship; where it is absent, the benchmark says so.
Rule 2: the expected touches come from a dict of levels, message by message, in integers.

Theory of operation. The recording is Binance's feed of changes to the whole book of BTCUSD_PERP on
2024-08-08: a snapshot of 1,000 levels a side, then messages of levels with their absolute sizes, 0 for a
level that is gone. Messages that the snapshot already holds are dropped. Everyone sees a message at the
exchange's time, moved by half a millisecond so that none falls on a look.

The work: at each whole 100 ms the best bid and ask are read, and added up in ticks of 0.1.
"""

import hashlib
from pathlib import Path

import numpy as np

__all__ = [
    "LEVEL",
    "RECORDING",
    "STEP_NS",
    "TICKS_PER_UNIT",
    "WARM_UP",
    "digest",
    "expected",
    "load",
    "looks",
    "make_levels",
]

NUMBERS = ("ts_ns", "sequence", "price_ticks", "size_lots")
LEVEL = np.dtype(
    [*((name, "i8") for name in NUMBERS), ("side", "i4"), ("is_snapshot", "u2"), ("is_last", "u2")]
)
"""One level of a message: side +1 bid, -1 ask; is_last on the last row of its message."""
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "l2_crypto"
RECORDING = FOLDER / "binance_coinm_BTCUSD_PERP_20240808-09_l2_delta.parquet"
STEP_NS = 100_000_000
MOVED_NS = 500_000
WARM_UP = 20_000
TICKS_PER_UNIT = 10


def make_levels(recording: Path) -> np.ndarray:
    """The snapshot and all that follows it, as rows of LEVEL in order."""
    import polars as pl  # noqa: PLC0415  the peers read the finished rows, without polars

    frame = pl.read_parquet(recording)
    snapshot = frame.filter(pl.col("is_snapshot"))
    newer = (pl.col("last_update_id") > snapshot["last_update_id"][0]) & ~pl.col("is_snapshot")
    frame = pl.concat([snapshot, frame.filter(newer)])
    message = frame["msg_id"].to_numpy()
    levels = np.zeros(frame.height, LEVEL)
    levels["ts_ns"] = frame["ts_ns"].to_numpy() + MOVED_NS
    levels["sequence"] = frame["last_update_id"].to_numpy()
    levels["price_ticks"] = np.rint(frame["price"].to_numpy() * TICKS_PER_UNIT)
    levels["size_lots"] = np.rint(frame["qty"].to_numpy())
    levels["side"] = frame["side"].to_numpy()
    levels["is_snapshot"] = frame["is_snapshot"].to_numpy()
    levels["is_last"] = np.append(message[1:] != message[:-1], True)
    return levels


def load(path: str, count: int) -> np.ndarray:
    """The first rows of the file up to the end of the message that holds row `count`, mapped and touched."""
    levels = np.load(path, mmap_mode="r")
    ends = np.flatnonzero(levels["is_last"])
    end = ends[min(np.searchsorted(ends, count - 1), len(ends) - 1)]
    return levels[: int(end) + 1]


def digest(levels: np.ndarray) -> str:
    """The first 16 hex digits of SHA-256 over all rows."""
    return hashlib.sha256(levels.tobytes()).hexdigest()[:16]


def looks(levels: np.ndarray) -> np.ndarray:
    """The times of the looks, int64 ns: whole steps after the first row and before the last."""
    first, last = int(levels["ts_ns"][0]), int(levels["ts_ns"][-1])
    return np.arange(first // STEP_NS + 1, last // STEP_NS + 1, dtype=np.int64) * STEP_NS


def expected(levels: np.ndarray) -> dict[str, int]:
    """Looks, and the sums of best bids and best asks in ticks."""
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    at = np.searchsorted(levels["ts_ns"], looks(levels))
    bid_sum = ask_sum = start = 0
    for end in at.tolist():
        part = levels[start:end]
        columns = (part[name].tolist() for name in ("side", "price_ticks", "size_lots"))
        for side, price, lots in zip(*columns, strict=True):
            book = bids if side > 0 else asks
            if lots:
                book[price] = lots
            else:
                book.pop(price, None)
        bid_sum, ask_sum, start = bid_sum + max(bids), ask_sum + min(asks), end
    return {"looks": len(at), "bid_sum": bid_sum, "ask_sum": ask_sum}
