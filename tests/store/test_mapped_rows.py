"""Mapped rows: the same rows as the streams, made once, made again when they are not whole."""

from pathlib import Path

import numpy as np
import pytest
from tick_world import write_market

from seawall.kernels.rows import BAR_OPEN, ROW
from seawall.model.errors import CatalogError, DataError
from seawall.store.catalog import Catalog
from seawall.store.mapped_rows import is_exchange_ordered, map_rows
from seawall.store.row_source import MemoryRows, RowSource, open_rows


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A made-up market of two instruments."""
    return write_market(tmp_path / "catalog", {"ONE": 1, "TWO": 2}, 200)


def opened(catalog: Catalog, *streams: str) -> RowSource:
    """The merge of both instruments' streams."""
    return open_rows(catalog, ["ONE", "TWO"], streams)


def test_they_are_the_rows_of_the_streams(catalog: Catalog) -> None:
    """Every row, in its place, with all that the source knew of them; the second time nothing is written."""
    source = opened(catalog, "trades", "levels")
    rows = np.concatenate(list(source.pieces(1000)))
    mapped = map_rows(source, catalog, "")
    assert mapped.memory is not None
    assert mapped.memory.tobytes() == rows.tobytes()
    assert np.concatenate(list(mapped.pieces(77))).tobytes() == rows.tobytes()
    for field in ("rows_total", "first_ns", "last_ns", "latency_ns_max", "content_hash", "clock_shifts"):
        assert getattr(mapped, field) == getattr(source, field), field
    file = next((catalog.path / "mapped").glob("*.rows"))
    before = file.stat().st_mtime_ns
    assert map_rows(opened(catalog, "trades", "levels"), catalog, "").memory is not None
    assert file.stat().st_mtime_ns == before


def test_what_decides_the_rows_names_the_file(catalog: Catalog) -> None:
    """Other streams, another latency or more data are another file."""
    map_rows(opened(catalog, "trades"), catalog, "")
    map_rows(opened(catalog, "trades"), catalog, "50ms 42")
    map_rows(opened(catalog, "quotes"), catalog, "")
    assert len(list((catalog.path / "mapped").glob("*.rows"))) == 3


def test_what_is_not_whole_is_made_again(catalog: Catalog) -> None:
    """Without its sidecar a file is not read; one of another length is an error that says what to do."""
    source = opened(catalog, "trades")
    map_rows(source, catalog, "")
    file = next((catalog.path / "mapped").glob("*.rows"))
    whole = file.read_bytes()
    file.with_suffix(".json").unlink()
    file.write_bytes(b"half")
    mapped = map_rows(source, catalog, "")
    assert mapped.memory is not None
    assert mapped.memory.tobytes() == whole
    file.write_bytes(whole[:-1])
    with pytest.raises(DataError, match="is not as it was written; delete it"):
        map_rows(source, catalog, "")


def test_a_sample_is_not_written_into(catalog: Catalog) -> None:
    """Samples are read-only."""
    sample = Catalog(catalog.path, read_only=True, name="sample:x")
    with pytest.raises(CatalogError, match="read-only"):
        map_rows(opened(catalog, "trades"), sample, "")


ORDERS = [  # exchange times, which are opens, whether they are in order
    ([], [], True),
    ([5], [0], True),
    ([1, 2, 3], [0, 0, 0], True),
    ([1, 1, 2], [0, 0, 0], True),
    ([2, 1], [0, 0], False),
    ([1, 1], [0, 1], True),
    ([1, 1], [1, 0], False),
    ([1, 1], [1, 1], True),
]


@pytest.mark.parametrize(("times", "opens", "ordered"), ORDERS)
def test_the_two_orders_are_one(times: list[int], opens: list[int], ordered: bool) -> None:
    """Times do not fall, and at one time opens stand last; also across the pieces that are looked at."""
    rows = np.zeros(len(times), ROW)
    rows["ts_exchange"] = times
    rows["kind"] = [BAR_OPEN if is_open else 1 for is_open in opens]
    assert is_exchange_ordered(rows) is ordered
    before = np.zeros(262_143, ROW)
    assert is_exchange_ordered(np.concatenate([before, rows])) is ordered
    assert MemoryRows(rows).rows_total == len(times)
