"""Who may import whom: the contracts of pyproject.toml, run in this process.

That the contracts bite is shown on a package with the same rooms and one bad import each:
a contract that cannot fail proves nothing.
"""

import sys
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

REPOSITORY = Path(__file__).resolve().parents[1]
CONTRACTS = (
    "[tool.importlinter]"
    + (REPOSITORY / "pyproject.toml").read_text("utf-8").split("[tool.importlinter]", 1)[1]
)
ROOMS = ["model", "kernels", "features", "signals", "strategies", "portfolio"]
ROOMS += ["execution", "risk", "simulator", "store", "runtime", "research"]
JIT = "import os, pathlib, shutil, tempfile\n"

configuration.configure()


def holds(config: Path) -> bool:
    """Run all contracts of a configuration file; failures are printed."""
    return use_cases.lint_imports(str(config), cache_dir=None, no_logo=True, is_debug_mode=True)


def a_package(folder: Path, name: str, files: dict[str, str]) -> Path:
    """The rooms of seawall under another name, each with a module, and these files on top."""
    package = folder / name
    for room in ROOMS:
        (package / room).mkdir(parents=True)
        (package / room / "noun.py").write_text("")
    (package / "kernels" / "jit.py").write_text(JIT)
    for path, text in files.items():
        (package / path).parent.mkdir(exist_ok=True)
        (package / path).write_text(text.replace("seawall", name))
    for directory in (package, *(path for path in package.iterdir() if path.is_dir())):
        (directory / "__init__.py").touch()
    config = folder / "pyproject.toml"
    config.write_text(CONTRACTS.replace("seawall", name))
    return config


def test_the_contracts_hold() -> None:
    """No module of seawall imports what its room may not."""
    assert holds(REPOSITORY / "pyproject.toml"), "a contract is broken; the report above names the import"


GOOD = [
    {"cli.py": "import seawall.research.noun", "config.py": "import seawall.engine", "engine.py": ""},
    {"engine.py": "import seawall.risk.noun, seawall.strategies.noun"},
    {"store/noun.py": "import os, polars\nimport seawall.model.noun"},
    {"simulator/noun.py": "import seawall.kernels.noun, seawall.model.noun"},
    {"runtime/noun.py": "import asyncio, seawall.simulator.noun, seawall.engine", "engine.py": ""},
]
BAD = [
    {"model/noun.py": "import seawall.risk.noun"},  # upwards
    {"kernels/noun.py": "import seawall.model.noun"},
    {"config.py": "import seawall.runtime.noun"},
    {"engine.py": "import seawall.simulator.noun"},  # sideways
    {"engine.py": "import seawall.store.noun"},
    {"risk/noun.py": "import seawall.execution.noun"},
    {"strategies/noun.py": "import seawall.risk.noun"},  # a strategy cannot order
    {"signals/noun.py": "import seawall.execution.noun"},
    {"simulator/noun.py": "import seawall.portfolio.noun"},
    {"risk/noun.py": "import os"},  # a pure room meets the world
    {"model/clock.py": "import time", "risk/noun.py": "import seawall.model.clock"},
    {"kernels/noun.py": "import pathlib"},
    {"features/noun.py": "def f():\n    import polars"},
    {"portfolio/noun.py": "from logging import getLogger"},
    {"helpers/noun.py": ""},  # a thirteenth room
    {"util.py": ""},
]


@pytest.mark.parametrize("files", GOOD, ids=str)
def test_the_contracts_let_good_imports_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    """What the layers allow is not reported."""
    name = f"seaside_good_{GOOD.index(files)}"
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert holds(a_package(tmp_path, name, files))


@pytest.mark.parametrize("files", BAD, ids=str)
def test_the_contracts_see_each_bad_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    """Upwards, sideways, through another module, inside a function, and an unlisted room."""
    name = f"seaside_bad_{BAD.index(files)}"
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert not holds(a_package(tmp_path, name, files))
