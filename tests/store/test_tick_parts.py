"""A part is there with its sidecar or not at all, and damage is named by its path."""

from pathlib import Path

import polars as pl
import pytest

from seawall.kernels.rows import FLAG_LAST, GAP, QUOTE_BID, TRADE
from seawall.model.errors import DataError
from seawall.store.tick_parts import GROUP_ROWS, content_sha256, facts_of, read_parts, write_part
from seawall.store.ticks import QUOTE_SCHEMA, TRADE_SCHEMA


def trades(count: int, first: int = 0) -> pl.DataFrame:
    """Trades at times first + 0, 1, 2 ..., which are their numbers as well."""
    rows = [(t, t + 10, t, TRADE, 1, 100, 5, FLAG_LAST) for t in range(first, first + count)]
    return pl.DataFrame(rows, schema=TRADE_SCHEMA, orient="row")


def test_a_part_comes_back(tmp_path: Path) -> None:
    """Any slice of it, across row groups; the facts say what it holds and where it comes from."""
    write_part(tmp_path, 0, trades(GROUP_ROWS + 5), clock_shift_ns=4, source="a file")
    write_part(tmp_path, 1, trades(3, GROUP_ROWS + 5))
    first, second = read_parts(tmp_path)
    assert [part.path.name for part in (first, second)] == ["part-00000.parquet", "part-00001.parquet"]
    assert (first.facts.rows, first.facts.clock_shift_ns, first.facts.source) == (GROUP_ROWS + 5, 4, "a file")
    around = first.read(["sequence", "ts_local"], GROUP_ROWS - 2, 4)
    assert around["sequence"].to_list() == [GROUP_ROWS - 2, GROUP_ROWS - 1, GROUP_ROWS, GROUP_ROWS + 1]
    assert content_sha256(second.read(list(TRADE_SCHEMA), 0, 3)) == second.facts.sha256
    assert read_parts(tmp_path / "nowhere") == []


def test_the_facts_of_quotes() -> None:
    """A quote is two market rows and a gap one; the last sequence is the greatest."""
    rows = [
        (1, 5, 9, QUOTE_BID, 99, 5, 100, 5, FLAG_LAST),
        (2, 5, 3, GAP, 0, 1, 0, 0, FLAG_LAST),
        (4, 6, 4, QUOTE_BID, 99, 5, 100, 5, FLAG_LAST),
    ]
    facts = facts_of(pl.DataFrame(rows, schema=QUOTE_SCHEMA, orient="row"))
    assert (facts.rows, facts.market_rows) == (3, 5)
    assert (facts.first_local_ns, facts.last_local_ns, facts.last_exchange_ns) == (5, 6, 4)
    assert (facts.first_sequence, facts.last_sequence) == (9, 9)
    assert (facts.latency_ns_min, facts.latency_ns_max) == (2, 4)


def test_the_hash_is_of_content(tmp_path: Path) -> None:
    """Compressing again changes nothing; a value, a row or a column's name does."""
    write_part(tmp_path, 0, trades(3))
    part = read_parts(tmp_path)[0]
    pl.read_parquet(part.path).write_parquet(part.path, compression="uncompressed")
    stored = part.read(list(TRADE_SCHEMA), 0, 3)
    assert content_sha256(stored) == part.facts.sha256
    others = [
        stored.with_columns(size_lots=pl.lit(6, pl.Int64)),
        stored.head(2),
        stored.rename({"side": "s"}),
    ]
    assert len({part.facts.sha256, *map(content_sha256, others)}) == 4


def test_a_part_without_sidecar_is_not_there(tmp_path: Path) -> None:
    """The last one is an interrupted write; one before others is a hole."""
    for number in range(3):
        write_part(tmp_path, number, trades(1, number))
    (tmp_path / "part-00002.json").unlink()
    assert len(read_parts(tmp_path)) == 2
    (tmp_path / "part-00000.json").unlink()
    with pytest.raises(DataError, match=r"part-00000\.json is missing, and later parts are there"):
        read_parts(tmp_path)


def test_damage_is_named(tmp_path: Path) -> None:
    """A part that is short, one that is no Parquet, and a sidecar that is none."""
    write_part(tmp_path, 0, trades(2))
    part = read_parts(tmp_path)[0]
    trades(1).write_parquet(part.path)
    with pytest.raises(DataError, match=r"part-00000\.parquet has 1 rows, and its sidecar says 2"):
        part.read(["kind"], 0, 2)
    for content in (b"", b"PAR1 garbage PAR1"):
        part.path.write_bytes(content)
        with pytest.raises(DataError, match=r"part-00000\.parquet cannot be read: "):
            part.read(["kind"], 0, 2)
    part.path.unlink()
    with pytest.raises(DataError, match=r"part-00000\.parquet cannot be read: "):
        part.read(["kind"], 0, 2)
    (tmp_path / "part-00000.json").write_text("{}")
    with pytest.raises(DataError, match=r"part-00000\.json is not the sidecar of a part: "):
        read_parts(tmp_path)
