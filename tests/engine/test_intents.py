"""What a policy may return, and what it is told when it returned something else."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from seawall.engine.intents import WORDS_MAX, IntentWriter, policy_fault
from seawall.engine.placing import EXIT_VALUES
from seawall.kernels.state import INTENTS_MAX, new_state
from seawall.model.errors import PolicyError
from seawall.model.intents import CancelAll, Exits, Order, Target
from seawall.model.kinds import IntentKind
from seawall.model.orders import OrderType, Side

GOOD = Target("ONE", weight=0.5, reason="fine")


@pytest.fixture
def writer() -> IntentWriter:
    """A writer for two stocks on a tick of one cent."""
    return IntentWriter(new_state(), ("ONE", "TWO"), (Fraction(1, 100), Fraction(1, 100)))


def at(price: str, kind: OrderType = OrderType.LIMIT, **more: Any) -> Order:
    """A buy of one lot."""
    return Order("ONE", side=Side.BUY, lots=1, order_type=kind, limit=Decimal(price), reason="r", **more)


MALFORMED = [  # what the policy returned, and the words of the error
    ([GOOD, 5], "the policy returned int 5, which is no intent"),
    ([GOOD, None], "the policy returned NoneType None, which is no intent"),
    ([GOOD, ("ONE", 0.5)], "the policy returned tuple ('ONE', 0.5), which is no intent"),
    (GOOD, "the policy returned Target Target(instrument='ONE'"),
    ("buy", "the policy returned str 'buy'; return a list of intents, or None"),
    ({"ONE": 0.5}, "the policy returned dict {'ONE': 0.5}; return a list"),
    (5.0, "the policy returned float 5.0; return a list"),
    (
        [GOOD, Target("THREE", weight=0.5, reason="r")],
        "instrument is 'THREE', which the desk has not; it has ONE, TWO",
    ),
    ([GOOD, CancelAll(instrument="THREE", reason="r")], "instrument is 'THREE', which the desk has not"),
    ([GOOD, at("10.005")], "order in ONE: limit 10.005 is not on the tick 0.01"),
    (
        [GOOD, at("10.00", OrderType.STOP_LIMIT, stop=Decimal("9.999"))],
        "order in ONE: stop 9.999 is not on the tick",
    ),
    ([GOOD, at("1e30")], "order in ONE: limit 1E+30 is more than 9007199254740992 times the tick 0.01"),
    ([GOOD] * INTENTS_MAX, "the policy returned more than 127 intents in one wake"),
]


@pytest.mark.parametrize(("returned", "words"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_return_is_named_and_nothing_is_taken(
    writer: IntentWriter, returned: Any, words: str
) -> None:
    """The message names the value; the good intents beside it are not taken either."""
    with pytest.raises(PolicyError) as caught:
        writer.write(returned)
    assert words in str(caught.value)
    assert writer.state[0]["intent_count"] == 0


def test_fields_become_numbers(writer: IntentWriter) -> None:
    """A target with exits and values, as the core sees it."""
    exits = Exits(stop_loss=0.05, time_bars=7)
    wish = Target("TWO", weight=-0.25, reason="why", values={"z": 1.5, "unknown": float("nan")}, exits=exits)
    writer.write(iter([wish]))
    record = writer.intents[0]
    assert (record["kind"], record["instrument"], record["target"]) == (IntentKind.TARGET_WEIGHT, 1, -0.25)
    assert (record["stop_loss"], record["trailing"], record["time_stop_bars"]) == (0.05, 0.0, 7)
    assert [writer.words[n] for n in record["value_names"][:2]] == ["z", "unknown"]
    assert (record["value_count"], record["values"][0]) == (2, 1.5)
    assert writer.words[record["text"]] == "why"


def test_prices_are_exact_ticks(writer: IntentWriter) -> None:
    """0.29 is 29 ticks, whatever a float would say."""
    writer.write([at("0.29", OrderType.STOP_LIMIT, stop=Decimal("0.57"))])
    assert (writer.intents[0]["limit_ticks"], writer.intents[0]["stop_ticks"]) == (29, 57)


def test_nothing_of_an_earlier_intent_stays(writer: IntentWriter) -> None:
    """A place that held an order with exits holds a plain target after it."""
    writer.write([at("10.00", reduce_only=True, exits=Exits(trailing=0.1))])
    writer.write([GOOD])
    record = writer.intents[0]
    assert (record["side"], record["reduce_only"], record["limit_ticks"], record["trailing"]) == (
        0,
        0,
        0,
        0.0,
    )


def test_words_have_one_number_in_a_run_and_are_bounded(writer: IntentWriter) -> None:
    """The same sentence again is the same number; sentences with numbers in them run into the bound."""
    first = len(EXIT_VALUES) + 1  # after the names that protective exits use
    assert writer.word("up") == writer.word("up") == first
    for number in range(WORDS_MAX - first - 1):
        writer.word(f"z is {number}")
    with pytest.raises(PolicyError, match=r"keep reasons constant and put numbers into values .*'one more'"):
        writer.word("one more")
    assert writer.word("up") == first


def test_a_resumed_run_knows_its_words(writer: IntentWriter) -> None:
    """The words of the first part keep their numbers."""
    writer.know(("", "up", "down"))
    assert (writer.word("down"), writer.word("new")) == (2, 3)


class Faulty:
    """A policy that fails in its own code, inside a library, and in code that the package calls."""

    def own(self) -> None:
        """A plain bug."""
        raise KeyError("momentum")

    def library(self) -> None:
        """A bug that surfaces in somebody else's file."""
        Decimal("1").quantize(Decimal("x"))

    def model(self) -> None:
        """A value that the package refuses."""
        Target("ONE", weight=float("nan"), reason="r")

    def lazy(self) -> None:
        """A generator whose body fails while the writer reads it."""
        IntentWriter(new_state(), ("ONE",), (Fraction(1),)).write(1 // 0 for _ in "x")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own", "Faulty raised KeyError: 'momentum'"),
        ("library", "Faulty raised InvalidOperation"),
        ("model", "Faulty raised ValueError: target of ONE: weight must be finite, got nan"),
        ("lazy", "Faulty raised ZeroDivisionError"),
    ],
)
def test_a_fault_names_the_line_of_the_policys_own_file(name: str, words: str) -> None:
    """Wherever it surfaced, the last line of this very file that led there is named."""
    method = getattr(Faulty(), name)
    with pytest.raises(Exception) as caught:
        method()
    message = str(policy_fault(caught.value, Faulty()))
    line = method.__code__.co_firstlineno + 2
    assert message.startswith(f"{__file__}:{line}: ")
    assert words in message


def test_a_fault_without_a_traceback_is_still_a_sentence() -> None:
    """An error that was never raised has no line."""
    assert str(policy_fault(ValueError("no"), Faulty())) == "Faulty raised ValueError: no"
