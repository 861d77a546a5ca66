"""The policy: what a strategy has to be, and how its memory is kept.

Rule 1: a policy declares when it wakes and which features it reads; it answers a view with
        intents, or with None. It cannot place an order.
Rule 2: all that it remembers stands in its attributes, so that a checkpoint holds it. What
        cannot be kept is an error when it is first met, not a divergence on the next resume.
Rule 3: the same view and the same memory give the same answer: no clock, no randomness of its
        own, no file.

Theory of operation: a policy is any object with `decide`; parameters are the keyword arguments
of its constructor, filled from `[strategy]` of the desk file. Optional methods: `start(view)`,
called once before the first wake (and once after a resume), to look up indices and bind
readers; `snapshot() -> bytes` and `restore(bytes)` for memory that the default cannot keep.
The life of a policy is: constructor, start, [restore], decide, decide, ...
"""

import gc
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import IntEnum
from types import BuiltinMethodType, CodeType
from typing import Any, Protocol, cast, get_args

import msgspec
import numpy as np

from seawall.model.errors import PolicyError
from seawall.model.intents import Cancel, CancelAll, Exits, Intent, Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.model.predictions import ModelPrediction
from seawall.strategies.view import Bar, View
from seawall.strategies.wakes import Wake
from seawall.strategies.wiring import Feature

__all__ = ["Policy", "check_policy", "policy_state", "restore_policy"]

DEPTH_MAX = 32  # deeper memory than this refers to itself
STRUCTS: tuple[type[Any], ...] = (*get_args(Feature), Exits, Target, Order, ModelPrediction, Bar)
ENUMS: tuple[type[Any], ...] = (Side, OrderType, TimeInForce)
WAKES = get_args(Wake)
KNOWN: dict[str, type[Any]] = {kind.__name__: kind for kind in STRUCTS + ENUMS + WAKES}


class Policy(Protocol):
    """What the desk asks of a strategy.

    wakes: when it is asked; features: what it reads by name. Both may be attributes of the
    class, or set by the constructor from its parameters.
    """

    wakes: Sequence[Wake]
    features: Sequence[Feature]

    def decide(self, view: View) -> Iterable[Intent] | None:
        """What the policy wants now; None or nothing leaves all as it is."""
        ...


def policy_state(policy: object) -> bytes:
    """The policy's memory as bytes: its own `snapshot`, else all of its attributes.

    Kept are numbers, text, bytes, None, lists, tuples, deques, dicts, sets, Decimals, numpy
    arrays and numbers, features, exits, intents, predictions and bars; readers and the view are
    left out, `start` binds them anew. Anything else is a PolicyError that names the attribute.
    Two attributes that share one object are two objects after the restore.
    """
    snapshot = getattr(policy, "snapshot", None)
    if snapshot is not None:
        content = snapshot()
        if not isinstance(content, bytes):
            raise PolicyError(f"{type(policy).__name__}.snapshot must return bytes, got {content!r}")
        return content
    plain = {
        name: _plain(value, f"{type(policy).__name__}.{name}", 0)
        for name, value in sorted(_attributes(policy).items())
        if not _is_bound(value)
    }
    return msgspec.msgpack.encode(plain)


def restore_policy(policy: object, content: bytes) -> None:
    """Put the memory back into a fresh policy of the same parameters that was started already."""
    restore = getattr(policy, "restore", None)
    if restore is not None:
        restore(content)
        return
    kept: dict[str, Any] = msgspec.msgpack.decode(content)
    for name, value in _attributes(policy).items():
        if name not in kept and not _is_bound(value):
            delattr(policy, name)
    for name, value in kept.items():
        # A frozen dataclass is a fine policy; its memory is put back all the same.
        object.__setattr__(policy, name, _live(value))


def check_policy(factory: Callable[[], Policy], view: View) -> None:
    """The conformance suite of policies; what fails is a PolicyError that says which.

    The policy declares wakes and features, and answers with intents; asked with the same
    memory and the same view, another instance gives the same answer and ends with the same
    memory. Call it with views from before and after the warm-up.
    """
    first, second = factory(), factory()
    name = type(first).__name__
    for attribute in ("wakes", "features"):
        if not isinstance(getattr(first, attribute, None), Sequence):
            raise PolicyError(f"{name} must have the attribute {attribute}, a sequence")
    _start(first, view)
    _start(second, view)
    for _ in range(2):  # at the second wake the memory is no longer that of the constructor
        before = policy_state(first)
        restore_policy(second, before)
        if policy_state(second) != before:
            raise PolicyError(f"{name}: a restored policy has another memory than its snapshot")
        answers = _answer(first, view), _answer(second, view)
        if answers[0] != answers[1]:
            raise PolicyError(
                f"{name} is not a function of its memory and view: {answers[0]} and {answers[1]}"
            )
        if policy_state(first) != policy_state(second):
            raise PolicyError(f"{name}: the same decision left two different memories")


def _start(policy: object, view: View) -> None:
    """Call the policy's `start(view)`, if it has one."""
    start = getattr(policy, "start", None)
    if start is not None:
        start(view)


def _answer(policy: Policy, view: View) -> list[Intent]:
    """Ask the policy; an answer that is no sequence of intents is a PolicyError."""
    answer: Any = policy.decide(view)
    if answer is None:
        return []
    name = type(policy).__name__
    if isinstance(answer, (Target, Order, Cancel, CancelAll)):
        raise PolicyError(f"{name}.decide returned one {type(answer).__name__}; return a list of intents")
    if not isinstance(answer, Iterable) or isinstance(answer, (str, bytes)):
        raise PolicyError(f"{name}.decide must return intents or None, got {type(answer).__name__}")
    intents: list[Any] = list(cast(Iterable[Any], answer))
    for intent in intents:
        if not isinstance(intent, (Target, Order, Cancel, CancelAll)):
            raise PolicyError(f"{name}.decide returned {intent!r}, which is no Target, Order or Cancel")
    return intents


def _is_bound(value: object) -> bool:
    """Whether it is the view or one of its readers, which `start` binds anew."""
    reader = isinstance(value, BuiltinMethodType) and isinstance(value.__self__, np.ndarray)
    return reader or isinstance(value, View)


def _attributes(policy: object) -> dict[str, Any]:
    """What the instance itself holds, with or without a `__dict__`."""
    found: dict[str, Any] = {}
    for kind in type(policy).__mro__:
        names: Any = kind.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if not name.startswith("__") and hasattr(policy, name):
                found[name] = getattr(policy, name)
    inline = _inline_attributes(policy, list(found.values()))
    found.update(getattr(policy, "__dict__", {}) if inline is None else inline)
    return found


def _inline_attributes(policy: object, slots: list[Any]) -> dict[str, Any] | None:
    """The instance's attributes without asking for its `__dict__`; None where they are not all found so.

    CPython keeps attributes beside the object until somebody asks for the dictionary; from then on each
    access of the policy's own code costs about twice as much. Candidates are the names in the code of its
    classes; the objects that the instance refers to tell whether all of them, and no others, were found.
    """
    kind = type(policy)
    names = {name for base in kind.__mro__ for value in vars(base).values() for name in _names_in(value)}
    found: dict[str, Any] = {}
    for name in sorted(names):
        if not hasattr(kind, name) and hasattr(policy, name):
            found[name] = getattr(policy, name)
    held = gc.get_referents(policy)
    for value in [*found.values(), *slots, kind]:
        place = next((place for place, other in enumerate(held) if other is value), None)
        if place is None:
            return None
        del held[place]
    return None if held else found


def _names_in(value: Any) -> set[str]:
    """All names of attributes and globals in a function's code and in what is nested in it."""
    code = value if isinstance(value, CodeType) else getattr(value, "__code__", None)
    if code is None:
        return set()
    nested = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return {*code.co_names, *(name for constant in nested for name in _names_in(constant))}


def _plain(value: Any, where: str, depth: int) -> Any:
    """A value in terms of msgpack: what msgpack lacks becomes a list that opens with its tag."""
    kind = cast(Any, type(value))
    if depth > DEPTH_MAX:
        raise PolicyError(f"{where} is nested more than {DEPTH_MAX} deep and cannot be kept in a checkpoint")
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else ["int", str(value)]
    if kind is Decimal:
        return ["decimal", str(value)]
    if KNOWN.get(kind.__name__) is kind:
        if issubclass(kind, IntEnum):
            return ["enum", kind.__name__, int(value)]
        fields = {name: _plain(item, f"{where}.{name}", depth + 1) for name, item in _fields(value).items()}
        return ["struct", kind.__name__, fields]
    if kind in (list, tuple, deque):
        items = [_plain(item, f"{where}[{place}]", depth + 1) for place, item in enumerate(value)]
        return [kind.__name__, items, value.maxlen] if kind is deque else [kind.__name__, items]
    if kind is dict:
        pairs = [
            [_plain(key, f"a key of {where}", depth + 1), _plain(item, f"{where}[{key!r}]", depth + 1)]
            for key, item in value.items()
        ]
        return ["dict", pairs]
    if kind in (set, frozenset):
        # A set has no order of its own; sorted by its bytes it is the same in every process.
        items = [_plain(item, f"an item of {where}", depth + 1) for item in value]  # sorted below
        return [kind.__name__, sorted(items, key=msgspec.msgpack.encode)]
    array: Any = np.asarray(value) if issubclass(kind, (np.ndarray, np.generic)) else None
    if array is not None and not array.dtype.hasobject:
        tag = "array" if issubclass(kind, np.ndarray) else "number"
        return [tag, _dtype_plain(array.dtype), list(array.shape), array.tobytes()]
    raise PolicyError(
        f"{where} is a {kind.__name__}, which a checkpoint cannot keep; keep numbers, text, arrays and "
        "collections of them, or write snapshot() -> bytes and restore(bytes)"
    )


def _fields(struct: Any) -> dict[str, Any]:
    return {field.name: getattr(struct, field.name) for field in msgspec.structs.fields(struct)}


def _dtype_plain(dtype: Any) -> Any:
    """A dtype as text, or as its list of fields."""
    return dtype.str if dtype.names is None else [list(field) for field in dtype.descr]


def _live(value: Any) -> Any:
    """The value that `_plain` made this of."""
    if not isinstance(value, list):
        return value
    tag, content = cast(list[Any], value)[:2]
    rest = cast(list[Any], value)[2:]
    if tag == "int":
        return int(content)
    if tag == "decimal":
        return Decimal(content)
    if tag in ("array", "number"):
        dtype = np.dtype(content if isinstance(content, str) else [tuple(field) for field in content])
        array = np.frombuffer(rest[1], dtype).reshape(rest[0]).copy()
        return array if tag == "array" else array[()]
    if tag == "enum":
        return KNOWN[content](rest[0])
    if tag == "struct":
        return KNOWN[content](**{name: _live(item) for name, item in rest[0].items()})
    if tag == "dict":
        return {_live(key): _live(item) for key, item in content}
    items = [_live(item) for item in content]
    if tag == "deque":
        return deque(items, maxlen=rest[0])
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[tag](items)
