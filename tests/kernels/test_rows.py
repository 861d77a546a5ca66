"""The market row: its bytes are a format, so its layout is pinned here."""

import pytest

from seawall.kernels import rows
from seawall.kernels.rows import FLAG_LAST, KIND_NAMES, ROW

# name, type, offset: the table of docs/ARCHITECTURE.md
LAYOUT = [
    ("ts_exchange", "int64", 0),
    ("ts_local", "int64", 8),
    ("sequence", "int64", 16),
    ("price_ticks", "int64", 24),
    ("size_lots", "int64", 32),
    ("instrument", "int32", 40),
    ("kind", "uint8", 44),
    ("side", "int8", 45),
    ("flags", "uint16", 46),
]
KINDS = {name: getattr(rows, name) for name in rows.__all__ if name.isupper() and name in KIND_NAMES.values()}
FLAGS = {name: getattr(rows, name) for name in rows.__all__ if name.startswith("FLAG_")}


def test_a_row_has_48_bytes_without_a_hole() -> None:
    """The documented fields in their order, each aligned, and nothing between them."""
    assert ROW.itemsize == 48
    assert ROW.isalignedstruct
    assert [(name, kind.name, offset) for name, (kind, offset) in ROW.fields.items()] == LAYOUT
    assert sum(kind.itemsize for kind, _ in ROW.fields.values()) == ROW.itemsize


def test_kinds_are_numbered_and_named() -> None:
    """Each kind has its own number, which fits its field, and its name."""
    assert {name: number for number, name in KIND_NAMES.items()} == KINDS
    assert sorted(KINDS.values()) == list(range(1, 13))
    assert len(KIND_NAMES) == len(KINDS) == 12


def test_the_rows_of_a_bar_stand_together() -> None:
    """The core tells a bar's rows by BAR_OPEN <= kind <= BAR_TRADES, in the order of a packet."""
    names = [KIND_NAMES[kind] for kind in range(rows.BAR_OPEN, rows.BAR_TRADES + 1)]
    assert names == ["BAR_OPEN", "BAR_HIGH", "BAR_LOW", "BAR_CLOSE", "BAR_BUY_VOLUME", "BAR_TRADES"]


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_is_one_bit(name: str) -> None:
    """Flags can stand together: each is a bit of 16 that no other uses."""
    others = sum(value for other, value in FLAGS.items() if other != name)
    assert FLAGS[name].bit_count() == 1
    assert FLAGS[name] < 1 << 16
    assert FLAGS[name] & others == 0


def test_last_is_the_lowest_bit() -> None:
    """Catalogs on disk carry it."""
    assert FLAG_LAST == 1
    assert len(FLAGS) == 8
