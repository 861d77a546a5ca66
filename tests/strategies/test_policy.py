"""Policies: their memory goes through bytes and back, and the conformance suite finds offenders."""

import gc
import random
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pytest

from seawall.features.bars import Sma
from seawall.kernels.state import new_state
from seawall.model.errors import PolicyError
from seawall.model.instruments import Instrument
from seawall.model.intents import Exits, Target
from seawall.model.orders import Side
from seawall.strategies.policy import check_policy, policy_state, restore_policy
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose

INSTRUMENTS = (Instrument(name="AAPL", tick=Decimal("0.01")),)


def a_view():
    """One instrument whose bar has just closed at 1.00 with a moving average of 0.90."""
    state = new_state()
    s = state[0]
    s["instrument_count"], s["updated"][0], s["bar_count"][0] = 1, 1, 1
    s["bars"][0, 0]["close"], s["feature_shown"][0, 0] = 100.0, 0.90
    return View(state, INSTRUMENTS, (Sma(10),))


class Memory:
    """A policy that only remembers."""

    wakes = (OnBarClose(),)
    features = ()

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def decide(self, view):
        """Nothing."""


KEPT = [
    None, True, 5, -(1 << 63), 1 << 80, 0.1, float("inf"), "text", b"bytes", Decimal("1.10"),
    [1, [2]], (1, (2, [3])), deque([1, 2], maxlen=2), deque([(1,)]), {"a": [1]}, {("A", 1): 2.0, 3: {}},
    {3, 1, 2}, frozenset({"a"}), np.float64(0.5), np.int64(7), np.bool_(True), Side.SELL, Sma(10),
    Exits(trailing=0.1), Target("AAPL", lots=3, reason="why", exits=Exits(time_bars=2)), [],
]  # fmt: skip


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_memory_comes_back_with_its_type(value):
    """A tuple stays a tuple, a deque keeps its length, an exact number stays exact."""
    fresh = Memory(value="other", late=1)
    restore_policy(fresh, policy_state(Memory(value=value)))
    assert vars(fresh) == {"value": value}
    assert type(fresh.value) is type(value)
    assert getattr(fresh.value, "maxlen", None) == getattr(value, "maxlen", None)


def test_arrays_come_back_whole_and_writeable():
    """Shape, dtype, fields and bits; and they are the policy's own."""
    arrays = [
        np.arange(6.0).reshape(2, 3).T,
        np.array([], "i4"),
        np.array(5.0),
        np.zeros(2, [("a", "i8"), ("b", "f4")]),
    ]
    fresh = Memory()
    restore_policy(fresh, policy_state(Memory(value=arrays)))
    for now, before in zip(fresh.value, arrays, strict=True):
        assert now.dtype == before.dtype
        assert np.array_equal(now, before)
        assert now.flags.writeable


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (random.Random(1), "Memory.value is a Random"),
        ({"a": [lambda: 1]}, "Memory.value['a'][0] is a function"),
        (np.array([object()]), "Memory.value is a ndarray"),
        (open, "Memory.value is a builtin_function_or_method"),
    ],
)
def test_what_cannot_be_kept_is_named(value, named):
    """The error names the attribute down to the item and says what to do."""
    with pytest.raises(PolicyError) as caught:
        policy_state(Memory(value=value))
    assert str(caught.value).startswith(named)
    assert "write snapshot() -> bytes and restore(bytes)" in str(caught.value)


def test_memory_that_refers_to_itself_is_an_error():
    """Not an endless loop."""
    loop = []
    loop.append(loop)
    with pytest.raises(PolicyError, match="nested more than 32 deep"):
        policy_state(Memory(value=loop))


@dataclass(slots=True)
class Slotted:
    """A policy as a dataclass, without a __dict__."""

    window: int = 10
    seen: list[float] = field(default_factory=list)
    reader: object = None
    wakes = (OnBarClose(),)
    features = (Sma(10),)

    def start(self, view):
        """Binds the moving average."""
        self.reader = view.reader("sma_10", "AAPL")

    def decide(self, view):
        """Follows the average, and remembers."""
        self.seen.append(self.reader())
        return [Target("AAPL", lots=len(self.seen), reason="average", values={"sma": self.reader()})]


def test_slots_and_readers():
    """Attributes in slots are kept; bound readers are left to `start`."""
    view = a_view()
    policy, fresh = Slotted(), Slotted(window=99)
    policy.start(view)
    policy.decide(view)
    fresh.start(view)
    restore_policy(fresh, policy_state(policy))
    assert (fresh.window, fresh.seen) == (10, [0.9])
    assert fresh.decide(view) == policy.decide(view)


class Own(Memory):
    """A policy that keeps its memory itself."""

    def snapshot(self):
        """One byte."""
        return bytes([self.count])

    def restore(self, content):
        """And back."""
        self.count = content[0]


def test_a_snapshot_of_its_own_is_used():
    """`snapshot` and `restore` replace the default; other than bytes is an error."""
    fresh = Own(count=0)
    restore_policy(fresh, policy_state(Own(count=7, helper=open)))
    assert fresh.count == 7
    own = Own(count=1)
    own.snapshot = lambda: "text"
    with pytest.raises(PolicyError, match="snapshot must return bytes"):
        policy_state(own)


class Random(Memory):
    """Decides by chance."""

    def decide(self, view):
        """Another answer each time."""
        return [Target("AAPL", lots=random.getrandbits(60), reason="chance")]


class Hidden(Memory):
    """Remembers beside its attributes."""

    calls: ClassVar[list[int]] = []

    def decide(self, view):
        """Counts in the class."""
        self.calls.append(1)
        return [Target("AAPL", lots=len(self.calls), reason="count")]


class Single(Memory):
    """Forgets the list."""

    def decide(self, view):
        """One intent, bare."""
        return Target("AAPL", lots=1, reason="bare")


class Words(Memory):
    """Answers in words."""

    def decide(self, view):
        """A generator of something else."""
        yield "buy"


class Number(Memory):
    """Answers with a number."""

    def decide(self, view):
        """Not an iterable."""
        return 5


class Sleepless(Memory):
    """Says not when it wakes."""

    wakes = None


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Random, "Random is not a function of its memory and view"),
        (Hidden, "Hidden is not a function of its memory and view"),
        (Single, "Single.decide returned one Target; return a list"),
        (Words, "Words.decide returned 'buy', which is no Target"),
        (Number, "Number.decide must return intents or None, got int"),
        (Sleepless, "Sleepless must have the attribute wakes"),
    ],
)
def test_conformance_finds(kind, message):
    """Each offender is named with its offence."""
    with pytest.raises(PolicyError, match=message):
        check_policy(kind, a_view())


def test_conformance_passes():
    """What is a function of memory and view passes, with and without slots."""
    check_policy(Memory, a_view())
    check_policy(Slotted, a_view())


class Plain:
    """A policy of the usual make."""

    features, wakes = (), ()

    def __init__(self):
        self.turn, self.average = 0, 1.5
        self.seen = [1, 2]

    def decide(self, _):
        """Counts."""
        self.turn += 1


def test_taking_the_memory_leaves_the_attributes_where_they_are():
    """Nothing asks for the instance's dictionary: with it the interpreter is half as fast ever after."""
    policy = Plain()
    before = policy_state(policy)
    assert not any(isinstance(held, dict) for held in gc.get_referents(policy))
    assert vars(policy) == {"turn": 0, "average": 1.5, "seen": [1, 2]}
    assert policy_state(policy) == before  # with the dictionary there it reads that
    setattr(policy, "of_another_hand", 7)  # noqa: B010 - a name that stands in none of its code
    assert policy_state(policy) != before
    fresh = Plain()
    setattr(fresh, "of_another_hand", 7)  # noqa: B010
    assert policy_state(fresh) == policy_state(policy)
