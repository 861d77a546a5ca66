"""What a module says it exports is there, and what others take from it is said.

A list kept by hand is wrong sooner or later; this test reads both sides.
"""

import ast
import importlib
import pkgutil
from importlib.util import find_spec
from pathlib import Path

import pytest

import seawall

PACKAGE = Path(seawall.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(PACKAGE)], "seawall.")
    if not module.name.endswith("__main__")
)


def taken(text: str) -> list[tuple[str, str]]:
    """The module and the name of everything that a source imports from seawall by name."""
    imports = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom))
    ours = (node for node in imports if (node.module or "").split(".")[0] == "seawall")
    return [(node.module or "", alias.name) for node in ours for alias in node.names]


def exported(name: str) -> list[str]:
    """The names that a module lists."""
    return getattr(importlib.import_module(name), "__all__", [])


@pytest.mark.parametrize("name", MODULES)
def test_exports_exist(name: str) -> None:
    """Every listed name is there, and is listed once."""
    missing = [each for each in exported(name) if not hasattr(importlib.import_module(name), each)]
    assert not missing, f"{name}: `__all__` names what is not there: {missing}"
    assert len(set(exported(name))) == len(exported(name)), f"{name}: `__all__` names something twice"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_modules_take_only_what_others_export(path: Path) -> None:
    """A name that another module uses is public: it stands in the list of its own module."""
    for module, name in taken(path.read_text("utf-8")):
        if name not in exported(module):
            submodule = (
                find_spec(f"{module}.{name}")
                if hasattr(importlib.import_module(module), "__path__")
                else None
            )
            assert submodule, (
                f"{path.name} takes `{name}` from {module}, whose `__all__` lacks it; list it there"
            )


def test_the_package_offers_its_names() -> None:
    """`seawall.NAME` works for each name of `seawall.__all__`, also where it is loaded late."""
    assert seawall.__all__ == sorted(seawall.__all__)
    assert [name for name in seawall.__all__ if not hasattr(seawall, name)] == []
    assert set(seawall.__all__) <= set(dir(seawall))


def test_what_a_module_takes_is_found() -> None:
    """The reading side of the test above sees imports at the top and inside functions."""
    text = "import numpy\nfrom seawall.a import b as c\ndef f():\n    from seawall import d\n"
    assert taken(text) == [("seawall.a", "b"), ("seawall", "d")]
