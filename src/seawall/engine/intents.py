"""From what a policy returned to the numbers that the core considers.

Rule 1: an intent that cannot be used is a PolicyError that names the intent, the field and
        the value; nothing of a wake is taken when one of its intents is malformed.
Rule 2: texts are interned: the same sentence has the same number in the whole run.
Rule 3: what a policy raises is reported with the last line of its own file that led there.
"""

import difflib
import struct
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from seawall.engine.placing import EXIT_VALUES
from seawall.kernels.state import INTENT, INTENTS_MAX, STATE
from seawall.model.errors import PolicyError
from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.kinds import IntentKind

__all__ = ["WORDS_MAX", "IntentWriter", "policy_fault"]

WORDS_MAX = 4096
NO_EXITS = Exits()
USED_MAX = INTENTS_MAX - 1  # the last place belongs to the protective exits
TICKS_MAX = 1 << 53  # far above every price; the product with a size is the gate's to judge


def _packed() -> struct.Struct:
    """INTENT up to its values, as one format; a gap or another order of fields is our own bug."""
    codes = {"i4": "i", "i8": "q", "f8": "d"}
    fields: Any = INTENT.fields
    scalars = [(name, *fields[name][:2]) for name in fields]
    plain = [(kind.str[1:], offset) for _, kind, offset in scalars if kind.shape == ()]
    packed = struct.Struct("<" + "".join(codes[kind] for kind, _ in plain))
    assert packed.size == plain[-1][1] + INTENT[scalars[len(plain) - 1][0]].itemsize
    return packed


PACKED = _packed()
LOTS, WEIGHT, ORDER = (int(k) for k in (IntentKind.TARGET_LOTS, IntentKind.TARGET_WEIGHT, IntentKind.ORDER))


class IntentWriter:
    """Writes intents of the first strategy into the state."""

    def __init__(self, state: np.ndarray, names: tuple[str, ...], ticks: tuple[Fraction, ...]) -> None:
        self.state = state
        self.intents = state[0]["intents"]
        self.memory = state.view(np.uint8).data
        self.offset = int(STATE.fields["intents"][1]) if STATE.fields else 0
        self.numbers = {name: number for number, name in enumerate(names)}
        self.ticks = ticks
        self.words: list[str] = ["", *EXIT_VALUES]
        self.known: dict[str, int] = {word: number for number, word in enumerate(self.words)}

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
            if isinstance(intent, Target):
                self._target(count, intent)
            elif isinstance(intent, Order):
                self._order(count, intent)
            elif isinstance(intent, Cancel | CancelAll):
                self._cancel(self.intents[count], intent)
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
            near = difflib.get_close_matches(str(name), list(self.numbers), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(self.numbers)}"
            raise PolicyError(f"an intent's instrument is {name!r}, which the desk has not; {hint}")
        return number

    def _target(self, place: int, intent: Target) -> None:
        number = self._number(intent.instrument)
        weight = intent.weight
        kind, target, lots = (LOTS, 0.0, intent.lots) if weight is None else (WEIGHT, weight, 0)
        limit = 0 if intent.limit is None else self._ticks(intent, "limit")
        self._pack(place, intent, kind, number, 0, (0, 0), lots, limit, 0, target)

    def _order(self, place: int, intent: Order) -> None:
        number = self._number(intent.instrument)
        limit, stop = self._ticks(intent, "limit"), self._ticks(intent, "stop")
        only = (int(intent.reduce_only), int(intent.post_only))
        self._pack(place, intent, ORDER, number, intent.side, only, intent.lots, limit, stop, 0.0)

    def _pack(
        self, place: int, intent: Target | Order, kind: int, number: int, side: int, only: tuple[int, int],
        lots: int | None, limit: int, stop: int, target: float,
    ) -> None:  # fmt: skip
        """Writes one intent at once: setting the fields one by one costs several times as much."""
        values, exits = intent.values, intent.exits or NO_EXITS
        PACKED.pack_into(
            self.memory, self.offset + place * INTENT.itemsize,
            kind, number, 0, side, intent.order_type, intent.time_in_force, self.word(intent.reason),
            len(values), only[0], 0, only[1], 0, lots, limit, stop, 0, target,
            exits.stop_loss or 0.0, exits.take_profit or 0.0, exits.trailing or 0.0, exits.time_bars or 0,
        )  # fmt: skip
        if values:
            record = self.intents[place]
            for column, (name, value) in enumerate(values.items()):
                record["value_names"][column] = self.word(name)
                record["values"][column] = value

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


def policy_fault(error: BaseException, policy: object) -> PolicyError:
    """The error of a policy with the last file and line of its own code.

    Own is the file in which its class stands; else the last frame outside of this package.
    """
    frames: list[tuple[Any, int]] = []
    entry = error.__traceback__
    while entry is not None:
        frames.append((entry.tb_frame, entry.tb_lineno))
        entry = entry.tb_next
    home = type(policy).__module__
    own = [found for found in frames if _module(found) == home]
    own = own or [found for found in frames if _module(found).partition(".")[0] != "seawall"] or frames
    where = f"{own[-1][0].f_code.co_filename}:{own[-1][1]}: " if own else ""
    if isinstance(error, PolicyError):  # ours: what it returned or asked for cannot be used
        return PolicyError(f"{_line_of(own, home) or _decides(policy)}: {error}")
    return PolicyError(f"{where}{type(policy).__name__} raised {type(error).__name__}: {error}")


def _line_of(own: list[tuple[Any, int]], home: str) -> str:
    """The newest line of the policy's own file among these frames; empty when it is in none."""
    lines = [found for found in own if _module(found) == home]
    return f"{lines[-1][0].f_code.co_filename}:{lines[-1][1]}" if lines else ""


def _decides(policy: object) -> str:
    """Where the policy's `decide` stands, for what it returned."""
    code = getattr(getattr(type(policy), "decide", None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else type(policy).__name__


def _module(found: tuple[Any, int]) -> str:
    return str(found[0].f_globals.get("__name__", ""))


def _is_iterable(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | dict)


def _shown(value: object) -> str:
    """The type and the beginning of a value, for a message of one line."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '...'}"
