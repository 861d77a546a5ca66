"""A run on disk: its manifest, its journal, its tables, its exact configuration.

Rule 1: the manifest names every file with its SHA-256 and is sealed itself; a flipped byte in
        any of them, a missing or an unlisted file is found by `verify`.
Rule 2: an existing folder is refused unless the user says to overwrite it.
Rule 3: nothing that reads a run writes into it.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from seawall.model.chain import LANES, Chain
from seawall.model.errors import RunError, VerificationError
from seawall.store.atomic import write_atomically
from seawall.store.journal import read_frames, read_lanes

__all__ = ["JOURNAL", "MANIFEST", "RunFolder", "RunRecords", "create_folder", "file_hashes", "verify_run", "write_manifest"]

MANIFEST = "manifest.json"
JOURNAL = "journal.bin"
COMPLETE = "complete"


class RunRecords(msgspec.Struct, frozen=True):
    """A run as its records: the manifest, all records by lane, and where they came from."""

    manifest: dict[str, Any]
    lanes: dict[str, np.ndarray]
    where: str = "run"


class RunFolder:
    """A run to be read: `RunFolder(path)`; a folder that is no run is a RunError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        file = path / MANIFEST
        if not path.is_dir():
            raise RunError(f"{path}: no such run folder")
        if not file.is_file():
            raise RunError(f"{path}: not a run folder: it has no {MANIFEST}")
        self.manifest = read_manifest(file)

    @property
    def is_complete(self) -> bool:
        """Whether the run consumed its data to the end."""
        return self.manifest["status"] == COMPLETE

    def require_complete(self) -> "RunFolder":
        """Itself, or a RunError that says how to finish the run."""
        if not self.is_complete:
            raise RunError(
                f"{self.path}: the run is {self.manifest['status']}; `seawall resume {self.path}` finishes it"
            )
        return self

    def records(self) -> RunRecords:
        """All records of the run, read and checked from its journal."""
        return RunRecords(self.manifest, read_lanes(self.path / JOURNAL), str(self.path))

    def table(self, name: str) -> pl.DataFrame:
        """One of the run's tables: decisions, orders, fills, trades, equity, positions."""
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise RunError(f"{path}: the run has no such table")
        return pl.read_parquet(path)


def create_folder(path: Path, overwrite: bool) -> None:
    """Makes an empty run folder; an existing one is refused, or emptied when it is a run."""
    if path.exists():
        if not overwrite:
            raise RunError(f"{path}: exists already; choose another --out or say --overwrite")
        if not path.is_dir() or (any(path.iterdir()) and not (path / MANIFEST).is_file()):
            raise RunError(f"{path}: is not a run folder, so it will not be overwritten")
        shutil.rmtree(path)
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be made: {error.strerror}") from None


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Writes the manifest with its seal, the SHA-256 of its canonical form without it."""
    plain = {key: value for key, value in manifest.items() if key != "seal"}
    sealed = {**plain, "seal": _seal(plain)}
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=1)
    write_atomically(path / MANIFEST, text + b"\n")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run; a VerificationError when it is damaged."""
    try:
        manifest: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VerificationError(f"{path}: not readable as JSON: {error}") from None
    if manifest.get("seal") != _seal({key: value for key, value in manifest.items() if key != "seal"}):
        raise VerificationError(f"{path}: its seal does not match its content")
    return manifest


def file_hashes(path: Path) -> dict[str, str]:
    """SHA-256 of each file of the run but the manifest, by name relative to the folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name != MANIFEST)
    return {p.relative_to(path).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def verify_run(path: Path) -> list[str]:
    """All that is wrong with a run on disk, one line each; empty when everything matches."""
    try:
        folder = RunFolder(path)
    except VerificationError as error:
        return [str(error)]
    problems: list[str] = []
    listed: dict[str, str] = folder.manifest.get("files", {})
    found = file_hashes(path)
    for name, digest in listed.items():
        if name not in found:
            problems.append(f"{path / name}: is missing")
        elif found[name] != digest and name != JOURNAL:
            problems.append(f"{path / name}: its SHA-256 differs from the manifest's")
    problems += [f"{path / name}: is not listed in the manifest" for name in found if name not in listed]
    if JOURNAL in found:
        problems += _check_journal(folder, found[JOURNAL] != listed.get(JOURNAL))
    return problems


def _check_journal(folder: RunFolder, differs: bool) -> list[str]:
    path = folder.path / JOURNAL
    chain = Chain(b"")
    last = 0
    sequences: list[int] = []
    try:
        for frame in read_frames(path):
            chain.lanes[frame.lane].update(frame.records.tobytes())
            sequences.append(len(frame.records))
            last = max(last, int(frame.records[-1]["sequence"]))
    except VerificationError as error:
        return [str(error)]
    problems = [f"{path}: its SHA-256 differs from the manifest's"] if differs else []
    if last != sum(sequences):
        problems.append(f"{path}: {sum(sequences)} records but the last sequence number is {last}")
    heads = folder.manifest.get("heads", {})
    for lane, _, _ in LANES:
        if heads and chain.lanes[lane].hexdigest() != heads[lane]:
            problems.append(f"{path}: the chain of {lane} does not end at the manifest's head")
    return problems


def _seal(plain: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()
