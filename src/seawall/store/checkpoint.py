"""Checkpoints: the whole state of a run at one row, so that it can go on from there.

Rule 1: a checkpoint is whole or absent: written aside, synced, renamed, with its own SHA-256.
Rule 2: three generations are kept; the newest that is whole is used, a damaged one is skipped.
Rule 3: it only ever points at journal bytes that were handed to the disk before it.
"""

import hashlib
import zlib
from pathlib import Path

import msgspec

from seawall.model.predictions import ModelPrediction
from seawall.store.atomic import write_atomically

__all__ = ["GENERATIONS", "Checkpoint", "newest_checkpoint", "remove_checkpoints", "write_checkpoint"]

GENERATIONS = 3
DIGEST_BYTES = 32


class Checkpoint(msgspec.Struct, frozen=True):
    """State, venue and their books as bytes, the policy's own state, and how far the run had come.

    That is: rows fed, with their digest, bytes of the journal, and external events.
    """

    config_hash: str
    rows_fed: int
    journal_offset: int
    events_taken: int
    state: bytes
    venue: bytes
    books: bytes
    venue_books: bytes
    rows_sha256: str
    policy: bytes
    words: tuple[str, ...]
    predictions: tuple[ModelPrediction, ...] = ()


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes the next generation and removes the ones that are too old."""
    body = zlib.compress(msgspec.msgpack.encode(checkpoint), 1)
    path = folder / f"checkpoint-{checkpoint.rows_fed:012d}.bin"
    write_atomically(path, hashlib.sha256(body).digest() + body)
    for old in _generations(folder)[GENERATIONS:]:
        old.unlink()
    return path


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None."""
    for path in _generations(folder):
        data = path.read_bytes()
        digest, body = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
        if hashlib.sha256(body).digest() == digest:
            return msgspec.msgpack.decode(zlib.decompress(body), type=Checkpoint)
    return None


def remove_checkpoints(folder: Path) -> None:
    """Removes all generations, and what kill -9 left half written: a finished run has nothing to resume."""
    for path in _generations(folder) + sorted(folder.glob(".*.tmp")):
        path.unlink()


def _generations(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.bin"), reverse=True)
