"""The peers' environments: each a folder of its own beside this file, made on first use.

Rule 1: nothing of a peer is ever installed beside seawall.
Rule 2: the pins name every package; an environment is made again when they change.
Rule 3: a peer that cannot be installed costs only itself, and its reason is kept.

Theory of operation. An environment is a file of pins (`peers-tick.txt`) and the folder `.venv-peers-tick`.
Its Python is the one that runs this file where that is new enough, so that peers and seawall share an
interpreter; else the newest that is found on the path or among pyenv's versions. Packages come through uv
if it is found, else through pip, from whatever index these are set up for.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Environment", "call", "install", "say_last_line"]

HERE = Path(__file__).resolve().parent
INSTALL_SECONDS_MAX = 600
PROBE = "import sys; print(sys.version_info[0], sys.version_info[1])"


@dataclass(frozen=True)
class Environment:
    """Pins, the packages asked for by name, and the least Python that has wheels of them."""

    name: str
    packages: tuple[str, ...]
    python_least: tuple[int, int] = (3, 11)

    @property
    def pins(self) -> Path:
        """The file of pins."""
        return HERE / f"{self.name}.txt"

    @property
    def home(self) -> Path:
        """The folder of the environment."""
        return HERE / f".venv-{self.name}"

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.home / "bin" / "python")


def say_last_line(failure: subprocess.CompletedProcess[str]) -> str:
    """The last line that a failed process wrote to stderr."""
    lines = failure.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {failure.returncode}"


def call(command: list[str], seconds_max: int) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder; one that is too slow or cannot start counts as failed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command,
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds_max,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"not done after {seconds_max} s")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def find_uv() -> str | None:
    """uv beside this Python or on the path, if there is one."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def find_python(least: tuple[int, int]) -> str | None:
    """This Python where it is new enough, else the newest that runs; None where there is none."""
    if sys.version_info[:2] >= least:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(19, least[1] - 1, -1)]
    found = [path for name in names if (path := shutil.which(name))]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")]
    versions: dict[tuple[int, ...], str] = {}
    for path in found:
        probed = call([path, "-c", PROBE], 60)
        if probed.returncode == 0:  # a shim on the path may stand for a Python that is not chosen
            versions.setdefault(tuple(int(part) for part in probed.stdout.split()), path)
    newest = max(versions, default=(0, 0))
    return versions[newest] if newest >= least else None


def create(environment: Environment, python: str) -> str | None:
    """An empty environment; a text says why there is none."""
    shutil.rmtree(environment.home, ignore_errors=True)
    uv = find_uv()
    command = [uv, "venv", "--python", python] if uv else [python, "-m", "venv"]
    made = call([*command, str(environment.home)], INSTALL_SECONDS_MAX)
    if made.returncode:
        return f"no environment: {say_last_line(made)}"
    (environment.home / ".gitignore").write_text("*\n")
    return None


def fill(environment: Environment) -> dict[str, str]:
    """Install the packages one by one; package -> why it is missing."""
    uv = find_uv()
    install_command = (
        [uv, "pip", "install", "--python", environment.python]
        if uv
        else [environment.python, "-m", "pip", "install"]
    )
    missing: dict[str, str] = {}
    for package in environment.packages:
        # Wheels alone: a peer that would have to be built is none that its users have.
        only = [*install_command, "--only-binary", ":all:", "-c", str(environment.pins), package]
        done = call(only, INSTALL_SECONDS_MAX)
        if done.returncode:
            missing[package] = f"cannot be installed: {say_last_line(done)}"
    return missing


def install(environment: Environment) -> dict[str, str]:
    """Make the environment, or find it made for these pins; package -> why it is missing."""
    stamp = environment.home / "pins.json"
    python = find_python(environment.python_least)
    if python is None:
        least = ".".join(str(part) for part in environment.python_least)
        return dict.fromkeys(environment.packages, f"needs Python {least} or newer, and none is found here")
    pins = {"pins": hashlib.sha256(environment.pins.read_bytes()).hexdigest(), "python": python}
    if stamp.exists() and json.loads(stamp.read_text()) == pins:
        return {}
    print(f"Installing the peers of {environment.pins.name} (once) ...", flush=True)
    if reason := create(environment, python):
        return dict.fromkeys(environment.packages, reason)
    missing = fill(environment)
    if not missing:
        stamp.write_text(json.dumps(pins))
    return missing
