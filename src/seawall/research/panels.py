"""The parts of the report, each from the tables it needs to markup or to a chart.

Rule 1: a part takes tables and measures and gives markup; it computes no figure of its own.
Rule 2: an empty table is said in a sentence, never left as an empty grid.
Rule 3: a list that is cut says how many there are in all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from seawall.research.bands import METRICS, reading, scale, tone
from seawall.research.charts import Chart, chart_of
from seawall.research.markup import (
    Column,
    amount,
    bps,
    clean,
    count,
    day,
    percent,
    ratio,
    section,
    stamp,
    table,
)
from seawall.research.measures import (
    Comparison,
    Measures,
    costs_of,
    deepest,
    exposure_ratio,
    integers,
)

__all__ = [
    "DISCLAIMER",
    "benchmark",
    "breakers",
    "costs",
    "drawdown_chart",
    "equity_chart",
    "exposure_chart",
    "falls",
    "header",
    "headline",
    "held",
    "identity",
    "listing",
    "positions_chart",
    "refusals",
    "shown",
    "tiles",
    "trades",
]

DISCLAIMER = (
    "This page describes one run of a program on recorded data. It is no investment advice and no "
    "offer. Simulated fills rest on the assumptions above; past and simulated performance say "
    "nothing certain about the future."
)
NAMED_POSITIONS = 6
HELD_ROWS = 12
PROSE_MAX = 1_000  # characters of an assumption or of a value of the manifest


def shown(name: str, value: float | None, exponent: int) -> str:
    """A figure as the page prints it, by the unit of its metric.

    >>> shown("sharpe", 1.234, 2), shown("max_drawdown", -0.1, 2), shown("expectancy", 12345.6, 2)
    ('1.23', '−10.00%', '123.46')
    """
    unit = METRICS[name].unit
    if unit == "percent":
        return percent(value)
    if unit == "money":
        return amount(None if value is None else round(value), exponent)
    return {"ratio": ratio, "bps": bps, "days": count, "count": count}[unit](value)


def cell(name: str, value: float | None, exponent: int) -> str:
    """The cell of a figure: rounded for the eye, exact in data-value."""
    exact = "" if value is None else repr(float(value))
    return f'<td class="n" data-metric="{name}" data-value="{exact}">{shown(name, value, exponent)}</td>'


def header(
    name: str,
    currency: str,
    exponent: int,
    equity: pl.DataFrame,
    fills: pl.DataFrame,
    measures: Measures,
    tripped: Sequence[Mapping[str, Any]],
) -> str:
    """The title, the period, and what a reader must know before any figure."""
    found = measures.summary
    stale = int((integers(equity, "stale") > 0).sum())
    facts = [
        f"{day(found.start_ts_ns)} to {day(found.end_ts_ns)}",
        f"daily periods: {count(found.periods)} ({found.annualisation} a year)",
        f"{currency} {amount(found.start_equity_minor, exponent)} at the start",
        f"{count(fills.height)} fills",
    ]
    warnings = [found.reason] if found.reason else []
    if not fills.height:
        warnings.append("Nothing was traded.")
    if tripped:
        warnings.append(f"Breakers tripped: {len(tripped)}; see below.")
    if stale:
        warnings.append(f"{count(stale)} of {count(equity.height)} equity marks stand on a stale price.")
    said = "".join(f'<p class="warning">{clean(text)}</p>' for text in warnings)
    return (
        f'<header><p class="brand">seawall run report</p><h1>{clean(name)}</h1>'
        f'<p class="facts">{clean(" · ".join(facts))}</p>{said}</header>'
    )


def tiles(
    currency: str, exponent: int, equity: pl.DataFrame, measures: Measures, comparison: Comparison | None
) -> str:
    """The six figures that are looked at first."""
    value, found = measures.values, measures.summary
    gain = found.end_equity_minor - found.start_equity_minor
    realised, unrealised = (int(equity[name][-1]) for name in ("realised_minor", "unrealised_minor"))
    beside = "no benchmark"
    if comparison is not None:
        beside = f"benchmark {percent(comparison.market.total_return)}"
    worst = float(equity["drawdown"].cast(pl.Float64).to_numpy().max())
    entries = [
        ("Net result", amount(gain, exponent), f"{currency}, fees included"),
        ("Total return", percent(value["total_return"]), beside),
        ("CAGR", percent(value["cagr"]), f"volatility {percent(value['annual_volatility'])}"),
        ("Sharpe", ratio(value["sharpe"]), reading("sharpe", value["sharpe"]) or "undefined"),
        ("Max drawdown", percent(value["max_drawdown"]), f"{percent(-worst)} at any mark"),
        ("Realised", amount(realised, exponent), f"open {amount(unrealised, exponent)}"),
    ]
    return (
        '<div class="tiles">'
        + "".join(
            f'<div><p class="label">{clean(label)}</p><p class="big">{clean(big)}</p>'
            f'<p class="small">{clean(small)}</p></div>'
            for label, big, small in entries
        )
        + "</div>"
    )


def headline(measures: Measures, exponent: int, currency: str) -> str:
    """Every figure with its meaning, its reading and the bands that people use."""
    rows: list[str] = []
    for name, metric in METRICS.items():
        value = measures.values[name]
        word, colour = reading(name, value), tone(name, value)
        if name == "minimum_track_record" and value is not None:
            reached = measures.summary.periods >= value
            word, colour = ("reached", "good") if reached else ("not reached", "care")
        unit = f", {currency}" if metric.unit == "money" else ", bps" if metric.unit == "bps" else ""
        rows.append(
            f"<tr><td>{clean(metric.label + unit)}<span>{clean(metric.meaning)}</span></td>"
            f'{cell(name, value, exponent)}<td class="{colour}">{clean(word)}</td>'
            f'<td class="w dim">{clean(scale(name))}</td></tr>'
        )
    head = '<tr><th>Figure</th><th class="n">Value</th><th>Reading</th><th class="w">Bands</th></tr>'
    body = f'<table class="figures"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'
    return section("Figures", body, "Bands are habits of the trade, not laws. A dash is undefined.")


def benchmark(comparison: Comparison | None, given: bool) -> str:
    """The run beside its benchmark, with alpha and beta."""
    if comparison is None:
        text = "Too few days in common with the benchmark." if given else "No benchmark was given."
        return section("Benchmark", f'<p class="none">{text}</p>')
    own, market, fit = comparison.own, comparison.market, comparison.fit
    rows = [
        ("Total return", percent(own.total_return), percent(market.total_return)),
        ("CAGR", percent(own.cagr), percent(market.cagr)),
        ("Volatility", percent(own.annual_volatility), percent(market.annual_volatility)),
        ("Sharpe", ratio(own.sharpe), ratio(market.sharpe)),
        ("Maximum drawdown", percent(own.max_drawdown), percent(market.max_drawdown)),
        ("Alpha a year", percent(fit.alpha if fit else None), ""),
        ("Beta", ratio(fit.beta if fit else None), ""),
        ("R squared", ratio(fit.r_squared if fit else None), ""),
        ("Correlation", ratio(fit.correlation if fit else None), ""),
    ]
    columns = [Column("Figure"), Column("Run", number=True), Column("Benchmark", number=True)]
    note = f"Over the {count(comparison.days)} days that both have; alpha is arithmetic."
    return section("Benchmark", table(columns, rows, ""), note)


def falls(equity: pl.DataFrame) -> str:
    """The five deepest drawdowns."""
    columns = [
        Column("Depth", number=True),
        Column("Peak", whole=True),
        Column("Trough", wide=True, whole=True),
        Column("Recovered", whole=True),
        Column("Days under", number=True),
    ]
    rows = [
        (
            percent(fall.depth),
            day(fall.peak_ts_ns),
            day(fall.trough_ts_ns),
            "open" if fall.recovery_ts_ns is None else day(fall.recovery_ts_ns),
            count(fall.days),
        )
        for fall in deepest(equity, 5)
    ]
    note = "On the daily grid; days are its periods below the peak."
    return section("Deepest drawdowns", table(columns, rows, "The equity never fell below a peak."), note)


def costs(fills: pl.DataFrame, currency: str, exponent: int) -> str:
    """What trading cost: by part, in money and in basis points of what was traded."""
    found = costs_of(fills)
    words = {"spread": "Spread", "impact": "Impact", "delay": "Delay", "fee": "Fees"}
    lines = [(words[part], minor) for part, minor in found.parts_minor.items()]
    rows = [
        (word, amount(minor, exponent), bps(found.bps(minor)))
        for word, minor in [*lines, ("Total", found.total_minor)]
    ]
    columns = [Column("Part"), Column(currency, number=True), Column("bps", number=True)]
    note = f"On {currency} {amount(found.notional_minor, exponent)} traded; a minus is earned."
    return section(
        "Costs", table(columns, rows if found.fills else [], "Nothing was traded.", summed=True), note
    )


def held(equity: pl.DataFrame, positions: pl.DataFrame, currency: str, exponent: int, rows_max: int) -> str:
    """What the run still holds at its end."""
    last = positions.group_by("instrument", maintain_order=True).last() if positions.height else positions
    open_rows = [
        (str(row["instrument"]), int(row["lots"]), int(row["value_minor"]))
        for row in last.to_dicts()
        if row["lots"]
    ]
    open_rows.sort(key=lambda row: -abs(row[2]))
    level = int(equity["equity_minor"][-1])
    rows = [
        (name, count(lots), amount(value, exponent), percent(value / level if level > 0 else None, 1))
        for name, lots, value in open_rows[: min(rows_max, HELD_ROWS)]
    ]
    columns = [
        Column("Instrument"),
        Column("Lots", number=True),
        Column(f"Value, {currency}", number=True),
        Column("of equity", number=True),
    ]
    note = "At the last marks." if rows else ""
    if len(rows) < len(open_rows):
        note = f"The {len(rows)} largest of {len(open_rows)}, at the last marks."
    return section("Held at the end", table(columns, rows, "No position is open."), note)


def trades(closed: pl.DataFrame, currency: str, exponent: int, rows_max: int) -> str:
    """The last closed trades, newest first."""
    columns = [
        Column("Instrument"),
        Column("Side", whole=True),
        Column("Opened", wide=True, whole=True),
        Column("Closed", whole=True),
        Column("Days", number=True, wide=True),
        Column("Lots", number=True, wide=True),
        Column("Entry", number=True, wide=True),
        Column("Exit", number=True, wide=True),
        Column(f"Fees, {currency}", number=True, wide=True),
        Column(f"Result, {currency}", number=True),
    ]
    rows = [
        (
            row["instrument"],
            row["side"],
            stamp(row["opened_ns"]),
            stamp(row["closed_ns"]),
            ratio((row["closed_ns"] - row["opened_ns"]) / 86_400_000_000_000, 1),
            count(row["lots"]),
            ratio(row["entry_price"], 4),
            ratio(row["exit_price"], 4),
            amount(row["fees_minor"], exponent),
            amount(row["pnl_minor"], exponent),
        )
        for row in reversed(closed.tail(rows_max).to_dicts())
    ]
    note = f"The last {count(len(rows))} of {count(closed.height)}, newest first; results are net of fees."
    return section("Trades", table(columns, rows, "No trade was closed."), note if rows else "")


def refusals(refused: pl.DataFrame, rows_max: int) -> str:
    """What the gate refused, by rule and reason, most frequent first."""
    ordered = (
        refused.sort("count", "rule", "reason", descending=[True, False, False])
        if refused.height
        else refused
    )
    total = int(refused["count"].sum()) if refused.height else 0
    rows = [
        (row["rule"], row["reason"], count(row["count"]), percent(row["count"] / total if total else None, 1))
        for row in ordered.head(rows_max).to_dicts()
    ]
    columns = [Column("Rule"), Column("Reason"), Column("Count", number=True), Column("Share", number=True)]
    note = f"{count(total)} in all, {count(refused.height)} kinds." if total else ""
    return section("Refusals", table(columns, rows, "The gate refused nothing."), note)


def breakers(tripped: Sequence[Mapping[str, Any]], rows_max: int) -> str:
    """Breakers that tripped, in order; times are printed, all else as it came."""
    keys = list(dict.fromkeys(key for entry in tripped for key in entry))
    rows = [
        [stamp(entry[key]) if key.endswith("_ns") and key in entry else entry.get(key, "") for key in keys]
        for entry in tripped[:rows_max]
    ]
    columns = [Column("Time" if key == "ts_ns" else key.replace("_", " ").capitalize()) for key in keys]
    note = f"The first {len(rows)} of {len(tripped)}." if len(rows) < len(tripped) else ""
    return section("Breakers tripped", table(columns, rows, "No breaker tripped."), note)


def identity(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The plain values of a manifest, the result and what it rests on first."""
    first = ("result", "version", "seed", "config_hash", "data_hash", "limits_hash", "kernel_hash")
    names = [name for name in first if name in manifest] + [name for name in manifest if name not in first]
    plain = (str, int, float, bool)
    return {
        name.replace("_", " "): str(manifest[name]) for name in names if isinstance(manifest[name], plain)
    }


def listing(title: str, entries: Mapping[str, str], note: str, rows_max: int) -> str:
    """A readable list of names and values."""
    kept = list(entries.items())[:rows_max]
    lines = "".join(f"<dt>{clean(name)}</dt><dd>{clean(value, PROSE_MAX)}</dd>" for name, value in kept)
    if len(kept) < len(entries):
        note = f"{note} The first {len(kept)} of {len(entries)}."
    return section(title, f"<dl>{lines}</dl>" if kept else '<p class="none">Nothing was stated.</p>', note)


def equity_chart(equity: pl.DataFrame, market: pl.DataFrame | None, exponent: int, points_max: int) -> Chart:
    """The equity in whole units, with the benchmark scaled to the same start."""
    ts = integers(equity, "ts_ns")
    level = integers(equity, "equity_minor") / 10.0**exponent
    lines = {"equity": level}
    if market is not None and market.height:
        lines["benchmark"] = rebased(ts, float(level[0]), market)
    return chart_of("equity", "money", ts, lines, points_max)


def rebased(ts: npt.NDArray[np.int64], start: float, market: pl.DataFrame) -> npt.NDArray[np.float64]:
    """The benchmark as it was last known at each time, scaled to start where it is first known."""
    values = market["value"].cast(pl.Float64).to_numpy()
    place = np.searchsorted(integers(market, "ts_ns"), ts, side="right") - 1
    known = np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
    first = known[np.isfinite(known)][:1]
    return known * (start / float(first[0])) if first.size and float(first[0]) > 0 else known * np.nan


def drawdown_chart(equity: pl.DataFrame, points_max: int) -> Chart:
    """The distance from the peak at every mark, in percent, below zero."""
    depth = -100.0 * equity["drawdown"].cast(pl.Float64).to_numpy()
    return chart_of(
        "drawdown", "percent", integers(equity, "ts_ns"), {"drawdown": depth}, points_max, ["drawdown"]
    )


def exposure_chart(equity: pl.DataFrame, points_max: int) -> Chart:
    """Gross and net in percent of the equity."""
    lines = {name: 100.0 * exposure_ratio(equity, f"{name}_minor") for name in ("gross", "net")}
    return chart_of("exposure", "percent", integers(equity, "ts_ns"), lines, points_max)


def positions_chart(equity: pl.DataFrame, positions: pl.DataFrame, points_max: int) -> Chart:
    """Each position in percent of equity at the times of the equity, the largest by name."""
    ts, level = integers(equity, "ts_ns"), integers(equity, "equity_minor").astype(np.float64)
    level = np.where(level > 0, level, np.nan)
    held_at: dict[str, npt.NDArray[np.float64]] = {}
    for (name,), rows in positions.group_by(["instrument"], maintain_order=True):
        place = np.searchsorted(integers(rows, "ts_ns"), ts, side="right") - 1
        value = np.where(place >= 0, integers(rows, "value_minor")[np.maximum(place, 0)], 0)
        held_at[str(name)] = 100.0 * value / level
    if not held_at:
        return Chart("positions", "percent", 0, [], [])
    ordered = sorted(held_at, key=lambda name: -float(np.nan_to_num(np.abs(held_at[name])).max()))
    lines = {name: held_at[name] for name in ordered[:NAMED_POSITIONS]}
    if len(ordered) > NAMED_POSITIONS:
        others = [held_at[name] for name in ordered[NAMED_POSITIONS:]]
        lines[f"{len(others)} others"] = np.asarray(others).sum(axis=0)
    return chart_of("positions", "percent", ts, lines, points_max, step=True)
