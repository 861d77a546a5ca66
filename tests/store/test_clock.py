"""One shift makes every latency possible, and says how much it is."""

import numpy as np
import pytest

from seawall.model.errors import DataError
from seawall.store.clock import ClockShift, clock_shift, duration_text, parse_duration

MS = 1_000_000
CASES = [
    # latencies in ms of two streams, floor, given shift, shift
    ([5, 9], [7], 0.5, None, 0.0),
    ([0, 9], [], 0.5, None, 0.0),  # below the floor, but possible
    ([-3, 9], [7], 0.5, None, 3.5),
    ([9], [-1272, -1200], 0.5, None, 1272.5),
    ([-3, 9], [7], 0.0, None, 3.0),
    ([-3, 9], [7], 0.5, 3.0, 3.0),
    ([-3, 9], [7], 0.5, 10.0, 10.0),
    ([5], [7], 0.5, -4.0, -4.0),  # the recorder's clock may as well run ahead
]


@pytest.mark.parametrize(("first", "second", "floor", "given", "expected"), CASES)
def test_the_shift(
    first: list[int], second: list[int], floor: float, given: float | None, expected: float
) -> None:
    """Over all streams: none where no row arrives before it was sent, else up to the floor."""
    streams = [np.array(values, np.int64) * MS for values in (first, second)]
    shift_ns = None if given is None else int(given * MS)
    found = clock_shift(streams, floor_ns=int(floor * MS), shift_ns=shift_ns)
    assert found.shift_ns == expected * MS
    assert found.latency_ns_min == min(first + second) * MS + found.shift_ns
    assert found.latency_ns_min >= 0
    assert found.rows == len(first) + len(second)


def test_a_given_shift_must_suffice() -> None:
    """The refusal says how much is needed, with and without the floor."""
    with pytest.raises(DataError, match=r"1 ms does not .* 3 ms before .* 3000000 ns .* 3500000 ns with"):
        clock_shift([np.array([-3 * MS, 8 * MS])], shift_ns=MS)
    with pytest.raises(DataError, match=r"-6 ms does not suffice"):
        clock_shift([np.array([5 * MS])], shift_ns=-6 * MS)
    with pytest.raises(DataError, match="floor must not be negative or endless, got -1 ns"):
        clock_shift([], floor_ns=-1)
    with pytest.raises(DataError, match=r"a clock shift of 1e.* s is beyond all clocks"):
        clock_shift([], shift_ns=10**30)


def test_without_latencies_there_is_nothing_to_find() -> None:
    """The shift is what was given, and the report says that nothing supports it."""
    assert clock_shift([np.zeros(0, np.int64)]) == ClockShift(0, 0, 0, 0, 0, 0)
    assert clock_shift([], shift_ns=MS).render().startswith("shifted by 1 ms; no latencies")


def test_the_report() -> None:
    """How far the clock is behind, the shift, and the latencies after it: values that occurred."""
    latencies = np.arange(-100, 0, dtype=np.int64) * MS
    assert clock_shift([latencies]).render() == (
        "recorder clock 100 ms behind the exchange: shifted by 100.5 ms; "
        "latency now min 0.5 ms, median 49.5 ms, p99 98.5 ms"
    )
    assert clock_shift([latencies + 101 * MS]).render() == "latency min 1 ms, median 50 ms, p99 99 ms"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5ms", 500_000), ("1.2729s", 1_272_900_000), (" 3 US ", 3_000), ("0ns", 0), ("-2ms", -2_000_000)],
)
def test_durations_are_read(text: str, expected: int) -> None:
    """A number and a unit, exactly."""
    assert parse_duration(text) == expected
    assert parse_duration(duration_text(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "ms", "1.5ns", "1e3s", "1 min", "nan s", "0.0000000001s", "9999999999s"]
)
def test_what_is_no_duration_is_named(text: str) -> None:
    """Half a nanosecond is none either."""
    with pytest.raises(DataError, match="expected a number of ns, us, ms or s"):
        parse_duration(text)
