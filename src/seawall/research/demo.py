"""The demo: the whole path on real data, from market rows to an explained, replayed report.

Rule: it prints what the commands print, and names the command beside each part.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from seawall.research.listing import render_replay, render_summary
from seawall.research.run_tables import report_of
from seawall.runtime.replay import replay
from seawall.runtime.run import Run, backtest
from seawall.store import why

__all__ = ["DEMO_DESK", "run_demo"]

DEMO_DESK = Path(__file__).resolve().parents[1] / "desks" / "us-momentum.toml"
Echo = Callable[[str], Any]


def run_demo(out: Path, echo: Echo, progress: Callable[[], Any]) -> None:
    """Runs the demo's desk into `out`/us-momentum and explains what came of it."""
    folder = out / "us-momentum"
    echo(f"$ seawall backtest {DEMO_DESK.name} --out {folder}")
    with progress() as shown:
        run = backtest(DEMO_DESK, folder, overwrite=folder.exists(), progress=shown)
    echo(render_summary(run))
    echo(f"\n$ seawall why {folder} --refused")
    echo(why.render_refusals(run.refused()))
    order = _best_entry(run)
    if order:
        echo(f"\n$ seawall why {folder} {order}")
        echo(why.render_story(run.why(order)))
    echo(f"\n$ seawall replay {folder}")
    again = replay(folder)
    echo(render_replay(again))
    echo(f"\n$ seawall report {folder}")
    echo(f"report {report_of(run, out / 'us-momentum-report.html')}")
    echo(f"result {run.result}")


def _best_entry(run: Run) -> int:
    """The order whose round trips made the most, so that its story has an end; 0 without any."""
    made = run.trades.group_by("open_order", maintain_order=True).agg(pl.col("pnl_minor").sum())
    best = made.filter(pl.col("open_order") > 0).sort("pnl_minor", descending=True)
    return int(best["open_order"][0]) if best.height else 0
