"""A finished run as a library object: the same names as the commands, results as frames.

>>> import seawall
>>> run = seawall.backtest("desks/us-momentum.toml", stop_after=2000)    # doctest: +SKIP
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from seawall.config import Desk
from seawall.model.errors import RunError
from seawall.model.kinds import EventKind
from seawall.model.reasons import MEANING, Reason
from seawall.model.times import format_time
from seawall.runtime.backtest import CHUNK_ROWS, Finished, Progress, start
from seawall.runtime.backtest import resume as resume_backtest
from seawall.runtime.desk_files import load_desk
from seawall.store import tables, why
from seawall.store.run_folder import RunFolder, RunRecords

__all__ = ["Run", "backtest", "open_run", "resume"]


class Run:
    """A run with its tables (polars frames) and its answers to why."""

    def __init__(self, records: RunRecords, folder: Path | None = None, chunks: int = 0) -> None:
        self.records = records
        self.manifest: dict[str, Any] = records.manifest
        self.folder = folder
        self.chunks = chunks

    @property
    def result(self) -> str:
        """64 hexadecimal digits over the configuration, the market rows and all records."""
        return self.manifest["result"]

    @property
    def is_complete(self) -> bool:
        """Whether the data was consumed to its end."""
        return self.manifest["status"] == "complete"

    @cached_property
    def _context(self) -> tables.TableContext:
        return tables.TableContext(self.manifest)

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """One row a decision, with every rule's status, value and limit."""
        return tables.decisions_table(self.records.lanes, self._context)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row an order with its status, filled lots and average price."""
        return tables.orders_table(self.records.lanes, self._context)

    @cached_property
    def fills(self) -> pl.DataFrame:
        """One row a fill with its cost split."""
        return tables.fills_table(self.records.lanes, self._context)

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Round trips, first in first out."""
        return tables.trades_table(self.records.lanes, self._context)

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Each change of a position."""
        return tables.positions_table(self.records.lanes, self._context)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """The equity curve, marked to market."""
        return tables.equity_table(self.records.lanes)

    @cached_property
    def refusals(self) -> pl.DataFrame:
        """Refused decisions by rule and reason."""
        return tables.refusals_table(self.records.lanes)

    @cached_property
    def breakers(self) -> list[dict[str, Any]]:
        """Breakers that tripped or were reset, and passive breaches, in their order."""
        events = self.records.lanes["events"]
        kinds = {int(k): k.name.lower() for k in EventKind if 40 <= k < 50}
        return [
            {
                "time": format_time(int(e["ts_local"])), "ts_ns": int(e["ts_local"]),
                "what": kinds[int(e["kind"])],
                "reason": Reason(int(e["reason"])).name.lower(), "meaning": MEANING[Reason(int(e["reason"]))],
                "value": int(e["amount_minor"]), "limit": int(e["limit_ticks"]),
            }
            for e in events if int(e["kind"]) in kinds
        ]  # fmt: skip

    def why(self, order_id: int) -> dict[str, Any]:
        """The life of an order, from the market event to its PnL."""
        return why.order_story(self.records, order_id)

    def refused(self) -> list[dict[str, Any]]:
        """Refusals by reason, each with its newest decision."""
        return why.refusals(self.records)

    def __repr__(self) -> str:
        return f"<Run {self.manifest['name']} {self.manifest['status']} result {self.result}>"


def backtest(
    desk: str | Path | Desk,
    out: str | Path | None = None,
    *,
    overrides: tuple[str, ...] = (),
    chunk_rows: int = CHUNK_ROWS,
    overwrite: bool = False,
    stop_after: int | None = None,
    maps_rows: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Runs a desk file (or a Desk) over its data; `out` is the run folder, None keeps it in memory.

    overrides: "table.key=value" as with --set; maps_rows: ticks come from a mapped file, made when it
    is not there, which changes no result. Errors are those of model/errors.py.
    """
    folder = Path(out) if out is not None else None
    if isinstance(desk, Desk):
        if overrides:
            raise RunError("overrides belong to a desk file; change the Desk itself")
        made, text, base = desk, "", Path()
    else:
        made, text = load_desk(Path(desk), overrides)
        base = Path(desk).parent
    begun = start(made, text, base, folder, chunk_rows, overwrite, maps_rows)
    return _run_of(begun.run(stop_after, progress), folder)


def resume(folder: str | Path, *, chunk_rows: int = CHUNK_ROWS, progress: Progress | None = None) -> Run:
    """Finishes an interrupted run in its folder; the result is that of an uninterrupted one."""
    path = Path(folder)
    return _run_of(resume_backtest(path, chunk_rows).run(None, progress), path)


def open_run(folder: str | Path) -> Run:
    """A run on disk, complete or not."""
    found = RunFolder(Path(folder))
    return Run(found.records(), Path(folder))


def _run_of(finished: Finished, folder: Path | None) -> Run:
    where = str(folder) if folder else "run"
    return Run(RunRecords(finished.manifest, finished.lanes, where), folder, finished.chunks)
