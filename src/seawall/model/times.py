"""Times and durations as people write them, in integer nanoseconds UTC.

Rule 1: parsing is exact to the nanosecond and never reads a clock; what would be cut off or does
        not fit into 64 bits is an error.
Rule 2: a time without a zone is UTC.
"""

import re
from datetime import UTC, datetime, timedelta

__all__ = ["format_time", "parse_duration", "parse_time"]

UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NS_MAX = 2**63 - 1  # 2262-04-11
# A time with a fraction of a second: the fraction is read here, because datetime ends at microseconds.
FRACTION = re.compile(r"([0-9W-]+.[0-9]{2}:?[0-9]{2}:?[0-9]{2})[.,]([0-9]+)(.*)")


def parse_duration(text: str) -> int:
    """A duration such as "5ms", "1m" or "1d" in ns.

    >>> parse_duration("5m")
    300000000000
    """
    match = re.fullmatch(r"\s*([0-9]+)\s*(ns|us|ms|s|m|h|d)\s*", text)
    if match is None:
        raise ValueError(f"expected a duration such as 5ms, 30s, 1m, 1h or 1d, got {text!r}")
    duration_ns = int(match[1]) * UNITS_NS[match[2]]
    if duration_ns > NS_MAX:
        raise ValueError(f"a duration of {text!r} is longer than 292 years")
    return duration_ns


def parse_time(text: str) -> int:
    """An ISO 8601 date or instant in ns since 1970 UTC; without a zone it is UTC.

    >>> parse_time("1970-01-02"), parse_time("1970-01-01T01:00:00+01:00")
    (86400000000000, 0)
    """
    split = FRACTION.fullmatch(text)
    whole, fraction = (split[1] + split[3], split[2]) if split else (text, "")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        moment = None
    if moment is None or len(fraction) > 9:
        raise ValueError(f"expected an ISO 8601 date or time, to the nanosecond, got {text!r}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ts_ns = (moment - EPOCH) // timedelta(microseconds=1) * 1000 + int(fraction.ljust(9, "0"))
    if abs(ts_ns) > NS_MAX:
        raise ValueError(f"{text!r} is outside of 1677-09-21 to 2262-04-11, which 64 bits of ns can hold")
    return ts_ns


def format_time(ts_ns: int) -> str:
    """ISO 8601 in UTC, as short as the instant allows.

    >>> format_time(0), format_time(1_500_000_000)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500Z')
    """
    seconds, rest = divmod(int(ts_ns), 10**9)
    text = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    if rest % 10**6 == 0:
        return text + (f".{rest // 10**6:03d}Z" if rest else "Z")
    return text + f".{rest:09d}Z"
