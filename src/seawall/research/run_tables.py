"""From a run to what the report needs: tables, assumptions, benchmark.

Rule: the assumptions are those of the run's own configuration, never of today's defaults.
"""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from seawall.config import Desk
from seawall.model.corporate import Split
from seawall.model.errors import RunError, SeawallError
from seawall.research.report import RunTables, write_report
from seawall.runtime.desk import open_desk_catalog
from seawall.runtime.run import Run
from seawall.simulator.settings import describe
from seawall.store.catalog import action_order
from seawall.store.run_folder import require_ended

__all__ = ["report_of", "tables_of"]

HIDDEN = ("base", "config", "words", "files", "heads")  # a folder of one machine, and what is long


def report_of(run: Run, path: Path | None = None) -> Path:
    """Writes the HTML report of a run, beside its folder unless `path` says where; the path of it.

    Into the run itself nothing is written: a RunError.
    """
    folder = run.folder.resolve() if run.folder else None
    if path is None:
        if folder is None:
            raise RunError("the run is in memory only: say where the report goes")
        path = folder.with_name(f"{folder.name}-report.html")
    if folder is not None and folder in path.resolve().parents:
        raise RunError(f"{path}: is inside the run, which is never written to; choose another --out")
    if path.is_dir():
        raise RunError(f"{path}: is a folder; --out names the HTML file")
    return write_report(tables_of(run), path)


def tables_of(run: Run) -> RunTables:
    """The tables, assumptions and benchmark of a run."""
    require_ended(run.records)
    desk = msgspec.convert(run.manifest["config"], Desk, strict=False)
    return RunTables(
        name=run.manifest["name"],
        currency=run.manifest["currency"],
        exponent=run.manifest["exponent"],
        manifest={key: value for key, value in run.manifest.items() if key not in HIDDEN},
        equity=run.equity,
        fills=run.fills,
        trades=run.trades,
        refusals=run.refusals,
        positions=run.positions,
        benchmark=_benchmark(run, desk),
        assumptions={
            **_data_words(run, desk),
            **describe(desk.venue, desk.data.streams),
            **_limit_words(desk),
        },
        breakers=run.breakers,
    )


def _data_words(run: Run, desk: Desk) -> dict[str, str]:
    data = desk.data
    span = "a bar" if "bars" in data.streams else "an interval"
    volume = f"{data.assumed_volume_lots:,} lots {span} where unknown" if data.volume else "as in the data"
    return {
        "Data": f"{data.catalog}: {', '.join(data.instruments)}, {run.manifest['rows']:,} market rows",
        **({"Clock": shift_words(run.manifest)} if run.manifest.get("clock_shifts") else {}),
        "Volume": volume,
        "Account": f"{desk.desk.account}, {desk.desk.cash:,} {desk.desk.currency}",
        "Policy": ", ".join(f"{key} = {value}" for key, value in desk.strategy.items()),
        "Stale equity points": str(run.manifest["stale_equity_points"]),
    }


def shift_words(manifest: dict[str, Any]) -> str:
    """By how much the importers moved the recorder's clock, and for which streams."""
    by_shift: dict[int, list[str]] = {}
    for stream, shift_ns in manifest["clock_shifts"].items():
        by_shift.setdefault(shift_ns, []).append(stream)
    parts = (f"{shift_ns / 1e9:+g} s for {', '.join(streams)}" for shift_ns, streams in by_shift.items())
    return f"arrival times were shifted at import: {'; '.join(parts)}"


def _limit_words(desk: Desk) -> dict[str, str]:
    limits = msgspec.to_builtins(desk.risk)
    plain = {key: value for key, value in limits.items() if not isinstance(value, dict)}
    words = [f"{key.replace('_', ' ')} {value}" for key, value in plain.items()]
    return {"Limits": "; ".join(words)}


def _benchmark(run: Run, desk: Desk) -> pl.DataFrame | None:
    """Closes of the desk's benchmark, adjusted for splits and dividends, over the run's period."""
    name = desk.desk.benchmark
    if name is None or not run.equity.height:
        return None
    try:
        catalog = open_desk_catalog(desk, Path(run.manifest.get("base", ".")))
        bars, actions = catalog.bars(name), catalog.actions(name)
        tick = float(catalog.instrument(name).tick)
    except SeawallError:
        return None  # a report can be made where the catalog is no longer at hand
    closes = bars.select(pl.col("ts_close").alias("ts_ns"), (pl.col("close_ticks") * tick).alias("value"))
    shares, pending = 1.0, sorted(actions, key=action_order)
    rows: list[float] = []
    for ts, value in closes.iter_rows():
        while pending and pending[0].ts_local <= ts:
            action = pending.pop(0)
            shares *= float(action.ratio) if isinstance(action, Split) else 1.0 + float(action.amount) / value
        rows.append(shares * value)
    first, last = run.equity["ts_ns"][0], run.equity["ts_ns"][-1]
    adjusted = closes.with_columns(pl.Series("value", rows))
    return adjusted.filter(pl.col("ts_ns").is_between(first, last))
