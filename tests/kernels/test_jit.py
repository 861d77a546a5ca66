"""The compiler's cache: every change that could change an answer starts a new folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seawall.kernels import jit

CALLEE = '''"""One number."""
import numpy as np
from seawall.kernels.jit import kernel
@kernel
def step(ticks):
    return ticks + {added}
'''
CALLER = '''"""A kernel that calls one of another file."""
from seawall.kernels.jit import kernel
from seawall.risk.added import step
@kernel
def run(ticks):
    return step(ticks)
'''


def a_package(folder: Path, added: int = 1) -> Path:
    """A copy of the package's compiler with a caller and a callee in files of their own."""
    package = folder / "seawall"
    (package / "kernels").mkdir(parents=True)
    (package / "risk").mkdir()
    for room in (package, package / "kernels", package / "risk"):
        (room / "__init__.py").write_text('"""A room."""\n')
    shutil.copy(jit.__file__, package / "kernels" / "jit.py")
    (package / "risk" / "caller.py").write_text(CALLER)
    (package / "risk" / "added.py").write_text(CALLEE.format(added=added))
    return package


def ask(package: Path, program: str, **environment: str) -> str:
    """What a fresh interpreter that sees this package prints."""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


RUN = "from seawall.risk.caller import run; print(run(40), sum(run.stats.cache_hits.values()))"


def test_a_kernel_compiles_and_agrees_with_its_python_twin() -> None:
    """Machine code and plain Python give the same integers."""

    @jit.kernel
    def total(values):  # type: ignore[no-untyped-def]
        amount = 0
        for value in values:
            amount += value
        return amount

    values = np.arange(10)
    assert total(values) == total.py_func(values) == 45
    assert total.signatures


def test_division_by_zero_raises_as_in_python() -> None:
    """No kernel turns a missing divisor into an infinity."""

    @jit.kernel
    def ratio(profit, exposure):  # type: ignore[no-untyped-def]
        return profit / exposure

    for function in (ratio, ratio.py_func):
        with pytest.raises(ZeroDivisionError):
            function(1, 0)


def test_the_callers_owncache_folder_is_left_alone() -> None:
    """A user's numba keeps the folder that the user chose."""
    before = jit.CONFIG.CACHE_DIR
    jit.kernel(lambda ticks: ticks)
    assert before == jit.CONFIG.CACHE_DIR


def test_without_the_compiler_the_function_is_returned_unchanged(tmp_path: Path) -> None:
    """NUMBA_DISABLE_JIT=1 runs the plain Python twin."""
    program = "from seawall.risk.caller import run; print(type(run).__name__, run(40))"
    assert ask(a_package(tmp_path), program, NUMBA_DISABLE_JIT="1") == "function 41"


def test_a_change_in_a_called_kernel_of_another_file_is_seen(tmp_path: Path) -> None:
    """First run compiles, second is served from disk, the third sees the new callee."""
    package = a_package(tmp_path / "project")
    cache = {"SEAWALL_CACHE_DIR": str(tmp_path / "cache")}
    assert ask(package, RUN, **cache) == "41 0"
    assert ask(package, RUN, **cache) == "41 1"
    (package / "risk" / "added.py").write_text(CALLEE.format(added=2))
    assert ask(package, RUN, **cache) == "42 0"
    assert len(list((tmp_path / "cache" / "seawall" / "kernels").iterdir())) == 2


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("risk/added.py", CALLEE.format(added=3), True),  # a kernel
        ("kernels/rows.py", '"""New."""\n', True),  # anything in kernels/
        ("risk/caller.py", CALLER + "# a comment\n", True),  # even a comment: cheap and safe
        ("risk/report.py", '"""No kernel here."""\n', False),
        ("portfolio/limits.py", "LIMIT = 3\n", True),  # a constant that a kernel reads
        ("portfolio/other.py", "LIMIT = 3\n", False),
    ],
)
def test_the_hash_covers_what_compiled_code_depends_on(
    tmp_path: Path, file: str, text: str, changes: bool
) -> None:
    """A source that machine code is made of changes the hash; another does not."""
    package = a_package(tmp_path)
    (package / "portfolio").mkdir()
    (package / "portfolio" / "limits.py").write_text("LIMIT = 2\n")
    added = package / "risk" / "added.py"
    added.write_text(added.read_text() + "from seawall.portfolio.limits import (\n    LIMIT,\n)\n")
    before = jit.sources_hash(package)
    (package / file).write_text(text)
    assert (jit.sources_hash(package) != before) is changes


def test_the_hash_of_this_package_is_steady_and_covers_numba_and_the_processor() -> None:
    """The same build has the same name; another machine has another."""
    assert jit.kernel_hash() == jit.sources_hash(jit.PACKAGE, jit._machine())
    assert jit.kernel_hash() != jit.sources_hash(jit.PACKAGE, [*jit._machine(), "another feature"])
    assert any(word.startswith("numba ") for word in jit._machine())


def test_a_cache_that_cannot_be_written_falls_back_to_a_private_folder(tmp_path: Path) -> None:
    """A file where the folder should be: the temporary folder takes its place."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = "from seawall.kernels import jit; print(jit.cache_folder())"
    package = a_package(tmp_path / "project")
    folder = Path(ask(package, program, SEAWALL_CACHE_DIR=str(blocked), TMPDIR=str(temporary)))
    assert folder.parent.parent == temporary
    assert folder.parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permission bits are POSIX")
def test_a_temporary_folder_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    """Loading a cache runs code, so a folder open to others is passed over."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    temporary = tmp_path / "temporary"
    planted = temporary / f"seawall-kernels-{os.getuid()}"
    planted.mkdir(parents=True)
    planted.chmod(0o777)
    program = "from seawall.kernels import jit; print(jit.cache_folder())"
    package = a_package(tmp_path / "project")
    folder = Path(ask(package, program, SEAWALL_CACHE_DIR=str(blocked), TMPDIR=str(temporary)))
    assert planted not in folder.parents
    assert temporary in folder.parents


def test_old_caches_are_removed(tmp_path: Path) -> None:
    """A new build keeps the newest folders and drops the rest."""
    for age in range(12):
        folder = tmp_path / f"{age:02d}"
        folder.mkdir()
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    jit._forget_old(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{age:02d}" for age in range(jit.FOLDERS_MAX - 1)
    ]
