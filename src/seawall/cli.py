"""The command line: `seawall COMMAND`, and what each exit code means.

    0  the data was consumed to its end (breakers that tripped are printed)
    1  stopped early, by a broken invariant or by the policy's own exception
    2  the user's mistake, or a verification that failed
    3  a divergence: a replay differs from its record

Rule 1: this file parses and prints; what a command does stands in the rooms below.
Rule 2: only click is imported here; everything heavy is imported inside a command.
Rule 3: results go to stdout, progress to stderr and only to a terminal.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import click

from seawall import __version__

__all__ = ["main"]

FOLDER = click.Path(path_type=Path)
CONTEXT = {"help_option_names": ["-h", "--help"]}
CHUNK_ROWS = click.option(
    "--chunk-rows",
    type=click.IntRange(min=1),
    default=262_144,
    show_default=True,
    help="Market rows fed at a time; it changes no result.",
)


class Group(click.Group):
    """A group that turns our own errors into one line on stderr and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what is nobody's bug ends it without a traceback."""
        from seawall.model.errors import SeawallError

        try:
            return super().invoke(ctx)
        except SeawallError as error:
            _say(str(error))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _say("interrupted")
            ctx.exit(1)
        except BrokenPipeError:  # `seawall orders RUN | head`: whoever read has had enough
            sys.stdout = None
            ctx.exit(0)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _say(f"{where}{error.strerror or error}")
            ctx.exit(2)


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="seawall")
def main() -> None:
    """A risk-first trading engine: a gate you can prove, a log you can replay.

    Exit codes: 0 done, 1 stopped early by an invariant or the policy's own exception, 2 a mistake
    that you can mend or a failed verification, 3 a replay that differs from its record.
    """


def _json_option(command: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def _print(value: Any, as_json: bool, text: str) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=1))
    else:
        click.echo(text)


@main.command()
def kernels() -> None:
    """Compile the kernels of this version now, once: about a minute."""
    from seawall.runtime.warm import compile_kernels

    _say_compiling()
    click.echo(f"kernels {compile_kernels()}")


def _say_compiling() -> None:
    """Tells a person at a terminal why the first run of a version takes longer."""
    from seawall.runtime.warm import is_compiled

    if sys.stderr.isatty() and not is_compiled():
        click.echo("compiling the kernels of this version, once: about a minute", err=True)


# --- runs -------------------------------------------------------------------------------


@main.command()
@click.argument("folder", type=FOLDER)
def init(folder: Path) -> None:
    """Write a desk file and a policy skeleton into FOLDER."""
    from seawall.runtime.scaffold import write_desk

    for path in write_desk(folder):
        click.echo(f"wrote {path}")
    click.echo(f"next: seawall backtest {folder / 'desk.toml'} --out {folder / 'run'}")


@main.command()
@click.option("--out", type=FOLDER, help="Where the demo keeps its run and report (default: seawall-demo).")
def demo(out: Path | None) -> None:
    """Momentum over four US stocks: run it, explain it, replay it, report it."""
    from seawall.research.demo import run_demo

    _say_compiling()
    run_demo(out or Path("seawall-demo"), click.echo, _Progress)


@main.command()
@click.argument("desk", type=FOLDER)
@click.option("--out", type=FOLDER, help="Run folder to make (default: runs/NAME beside the desk file).")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="A.B=C",
    help="Override one key of the desk file; repeatable.",
)
@CHUNK_ROWS
@click.option("--overwrite", is_flag=True, help="Replace the run that the folder holds.")
@click.option(
    "--map-rows",
    "maps_rows",
    is_flag=True,
    help="Read ticks from a mapped file in the catalog, made at the first run; it changes no result.",
)
@click.option(
    "--stop-after", type=click.IntRange(min=0), help="Stop after N market rows; `seawall resume` goes on."
)
def backtest(desk: Path, out: Path | None, overrides: tuple[str, ...], **options: Any) -> None:
    """Run a desk file over its data; the last line printed is the result."""
    from seawall.runtime.desk_files import load_desk
    from seawall.runtime.run import backtest as run_backtest

    name = load_desk(desk, overrides)[0].desk.name
    folder = out or desk.parent / "runs" / name
    with _driven(folder) as progress:
        _say_compiling()
        run = run_backtest(desk, folder, overrides=overrides, progress=progress, **options)
    _print_run(run, folder)


@main.command()
@click.argument("run", type=FOLDER)
@CHUNK_ROWS
def resume(run: Path, chunk_rows: int) -> None:
    """Finish an interrupted RUN; the result is that of an uninterrupted one."""
    from seawall.runtime.run import resume as resume_run

    with _driven(run) as progress:
        finished = resume_run(run, chunk_rows=chunk_rows, progress=progress)
    _print_run(finished, run)


@main.command()
@click.argument("run", type=FOLDER)
def replay(run: Path) -> None:
    """Execute RUN again from its inputs and compare every record."""
    from seawall.research.listing import render_replay
    from seawall.runtime.replay import replay as replay_run

    click.echo(render_replay(replay_run(run)))


@main.command()
@click.argument("run", type=FOLDER)
def verify(run: Path) -> None:
    """Check every file of RUN against its manifest and its hash chain."""
    from seawall.model.errors import VerificationError
    from seawall.research.listing import render_verified
    from seawall.store.run_folder import RunFolder, verify_run

    problems = verify_run(run)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise VerificationError("\n  ".join([f"{run}: {count}", *problems]))
    click.echo(render_verified(RunFolder(run)))


# --- questions --------------------------------------------------------------------------


@main.command()
@click.argument("run", type=FOLDER)
@click.argument("order", type=int, required=False)
@click.option("--refused", is_flag=True, help="What was refused, by reason.")
@_json_option
def why(run: Path, order: int | None, refused: bool, as_json: bool) -> None:
    """The life of ORDER in RUN: what was seen, every rule, every event, every cost."""
    from seawall.store.run_folder import RunFolder
    from seawall.store.why import order_story, refusals, render_refusals, render_story

    if (order is None) == (not refused):
        raise click.UsageError("give an order number, or --refused")
    records = RunFolder(run).records()
    if order is None:
        rows = refusals(records)
        _print(rows, as_json, render_refusals(rows))
    else:
        story = order_story(records, order)
        _print(story, as_json, render_story(story))


def _table_command(name: str, help_text: str) -> None:
    @main.command(name, help=help_text)
    @click.argument("run", type=FOLDER)
    @_json_option
    def command(run: Path, as_json: bool) -> None:
        from seawall.research.listing import render_frame
        from seawall.runtime.run import open_run

        opened = open_run(run)
        frame = getattr(opened, name)
        _print(frame.to_dicts(), as_json, render_frame(frame, name, opened.manifest["exponent"]))


for _name, _help in (
    ("orders", "The orders of RUN with their status and fills."),
    ("fills", "The fills of RUN with their cost split."),
    ("trades", "The round trips of RUN, first in first out."),
    ("positions", "Each change of a position in RUN."),
):
    _table_command(_name, _help)


@main.command()
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
@_json_option
def compare(first: Path, second: Path, as_json: bool) -> None:
    """Two runs side by side: inputs that differ, metrics, and the first differing decision."""
    from seawall.research.comparison import compare_runs, render_comparison
    from seawall.runtime.run import open_run

    found = compare_runs(open_run(first), open_run(second))
    _print(found, as_json, render_comparison(found))


@main.command()
@click.argument("run", type=FOLDER)
@click.option("--out", type=FOLDER, help="HTML file to write (default: beside the run).")
def report(run: Path, out: Path | None) -> None:
    """Write one self-contained HTML report of RUN."""
    from seawall.research.run_tables import report_of
    from seawall.runtime.run import open_run

    click.echo(f"report {report_of(open_run(run), out)}")


# --- data -------------------------------------------------------------------------------


@main.group(cls=Group)
def data() -> None:
    """Import, record, check and query market data."""


CATALOG = click.option(
    "--catalog", default="catalog", show_default=True, help="Folder of the catalog, or sample:us-stocks."
)


@data.command("import")
@click.argument("paths", metavar="PATH...", type=FOLDER, nargs=-1, required=True)
@click.option("--instrument", help="Name of the instrument; without it each symbol of the file becomes one.")
@click.option("--symbol", help="Which symbol of the file to take.")
@click.option(
    "--kind",
    type=click.Choice(["bars", "trades", "quotes", "levels"]),
    default="bars",
    show_default=True,
    help="What a row of the file is.",
)
@click.option(
    "--format",
    type=click.Choice(["auto", "csv", "parquet", "binance"]),
    default="auto",
    show_default=True,
    help="binance: raw captures; several PATHs are one recording, with trades, quotes and levels.",
)
@click.option(
    "--bar-label",
    type=click.Choice(["open", "close"]),
    default="open",
    show_default=True,
    help="Whether the file's times are those of a bar's open or of its close.",
)
@click.option("--interval", default="1d", show_default=True, help="Length of a bar: 1m, 5m, 1h, 1d.")
@click.option("--tick", help="Smallest price step of a new instrument (default 0.01).")
@click.option("--lot", help="Smallest quantity step of a new instrument (default 1).")
@click.option("--currency", help="Currency of a new instrument (default USD).")
@click.option(
    "--sessions", help="Session table of a new instrument: XNYS (default), XNAS or 24/7 (default of ticks)."
)
@click.option(
    "--contract",
    type=click.Choice(["spot", "linear", "inverse"]),
    help="What a new instrument is (default spot).",
)
@click.option("--multiplier", help="Currency value of one unit of a new instrument (default 1).")
@click.option(
    "--clock-shift", help="What to add to local times of ticks, such as 1.28s (default: as needed)."
)
@click.option("--latency-floor", help="The smallest latency that ticks can have (default 0.5ms).")
@click.option("--tz", help="Zone of times that name none (default UTC).")
@click.option("--splits", type=FOLDER, help="CSV of splits: date, numerator, denominator.")
@click.option("--dividends", type=FOLDER, help="CSV of dividends: date, amount.")
@CATALOG
def import_(paths: tuple[Path, ...], catalog: str, **options: Any) -> None:
    """Import bars, trades, quotes or L2 levels from PATH (CSV, Parquet, or a raw capture)."""
    from seawall.research.commands import import_into

    with _Progress() as progress:
        found = import_into(paths, catalog, options, progress)
    click.echo(found.render())


@data.command("record")
@click.argument("source", metavar="FILE.PY:FUNCTION")
@click.option("--instrument", required=True, help="Name that ticks without one belong to.")
@click.option("--tick", help="Smallest price step of a new instrument (default 0.01).")
@click.option("--lot", help="Smallest quantity step of a new instrument (default 1).")
@click.option("--currency", help="Currency of a new instrument (default USD).")
@click.option("--sessions", help="Session table of a new instrument: 24/7 (default), XNYS or XNAS.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so long (default: at Ctrl-C).")
@click.option("--flush-rows", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option("--flush-seconds", type=click.FloatRange(min=0.1), default=60.0, show_default=True)
@click.option("--clock-shift-ns", type=int, default=0, help="Added to every time of arrival.")
@CATALOG
def record_(source: str, catalog: str, **options: Any) -> None:
    """Record the ticks that your own asynchronous generator FUNCTION yields."""
    from seawall.research.commands import record_into

    click.echo(record_into(source, catalog, options).render())


@data.command("check")
@CATALOG
@_json_option
def check_(catalog: str, as_json: bool) -> None:
    """Quality report: gaps, duplicates, violations, suspicious jumps, crossed books, clocks."""
    from seawall.store.quality import check
    from seawall.store.sample import open_catalog

    found = check(open_catalog(catalog))
    _print(found.to_dict(), as_json, found.render())


@data.command("sql")
@click.argument("query")
@CATALOG
@_json_option
def sql_(query: str, catalog: str, as_json: bool) -> None:
    """Query the catalog: tables bars, trades, quotes, levels, actions and instruments."""
    from seawall.research.listing import render_frame
    from seawall.store.sample import open_catalog
    from seawall.store.sql import query as run_query

    frame = run_query(open_catalog(catalog), query)
    _print(frame.to_dicts(), as_json, render_frame(frame, "rows"))


@data.command("list")
@CATALOG
@_json_option
def list_(catalog: str, as_json: bool) -> None:
    """What the catalog holds."""
    from seawall.research.listing import render_catalog
    from seawall.store.sample import open_catalog

    frame = open_catalog(catalog).describe()
    _print(frame.to_dicts(), as_json, render_catalog(frame))


# --- reference --------------------------------------------------------------------------


@main.group(cls=Group)
def config() -> None:
    """Reference pages made from the code."""


@config.command("reference")
def reference_() -> None:
    """Every key of a desk file with its unit, default and meaning."""
    from seawall.runtime.reference import reference_page

    click.echo(reference_page(), nl=False)


@config.command("reasons")
def reasons_() -> None:
    """Every reason in order of precedence."""
    from seawall.model.reasons import reference_page

    click.echo(reference_page(), nl=False)


# --- printing ---------------------------------------------------------------------------


class _Progress:
    """A progress bar on stderr, and only on a terminal; calling it does nothing elsewhere."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self.bar is None:
            self.bar = click.progressbar(length=total, file=sys.stderr, label="rows")
        self.bar.update(done - self.bar.pos)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.render_finish()


@contextmanager
def _driven(folder: Path) -> Generator[_Progress]:
    """A run with its progress; one that ends early says what the desk held, and how to go on."""
    from seawall.model.errors import DiskError, SeawallError, UserError

    try:
        with _Progress() as progress:
            yield progress
    except KeyboardInterrupt:
        _say(f"interrupted; to finish it: seawall resume {folder}")
        raise click.exceptions.Exit(1) from None
    except OSError as error:  # a write that failed knows its reason, but not its file
        where = error.filename or folder
        raise DiskError(f"{where}: cannot be written or read: {error.strerror or error}") from None
    except SystemExit as error:  # ours is click.exceptions.Exit, so it was the policy
        _say(f"the policy called sys.exit({error.code!r}); to go on: seawall resume {folder}")
        raise click.exceptions.Exit(1) from None
    except SeawallError as error:
        if isinstance(error, UserError):
            raise
        from seawall.research.listing import render_failure

        _say(str(error))
        click.echo(render_failure(folder, str(error)), err=True, nl=False)
        raise click.exceptions.Exit(error.exit_code) from None


def _say(message: str) -> None:
    click.echo(f"seawall: {message}", err=True)


def _print_run(run: Any, folder: Path) -> None:
    from seawall.research.listing import render_run

    click.echo(render_run(run, folder))
