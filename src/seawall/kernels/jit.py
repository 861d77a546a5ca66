"""The one way to compile: `@kernel`, with a disk cache that cannot run stale arithmetic.

Rule 1: compiled functions are decorated with `kernel`, and with nothing else.
Rule 2: no fast-math, no parallel loops: a kernel gives the same bits for any chunking.
Rule 3: dividing by zero raises in a kernel exactly as it does in plain Python. An
        infinity or a silent zero in the books costs more than the branch saves.
Rule 4: enumerations and constants that kernels use stand in model/, in kernels/, or are
        imported by an UPPER_CASE name; these are the ones that the cache can see change.

Theory of operation. Numba's disk cache knows the file that a function stands in. It does
not know the functions that it calls or the constants that it reads in other files, so
after a change there it runs the old machine code. We therefore give it a folder of our
own whose name is a hash of everything that the machine code depends on: the sources, the
versions of numba, numpy and Python, and the processor. A change of any of them starts an
empty folder, and nothing has to be invalidated.

This is the only module of the pure rooms that looks at files and at the environment: at
import, for the cache, and never while a kernel runs.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba
import numpy as np
from numba.core import config

__all__ = ["cache_folder", "kernel", "kernel_hash", "kernel_sources", "sources_hash"]

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS_MAX = 8  # older caches are removed: one for each edit of a kernel would pile up
IMPORT = re.compile(r"^from (seawall[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)

# Numba ships no types; what we use of it and of llvmlite is named here, once.
NJIT = cast(Callable[..., Any], numba.njit)
CONFIG: Any = config
LLVM: Any = llvmlite.binding
TYPES = cast(Any, numba.types)


def kernel(function: Function) -> Function:
    """Compile a function on its first call and keep the machine code on disk.

    The plain Python function stays reachable as `function.py_func`; with
    NUMBA_DISABLE_JIT=1 in the environment the function itself is returned unchanged.

    >>> @kernel
    ... def twice(ticks: int) -> int:
    ...     return 2 * ticks
    >>> twice(21)
    42
    """
    if CONFIG.DISABLE_JIT:
        return function
    # Numba reads its cache folder once, at decoration. It is put back afterwards, so that
    # the kernels of a user's own project keep the folder that their owner chose.
    before = CONFIG.CACHE_DIR
    CONFIG.CACHE_DIR = str(cache_folder())
    try:
        compiled = NJIT(cache=_has_file(function), fastmath=False, error_model="python", boundscheck=False)(
            function
        )
    finally:
        CONFIG.CACHE_DIR = before
    _widen(compiled)
    return cast(Function, compiled)


def _widen(compiled: Any) -> None:
    """Calls between kernels pass whole numbers as int64, whatever their width or literal value.

    Numba would compile a callee once for each literal and each width that it is called with,
    which made the first run several times as long. Unsigned 64-bit numbers stay as they are.
    """
    template = compiled.get_call_template

    def widened(arguments: Any, keywords: Any) -> Any:
        return template(tuple(map(_wide, arguments)), {key: _wide(kind) for key, kind in keywords.items()})

    compiled.get_call_template = widened


def _wide(kind: Any) -> Any:
    plain = TYPES.unliteral(kind)
    narrow = isinstance(plain, TYPES.Integer) and (plain.signed or plain.bitwidth < 64)
    return TYPES.int64 if narrow else plain


@cache
def kernel_hash() -> str:
    """The 64 hexadecimal digits that name the machine code in use; a run records them.

    SHA-256 over the sources of `kernel_sources`, the versions of numba, numpy and Python,
    and the name and features of the processor.

    >>> len(kernel_hash())
    64
    """
    return sources_hash(PACKAGE, _machine())


def kernel_sources(package: Path) -> list[Path]:
    """The files of a package that compiled code depends on, sorted by name.

    All of kernels/ and model/, each file with a decorated kernel, and each file from
    which one of these imports an UPPER_CASE name, followed to the end.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}
    rooms = (package / "kernels", package / "model")
    found: set[Path] = set()
    waiting = [path for path in texts if path.parent in rooms or "@kernel" in texts[path]]
    while waiting:
        path = waiting.pop()
        if path in texts and path not in found:
            found.add(path)
            waiting.extend(_constants_from(texts[path], package))
    return sorted(found)


def sources_hash(package: Path, machine: Iterable[str] = ()) -> str:
    """SHA-256 over the kernel sources of a package, by relative name and content."""
    digest = hashlib.sha256()
    for word in machine:
        digest.update(word.encode() + b"\0")
    for path in kernel_sources(package):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _constants_from(text: str, package: Path) -> list[Path]:
    """The modules of the package from which a source imports an UPPER_CASE name."""
    modules: list[Path] = []
    for dotted, names in IMPORT.findall(text):
        base = package.joinpath(*dotted.split(".")[1:])
        for name in re.findall(r"\w+", names):
            if name.isupper():
                modules += [base.with_suffix(".py"), base / "__init__.py"]
            else:  # `from seawall.risk import limits` makes every constant of it visible
                modules += [base / f"{name}.py"]
    return modules


def _machine() -> list[str]:
    """What besides the sources decides the machine code."""
    features: dict[str, bool] = dict(LLVM.get_host_cpu_features())
    return [
        f"numba {numba.__version__}",
        f"numpy {np.__version__}",
        f"python {sys.version_info.major}.{sys.version_info.minor}",
        f"cpu {CONFIG.CPU_NAME or LLVM.get_host_cpu_name()}",
        str(CONFIG.CPU_FEATURES or ",".join(sorted(name for name, on in features.items() if on))),
    ]


def _has_file(function: Callable[..., Any]) -> bool:
    """Whether the function stands in a file; one typed at a prompt cannot be cached."""
    return Path(function.__code__.co_filename).exists()


@cache
def cache_folder() -> Path:
    """The folder of this build's machine code: the user's cache, else a private one."""
    chosen = os.environ.get("SEAWALL_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    kernels = Path(chosen).expanduser() / "seawall" / "kernels"
    if not _is_writable(kernels):
        kernels = _temporary_folder()
    folder = kernels / kernel_hash()
    if not folder.exists():
        _forget_old(kernels)
    # Each start marks the folder as used, so that the oldest can be told.
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    return folder


def _is_writable(folder: Path) -> bool:
    """Make the folder, private to its user, and try it: a permission bit proves little."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary_folder() -> Path:
    """A folder for this user under the system's temporary one.

    Loading a cache runs code, so a folder that belongs to somebody else, or that others
    may write to, is not used: a fresh one takes its place for this process.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"seawall-kernels-{user}"
    if _is_writable(folder) and not folder.is_symlink():
        status = folder.stat()
        if not hasattr(os, "getuid") or (status.st_uid == user and not status.st_mode & 0o022):
            return folder
    return Path(tempfile.mkdtemp(prefix="seawall-kernels-"))


def _forget_old(kernels: Path) -> None:
    """Remove all but the newest caches; one in use is simply compiled again."""

    def age(folder: Path) -> float:
        try:
            return folder.stat().st_mtime
        except OSError:  # another process removed it first
            return 0.0

    folders = sorted((path for path in kernels.iterdir() if path.is_dir()), key=age, reverse=True)
    for folder in folders[FOLDERS_MAX - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
