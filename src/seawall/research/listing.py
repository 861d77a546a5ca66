"""Tables and summaries as text for a terminal.

Rule 1: plain aligned text, no colour and no boxes, so that it reads the same in a pipe.
Rule 2: people read currency, UTC and the columns that matter; --json has every column as it is
        stored, money in minor units and times in ns.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from seawall.model.times import format_time
from seawall.research.bands import METRICS, reading
from seawall.research.measures import costs_of, measure
from seawall.runtime.replay import Replayed
from seawall.runtime.run import Run, open_run
from seawall.store.run_folder import MANIFEST, RunFolder, RunRecords

__all__ = [
    "render_catalog",
    "render_failure",
    "render_frame",
    "render_replay",
    "render_run",
    "render_summary",
    "render_verified",
    "summary_of",
]

ROWS_MAX = 200
HEADLINE = (
    *("total_return", "cagr", "annual_volatility", "sharpe", "max_drawdown", "calmar"),
    *("win_rate", "profit_factor"),
)
COLUMNS = {
    "orders": "order_id ts_ns instrument side order_type lots limit stop status reason filled_lots "
    "average_price fees_minor realised_minor",
    "fills": "ts_ns order_id instrument side lots price decision_price notional_minor delay_minor "
    "spread_minor impact_minor fee_minor realised_minor position_lots liquidity",
    "trades": "instrument side opened_ns closed_ns lots entry_price exit_price pnl_minor fees_minor "
    "dividends_minor open_order close_order",
    "positions": "ts_ns strategy instrument lots value_minor",
}
"""The columns that a terminal shows of each table of a run."""


def render_frame(frame: pl.DataFrame, noun: str, exponent: int = 0) -> str:
    """A frame as aligned columns, at most ROWS_MAX rows (the rest is counted).

    Times are ISO 8601 in UTC; columns that end in _minor are shown in currency, with `exponent`
    decimal places.

    >>> print(render_frame(pl.DataFrame({"ts_ns": [0], "name": ["a"], "fee_minor": [-1234]}), "fees", 2))
    time                  name     fee
    1970-01-01T00:00:00Z  a     -12.34
    """
    if frame.height == 0:
        return f"no {noun}"
    shown = frame.head(ROWS_MAX)
    if noun in COLUMNS:
        shown = shown.select(COLUMNS[noun].split())
    lines = _aligned([_column(series, exponent) for series in shown])
    if frame.height > ROWS_MAX:
        lines.append(f"... and {frame.height - ROWS_MAX} more {noun}; --json prints all")
    return "\n".join(lines)


def render_catalog(frame: pl.DataFrame) -> str:
    """What a catalog holds (Catalog.describe): its times as times, its intervals as durations."""
    days = pl.col("interval_ns").cast(pl.Duration("ns")).dt.to_string("polars").alias("interval")
    return render_frame(
        frame.rename({"first": "first_ns", "last": "last_ns"}).with_columns(days).drop("interval_ns"),
        "series",
    )


def _aligned(columns: list[tuple[bool, list[str]]]) -> list[str]:
    """Lines of columns, each given as (text or not, its cells from the header on)."""
    widths = [max(map(len, cells)) for _, cells in columns]
    return [
        "  ".join(
            cells[row].ljust(width) if is_text else cells[row].rjust(width)
            for (is_text, cells), width in zip(columns, widths, strict=True)
        ).rstrip()
        for row in range(len(columns[0][1]))
    ]


def _column(series: pl.Series, exponent: int) -> tuple[bool, list[str]]:
    name = series.name
    is_time = name.startswith("ts_") or (name.endswith("_ns") and name != "interval_ns")
    is_time = is_time and series.dtype.is_integer()
    is_money = name.endswith("_minor")
    header = name.removesuffix("_ns").removesuffix("_minor")
    cells = [_cell(value, is_time, exponent if is_money else None) for value in series]
    return is_time or series.dtype == pl.String, ["time" if header == "ts" else header, *cells]


def _cell(value: Any, is_time: bool, exponent: int | None) -> str:
    if value in (None, "none", "") or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if is_time:
        return format_time(int(value))
    if exponent is not None:
        return f"{value / 10**exponent:,.{exponent}f}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def summary_of(run: Run) -> dict[str, Any]:
    """The figures of a run by name: counts, money, metrics, costs."""
    manifest, scale = run.manifest, 10 ** run.manifest["exponent"]
    equity, fills = run.equity, run.fills
    figures: dict[str, Any] = {
        "name": manifest["name"], "rows": manifest["rows_taken"], "wakes": manifest["wakes"],
        "decisions": run.decisions.height, "orders": run.orders.height, "fills": fills.height,
        "refusals": int(run.refusals["count"].sum()), "trades": run.trades.height,
        "refused_by": dict(run.refusals.select("reason", "count").iter_rows()),
        "stale_equity_points": manifest["stale_equity_points"], "no_volume_bars": manifest["no_volume_bars"],
    }  # fmt: skip
    if equity.height:
        figures["from"], figures["to"] = format_time(equity["ts_ns"][0]), format_time(equity["ts_ns"][-1])
        figures["start_equity"] = equity["equity_minor"][0] / scale
        figures["end_equity"] = equity["equity_minor"][-1] / scale
        figures["metrics"] = measure(equity, fills, run.trades, manifest["annualisation"]).values
    costs = costs_of(fills)
    figures["costs"] = {part: minor / scale for part, minor in costs.parts_minor.items()}
    figures["traded"] = costs.notional_minor / scale
    figures["breakers"] = run.breakers
    return figures


def render_summary(run: Run) -> str:
    """The summary of a run as a table of text."""
    f = summary_of(run)
    currency, exponent = run.manifest["currency"], run.manifest["exponent"]
    rows: list[tuple[str, str]] = []
    if "from" in f:
        rows.append(("period", f"{f['from']} .. {f['to']}, {f['rows']:,} market rows, {f['wakes']:,} wakes"))
        first, last = (f"{f[name]:,.{exponent}f}" for name in ("start_equity", "end_equity"))
        rows.append(("equity", f"{first} -> {last} {currency}"))
    rows.append(
        (
            "decisions",
            f"{f['decisions']:,}: {f['orders']:,} orders, {f['refusals']:,} refused; "
            f"{f['fills']:,} fills, {f['trades']:,} round trips",
        )
    )
    shifts = run.manifest.get("clock_shifts", {})
    if shifts:
        least, most = min(shifts.values()) / 1e9, max(shifts.values()) / 1e9
        span = f"{least:+g} s" if least == most else f"{least:+g} to {most:+g} s"
        rows.append(("clock", f"arrival times of {len(shifts)} streams were shifted at import by {span}"))
    unfilled = run.orders.filter((pl.col("filled_lots") == 0) & (pl.col("status") == "expired")).height
    if unfilled:
        rows.append(("expired", f"{unfilled:,} orders without a fill; a DAY order ends with its session"))
    rows += [("refused", f"{count:,} {reason}") for reason, count in f["refused_by"].items()]
    values = f.get("metrics", {})
    rows += [
        (
            METRICS[name].label.lower(),
            f"{_metric(name, values.get(name)):>8s}  {reading(name, values.get(name))}",
        )
        for name in HEADLINE
    ]
    costs = ", ".join(f"{part} {value:,.{exponent}f}" for part, value in f["costs"].items())
    rows.append(("costs", f"{costs}; {f['traded']:,.{exponent if exponent > 6 else 0}f} {currency} traded"))
    if f["stale_equity_points"]:
        rows.append(
            ("stale equity", f"{f['stale_equity_points']:,} points stand on a missing bar's last price")
        )
    if f["no_volume_bars"]:
        rows.append(("volume", f"unknown in {f['no_volume_bars']:,} bars"))
    rows += [("breakers", words) for words in _breaker_words(f["breakers"])]
    head = f"{f['name']}: {', '.join(run.manifest['instruments'])}"
    return "\n".join([head, *(f"  {label:17s} {text}".rstrip() for label, text in rows)])


def _breaker_words(breakers: list[dict[str, Any]]) -> list[str]:
    """One line for each breaker that tripped or limit that the market broke: how often, when, until when."""
    words: list[str] = []
    for reason in dict.fromkeys(b["reason"] for b in breakers):
        own = [b for b in breakers if b["reason"] == reason]
        began = [b for b in own if b["what"] in ("breaker_tripped", "passive_breach")]
        name = "tripped" if began[:1] and began[0]["what"] == "breaker_tripped" else "passively breached"
        times = f"first {began[0]['time']}, last {began[-1]['time']}" if began[1:] else own[0]["time"]
        state = "released since" if len(own) == 2 * len(began) else "IN FORCE at the end"
        count = f"{len(began):,} times" if began[1:] else "once"
        words.append(f"{reason} {name} {count}, {times}; {state}")
    return words


def render_run(run: Run, folder: Path) -> str:
    """What a run prints at its end; the last line is its result."""
    if run.is_complete:
        first = render_summary(run)
    else:
        rows = run.manifest["rows_taken"]
        first = f"stopped after {rows:,} market rows; to finish it: seawall resume {folder}"
    return f"{first}\nchunks {run.chunks}\nfolder {folder}\nresult {run.result}"


def render_replay(found: Replayed) -> str:
    """What a replay found that agrees."""
    lines = [f"note: {note}" for note in found.notes]
    lines.append(f"replayed {found.records:,} records, all equal")
    return "\n".join([*lines, f"recorded {found.recorded}", f"replayed {found.replayed}"])


def render_verified(folder: RunFolder) -> str:
    """What a verification found in order, and what it could not say yet."""
    manifest = folder.manifest
    files = f"{folder.path}: {len(manifest['files']) + 1} files match"
    if "result" not in manifest:
        return f"{files}; the run is not finished: seawall resume {folder.path}"
    text = f"{files}, {manifest['records']:,} records; result {manifest['result']}"
    return (
        text if folder.is_complete else f"{text}\nthe run {manifest['status']}: {manifest.get('error', '')}"
    )


def render_failure(folder: Path, error: str) -> str:
    """What the desk held when its run ended early; empty where the error came before the run."""
    if not (folder / MANIFEST).is_file():
        return ""
    run = open_run(folder)
    if run.manifest.get("error") != error:
        return ""
    currency, exponent = run.manifest["currency"], run.manifest["exponent"]
    cash = int(run.records.lanes["postings"]["cash"].sum()) / 10**exponent
    lines = [
        f"the desk at {_last_time(run.records)}, after {run.manifest['rows_taken']:,} market rows:",
        f"  cash       {cash:>18,.{exponent}f} {currency}",
    ]
    held = run.positions.group_by("instrument", maintain_order=True).last().filter(pl.col("lots") != 0)
    lines += [
        f"  {name:10s} {lots:>18,} lots, cost {cost / 10**exponent:,.{exponent}f} {currency}"
        for name, lots, cost in held.select("instrument", "lots", "value_minor").iter_rows()
    ]
    lines.append(f"all records up to then: {folder} (seawall orders | fills | positions | verify)")
    return "\n".join(lines) + "\n"


def _last_time(records: RunRecords) -> str:
    times = [int(lane[-1]["ts_local"]) for lane in records.lanes.values() if len(lane)]
    return format_time(max(times, default=0))


def _metric(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if METRICS[name].unit == "percent" else f"{value:.2f}"
