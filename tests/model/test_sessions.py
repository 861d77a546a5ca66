"""A session is half-open; a table answers for what it covers and for nothing else."""

import numpy as np
import pytest

from seawall.model.sessions import SessionTable, always_open, index_at, is_open, session_days, session_of_date

TOY = SessionTable("toy", np.array([10, 30]), np.array([20, 40]), 50)


@pytest.mark.parametrize(
    ("ts_ns", "index", "open_"),
    [
        (9, -1, False),
        (10, 0, True),
        (19, 0, True),
        (20, 0, False),
        (30, 1, True),
        (40, 1, False),
        (99, 1, False),
    ],
)
def test_a_session_is_half_open(ts_ns: int, index: int, open_: bool) -> None:
    """The open belongs to the session, the close does not, and after the last one nothing is open."""
    assert index_at(TOY, ts_ns) == index
    assert is_open(TOY, ts_ns) is open_


@pytest.mark.parametrize(
    ("opens", "closes"),
    [([10, 15], [20, 40]), ([30, 10], [40, 20]), ([10], [10]), ([10], [20, 30])],
)
def test_a_disorderly_table_is_refused(opens: list[int], closes: list[int]) -> None:
    """Overlap, wrong order, an empty session and unequal lengths are errors."""
    with pytest.raises(ValueError, match="session table bad"):
        SessionTable("bad", np.array(opens), np.array(closes), 100)


def test_always_open_has_a_session_a_day() -> None:
    """24/7 runs from midnight to midnight, leap days included."""
    table = always_open(2000, 2000)
    assert len(table.opens) == 366
    assert np.array_equal(table.closes[:-1], table.opens[1:])
    assert table.last_covered_ns == int(table.closes[-1])
    assert session_days(table)[0] == 10957


def test_session_of_date() -> None:
    """A date has the index of its session, or -1 where there is none; nonsense is a ValueError."""
    table = always_open(2000, 2000)
    assert [session_of_date(table, d) for d in ("2000-01-01", "2000-12-31", "2001-01-01")] == [0, 365, -1]
    with pytest.raises(ValueError, match="soon"):
        session_of_date(table, "soon")
