"""The error tree: the drawing in the module is the tree that the classes make."""

import re

import pytest

from seawall.model import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]
LINE = re.compile(r"^ {4}(?P<indent> *)(?:[x+] )?(?P<name>[A-Z]\w+) *(?P<exit>\d|exit)?(?: .*)?$")


def drawn() -> list[tuple[str, str | None, int | None]]:
    """(class, its parent, its exit code) of each line of the drawing."""
    found: list[tuple[str, str | None, int | None]] = []
    parents: dict[int, str] = {}
    for line in errors.__doc__.split("exit code of the command")[1].splitlines():
        if match := LINE.match(line):
            depth = len(match["indent"])
            above = [parents[each] for each in sorted(parents) if each < depth]
            parents = {each: name for each, name in parents.items() if each < depth} | {depth: match["name"]}
            code = int(match["exit"]) if (match["exit"] or "").isdigit() else None
            found.append((match["name"], above[-1] if above else None, code))
    return found


def test_the_drawing_is_the_tree() -> None:
    """Every class is drawn once, below the class that it derives from."""
    lines = drawn()
    assert sorted(name for name, _, _ in lines) == errors.__all__
    for name, parent, _ in lines:
        base = getattr(errors, name).__base__
        assert base is (getattr(errors, parent) if parent else Exception), name


def test_the_drawn_exit_codes_are_those_of_the_classes() -> None:
    """Where the drawing gives a code, the class and all below it end a command with that code."""
    codes = {name: code for name, _, code in drawn() if code is not None}
    assert codes == {
        "UserError": 2, "PolicyError": 1, "InvariantBroken": 1, "IllegalTransition": 1, "Divergence": 3,
    }  # fmt: skip
    for each in CLASSES:
        expected = next((codes[base.__name__] for base in each.__mro__ if base.__name__ in codes), 1)
        assert each.exit_code == expected, each


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
def test_each_carries_its_message(error: type[Exception]) -> None:
    """An error says what it was told, and a handler of the root catches it."""
    with pytest.raises(errors.SeawallError, match=r"desk\.toml: no such key"):
        raise error("desk.toml: no such key")
