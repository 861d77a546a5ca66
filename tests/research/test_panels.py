"""The parts of the report: what they say, what they say when there is nothing, what they cut."""

import json
import re

import numpy as np
import polars as pl
import pytest

from seawall.research import panels
from seawall.research.charts import embed
from seawall.research.markup import amount, percent, stamp
from seawall.research.measures import compare, costs_of, measure

DAY_NS = 86_400_000_000_000


def test_costs_table_sums(run) -> None:
    """The parts printed sum to the total printed, to the cent."""
    text = panels.costs(run.fills, "USD", 2)
    cells = re.findall(r'<td>(\w+)</td><td class="n">([^<]+)</td><td class="n">([^<]+)</td>', text)
    cents = {word: int(re.sub(r"[,.]", "", money).replace("\N{MINUS SIGN}", "-")) for word, money, _ in cells}
    assert cents.pop("Total") == sum(cents.values()) == costs_of(run.fills).total_minor
    assert list(cents) == ["Spread", "Impact", "Delay", "Fees"]


def test_benchmark_names_alpha_and_beta(run) -> None:
    """Alpha and beta stand beside the benchmark's own figures; without one it is said."""
    comparison = compare(run.equity, run.benchmark, 252)
    text = panels.benchmark(comparison, given=True)
    assert f"{comparison.fit.beta:.2f}" in text
    assert f"{comparison.fit.alpha * 100:.2f}%" in text
    assert "No benchmark was given." in panels.benchmark(None, given=False)
    assert "Too few days" in panels.benchmark(None, given=True)


def test_lists_say_how_many_there_are(run) -> None:
    """A list that is cut names the whole, and shows the newest trades."""
    text = panels.trades(run.trades, "USD", 2, 7)
    assert "The last 7 of 420" in text
    assert text.count("<tr>") == 8
    newest, oldest = run.trades["closed_ns"][-1], run.trades["closed_ns"][-7]
    assert 0 < text.index(stamp(newest)) < text.index(stamp(oldest))
    assert "The first 1 of 2." in panels.breakers([{"a": 1}, {"a": 2}], 1)
    assert "The first 2 of 3." in panels.listing("L", {"a": "1", "b": "2", "c": "3"}, "", 2)


def test_empty_tables_are_sentences(run) -> None:
    """Nothing traded, refused, tripped, held or assumed is said in words."""
    sentences = {
        "Nothing was traded.": panels.costs(run.fills.clear(), "USD", 2),
        "No trade was closed.": panels.trades(run.trades.clear(), "USD", 2, 9),
        "The gate refused nothing.": panels.refusals(run.refusals.clear(), 9),
        "No breaker tripped.": panels.breakers([], 9),
        "No position is open.": panels.held(run.equity, run.positions.clear(), "USD", 2, 9),
        "Nothing was stated.": panels.listing("Assumptions", {}, "", 9),
        "never fell below a peak": panels.falls(run.equity.head(1)),
    }
    for sentence, text in sentences.items():
        assert sentence in text
        assert "<table" not in text


def test_refusals_are_ordered_by_count(run) -> None:
    """The most frequent refusal comes first, with its share of all."""
    text = panels.refusals(run.refusals, 2)
    assert re.findall(r"<tr><td>(\w+)", text) == ["C16", "C6"]
    assert "77.7%" in text
    assert "273 in all, 4 kinds." in text


def test_breakers_print_times_and_missing_keys() -> None:
    """Nanoseconds are printed as times; a key that only some have leaves an empty cell."""
    text = panels.breakers([{"ts_ns": 0, "scope": "desk"}, {"scope": "AAPL", "level": 3}], 9)
    assert "<td>1970-01-01</td><td>desk</td><td></td>" in text
    assert "<td></td><td>AAPL</td><td>3</td>" in text


def test_identity_prints_plain_values_first_things_first() -> None:
    """The result leads; nested values are left out, booleans and numbers are printed."""
    found = panels.identity({"seed": 7, "zeta": True, "result": "ab", "nested": {"x": 1}})
    assert list(found.items()) == [("result", "ab"), ("seed", "7"), ("zeta", "True")]


def test_track_record_is_read_against_the_run(run) -> None:
    """How long a record is needed is compared with how long it is."""
    measures = measure(run.equity, run.fills, run.trades, 252)
    row = panels.headline(measures, 2, "USD").partition('data-metric="minimum_track_record"')[2]
    needed = measures.values["minimum_track_record"]
    word = "reached" if needed <= measures.summary.periods else "not reached"
    assert f">{word}</td>" in row[:200]


def test_tiles_show_what_is_looked_at_first(run) -> None:
    """Result, return, ratio and the deepest drawdown, daily and at any mark, with their signs."""
    equity = run.equity.with_columns(pl.max_horizontal("drawdown", pl.lit(0.5)).alias("drawdown"))
    measures = measure(equity, run.fills, run.trades, 252)
    text = panels.tiles("USD", 2, equity, measures, compare(equity, run.benchmark, 252))
    gain = run.equity["equity_minor"][-1] - run.equity["equity_minor"][0]
    for part in (
        amount(gain, 2),
        percent(measures.values["total_return"]),
        percent(measures.values["max_drawdown"]),
        percent(-0.5) + " at any mark",
        "benchmark " + percent(run.benchmark["value"][-1] / run.benchmark["value"][0] - 1.0),
        amount(int(run.equity["realised_minor"][-1]), 2),
        "open " + amount(int(run.equity["unrealised_minor"][-1]), 2),
    ):
        assert part in text


def test_warnings_stand_at_the_top(run) -> None:
    """Stale marks, breakers and an idle desk are said before any figure."""
    measures = measure(run.equity, run.fills.clear(), run.trades, 252)
    text = panels.header("n", "USD", 2, run.equity, run.fills.clear(), measures, [{"a": 1}])
    stale = int((run.equity["stale"] > 0).sum())
    assert stale > 0
    for part in ("Nothing was traded.", "Breakers tripped: 1", f"{stale} of 2,000 equity marks"):
        assert part in text


def test_positions_stand_until_changed() -> None:
    """A position is drawn from its row until its next, and a closed one is zero."""
    equity = pl.DataFrame({"ts_ns": [n * DAY_NS for n in range(5)], "equity_minor": [1_000] * 5})
    rows = {"ts_ns": [DAY_NS, 3 * DAY_NS], "instrument": ["A", "A"], "lots": [1, 0], "value_minor": [250, 0]}
    chart = panels.positions_chart(equity, pl.DataFrame(rows), 100)
    assert chart.lines[0].values == [0, 25, 25, 0, 0]
    assert "No position is open." in panels.held(equity, pl.DataFrame(rows), "USD", 2, 9)


def test_many_positions_are_gathered(run) -> None:
    """The largest six are named, the rest is one line, and nothing is lost from the sum."""
    chart = panels.positions_chart(run.equity, run.positions, 100_000)
    assert [line.label for line in chart.lines][-1] == "2 others"
    drawn = np.array([line.values for line in chart.lines]).sum(axis=0)
    last = run.positions.group_by("instrument").last()["value_minor"].sum()
    assert drawn[-1] == pytest.approx(100.0 * last / run.equity["equity_minor"][-1], abs=1e-3)


def test_benchmark_line_starts_at_the_equity() -> None:
    """The benchmark is scaled to the equity, waits for its first value and then stands until its next."""
    equity = pl.DataFrame({"ts_ns": [0, 10, 20, 30], "equity_minor": [500_00, 510_00, 520_00, 530_00]})
    market = pl.DataFrame({"ts_ns": [5, 25], "value": [2.0, 3.0]})
    chart = panels.equity_chart(equity, market, 2, 100)
    assert chart.lines[0].values == [500, 510, 520, 530]
    assert chart.lines[1].values == [None, 500, 500, 750]


def test_drawdown_is_drawn_below_zero(run) -> None:
    """The deepest mark of the table is the deepest point drawn, thinned or not."""
    chart = json.loads(embed(panels.drawdown_chart(run.equity, 100)))
    values = chart["lines"][0]["values"]
    assert len(values) <= 100
    assert min(values) == pytest.approx(-100.0 * run.equity["drawdown"].max(), rel=1e-6)
    assert max(values) == 0
