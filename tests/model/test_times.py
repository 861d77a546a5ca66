"""Times as people write them: exact both ways, and a clear word for what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.model.times import format_time, parse_duration, parse_time

SECOND = 10**9
DAY = 86_400 * SECOND
NS_MAX = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1ns", 1), ("250us", 250_000), ("5ms", 5_000_000), ("30s", 30 * SECOND), ("1m", 60 * SECOND),
        ("1h", 3600 * SECOND), ("1d", DAY), ("0s", 0), (" 5 m ", 300 * SECOND), ("007s", 7 * SECOND),
        ("106751d", 106_751 * DAY),
    ],
)  # fmt: skip
def test_durations(text: str, ns: int) -> None:
    """A whole number and a unit, in nanoseconds."""
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-1s", "5M", "5min", "1h30m", "٣s", "1e3s", "5 m s"])
def test_no_durations(text: str) -> None:
    """Anything else is refused with examples and what was written."""
    with pytest.raises(ValueError, match="expected a duration such as 5ms, 30s, 1m, 1h or 1d, got") as caught:
        parse_duration(text)
    assert repr(text) in str(caught.value)


def test_a_duration_that_64_bits_cannot_hold() -> None:
    """More than 292 years do not fit and are not cut."""
    with pytest.raises(ValueError, match="a duration of '106752d' is longer than 292 years"):
        parse_duration("106752d")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01", 0),
        ("1970-01-02", DAY),
        ("1969-12-31", -DAY),
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01 00:00:01", SECOND),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("2000-02-29T12:34:56.5Z", 951_827_696 * SECOND + 500_000_000),
        ("2000-02-29T12:34:56,000001", 951_827_696 * SECOND + 1000),
        ("1970-01-01T00:00:00.123456789", 123_456_789),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T05:30:00.000000001+05:30", 1),
        ("19700101T000000.1234567", 123_456_700),
        ("2262-04-11T23:47:16.854775807Z", NS_MAX),
        ("1677-09-21T00:12:43.145224193Z", -NS_MAX),
    ],
)
def test_instants(text: str, ns: int) -> None:
    """ISO 8601, UTC unless it says otherwise, to the last nanosecond."""
    assert parse_time(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2020-13-01", "2020-02-30", "01/02/2020", "1577836800", "2020-01-01T25:00:00"),
        *("2020-01-01T00:00:00.1234567891", "2020-01-01T00:00:00.0000000001", "2020-01-01T00:00:00."),
        *(" 2020-01-01", "2020-01-01T00:00:00.5x", "2020-01-01T00:00:00 UTC"),
    ],
)
def test_no_instants(text: str) -> None:
    """What is no time, or finer than a nanosecond, is refused with what was written."""
    with pytest.raises(
        ValueError, match="expected an ISO 8601 date or time, to the nanosecond, got"
    ) as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["2262-04-11T23:47:16.854775808Z", "9999-12-31", "1677-09-21", "0001-01-01"])
def test_instants_that_64_bits_cannot_hold(text: str) -> None:
    """A year that int64 nanoseconds lack is refused with the years that they have."""
    with pytest.raises(ValueError, match="outside of 1677-09-21 to 2262-04-11") as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (500_000_000, "1970-01-01T00:00:00.500Z"),
        (1_000, "1970-01-01T00:00:00.000001000Z"),
        (970_264_800 * SECOND, "2000-09-29T22:00:00Z"),
        (NS_MAX, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_times_are_written_as_short_as_they_are(ns: int, text: str) -> None:
    """Whole seconds, milliseconds, or all nine digits."""
    assert format_time(ns) == text


@given(st.integers(-NS_MAX, NS_MAX))
def test_what_is_written_is_read_back(ns: int) -> None:
    """Every nanosecond survives being written and read."""
    assert parse_time(format_time(ns)) == ns
