"""Loading a policy: a built-in one by name, or the user's own file.

Rule 1: what was meant and mistyped is answered with what is there: names, parameters, classes.
Rule 2: a file is compiled from the very bytes that are hashed; no cache stands between.
Rule 3: a mistake in the user's file is a PolicyError with the file and line of the mistake.

Theory of operation: a policy's parameters are the arguments of its constructor. Desk files
hand them over as text where they are decimals, so each is converted to the type that the
constructor states (its annotation, else the type of its default).
"""

import difflib
import hashlib
import inspect
import sys
import traceback
import typing
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import msgspec

from seawall.model.errors import ConfigError, PolicyError, SeawallError
from seawall.strategies import momentum, threshold
from seawall.strategies.policy import Policy

__all__ = ["BUILT_IN", "LoadedPolicy", "load_policy"]

BUILT_IN: dict[str, type[Any]] = {"momentum": momentum.Momentum, "threshold": threshold.Threshold}
"""The policies that ship with seawall, by name."""

MISSING = inspect.Parameter.empty


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy and where it came from.

    name: of a built-in policy, or of the user's class; source_hash: SHA-256 of the file that
    defines it; path: the user's file, None for built-in ones.
    """

    policy: Policy
    name: str
    source_hash: str
    path: Path | None = None


def load_policy(
    name_or_path: str | Path, parameters: Mapping[str, Any] | None = None, class_name: str | None = None
) -> LoadedPolicy:
    """The policy of that name, or of that file (a Path, or text that ends in .py).

    class_name chooses among several policies of one file; the key `class` of the parameters
    says the same. An unknown name or parameter is a ConfigError, a mistake in the file a
    PolicyError.

    >>> load_policy("threshold", {"low": "35.5"}).policy.low
    35.5
    >>> load_policy("momentun")
    Traceback (most recent call last):
    seawall.model.errors.ConfigError: strategy.name: no policy 'momentun'; did you mean 'momentum'?
    """
    given = dict(parameters or {})
    class_name = given.pop("class", class_name)
    if isinstance(name_or_path, Path) or name_or_path.endswith(".py"):
        path = Path(name_or_path)
        source = _read(path)
        kind = _choose(_import(path, source), path, class_name)
        policy = _construct(kind, given, kind.__name__, path)
        return LoadedPolicy(policy, kind.__name__, hashlib.sha256(source).hexdigest(), path)
    if name_or_path not in BUILT_IN:
        hint = _nearest(name_or_path, list(BUILT_IN))
        raise ConfigError(f"strategy.name: no policy {name_or_path!r}; {hint}")
    kind = BUILT_IN[name_or_path]
    source = Path(inspect.getfile(kind)).read_bytes()
    policy = _construct(kind, given, name_or_path, None)
    return LoadedPolicy(policy, name_or_path, hashlib.sha256(source).hexdigest())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"strategy.path: {path} cannot be read: {error.strerror}") from None


def _import(path: Path, source: bytes) -> ModuleType:
    """The user's file as a module of its own name; nothing is written beside it."""
    module = ModuleType(f"seawall_policy_{hashlib.sha256(source).hexdigest()[:16]}")
    module.__file__ = str(path)
    try:
        code = compile(source, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ConfigError(f"{path}{line}: {what}") from None  # nothing has run yet: exit code 2
    # dataclasses look the module up by its name while the class is made
    sys.modules[module.__name__] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - running the user's own code is the point
    except Exception as error:
        raise _fault(error, path) from error
    return module


def _choose(module: ModuleType, path: Path, class_name: str | None) -> type[Any]:
    """The one class of the file with a `decide` method, or the one that was asked for."""
    found: dict[str, type[Any]] = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "decide")
    }
    if class_name is not None:
        if class_name not in found:
            hint = _nearest(class_name, list(found))
            raise ConfigError(f"strategy.class: {path} has no policy {class_name!r}; {hint}")
        return found[class_name]
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise ConfigError(f"strategy.path: {path} has no class with a method decide(self, view)")
    names = ", ".join(found)
    raise ConfigError(f"strategy.path: {path} has several policies ({names}); choose one by strategy.class")


def _construct(kind: type[Any], given: dict[str, Any], name: str, path: Path | None) -> Policy:
    """The policy with its parameters, each checked by name and converted to its type."""
    accepted = {
        parameter.name: parameter
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    for key in given:
        if key not in accepted:
            raise ConfigError(f"strategy.{key}: {name} has no such parameter{_offer(key, accepted)}")
    lacking = [key for key, item in accepted.items() if item.default is MISSING and key not in given]
    if lacking:
        raise ConfigError(f"strategy.{lacking[0]}: {name} needs this parameter{_offer('', accepted)}")
    hints = _hints(kind)
    converted = {
        key: _convert(value, hints.get(key, MISSING), accepted[key].default, f"strategy.{key}")
        for key, value in given.items()
    }
    try:
        return kind(**converted)
    except SeawallError:
        raise
    except ValueError as error:
        raise ConfigError(f"strategy: {name} refuses its parameters: {error}") from error
    except Exception as error:
        raise _fault(error, path or Path(inspect.getfile(kind))) from error


def _hints(kind: type[Any]) -> dict[str, Any]:
    """The annotations of the constructor; where they name what is not there, none."""
    hints: dict[str, Any] = {}
    for source in (kind, kind.__init__):
        try:
            hints.update(typing.get_type_hints(source))
        except (NameError, TypeError, AttributeError):
            continue
    return hints


def _convert(value: Any, hint: Any, default: Any, where: str) -> Any:
    """A value of the desk file as what the constructor asks for."""
    if hint is MISSING and default is not MISSING and default is not None:
        # A default of 1 does not promise that only whole numbers make sense.
        hint = cast(Any, int | float if type(default) is int else type(default))
    if hint is MISSING or hint is Any:
        return _number(value)
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}, got {value!r}") from None
    except TypeError:  # a type of the user's own, which only their constructor can judge
        return _number(value)


def _number(value: Any) -> Any:
    """Text that reads as a number is one, because desk files hand decimals over as text."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _offer(key: str, accepted: dict[str, inspect.Parameter]) -> str:
    """What was probably meant, and all parameters with their defaults."""
    near = difflib.get_close_matches(key, list(accepted), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    listed = [
        name if item.default is MISSING else f"{name} = {item.default!r}" for name, item in accepted.items()
    ]
    return f"{hint} Parameters: {', '.join(listed) or 'none'}"


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known) or 'none'}"


def _fault(error: Exception, path: Path) -> PolicyError:
    """What the user's file raised, with its last line there."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    return PolicyError(f"{where}: {type(error).__name__}: {error}")
