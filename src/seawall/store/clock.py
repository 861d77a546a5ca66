"""The recorder's clock beside the exchange's: one shift that makes every latency possible.

Rule 1: a message cannot arrive before it was sent. Where one seems to, the recorder's clock was behind, and
        one shift is added to every local time of the import: floor - (smallest local - exchange).
Rule 2: the shift is taken over all streams that one machine recorded; recordings in several files get
        the same one by saying it, and one that does not suffice is refused with what is needed.
Rule 3: a row without an exchange time of its own (a venue that sends none, a REST snapshot) was sent
        `floor` before it arrived; it says nothing about the clock.

The true offset cannot be known from one side, only bounded: no latency is below the floor.
Differences between local times are kept, so who came first does not change.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from seawall.model.errors import DataError

__all__ = ["LATENCY_FLOOR_NS", "UNITS_NS", "ClockShift", "clock_shift", "duration_text", "parse_duration"]

LATENCY_FLOOR_NS = 500_000
DURATION_NS_MAX = 10**18  # some thirty years: beyond it no time of ours stays within 63 bits
UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

Ints = NDArray[np.int64]


class ClockShift(msgspec.Struct, frozen=True):
    """What is added to local times, and the latencies before (min) and after it, in ns; 0 without rows."""

    shift_ns: int
    latency_ns_min_before: int
    latency_ns_min: int
    latency_ns_median: int
    latency_ns_p99: int
    rows: int

    def render(self) -> str:
        """The shift and the latencies as one line."""
        if not self.rows:
            said = f"shifted by {duration_text(self.shift_ns)}; " if self.shift_ns else ""
            return f"{said}no latencies: no row has both an exchange time and a local time of its own"
        latency = ", ".join(
            f"{name} {duration_text(value)}"
            for name, value in (
                ("min", self.latency_ns_min),
                ("median", self.latency_ns_median),
                ("p99", self.latency_ns_p99),
            )
        )
        if not self.shift_ns:
            return f"latency {latency}"
        behind = self.latency_ns_min_before
        cause = f"recorder clock {duration_text(-behind)} behind the exchange: " if behind < 0 else ""
        return f"{cause}shifted by {duration_text(self.shift_ns)}; latency now {latency}"


def clock_shift(
    latencies: Sequence[Ints], *, floor_ns: int = LATENCY_FLOOR_NS, shift_ns: int | None = None
) -> ClockShift:
    """The shift for streams that one machine recorded.

    latencies: for each stream local - exchange in ns of the rows that have both, any shape (n,);
    floor_ns: the smallest latency that there can be; shift_ns: the shift if it is known (for recordings
    in several files), a DataError where it leaves a row that arrives before it was sent.

    >>> clock_shift([np.array([-1_000, 2_000]), np.array([500])], floor_ns=100).shift_ns
    1100
    >>> clock_shift([np.array([20, 30])], floor_ns=100).shift_ns
    0
    """
    if not 0 <= floor_ns <= DURATION_NS_MAX:
        raise DataError(f"the latency floor must not be negative or endless, got {duration_text(floor_ns)}")
    if shift_ns is not None and abs(shift_ns) > DURATION_NS_MAX:
        raise DataError(f"a clock shift of {duration_text(shift_ns)} is beyond all clocks")
    known = np.concatenate([np.zeros(0, np.int64), *latencies])
    if not len(known):
        return ClockShift(shift_ns or 0, 0, 0, 0, 0, 0)
    least = int(known.min())
    needed = floor_ns - least if least < min(floor_ns, 0) else 0
    if shift_ns is not None and least + shift_ns < 0:
        raise DataError(
            f"a clock shift of {duration_text(shift_ns)} does not suffice: a row arrives "
            f"{duration_text(-least)} before it was sent; at least {-least} ns are needed, "
            f"{needed} ns with the latency floor"
        )
    shift = needed if shift_ns is None else shift_ns
    median, p99 = (_quantile(known, share) for share in (0.5, 0.99))
    return ClockShift(shift, least, least + shift, median + shift, p99 + shift, len(known))


def _quantile(values: Ints, share: float) -> int:
    """The value at that share of the sorted values: one that occurred, so it is exact."""
    place = int(share * (len(values) - 1))
    return int(np.partition(values, place)[place])


def parse_duration(text: str) -> int:
    """A duration in ns: a decimal number and ns, us, ms or s; anything else is a DataError.

    >>> parse_duration("0.5ms"), parse_duration("1.2729 s"), parse_duration("-3us")
    (500000, 1272900000, -3000)
    """
    match = re.fullmatch(r"(-?\d{1,18}(?:\.\d{1,9})?)\s*(ns|us|ms|s)", text.strip().lower())
    value = Decimal(match[1]) * UNITS_NS[match[2]] if match else Decimal("NaN")
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > DURATION_NS_MAX:
        raise DataError(f"duration {text!r}: expected a number of ns, us, ms or s, such as 0.5ms")
    return int(value)


def duration_text(duration_ns: int) -> str:
    """A duration for people, to five digits.

    >>> duration_text(1_272_902_468), duration_text(500_000), duration_text(-1_500), duration_text(0)
    ('1.2729 s', '0.5 ms', '-1.5 us', '0 ns')
    """
    for unit, least in (("s", 1_000_000_000), ("ms", 500_000), ("us", 1_000), ("ns", 0)):
        if abs(duration_ns) >= least:
            return f"{duration_ns / UNITS_NS[unit]:.5g} {unit}"
    raise AssertionError("no duration is below 0 ns")
