"""Replay: a run is executed again from its own inputs, and every record is compared.

Rule 1: missing or changed inputs are the user's to mend (VerificationError, exit 2); the same
        inputs with another outcome are a divergence (exit 3).
Rule 2: the first differing record is shown from both sides; it is the bug report.
Rule 3: nothing is written into the run.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from seawall.config import Desk
from seawall.model.errors import Divergence, SeawallError, VerificationError
from seawall.runtime.backtest import CHUNK_ROWS, Backtest, Finished
from seawall.runtime.desk import assemble
from seawall.store.row_source import RowSource
from seawall.store.run_folder import RunFolder, RunRecords
from seawall.store.tables import TableContext
from seawall.store.why import render_decision, story_of_decision

__all__ = ["Replayed", "first_difference", "replay"]

ROWS = "rows_sha256"
INPUTS = ("config_hash", "data_hash", ROWS, "limits_hash", "policy_hash")
ORDER = ("decisions", "events", "postings", "equity")


class Replayed(msgspec.Struct, frozen=True):
    """What a replay found: both results, how many records agree, and what to know."""

    recorded: str
    replayed: str
    records: int
    notes: tuple[str, ...] = ()


def replay(folder: Path, chunk_rows: int = CHUNK_ROWS) -> Replayed:
    """Executes the run again and compares; a difference is a Divergence with both sides."""
    run = RunFolder(folder).require_complete()
    recorded = run.records()
    desk = msgspec.json.decode((folder / "config.json").read_bytes(), type=Desk)
    policy = folder / "policy.py"
    built = assemble(desk, Path(run.manifest["base"]), policy if policy.is_file() else None)
    for key in INPUTS:
        _require_same(folder, key, run.manifest[key], built.manifest[key] or run.manifest[key])
    try:
        again = Backtest(built, None, chunk_rows).run()
    except SeawallError:  # of other rows anything may come, and that they are others is what has to be said
        _require_same(folder, ROWS, run.manifest[ROWS], _rows_sha256(built.market.source))
        raise
    # of ticks the rows are known only when all have been read
    _require_same(folder, ROWS, run.manifest[ROWS], again.manifest[ROWS])
    difference = first_difference(recorded, again)
    if difference:
        raise Divergence(f"{folder}: {difference}")
    notes: list[str] = []
    if built.manifest["kernel_hash"] != run.manifest["kernel_hash"]:
        notes.append("the run was made by other machine code (another version, library or processor)")
    if again.result != run.manifest["result"]:
        raise Divergence(f"{folder}: all records agree, but the result is {again.result}")
    return Replayed(run.manifest["result"], again.result, sum(map(len, again.lanes.values())), tuple(notes))


def _rows_sha256(source: RowSource) -> str:
    digest = hashlib.sha256()
    for rows in source.pieces(CHUNK_ROWS):
        digest.update(rows.data.cast("B"))
    return digest.hexdigest()


def _require_same(folder: Path, key: str, recorded: str, now: str) -> None:
    if recorded != now:
        raise VerificationError(
            f"{folder}: {key} is not what the run recorded, so its inputs have changed: "
            f"recorded {recorded[:16]}..., now {now[:16]}..."
        )


def first_difference(recorded: RunRecords, again: Finished) -> str:
    """The first record that differs, from both sides; empty when all are equal, byte for byte."""
    for lane in ORDER:
        ours, theirs = recorded.lanes[lane], again.lanes[lane]
        shared = min(len(ours), len(theirs))
        width = ours.dtype.itemsize
        a = ours[:shared].view(np.uint8).reshape(shared, width)
        b = theirs[:shared].view(np.uint8).reshape(shared, width)
        bad = np.flatnonzero((a != b).any(axis=1)) if shared else np.zeros(0, np.int64)
        if len(bad):
            return _show(lane, int(bad[0]), ours[bad[0]], theirs[bad[0]], recorded, again)
        if len(ours) != len(theirs):
            return f"{lane}: recorded {len(ours)} records, replayed {len(theirs)}; the first {shared} agree"
    return ""


def _show(lane: str, place: int, ours: Any, theirs: Any, recorded: RunRecords, again: Finished) -> str:
    fields = [
        name for name in ours.dtype.names if not np.array_equal(ours[name], theirs[name], equal_nan=False)
    ]
    head = f"first difference in {lane}, record {place} (sequence {ours['sequence']}): {', '.join(fields)}"
    if lane != "decisions":
        sides = [", ".join(f"{name}={record[name]}" for name in fields) for record in (ours, theirs)]
        return f"{head}\n  recorded: {sides[0]}\n  replayed: {sides[1]}"
    scale = 10 ** recorded.manifest["exponent"]
    lines = [head, "recorded:"]
    lines += render_decision(story_of_decision(ours, TableContext(recorded.manifest), scale))
    lines.append("replayed:")
    lines += render_decision(story_of_decision(theirs, TableContext(again.manifest), scale))
    return "\n".join(lines)
