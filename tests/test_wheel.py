"""The wheel, built, installed in a clean environment and run there, as a user would.

The environment holds what requirements/runtime.txt locks and nothing else, so a missing
dependency or a file that is left out of the wheel shows here first. The process
environment is passed on: it carries how this machine reaches its package index.
"""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DEMO_SECONDS_MAX = 60
pytestmark = pytest.mark.timeout(600)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The output of a command that must succeed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    answer = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, f"{command} ended with {answer.returncode}:\n{answer.stdout}"
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the locked backend."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel and its locked dependencies alone."""
    venv = tmp_path_factory.mktemp("clean") / "venv"
    lock = REPOSITORY / "requirements" / "runtime.txt"
    run("bash", "scripts/setup.sh", sys.executable, venv, lock, wheel, cwd=REPOSITORY)
    return venv / "bin"


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Every file below src/seawall is in it (data, scripts and types too), and no test."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path for path in (REPOSITORY / "src").rglob("*") if path.is_file())
    expected = {path.relative_to(REPOSITORY / "src").as_posix() for path in files if path.suffix != ".pyc"}
    assert names == expected
    assert "seawall/py.typed" in names


def test_the_installed_command_works_away_from_the_checkout(clean: Path, tmp_path: Path) -> None:
    """`seawall` and `python -m seawall` are the same command, from the installed package."""
    where = run(clean / "python", "-c", "import seawall; print(seawall.__file__)", cwd=tmp_path)
    assert str(clean.parent) in where
    version = run(clean / "seawall", "--version", cwd=tmp_path)
    assert version.split()[-1] == "0.1.0"
    assert run(clean / "python", "-m", "seawall", "--version", cwd=tmp_path).split()[-1] == "0.1.0"


def test_the_demonstration_runs_from_the_wheel(clean: Path, tmp_path: Path) -> None:
    """After `seawall kernels`, which is part of set-up, `seawall demo` ends well within a minute."""
    cache = {"SEAWALL_CACHE_DIR": str(tmp_path / "cache")}
    run(clean / "seawall", "kernels", cwd=tmp_path, **cache)
    start = time.perf_counter()
    out = tmp_path / "demo"
    text = run(clean / "seawall", "demo", "--out", out, cwd=tmp_path, **cache)
    seconds = time.perf_counter() - start
    print(f"the demonstration took {seconds:.1f} s")
    assert "result " in text
    assert any(out.rglob("*"))
    assert seconds < DEMO_SECONDS_MAX, f"the demonstration took {seconds:.0f} s"
