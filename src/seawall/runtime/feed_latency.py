"""The latency of the feed, where a desk asks for another one than its data recorded.

Rule 1: ts_local becomes ts_exchange + a latency; within a stream a message never overtakes an
        earlier one.
Rule 2: a draw is a function of seed, stream and the message's place in it, so that another
        instrument changes no latency, nor does the way in which rows are cut into pieces.
Rule 3: a drawn latency is at most LATENCY_P99S_MAX times the 99th percentile, so that how long a row
        can be under way is known, and with it when the exchange's order is certain.
"""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from seawall.kernels.jit import kernel
from seawall.kernels.philox import uniform
from seawall.kernels.rows import FLAG_LAST
from seawall.simulator.draws import lognormal_latency
from seawall.simulator.settings import RECORDED, LatencySpread, VenueSettings, duration_ns

__all__ = ["LATENCY_P99S_MAX", "Restamp", "feed_latency"]

LATENCY_P99S_MAX = 10
DRAW_FEED = 4
Restamp = Callable[[str, np.ndarray], None]
"""Rewrites ts_local of more rows of a stream, in place; made anew for each pass over the rows."""


def feed_latency(settings: VenueSettings, seed: int) -> tuple[Callable[[], Restamp] | None, int | None]:
    """What rewrites the arrival times of a pass, and the bound of latencies; None, None as recorded."""
    latency = settings.latency_feed
    if isinstance(latency, LatencySpread):
        mu, sigma = latency.mu_sigma
        most = LATENCY_P99S_MAX * duration_ns("latency_feed", latency.p99)
        return lambda: _Restamper(seed, mu, sigma, most), most
    if latency == RECORDED:
        return None, None
    constant = duration_ns("latency_feed", latency)
    return lambda: _Restamper(seed, 0.0, -1.0, constant), constant


class _Restamper:
    """Remembers of each stream how many messages it had and when the last one arrived."""

    def __init__(self, seed: int, mu: float, sigma: float, most: int) -> None:
        self.seed, self.mu, self.sigma, self.most = seed, mu, sigma, most
        self.streams: dict[str, np.ndarray] = {}

    def __call__(self, stream: str, rows: np.ndarray) -> None:
        """Rewrites ts_local of more rows of a stream, in place."""
        if stream not in self.streams:
            self.streams[stream] = np.array([0, 0], np.int64)
        number = zlib.crc32(stream.encode())
        _restamp(rows, self.streams[stream], self.seed, number, self.mu, self.sigma, self.most)


@kernel
def _restamp(rows: Any, memory: Any, seed: int, stream: int, mu: float, sigma: float, most: int) -> None:
    """memory: messages so far, arrival of the last one; sigma below 0: all latencies are `most`."""
    message, last = memory[0], memory[1]
    for place in range(rows.shape[0]):
        row = rows[place]
        latency = most
        if sigma >= 0.0:
            drawn = lognormal_latency(mu, sigma, uniform(seed, message, DRAW_FEED, stream, 0))
            latency = min(int(drawn), most)
        row["ts_local"] = max(row["ts_exchange"] + latency, last)
        if row["flags"] & FLAG_LAST:
            last = row["ts_local"]
            message += 1
    memory[0], memory[1] = message, last
