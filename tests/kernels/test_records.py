"""Records: one numbering over four tables, and a check that finds any flipped bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seawall.kernels import records
from seawall.kernels.records import new_decision, new_equity, new_event, new_posting, room_left, seal
from seawall.kernels.state import (
    DECISION,
    DECISIONS_KEPT,
    EQUITY,
    EQUITY_KEPT,
    EVENT,
    EVENTS_KEPT,
    POSTING,
    POSTINGS_KEPT,
    new_state,
)

SEED = 11
WORD = (1 << 64) - 1
CAPACITIES = {
    "decision_count": DECISIONS_KEPT,
    "event_count": EVENTS_KEPT,
    "posting_count": POSTINGS_KEPT,
    "equity_count": EQUITY_KEPT,
}
TABLES = {"decisions": DECISION, "events": EVENT, "postings": POSTING, "equity": EQUITY}


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The Python function behind a compiled one."""
    return getattr(function, "py_func", function)


def drawn(dtype: np.dtype, count: int) -> np.ndarray:
    """Records of random bytes."""
    return np.frombuffer(np.random.default_rng(SEED).bytes(count * dtype.itemsize), dtype).copy()


def words(some: np.ndarray) -> np.ndarray:
    """Records as rows of 64-bit words."""
    return some.view(np.uint64).reshape(len(some), -1)


def model_check(row: list[int]) -> int:
    """The check in whole numbers: multiply and xor-shift over all words but the last."""
    check = 0x9E3779B97F4A7C15
    for word in row[:-1]:
        check = ((check ^ word) * 0x9E3779B97F4A7C15) & WORD
        check ^= check >> 31
    return check


def test_one_numbering_over_four_tables() -> None:
    """Whatever table a record enters, its sequence is the next one; its head is the clock and the hash."""
    state = new_state()
    s = state[0]
    s["row_hash"] = 0xFEDCBA9876543210
    made = []
    steps = [
        lambda: new_decision(s, 2, 0),
        lambda: new_event(s, 12, 1),
        lambda: new_posting(s, 2),
        lambda: new_posting(s, 2),
        lambda: new_equity(s, 0),
        lambda: new_event(s, 13, 2),
    ]
    for now, step in enumerate(steps, 100):
        s["now_ns"] = now
        made.append(step())
    assert [int(r["sequence"]) for r in made] == [1, 2, 3, 4, 5, 6]
    assert [int(r["ts_local"]) for r in made] == [100, 101, 102, 103, 104, 105]
    assert [int(r["cause"]) for r in made] == [0, 1, 2, 2, 0, 2]
    assert {int(r["row_hash"]) for r in made} == {0xFEDCBA9876543210}
    assert [int(s[name]) for name in CAPACITIES] == [1, 2, 2, 1]
    assert s["sequence"] == 6
    assert s["decisions"][0]["kind"] == 2
    assert s["events"]["kind"][:3].tolist() == [12, 13, 0]
    assert s["postings"]["entry"][:3].tolist() == [1, 2, 0]
    assert s["ledger"]["entries"] == 2


@pytest.mark.parametrize(
    ("counter", "make"),
    [
        ("decision_count", lambda s: plain(new_decision)(s, 1, 0)),
        ("event_count", lambda s: plain(new_event)(s, 1, 0)),
        ("posting_count", lambda s: plain(new_posting)(s, 0)),
        ("equity_count", lambda s: plain(new_equity)(s, 0)),
    ],
)
def test_a_full_table_is_our_bug(counter: str, make: Callable[[Any], Any]) -> None:
    """The last place can be taken; one more is a failed assert and changes nothing."""
    state = new_state()
    state[0][counter] = CAPACITIES[counter] - 1
    make(state[0])
    before = state.tobytes()
    with pytest.raises(AssertionError):
        make(state[0])
    assert state.tobytes() == before


@pytest.mark.parametrize("counter", CAPACITIES)
def test_room_runs_out_before_a_table_does(counter: str) -> None:
    """An empty state has room, a nearly full table has none, and the answer turns once."""
    state = new_state()
    answers = []
    for count in range(4097):
        state[0][counter] = count
        answers.append(bool(room_left(state[0])))
    assert answers[0]
    turn = answers.index(False)
    assert not any(answers[turn:])
    capacity = CAPACITIES[counter]
    assert 8 <= capacity - turn < capacity


@pytest.mark.parametrize("lane", TABLES)
def test_the_check_equals_the_plain_model(lane: str) -> None:
    """Compiled, plain Python and whole numbers come to one check, and nothing else is touched."""
    sealed, twin = drawn(TABLES[lane], 5), drawn(TABLES[lane], 5)
    before = words(sealed).copy()
    seal(words(sealed))
    with np.errstate(over="ignore"):
        plain(seal)(words(twin))
    assert sealed.tobytes() == twin.tobytes()
    assert [int(r["check"]) for r in sealed] == [model_check([int(w) for w in row]) for row in before]
    assert (words(sealed)[:, :-1] == before[:, :-1]).all()


@pytest.mark.parametrize("lane", TABLES)
def test_a_flipped_bit_in_any_word_is_found(lane: str) -> None:
    """Every bit of every word of a record: the check no longer fits."""
    sealed = drawn(TABLES[lane], 1)
    seal(words(sealed))
    width = words(sealed).shape[1]
    flipped = np.repeat(sealed, width * 64)
    for number in range(width * 64):
        words(flipped)[number, number // 64] ^= np.uint64(1) << np.uint64(number % 64)
    again = flipped.copy()
    seal(words(again))
    assert not (again["check"] == flipped["check"]).any()


def test_records_are_sealed_one_by_one() -> None:
    """A record's check does not depend on its neighbours."""
    some = drawn(EVENT, 4)
    alone = some[2:3].copy()
    seal(words(some))
    seal(words(alone))
    assert some[2]["check"] == alone[0]["check"]
    assert records.MULTIPLIER & np.uint64(1)  # odd: multiplying loses no bit
