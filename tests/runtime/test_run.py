"""A run as a library object: the names of the commands, results as frames."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import seawall
from seawall.config import parse_desk
from seawall.model.errors import RunError
from seawall.runtime.run import backtest, open_run, resume
from seawall.store.run_folder import verify_run

TABLES = ("decisions", "orders", "fills", "trades", "positions", "equity", "refusals")


def test_in_memory_and_on_disk(small: Any, tmp_path: Path) -> None:
    """A run in memory, its twin in a folder and the folder opened again tell the same."""
    memory = backtest(small.file)
    disk = backtest(str(small.file), tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert memory.result == disk.result == opened.result
    assert memory.folder is None
    assert opened.folder == disk.folder == tmp_path / "run"
    assert memory.is_complete
    assert opened.is_complete
    for table in TABLES:
        frame = getattr(memory, table)
        assert isinstance(frame, pl.DataFrame)
        assert frame.equals(getattr(opened, table), null_equal=True), table
    assert repr(memory) == f"<Run small complete result {memory.result}>"


def test_the_package_has_the_same_names(small: Any, tmp_path: Path) -> None:
    """`import seawall` offers what the command line offers, on the same objects."""
    run = seawall.backtest(small.file, tmp_path / "run", stop_after=100)
    assert not run.is_complete
    finished = seawall.resume(tmp_path / "run")
    assert finished.is_complete
    assert verify_run(tmp_path / "run") == []
    assert seawall.replay(tmp_path / "run").replayed == seawall.open_run(tmp_path / "run").result
    assert isinstance(finished, seawall.Run)


def test_a_desk_as_an_object(small: Any) -> None:
    """A Desk runs as it is; overrides belong to files and are refused with it."""
    desk = parse_desk(small.file.read_text(), ("strategy.path=" + str(small.policy),))
    assert backtest(desk).orders.equals(backtest(small.file).orders)
    with pytest.raises(RunError, match="overrides"):
        backtest(desk, overrides=("desk.seed=1",))


def test_tables_agree_with_each_other(small: Any) -> None:
    """Orders, fills, positions and equity of one run add up to each other."""
    run = backtest(small.file)
    filled = run.fills.group_by("order_id").agg(pl.col("lots").sum()).sort("order_id")
    orders = run.orders.filter(pl.col("filled_lots") > 0).sort("order_id")
    assert orders["filled_lots"].to_list() == filled["lots"].to_list()
    assert run.decisions.filter(kind="approved").height == run.orders.height
    fees = run.fills["fee_minor"].sum()
    assert run.equity["fees_minor"][-1] in (fees, -fees)
    assert run.refusals["count"].sum() == run.decisions.filter(kind="refused").height


def test_why(small: Any) -> None:
    """Each order has a story, an unknown one is an error, refusals are listed by reason."""
    run = backtest(small.file, overrides=("risk.order_lots_max=3_000",))
    assert run.why(1)["order_id"] == 1
    assert sum(entry["count"] for entry in run.refused()) == run.refusals["count"].sum() > 0
    with pytest.raises(RunError):
        run.why(10**6)


def test_resume_counts_its_chunks(small: Any, tmp_path: Path) -> None:
    """A resumed run tells progress from where it stood."""
    backtest(small.file, tmp_path / "run", stop_after=200)
    told: list[int] = []
    run = resume(tmp_path / "run", chunk_rows=100, progress=lambda done, _: told.append(done))
    assert told[0] == 300
    assert told[-1] == run.manifest["rows"]
    assert run.chunks == len(told)
