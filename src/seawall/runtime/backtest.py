"""The backtest shell: feeds rows, asks the policy, drains records, writes the run folder.

Rule 1: the shell decides nothing; stop, resume, chunk size and folder change no record.
Rule 2: an interrupted run leaves a folder that `resume` finishes with the same result.
Rule 3: the manifest says "running" until the last byte is on the disk, then "complete".
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from seawall.config import Desk
from seawall.engine.halts import halt_message
from seawall.model.corporate import Split
from seawall.model.errors import (
    DataError,
    IllegalTransition,
    InvariantBroken,
    PolicyError,
    RunError,
    SeawallError,
)
from seawall.portfolio.ledger import check_books_full
from seawall.runtime.desk import AssembledDesk, assemble
from seawall.runtime.loop import (
    DONE,
    DRAIN,
    EVENT,
    FOREVER,
    FULL,
    HALT,
    NEED_ROWS,
    WAKE,
    bind,
    bind_quick,
    new_table,
)
from seawall.runtime.recorder import Recorder
from seawall.runtime.window import Window
from seawall.simulator.exchange import corporate_action
from seawall.store import tables
from seawall.store.atomic import write_atomically
from seawall.store.checkpoint import Checkpoint, newest_checkpoint, remove_checkpoints, write_checkpoint
from seawall.store.journal import Journal, JournalLanes, read_frames
from seawall.store.run_folder import JOURNAL, RunFolder, create_folder, write_manifest
from seawall.strategies.policy import policy_state, restore_policy

__all__ = ["CHUNK_ROWS", "Backtest", "Finished", "Progress", "resume", "start"]

CHUNK_ROWS = 262_144
CHECKPOINT_ROWS = 4_194_304
CHECKPOINT_SECONDS = 10.0
DESK_FILE = "desk.toml"
POLICY_FILE = "policy.py"
Progress = Callable[[int, int], None]


class Finished(msgspec.Struct, frozen=True):
    """How a run ended: its result, what it used, and whether it consumed all of its data."""

    result: str
    complete: bool
    rows: int
    chunks: int
    manifest: dict[str, Any]
    lanes: Mapping[str, np.ndarray]


class Backtest:
    """One run of one assembled desk; `run` drives it to its end or to `stop_after` rows."""

    def __init__(
        self,
        built: AssembledDesk,
        folder: Path | None,
        chunk_rows: int = CHUNK_ROWS,
        journal_at: int | None = None,
        events_taken: int = 0,
    ) -> None:
        if chunk_rows < 1:
            raise RunError(f"--chunk-rows {chunk_rows}: must be at least 1")
        self.built = built
        self.engine = built.engine
        self.state, self.venue = built.state, built.venue
        self.books, self.venue_books = built.books, built.venue_books
        self.rows = built.market.rows
        self.rows_total = built.market.source.rows_total
        self.window = Window(built.market.source)
        self.table = new_table()
        self.folder = folder
        self.journal = Journal(folder / JOURNAL, journal_at) if folder else None
        self.recorder = Recorder(built.engine.chain, self.journal)
        self.makes_tables = True  # a benchmark of the engine may leave them out
        self.chunk_rows = chunk_rows
        self.chunks = 0
        self.fed = 0
        self.started = False
        self.checkpointed = 0
        self.checkpoint_time = time.monotonic()
        self.events_taken = events_taken
        self._set_until()

    def run(self, stop_after: int | None = None, progress: Progress | None = None) -> Finished:
        """Runs to the end of the data, or until `stop_after` rows were fed.

        What the policy raised (PolicyError) and a broken invariant (InvariantBroken) end the run
        with all records of what happened before; the folder then says "failed" and why.
        """
        try:
            return self._run(stop_after, progress)
        except (PolicyError, InvariantBroken, IllegalTransition) as error:
            self._fail(error)
            raise
        except BaseException:
            self.recorder.close()  # what was done is on the disk, and `resume` goes on from there
            raise

    def _run(self, stop_after: int | None, progress: Progress | None) -> Finished:
        limit = self.rows_total if stop_after is None else min(stop_after, self.rows_total)
        stopped = limit < self.rows_total
        if not self.started:
            self.engine.start()
            self.started = True
            if self.folder:
                policy_state(self.engine.policy)  # what no checkpoint can keep is said now, not hours later
        step, where = self._bind()
        decide, view, write = self.engine.policy.decide, self.engine.view, self.engine.writer.write
        quick, part = self._bind_quick()
        while True:
            code = quick(*part)
            if code == FULL:
                code = step(*where)
            if code == WAKE:
                try:
                    wanted = decide(view)
                    if wanted is not None:
                        write(wanted)
                except (Exception, SystemExit) as error:
                    raise self.engine.fault(error) from error
                continue
            if code == NEED_ROWS:
                if self.fed >= limit and stopped:
                    return self._stop()
                self._feed(limit, progress)
                step, where = self._bind()
                quick, part = self._bind_quick()
            elif code == DONE:
                return self._finish()
            else:
                self._serve(code)

    def _serve(self, code: int) -> None:
        """What the loop asks for besides rows and the policy."""
        if code == DRAIN:
            self._drain()
        elif code == EVENT:
            self._take_event()
        else:
            assert code == HALT
            raise InvariantBroken(halt_message(self.state[0]))

    def _bind(self) -> tuple[Any, tuple[Any, ...]]:
        """The loop on the present window."""
        window = self.window
        self.state[0]["rows_base"], self.venue[0]["rows_base"] = window.core_base, window.venue_base
        return bind(
            self.table, self.state, self.venue, self.books, self.venue_books, window.core, window.venue
        )

    def _bind_quick(self) -> tuple[Any, tuple[Any, ...]]:
        """Its quick part, on the same window."""
        return bind_quick(self.table, self.state, self.venue, self.books, self.window.core)

    def _feed(self, limit: int, progress: Progress | None) -> None:
        """Makes the next chunk known, or tells the core that no more will come."""
        if self.fed >= self.rows_total:
            self.window.finish()
            self.state[0]["final"] = 1
            return
        if self.folder and self._checkpoint_due():
            self._checkpoint()
        self.window.forget(int(self.state[0]["rows_taken"]), int(self.venue[0]["cursor"]))
        rows = self.window.feed(min(self.chunk_rows, limit - self.fed))
        if not len(rows):
            raise DataError(f"the data ended after {self.fed} of {self.rows_total} rows; has it changed?")
        self.recorder.rows(rows)
        self.fed += len(rows)
        self.chunks += 1
        if progress:
            progress(self.fed, self.rows_total)

    def _checkpoint_due(self) -> bool:
        """Every so many rows, or so many seconds of a slow policy; neither changes a record."""
        slow = self.fed > self.checkpointed and time.monotonic() - self.checkpoint_time >= CHECKPOINT_SECONDS
        return slow or self.fed - self.checkpointed >= CHECKPOINT_ROWS

    def _drain(self) -> None:
        self.recorder.records(self.engine.collect())

    def _set_until(self) -> None:
        actions = self.built.market.actions
        due = actions[self.events_taken].ts_local if self.events_taken < len(actions) else FOREVER
        self.state[0]["until_ts"] = due

    def _take_event(self) -> None:
        """An external event; of a split the venue learns as well."""
        action = self.built.market.actions[self.events_taken]
        self.events_taken += 1
        if isinstance(action, Split):
            number = self.engine.names.index(action.instrument)
            corporate_action(self.venue[0], number, action.numerator, action.denominator, action.ts_local)
        self.engine.take_event(action)
        self._set_until()

    def _checkpoint(self) -> None:
        """Writes one; records not yet drained stay in its state, so that it cuts no journal frame."""
        assert self.folder is not None
        assert self.journal is not None
        self.recorder.settle()
        self.journal.sync()
        checkpoint = Checkpoint(
            config_hash=self.built.desk.config_hash,
            rows_fed=self.fed,
            journal_offset=self.journal.offset,
            events_taken=self.events_taken,
            state=self.state.tobytes(),
            venue=self.venue.tobytes(),
            books=self.books.tobytes(),
            venue_books=self.venue_books.tobytes(),
            rows_sha256=self.engine.chain.heads()["rows"],
            policy=policy_state(self.engine.policy),
            words=tuple(self.engine.writer.words),
            predictions=tuple(self.engine.predictions.values()),
        )
        write_checkpoint(self.folder, checkpoint)
        self.checkpointed = self.fed
        self.checkpoint_time = time.monotonic()

    def _fail(self, error: SeawallError) -> None:
        self._drain()
        self.recorder.close()
        if self.folder:
            failed = {**self._ended(complete=False).manifest, "status": "failed", "error": str(error)}
            write_manifest(self.folder, failed)

    def _stop(self) -> Finished:
        if self.folder:
            self._checkpoint()
        self._drain()
        self.recorder.close()
        return self._ended(complete=False)

    def _finish(self) -> Finished:
        self.engine.finish()
        self._drain()
        broken = check_books_full(self.state[0])
        if broken:
            raise InvariantBroken(f"the books do not balance at the end of the run: code {broken}")
        self.recorder.close()
        finished = self._ended(complete=True)
        if self.folder:
            remove_checkpoints(self.folder)
            if self.makes_tables:
                write_tables(self.folder, JournalLanes(self.folder / JOURNAL, keeps=False), finished.manifest)
            assert self.journal is not None
            write_manifest(self.folder, finished.manifest, {JOURNAL: self.journal.sha256})
        return finished

    def _ended(self, complete: bool) -> Finished:
        chain, s = self.engine.chain, self.state[0]
        lanes = self.recorder.lanes({name: s[name][:0].copy() for name in chain.lanes})
        manifest = {
            **self.built.manifest,
            "rows_sha256": self.built.manifest["rows_sha256"] or (chain.heads()["rows"] if complete else ""),
            "words": list(self.engine.writer.words),
            "status": "complete" if complete else "stopped",
            "result": chain.result(),
            "heads": chain.heads(),
            "records": int(s["sequence"]),
            "rows_taken": int(s["rows_taken"]),
            "wakes": int(s["wakes"]),
            "idle_wakes": int(s["idle_wakes"]),
            "stale_equity_points": int(s["stale_equity_points"]),
            "no_volume_bars": int(s["no_volume_bars"]),
        }
        return Finished(chain.result(), complete, self.fed, self.chunks, manifest, lanes)


def write_tables(folder: Path, lanes: Mapping[str, np.ndarray], manifest: dict[str, Any]) -> None:
    """The run's tables as Parquet, made from its records, one after the other."""
    context = tables.TableContext(manifest)
    made: dict[str, Callable[[], Any]] = {
        "decisions": lambda: tables.decisions_table(lanes, context),
        "orders": lambda: tables.orders_table(lanes, context),
        "fills": lambda: tables.fills_table(lanes, context),
        "trades": lambda: tables.trades_table(lanes, context),
        "positions": lambda: tables.positions_table(lanes, context),
        "equity": lambda: tables.equity_table(lanes),
    }
    for name, make in made.items():
        make().write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)


def start(
    desk: Desk,
    text: str,
    base: Path,
    folder: Path | None,
    chunk_rows: int = CHUNK_ROWS,
    overwrite: bool = False,
    maps_rows: bool = False,
) -> Backtest:
    """A new run of the desk, in a new folder (None: in memory only).

    maps_rows: read ticks from a mapped file, which is made if it is not there.
    """
    built = assemble(desk, base, maps_rows=maps_rows)
    if folder:
        create_folder(folder, overwrite)
        write_atomically(folder / DESK_FILE, text.encode())
        write_atomically(folder / "config.json", msgspec.json.encode(desk, order="deterministic"))
        if built.policy.path:
            shutil.copyfile(built.policy.path, folder / POLICY_FILE)
        write_manifest(folder, {**built.manifest, "status": "running"})
    return Backtest(built, folder, chunk_rows)


def resume(folder: Path, chunk_rows: int = CHUNK_ROWS) -> Backtest:
    """The run of an interrupted folder, at its newest checkpoint, or at its beginning."""
    found = RunFolder(folder)
    if found.is_complete:
        raise RunError(f"{folder}: the run is complete; there is nothing to resume")
    desk = msgspec.json.decode((folder / "config.json").read_bytes(), type=Desk)
    policy = folder / POLICY_FILE
    built = assemble(desk, Path(found.manifest["base"]), policy if policy.is_file() else None)
    for key in ("config_hash", "rows_sha256", "data_hash", "policy_hash", "kernel_hash"):
        if built.manifest[key] != found.manifest[key]:  # of ticks the rows are compared as they are read
            raise RunError(f"{folder}: cannot be resumed: {key} is not what it was when the run began")
    checkpoint = newest_checkpoint(folder)
    if checkpoint is None:
        return Backtest(built, folder, chunk_rows)
    return _restored(built, folder, checkpoint, chunk_rows)


def _restored(built: AssembledDesk, folder: Path, checkpoint: Checkpoint, chunk_rows: int) -> Backtest:
    """A backtest that stands where its checkpoint was written, with the digests of all before it."""
    chain = built.engine.chain
    built.engine.start()
    built.state[:] = np.frombuffer(checkpoint.state, built.state.dtype)
    built.venue[:] = np.frombuffer(checkpoint.venue, built.venue.dtype)
    built.books[:] = np.frombuffer(checkpoint.books, built.books.dtype)
    built.venue_books[:] = np.frombuffer(checkpoint.venue_books, built.venue_books.dtype)
    window = _refed(built, checkpoint)  # what is refused leaves the folder as it was
    if window is None:
        raise RunError(f"{folder}: cannot be resumed: the market rows are not what they were")
    for frame in read_frames(folder / JOURNAL, checkpoint.journal_offset):  # before anything is cut off
        chain.lanes[frame.lane].update(frame.records.tobytes())
    backtest = Backtest(built, folder, chunk_rows, checkpoint.journal_offset, checkpoint.events_taken)
    backtest.window = window
    restore_policy(backtest.engine.policy, checkpoint.policy)
    backtest.engine.writer.know(checkpoint.words)
    backtest.engine.predictions.update({(p.name, p.instrument): p for p in checkpoint.predictions})
    backtest.started = True
    backtest.fed = backtest.checkpointed = checkpoint.rows_fed
    return backtest


def _refed(built: AssembledDesk, checkpoint: Checkpoint) -> Window | None:
    """The window as it was, with all rows before it hashed; None where they are not what they were."""
    window, chain = Window(built.market.source), built.engine.chain
    core, venue = int(built.state[0]["rows_taken"]), int(built.venue[0]["cursor"])
    while window.fed < checkpoint.rows_fed:
        rows = window.feed(min(CHUNK_ROWS, checkpoint.rows_fed - window.fed))
        if not len(rows):
            break
        chain.take_rows(rows)
        last = window.core_base + len(window.core), window.venue_base + len(window.venue)
        window.forget(min(core, last[0]), min(venue, last[1]))
    return window if chain.heads()["rows"] == checkpoint.rows_sha256 else None
