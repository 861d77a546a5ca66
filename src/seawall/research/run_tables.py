"""From a run to what the report needs: tables, assumptions, benchmark.

Rule: the assumptions are those of the run's own configuration, never of today's defaults.
"""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from seawall.config import Desk
from seawall.model.errors import SeawallError
from seawall.research.report import RunTables, write_report
from seawall.runtime.desk import open_desk_catalog
from seawall.simulator.settings import describe

__all__ = ["report_of", "tables_of"]

HIDDEN = ("base", "config", "words", "files", "heads")  # a folder of one machine, and what is long


def report_of(run: Any, path: Path) -> Path:
    """Writes the HTML report of a run and answers with its path."""
    return write_report(tables_of(run), path)


def tables_of(run: Any) -> RunTables:
    """The tables, assumptions and benchmark of a run."""
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
        assumptions={**_data_words(run, desk), **describe(desk.venue), **_limit_words(desk)},
        breakers=run.breakers,
    )


def _data_words(run: Any, desk: Desk) -> dict[str, str]:
    data = desk.data
    volume = f"{data.assumed_volume_lots:,} lots a bar where unknown" if data.volume else "as in the data"
    return {
        "Data": f"{data.catalog}: {', '.join(data.instruments)}, {run.manifest['rows']:,} market rows",
        "Volume": volume,
        "Account": f"{desk.desk.account}, {desk.desk.cash:,} {desk.desk.currency}",
        "Policy": ", ".join(f"{key} = {value}" for key, value in desk.strategy.items()),
        "Stale equity points": str(run.manifest["stale_equity_points"]),
    }


def _limit_words(desk: Desk) -> dict[str, str]:
    limits = msgspec.to_builtins(desk.risk)
    words = [f"{key.replace('_', ' ')} {value}" for key, value in limits.items() if not isinstance(value, dict)]
    return {"Limits": "; ".join(words)}


def _benchmark(run: Any, desk: Desk) -> pl.DataFrame | None:
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
    shares, rows, pending = 1.0, [], sorted(actions, key=lambda a: a.ts_local)
    for ts, value in closes.iter_rows():
        while pending and pending[0].ts_local <= ts:
            action = pending.pop(0)
            shares *= float(action.ratio) if hasattr(action, "ratio") else 1.0 + float(action.amount) / value
        rows.append(shares * value)
    first, last = run.equity["ts_ns"][0], run.equity["ts_ns"][-1]
    adjusted = closes.with_columns(pl.Series("value", rows))
    return adjusted.filter(pl.col("ts_ns").is_between(first, last))
