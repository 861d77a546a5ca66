"""The report of a run: one HTML file that works offline, on a laptop and on a phone.

Rule 1: the file is complete in itself: no address in it is ever asked for, and its own content
        policy forbids it to ask.
Rule 2: it stays below 300 KB: where a run is long, charts are thinned and lists cut, and the
        page says of how many.
Rule 3: every string from outside is escaped; every figure comes from measures.py unrounded and
        stands in the page's data-value beside the rounded one.
Rule 4: the same tables give the same bytes: there is no time of writing in it.
"""

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from seawall.model.errors import DiskError, RunError
from seawall.research import panels
from seawall.research.charts import Chart, embed
from seawall.research.markup import clean, section
from seawall.research.measures import compare, measure

__all__ = ["SIZE_BYTES_MAX", "RunTables", "render", "write_report"]

SIZE_BYTES_MAX = 300_000
BUDGETS = ((1_500, 60), (1_000, 60), (600, 40), (300, 20), (120, 10))
"""Points a chart and rows a list, tried in turn until the page is small enough."""

COLUMNS = {
    "equity": (
        "ts_ns equity_minor cash_minor gross_minor net_minor drawdown stale "
        "realised_minor unrealised_minor fees_minor"
    ),
    "fills": (
        "ts_ns order_id instrument side lots price notional_minor fee_minor "
        "spread_minor impact_minor delay_minor liquidity"
    ),
    "trades": "instrument side opened_ns closed_ns lots entry_price exit_price pnl_minor fees_minor",
    "refusals": "rule reason count",
    "positions": "ts_ns instrument lots value_minor",
    "benchmark": "ts_ns value",
}


class RunTables(msgspec.Struct, kw_only=True):
    """The tables of a finished run; money in minor units, times in ns UTC, rows in order of time.

    equity: one row a mark, the first of them the starting equity; drawdown is a fraction >= 0 of
    the peak, stale counts the instruments marked on an old price. fills: costs are positive when
    paid. trades: pnl_minor is net of fees_minor. positions: a row at each change or mark, with
    lots 0 when closed; an instrument's last row stands until its next. benchmark: any positive
    level. manifest needs "annualisation" (periods a year of the daily grid); all its plain
    values are printed as the identity of the run.
    """

    name: str
    currency: str
    exponent: int
    manifest: dict[str, Any]
    equity: pl.DataFrame
    fills: pl.DataFrame
    trades: pl.DataFrame
    refusals: pl.DataFrame
    positions: pl.DataFrame
    benchmark: pl.DataFrame | None = None
    assumptions: dict[str, str] = {}
    breakers: list[dict[str, Any]] = []


def check(run: RunTables) -> int:
    """The run's annualisation; a table without a column, or an empty equity, is a RunError."""
    for table, names in COLUMNS.items():
        frame: pl.DataFrame | None = getattr(run, table)
        missing = [name for name in names.split() if frame is not None and name not in frame.columns]
        if missing:
            raise RunError(f"run {run.name}: the table {table} lacks {', '.join(missing)}")
    if not run.equity.height:
        raise RunError(f"run {run.name}: the equity table is empty, there is nothing to report")
    annualisation = run.manifest.get("annualisation")
    if not isinstance(annualisation, int) or isinstance(annualisation, bool) or annualisation < 1:
        raise RunError(f"run {run.name}: manifest annualisation must be an integer >= 1: {annualisation!r}")
    if int(run.equity["equity_minor"][0]) <= 0:
        raise RunError(f"run {run.name}: the starting equity must be above 0")
    return annualisation


def asset(name: str) -> str:
    """A file that ships beside this module."""
    return resources.files("seawall.research").joinpath("assets", name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """The source that a content policy allows: exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def figure(chart: Chart, title: str, note: str) -> str:
    """The place of a chart; without two points the sentence that says so."""
    place = f'<div class="chart" id="chart-{chart.key}"></div>'
    if not chart.steps or sum(chart.steps) == 0:
        place = '<p class="none">There is no line to draw.</p>'
    return f'<section><h2>{clean(title)}</h2><p class="note">{clean(note)}</p>{place}</section>'


def charts_of(run: RunTables, points_max: int) -> list[tuple[Chart, str, str]]:
    """The four charts with their titles and notes."""
    marks = "Marked to market, costs included."
    if run.benchmark is not None and run.benchmark.height:
        marks += " The benchmark starts at the same equity."
    titled = [
        (panels.equity_chart(run.equity, run.benchmark, run.exponent, points_max), f"Equity, {run.currency}"),
        (panels.drawdown_chart(run.equity, points_max), "Drawdown"),
        (panels.exposure_chart(run.equity, points_max), "Exposure"),
        (panels.positions_chart(run.equity, run.positions, points_max), "Positions"),
    ]
    notes = (
        marks,
        "Distance of the equity from its peak so far.",
        "Gross and net positions in percent of equity.",
        "Value of each position in percent of equity; the largest are named.",
    )
    return [(chart, title, note) for (chart, title), note in zip(titled, notes, strict=True)]


def page(run: RunTables, body: str, data: str) -> str:
    """The whole document around its body: policy, styles, data, scripts."""
    style = asset("uPlot.min.css") + asset("report.css")
    scripts = (asset("uPlot.iife.min.js"), asset("report.js"))
    policy = (
        f"default-src 'none'; style-src {digest(style)}; script-src {' '.join(map(digest, scripts))}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{clean(run.name)} · seawall report</title><style>{style}</style></head>\n"
        f"<body><main>{body}</main>\n"
        f'<script type="application/json" id="data">{data}</script>\n'
        f"<script>{scripts[0]}</script>\n<script>{scripts[1]}</script>\n</body></html>\n"
    )


def render(run: RunTables, points_max: int = 1_500, rows_max: int = 60) -> str:
    """The page as text, with at most so many points a chart and rows a list."""
    annualisation = check(run)
    measures = measure(run.equity, run.fills, run.trades, annualisation)
    comparison = None
    if run.benchmark is not None:
        comparison = compare(run.equity, run.benchmark, annualisation)
    charts = charts_of(run, points_max)
    places = "".join(figure(chart, title, note) for chart, title, note in charts)
    parts = [
        panels.header(run.name, run.currency, run.exponent, run.equity, run.fills, measures, run.breakers),
        panels.tiles(run.currency, run.exponent, run.equity, measures, comparison),
        f'<noscript><p class="none">Charts need scripts; all figures are below.</p></noscript>{places}',
        panels.headline(measures, run.exponent, run.currency),
        '<div class="pair">',
        panels.benchmark(comparison, run.benchmark is not None),
        panels.falls(run.equity),
        panels.costs(run.fills, run.currency, run.exponent),
        panels.held(run.equity, run.positions, run.currency, run.exponent, rows_max),
        "</div>",
        panels.trades(run.trades, run.currency, run.exponent, rows_max),
        panels.refusals(run.refusals, rows_max),
        panels.breakers(run.breakers, rows_max),
        panels.listing("Assumptions", run.assumptions, "What this run took for granted.", rows_max),
        panels.listing("Identity", panels.identity(run.manifest), "What makes this run repeatable.", 80),
        section("Disclaimer", f'<p class="fine">{clean(panels.DISCLAIMER)}</p>'),
        f'<details><summary>Licences</summary><pre class="fine">{licences()}</pre></details>',
    ]
    return page(run, "\n".join(parts), embed([chart for chart, _, _ in charts]))


def licences() -> str:
    """The licences of what is embedded, line by line."""
    return "\n".join(clean(line) for line in asset("LICENSES.md").splitlines())


def write_report(run: RunTables, path: Path) -> Path:
    """Write the report of a run as one file below 300 KB, and give back its path.

    A run without an equity row, or tables without a column, is a RunError; a disk that refuses
    is a DiskError. A file at the path is replaced whole, never half.
    """
    text = ""
    for points_max, rows_max in BUDGETS:
        text = render(run, points_max, rows_max)
        if len(text.encode()) < SIZE_BYTES_MAX:
            break
    assert len(text.encode()) < SIZE_BYTES_MAX
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise DiskError(f"cannot write the report {path}: {error.strerror}") from error
    return path
