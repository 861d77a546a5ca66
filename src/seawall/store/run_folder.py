"""A run on disk: its manifest, its journal, its tables, its exact configuration.

Rule 1: the manifest names every file with its SHA-256 and is sealed itself; a flipped byte in
        any of them, a missing or an unlisted file is found by `verify`.
Rule 2: an existing folder is refused unless the user says to overwrite it.
Rule 3: nothing that reads a run writes into it.

Status of a run: "running" until its last byte is on the disk, then "complete", or "failed" with
the reason. What was stopped or killed still says "running": its journal and its checkpoints are
then newer than its manifest, and are checked by what they carry themselves. It is read up to its
newest checkpoint, which is where `resume` goes on.
"""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np

from seawall.kernels.state import STATE
from seawall.model.chain import LANES, Chain
from seawall.model.errors import DiskError, RunError, VerificationError
from seawall.store.atomic import write_atomically
from seawall.store.checkpoint import Checkpoint, newest_checkpoint
from seawall.store.journal import FILE_MAGIC, read_frames

__all__ = [
    "JOURNAL",
    "MANIFEST",
    "RunFolder",
    "RunRecords",
    "create_folder",
    "file_hashes",
    "require_ended",
    "verify_run",
    "write_manifest",
]

MANIFEST = "manifest.json"
JOURNAL = "journal.bin"
COMPLETE = "complete"
RUNNING = "running"
LIVE_FILES = (JOURNAL, "checkpoint-*.bin", ".*.tmp", "*.parquet")  # an unfinished run may have them
DIGEST_BYTES = 32  # of SHA-256, at the head of a checkpoint


class RunRecords(msgspec.Struct, frozen=True):
    """A run as its records: the manifest, all records by lane, and where they came from."""

    manifest: dict[str, Any]
    lanes: Mapping[str, np.ndarray]
    where: str = "run"


def require_ended(run: RunRecords) -> None:
    """A RunError for what was stopped or killed: its figures are not there yet."""
    if "heads" not in run.manifest:
        raise RunError(f"{run.where}: the run is interrupted; `seawall resume {run.where}` finishes it")


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
        if self.is_complete:
            return self
        if self.manifest["status"] == RUNNING:
            raise RunError(f"{self.path}: the run is interrupted; `seawall resume {self.path}` finishes it")
        raise RunError(f"{self.path}: the run failed: {self.manifest.get('error', 'no reason is recorded')}")

    def records(self) -> RunRecords:
        """All records of the run, read and checked; of an unfinished one, up to its checkpoint."""
        manifest = dict(self.manifest)
        if manifest["status"] == RUNNING:
            newest = newest_checkpoint(self.path)
            if newest is None:
                raise RunError(
                    f"{self.path}: the run was interrupted before its first checkpoint; "
                    f"`seawall resume {self.path}` runs it again"
                )
            manifest |= {"words": list(newest.words), "rows_taken": newest.rows_fed, "result": ""}
            lanes = _lanes(self.path / JOURNAL, newest)
        else:
            lanes = _lanes(self.path / JOURNAL)
        manifest.setdefault("records", sum(map(len, lanes.values())))
        return RunRecords(manifest, lanes, str(self.path))


def create_folder(path: Path, overwrite: bool) -> None:
    """Makes an empty run folder; an existing one is refused, or emptied when it is a run."""
    if path.exists():
        if not overwrite:
            raise RunError(f"{path}: exists already; choose another --out or say --overwrite")
        if not path.is_dir() or (any(path.iterdir()) and not (path / MANIFEST).is_file()):
            raise RunError(f"{path}: is not a run folder, so it will not be overwritten")
    try:
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)
    except OSError as error:
        raise DiskError(f"{path}: cannot be made: {error.strerror}") from None


def write_manifest(path: Path, manifest: dict[str, Any], known: Mapping[str, str] | None = None) -> None:
    """Writes the manifest with the hashes of all files beside it, and with its seal.

    The seal is the SHA-256 of the manifest's canonical form without it. known: hashes of files that
    their writer kept while writing, by name.
    """
    plain = {key: value for key, value in manifest.items() if key != "seal"}
    plain["files"] = file_hashes(path, known or {})
    write_atomically(path / MANIFEST, _text({**plain, "seal": _seal(plain)}))


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run; a VerificationError when a single byte of it is not as written."""
    try:
        content = path.read_bytes()
        manifest: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except OSError as error:
        raise VerificationError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VerificationError(f"{path}: is damaged: {error}") from None
    plain = {key: value for key, value in manifest.items() if key != "seal"}
    if manifest.get("seal") != _seal(plain) or content != _text(manifest):
        raise VerificationError(f"{path}: is damaged: its seal does not match its content")
    return manifest


def file_hashes(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of each file of the run but the manifest, by name relative to the folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and p != path / MANIFEST)
    names = {p.relative_to(path).as_posix(): p for p in files}
    return {n: known.get(n) or hashlib.sha256(p.read_bytes()).hexdigest() for n, p in names.items()}


def verify_run(path: Path | str) -> list[str]:
    """All that is wrong with a run on disk, one line each; empty when everything matches.

    The journal is checked record by record, so that its line names the record and the offset.
    """
    path = Path(path)
    try:
        folder = RunFolder(path)
        found = file_hashes(path, {})
    except VerificationError as error:
        return [str(error)]
    except OSError as error:
        return [f"{error.filename}: cannot be read: {error.strerror}"]
    live = folder.manifest["status"] == RUNNING
    listed: dict[str, str] = folder.manifest["files"]
    problems = [f"{path / name}: is missing" for name in listed if name not in found]
    for name, digest in found.items():
        if live and any(PurePosixPath(name).match(pattern) for pattern in LIVE_FILES):
            problems += _check_checkpoint(path / name) if name.startswith("checkpoint-") else []
        elif name not in listed:
            problems.append(f"{path / name}: is not listed in the manifest")
        elif digest != listed[name] and name != JOURNAL:
            problems.append(f"{path / name}: its SHA-256 differs from the manifest's")
    if JOURNAL in found:
        problems += _check_live_journal(path) if live else _check_journal(folder, found[JOURNAL])
    return problems


def _lanes(path: Path, checkpoint: Checkpoint | None = None) -> dict[str, np.ndarray]:
    """All records by lane; with a checkpoint up to it, and those that only its state holds yet."""
    found: dict[str, list[np.ndarray]] = {lane: [np.zeros(0, kind)] for lane, _, kind in LANES}
    for frame in read_frames(path, checkpoint.journal_offset if checkpoint else None):
        found[frame.lane].append(frame.records)
    if checkpoint:
        state = np.frombuffer(checkpoint.state, STATE)[0]
        for lane, counter, _ in LANES:
            found[lane].append(state[lane][: state[counter]])
    return {lane: np.concatenate(parts) for lane, parts in found.items()}


def _check_journal(folder: RunFolder, digest: str) -> list[str]:
    """Every frame and record, then the numbering, then the chains' ends."""
    path = folder.path / JOURNAL
    chain = Chain(b"")
    count = last = 0
    try:
        for frame in read_frames(path):
            chain.lanes[frame.lane].update(frame.records.tobytes())
            count += len(frame.records)
            last = max(last, int(frame.records[-1]["sequence"]))
    except VerificationError as error:
        return [f"{error}; the records before it end with {last}"]
    problems: list[str] = []
    if folder.manifest.get("files", {}).get(JOURNAL) != digest:
        problems.append(f"{path}: its SHA-256 differs from the manifest's")
    if last != count or last != folder.manifest["records"]:
        expected = folder.manifest["records"]
        problems.append(f"{path}: {count} records, the last is {last}; the manifest says {expected}")
    heads = folder.manifest["heads"]
    problems += [
        f"{path}: the chain of {lane} does not end at the manifest's head"
        for lane, _, _ in LANES
        if chain.lanes[lane].hexdigest() != heads[lane]
    ]
    return problems


def _check_live_journal(path: Path) -> list[str]:
    """The journal of an unfinished run; only behind its newest checkpoint may it be torn."""
    newest = newest_checkpoint(path)
    least = newest.journal_offset if newest else 0
    size = (path / JOURNAL).stat().st_size
    if size < least:
        return [f"{path / JOURNAL}: ends at offset {size}, but the run had written {least} bytes"]
    if size < len(FILE_MAGIC):
        return []  # killed before the first write
    try:
        for _ in read_frames(path / JOURNAL):
            continue
    except VerificationError as error:
        return [] if "torn tail" in str(error) else [str(error)]
    return []


def _check_checkpoint(path: Path) -> list[str]:
    data = path.read_bytes()
    whole = hashlib.sha256(data[DIGEST_BYTES:]).digest() == data[:DIGEST_BYTES]
    return [] if whole else [f"{path}: its SHA-256 differs from the one that it carries"]


def _text(sealed: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"


def _seal(plain: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()
