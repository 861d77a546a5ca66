"""Tables and summaries as text for a terminal.

Rule: plain aligned text, no colour and no boxes, so that it reads the same in a pipe.
"""

from typing import Any

import polars as pl

from seawall.model.times import format_time
from seawall.research.bands import METRICS, reading
from seawall.research.measures import costs_of, measure

__all__ = ["render_frame", "render_summary", "summary_of"]

ROWS_MAX = 200
HEADLINE = ("total_return", "cagr", "annual_volatility", "sharpe", "max_drawdown", "calmar", "win_rate", "profit_factor")


def render_frame(frame: pl.DataFrame, noun: str) -> str:
    """A frame as aligned columns, times in ISO 8601, at most ROWS_MAX rows (the rest is counted)."""
    if frame.height == 0:
        return f"no {noun}"
    shown = frame.head(ROWS_MAX)
    columns = [[name, *(_cell(name, value) for value in shown[name])] for name in shown.columns]
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(c[row].rjust(w) for c, w in zip(columns, widths, strict=True)).rstrip()
        for row in range(shown.height + 1)
    ]
    if frame.height > ROWS_MAX:
        lines.append(f"... and {frame.height - ROWS_MAX} more {noun}; --json prints all")
    return "\n".join(lines)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name.endswith("_ns") and name != "interval_ns" and isinstance(value, int):
        return format_time(value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def summary_of(run: Any) -> dict[str, Any]:
    """The figures of a run by name: counts, money, metrics, costs."""
    manifest, scale = run.manifest, 10 ** run.manifest["exponent"]
    equity, fills = run.equity, run.fills
    figures: dict[str, Any] = {
        "name": manifest["name"], "rows": manifest["rows_taken"], "wakes": manifest["wakes"],
        "decisions": run.decisions.height, "orders": run.orders.height, "fills": fills.height,
        "refusals": int(run.refusals["count"].sum()), "trades": run.trades.height,
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


def render_summary(run: Any) -> str:
    """The summary of a run as a table of text."""
    f = summary_of(run)
    currency = run.manifest["currency"]
    lines = [f"{f['name']}: {', '.join(run.manifest['instruments'])}"]
    if "from" in f:
        lines.append(f"  period         {f['from']} .. {f['to']}, {f['rows']:,} market rows, {f['wakes']:,} wakes")
        lines.append(f"  equity         {f['start_equity']:,.2f} -> {f['end_equity']:,.2f} {currency}")
    lines.append(
        f"  decisions      {f['decisions']:,}: {f['orders']:,} orders, {f['refusals']:,} refused; "
        f"{f['fills']:,} fills, {f['trades']:,} round trips"
    )
    for name in HEADLINE:
        value = f.get("metrics", {}).get(name)
        lines.append(f"  {METRICS[name].label.lower():14s} {_metric(name, value):>10s}  {reading(name, value)}")
    costs = ", ".join(f"{part} {value:,.2f}" for part, value in f["costs"].items())
    lines.append(f"  costs          {costs} on {f['traded']:,.0f} {currency} traded")
    if f["stale_equity_points"]:
        lines.append(f"  stale equity   {f['stale_equity_points']:,} points were marked with a missing bar's last price")
    if f["no_volume_bars"]:
        lines.append(f"  volume         unknown in {f['no_volume_bars']:,} bars")
    for breaker in f["breakers"]:
        lines.append(f"  breaker        {breaker['time']} {breaker['what']}: {breaker['reason']}")
    return "\n".join(lines)


def _metric(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if METRICS[name].unit == "percent" else f"{value:.2f}"
