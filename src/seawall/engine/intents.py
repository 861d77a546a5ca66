"""From what a policy returned to the numbers that the core considers.

Rule 1: an intent that cannot be used is a PolicyError that names the intent, the field and
        the value; nothing of a wake is taken when one of its intents is malformed.
Rule 2: texts are interned: the same sentence has the same number in the whole run.
Rule 3: what a policy raises is reported with the last line of its own file that led there.
"""

import traceback
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from seawall.kernels.state import INTENTS_MAX
from seawall.model.errors import PolicyError
from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.kinds import IntentKind

__all__ = ["WORDS_MAX", "IntentWriter", "policy_fault"]

WORDS_MAX = 4096
NO_EXITS = Exits()
USED_MAX = INTENTS_MAX - 1  # the last place belongs to the protective exits
TICKS_MAX = 1 << 53  # far above every price; the product with a size is the gate's to judge


class IntentWriter:
    """Writes intents of the first strategy into the state."""

    def __init__(self, state: np.ndarray, names: tuple[str, ...], ticks: tuple[Fraction, ...]) -> None:
        self.state = state
        self.intents = state[0]["intents"]
        self.numbers = {name: number for number, name in enumerate(names)}
        self.ticks = ticks
        self.words: list[str] = [""]
        self.known: dict[str, int] = {"": 0}

    def know(self, words: Iterable[str]) -> None:
        """Takes over the words of a run that is resumed."""
        self.words = list(words)
        self.known = {word: number for number, word in enumerate(self.words)}

    def write(self, wanted: Iterable[Any]) -> None:
        """Writes all intents of one wake, or none of them."""
        if not _is_iterable(wanted):
            raise PolicyError(f"the policy returned {_shown(wanted)}; return a list of intents, or None")
        count = 0
        for intent in wanted:
            if count >= USED_MAX:
                raise PolicyError(f"the policy returned more than {USED_MAX} intents in one wake")
            record = self.intents[count]
            if isinstance(intent, Target):
                self._target(record, intent)
            elif isinstance(intent, Order):
                self._order(record, intent)
            elif isinstance(intent, Cancel | CancelAll):
                self._cancel(record, intent)
            else:
                raise PolicyError(f"the policy returned {_shown(intent)}, which is no intent")
            count += 1
        self.state[0]["intent_count"] = count

    def word(self, text: str) -> int:
        """The number of a text, the same in the whole run."""
        number = self.known.get(text)
        if number is None:
            number = len(self.words)
            if number >= WORDS_MAX:
                raise PolicyError(
                    f"more than {WORDS_MAX} different reasons and names of values; "
                    f"keep reasons constant and put numbers into values (the newest was {text!r})"
                )
            self.words.append(text)
            self.known[text] = number
        return number

    def _number(self, name: str) -> int:
        number = self.numbers.get(name)
        if number is None:
            known = ", ".join(self.numbers)
            raise PolicyError(f"an intent's instrument is {name!r}, which the desk has not; it has {known}")
        return number

    def _target(self, record: Any, intent: Target) -> None:
        weighted = intent.weight is not None
        record["kind"] = int(IntentKind.TARGET_WEIGHT if weighted else IntentKind.TARGET_LOTS)
        record["target"] = intent.weight if weighted else 0.0
        record["lots"] = 0 if weighted else intent.lots
        record["side"] = 0
        record["reduce_only"] = 0
        record["stop_ticks"] = 0
        self._common(record, intent)

    def _order(self, record: Any, intent: Order) -> None:
        record["kind"] = int(IntentKind.ORDER)
        record["target"] = 0.0
        record["lots"] = intent.lots
        record["side"] = int(intent.side)
        record["reduce_only"] = int(intent.reduce_only)
        self._common(record, intent)
        record["stop_ticks"] = self._ticks(intent, "stop")

    def _common(self, record: Any, intent: Target | Order) -> None:
        record["instrument"] = self._number(intent.instrument)
        record["strategy"] = 0
        record["order_type"] = int(intent.order_type)
        record["time_in_force"] = int(intent.time_in_force)
        record["limit_ticks"] = self._ticks(intent, "limit")
        record["text"] = self.word(intent.reason)
        record["exit_kind"] = 0
        record["value_count"] = len(intent.values)
        for place, (name, value) in enumerate(intent.values.items()):
            record["value_names"][place] = self.word(name)
            record["values"][place] = value
        exits = intent.exits or NO_EXITS
        record["stop_loss"] = exits.stop_loss or 0.0
        record["take_profit"] = exits.take_profit or 0.0
        record["trailing"] = exits.trailing or 0.0
        record["time_stop_bars"] = exits.time_bars or 0

    def _ticks(self, intent: Target | Order, field: str) -> int:
        """A price of the intent in ticks; 0 for none, which no price of an intent can be."""
        price = getattr(intent, field)
        if price is None:
            return 0
        tick = self.ticks[self.numbers[intent.instrument]]
        ticks = Fraction(price) / tick
        if ticks.denominator != 1 or ticks > TICKS_MAX:
            wrong = "not on" if ticks.denominator != 1 else f"more than {TICKS_MAX} times"
            what = f"{type(intent).__name__.lower()} in {intent.instrument}"
            raise PolicyError(f"{what}: {field} {price} is {wrong} the tick {float(tick):.10g}")
        return ticks.numerator

    def _cancel(self, record: Any, intent: Cancel | CancelAll) -> None:
        record["strategy"] = 0
        record["text"] = self.word(intent.reason)
        record["value_count"] = 0
        record["order_type"] = record["time_in_force"] = record["exit_kind"] = 0
        if isinstance(intent, Cancel):
            record["kind"] = int(IntentKind.CANCEL)
            record["order_id"] = intent.order_id
            record["instrument"] = -1
        else:
            record["kind"] = int(IntentKind.CANCEL_ALL)
            record["instrument"] = -1 if intent.instrument is None else self._number(intent.instrument)


def policy_fault(error: Exception, policy: object) -> PolicyError:
    """The error of a policy with the last file and line of its own code.

    Own is the file in which its class stands; else the last frame outside of this package.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    home = type(policy).__module__
    own = [found for found in frames if _module(found) == home]
    own = own or [found for found in frames if _module(found).partition(".")[0] != "seawall"] or frames
    where = f"{own[-1][0].f_code.co_filename}:{own[-1][1]}: " if own else ""
    return PolicyError(f"{where}{type(policy).__name__} raised {type(error).__name__}: {error}")


def _module(found: tuple[Any, int]) -> str:
    return str(found[0].f_globals.get("__name__", ""))


def _is_iterable(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | dict)


def _shown(value: object) -> str:
    """The type and the beginning of a value, for a message of one line."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '...'}"
