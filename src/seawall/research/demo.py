"""The demo: the whole path on real data, from market rows to an explained, replayed report.

Rule: it prints what the commands print, and names the command beside each part.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from seawall.model.errors import Divergence
from seawall.research.listing import render_summary
from seawall.research.run_tables import report_of
from seawall.runtime.replay import replay
from seawall.runtime.run import backtest
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
    order = _largest_filled(run)
    if order:
        echo(f"\n$ seawall why {folder} {order}")
        echo(why.render_story(run.why(order)))
    echo(f"\n$ seawall replay {folder}")
    again = replay(folder)
    echo(f"replayed {again.records} records, all equal\nrecorded {again.recorded}\nreplayed {again.replayed}")
    if again.recorded != again.replayed:
        raise Divergence("the replay's result is another one")
    echo(f"\n$ seawall report {folder}")
    echo(f"report {report_of(run, out / 'us-momentum-report.html')}")
    echo(f"result {run.result}")


def _largest_filled(run: Any) -> int:
    """The order with the largest realised PnL, so that its story has an end; 0 without fills."""
    filled = run.orders.filter(run.orders["filled_lots"] > 0)
    if not filled.height:
        return 0
    return int(filled.sort("realised_minor", descending=True)["order_id"][0])
