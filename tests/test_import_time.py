"""`seawall --help` answers at once: what is heavy is imported by the command that needs it."""

import subprocess
import sys

import pytest

HEAVY = ["duckdb", "llvmlite", "numba", "numpy", "polars", "rich", "scipy"]
PROGRAM = """
import sys
{statement}
loaded = [name for name in {heavy} if name in sys.modules]
print("loaded:", *loaded)
"""
HELP = "from seawall.cli import main; main([{arguments}], standalone_mode=False)"


def loaded_by(statement: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after this statement."""
    program = PROGRAM.format(statement=statement, heavy=HEAVY)
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "statement",
    [
        "import seawall",
        "import seawall.cli",
        HELP.format(arguments="'--help'"),
        HELP.format(arguments="'--version'"),
        HELP.format(arguments="'backtest', '--help'"),
    ],
)
def test_help_loads_nothing_heavy(statement: str) -> None:
    """Neither the package nor its command line loads a frame, a database or a compiler."""
    assert loaded_by(statement) == []


def test_the_check_sees_a_heavy_import() -> None:
    """The same program does report what was loaded."""
    assert loaded_by("import numpy") == ["numpy"]
