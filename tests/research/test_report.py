"""The page as a whole: complete in itself, small, escaped, true to its figures, whatever the run."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import polars as pl
import pytest

from seawall.model.errors import DiskError, RunError
from seawall.research.bands import METRICS
from seawall.research.measures import measure
from seawall.research.panels import shown
from seawall.research.report import SIZE_BYTES_MAX, RunTables, render, write_report

EVIL = "</script><script>alert('x')</script><img src=x onerror=alert(1)>\"'&"
DAY_NS = 86_400_000_000_000


class Page(HTMLParser):
    """What a browser would find: tags with attributes, scripts, styles, text, figures."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.figures: dict[str, tuple[str, str]] = {}
        self.text: list[str] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the tag; void elements do not stay open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link"):
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Elements are closed in the order in which they were opened."""
        assert self.open.pop()[0] == tag, tag

    def handle_data(self, data: str) -> None:
        """Sort text by the element that holds it."""
        tag, attributes = self.open[-1] if self.open else ("", {})
        if tag in self.inside:
            self.inside[tag].append(data)
        else:
            self.text.append(data)
        if "data-metric" in attributes:
            self.figures[str(attributes["data-metric"])] = (str(attributes["data-value"]), data)


def changed(run: RunTables, **fields: object) -> RunTables:
    """The run with some of its fields replaced."""
    return msgspec.structs.replace(run, **fields)


@pytest.fixture(scope="module")
def text(run) -> str:
    """The page of the usual run."""
    return render(run)


def test_page_is_small_and_written_whole(run, tmp_path) -> None:
    """One file below 300 KB, at the path asked for, nothing left beside it."""
    path = write_report(run, tmp_path / "report.html")
    assert path == tmp_path / "report.html"
    assert path.stat().st_size < SIZE_BYTES_MAX == 300_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_long_run_is_thinned_until_it_fits(runs, tmp_path) -> None:
    """Ten thousand days, long names and long lists stay below the limit, extremes included."""
    run = runs(days=10_000, fills=100, trades=3_000)
    run.assumptions = {f"assumption {n} {'x' * 300}": "y" * 3_000 for n in range(500)}
    run.breakers = [{f"key {n}": "z" * 500 for n in range(12)}] * 400
    run.refusals = pl.DataFrame({"rule": ["r" * 300] * 400, "reason": ["s" * 300] * 400, "count": range(400)})
    run.manifest = run.manifest | {f"k{n}": "v" * 999 for n in range(300)}
    path = write_report(run, tmp_path / "long.html")
    assert path.stat().st_size < SIZE_BYTES_MAX
    chart = json.loads(Page(path.read_text()).inside["script"][0])[1]
    assert min(chart["lines"][0]["values"]) == pytest.approx(-100 * run.equity["drawdown"].max(), rel=1e-6)


def test_page_asks_nobody(text) -> None:
    """No element loads anything, no style has an address, the policy forbids both."""
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form"), tag
        assert not attributes.keys() & {"src", "href", "srcset", "action", "style", "onerror", "onclick"}
    assert "url(" not in "".join(page.inside["style"])
    assert "@import" not in "".join(page.inside["style"])
    addresses = re.findall(r"\w+://[^\s\"'<]+", text)
    assert addresses == ["https://github.com/leeoniya/uPlot"]  # the comment at the head of uPlot


def test_policy_names_exactly_what_runs(text) -> None:
    """The hashes of the policy are those of the embedded style and scripts, and of nothing else."""
    page = Page(text)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    data, *programs = page.inside["script"]
    assert json.loads(data)
    hashes = {
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (*programs, *page.inside["style"])
    }
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes
    assert "unsafe" not in policy


def test_strings_from_outside_stay_text(run) -> None:
    """A hostile name anywhere in the tables is printed and never becomes markup."""
    evil = changed(
        run,
        name=EVIL,
        currency=EVIL,
        manifest={**run.manifest, EVIL: EVIL},
        refusals=run.refusals.with_columns(pl.lit(EVIL).alias("reason"), pl.lit(EVIL).alias("rule")),
        trades=run.trades.with_columns(pl.lit(EVIL).alias("instrument"), pl.lit(EVIL).alias("side")),
        positions=run.positions.with_columns(pl.lit(EVIL).alias("instrument")),
        assumptions={EVIL: EVIL},
        breakers=[{EVIL: EVIL}],
    )
    page = Page(render(evil))
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("script"), tags.count("img")) == (3, 0)
    assert len(page.inside["script"]) == 3
    assert any("<script>alert" in part for part in page.text)
    assert json.loads(page.inside["script"][0])[3]["lines"][0]["label"] == EVIL


def test_every_figure_shown_is_the_figure_measured(run, text) -> None:
    """Each cell holds the exact value of the measure and its rounding, for every metric."""
    page = Page(text)
    values = measure(run.equity, run.fills, run.trades, 252).values
    assert list(page.figures) == list(METRICS)
    for name, (exact, printed) in page.figures.items():
        assert exact == ("" if values[name] is None else repr(float(values[name]))), name
        assert printed == shown(name, values[name], run.exponent), name


def test_identity_and_assumptions_are_printed(run, text) -> None:
    """Result, hashes, seed, version and each assumption can be read."""
    words = " ".join(Page(text).text)
    for value in ("3f" * 32, "a1" * 32, "07" * 32, "0.1.0", *run.assumptions, *run.assumptions.values()):
        assert value in words
    for part in ("no investment advice", "Copyright (c) 2022 Leon Sorokin"):
        assert part in words


def test_same_tables_same_bytes(runs) -> None:
    """Nothing of the hour or of the machine enters the page."""
    assert render(runs(days=300)) == render(runs(days=300))


def degenerate(run: RunTables, kind: str) -> RunTables:
    """The usual run with one thing missing."""
    equity = run.equity
    flat = [pl.lit(100_000_00, pl.Int64).alias("equity_minor"), pl.lit(0.0).alias("drawdown")]
    empty = {"fills": run.fills.clear(), "trades": run.trades.clear(), "positions": run.positions.clear()}
    return {
        "no fills": changed(run, **empty),
        "one day": changed(run, equity=equity.head(1), **empty),
        "two days": changed(run, equity=equity.head(2), **empty),
        "one day of hours": changed(
            run, equity=equity.head(20).with_columns((pl.int_range(20) * DAY_NS // 24).alias("ts_ns"))
        ),
        "flat": changed(run, equity=equity.with_columns(flat)),
        "no benchmark": changed(run, benchmark=None),
        "empty benchmark": changed(run, benchmark=run.benchmark.clear()),
        "strange benchmark": changed(run, benchmark=pl.DataFrame({"ts_ns": [0], "value": [-1.0]})),
        "ruin": changed(
            run,
            equity=equity.with_columns(
                (pl.col("equity_minor") - pl.int_range(pl.len()) * 9_999).alias("equity_minor")
            ),
        ),
        "nothing said": changed(run, assumptions={}, breakers=[], refusals=run.refusals.clear()),
        "tables of no type": changed(
            run,
            fills=pl.DataFrame({name: [] for name in run.fills.columns}),
            trades=pl.DataFrame({name: [] for name in run.trades.columns}),
            positions=pl.DataFrame({name: [] for name in run.positions.columns}),
            refusals=pl.DataFrame({name: [] for name in run.refusals.columns}),
        ),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "no fills",
        "one day",
        "two days",
        "one day of hours",
        "flat",
        "no benchmark",
        "empty benchmark",
        "strange benchmark",
        "ruin",
        "nothing said",
        "tables of no type",
    ],
)
def test_degenerate_runs_have_a_report(run, kind: str) -> None:
    """Whatever is missing, the page is whole, says what is missing and prints no NaN or infinity."""
    page = Page(render(degenerate(run, kind)))
    words = " ".join(page.text)
    assert not re.search(r"\b(nan|inf|None)\b", words, re.IGNORECASE)
    assert len(json.loads(page.inside["script"][0])) == 4
    assert page.open == []
    assert list(page.figures) == list(METRICS)
    for exact, printed in page.figures.values():
        assert (exact == "") == (printed == "\N{EN DASH}")
        assert exact == "" or np.isfinite(float(exact))


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("us-momentum: manifest annualisation", {"manifest": {}}),
        ("annualisation must be an integer >= 1: 0", {"manifest": {"annualisation": 0}}),
        ("annualisation must be an integer >= 1: True", {"manifest": {"annualisation": True}}),
        ("equity table is empty", {"equity": "clear"}),
        ("fills lacks fee_minor, liquidity", {"fills": ["fee_minor", "liquidity"]}),
        ("benchmark lacks value", {"benchmark": ["value"]}),
        ("starting equity must be above 0", {"equity": "zero"}),
    ],
)
def test_unusable_tables_are_named(run, message: str, fields: dict[str, object]) -> None:
    """What cannot be reported is a user error that names the table and the column."""
    for name, wish in list(fields.items()):
        if name != "manifest":
            frame = getattr(run, name)
            zero = frame.with_columns(pl.lit(0, pl.Int64).alias(frame.columns[1]))
            fields[name] = (
                {"clear": frame.clear(), "zero": zero}.get(str(wish))
                if isinstance(wish, str)
                else frame.drop(wish)
            )
    with pytest.raises(RunError, match=re.escape(message)):
        render(changed(run, **fields))


def test_a_disk_that_refuses_is_named(run, tmp_path) -> None:
    """A folder that does not exist is a disk error with the path."""
    with pytest.raises(DiskError, match=r"absent.*report\.html"):
        write_report(run, tmp_path / "absent" / "report.html")
