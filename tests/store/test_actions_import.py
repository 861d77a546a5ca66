"""Splits and dividends from CSV: all of a file, or an error that names the row."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.actions_import import read_dividends, read_splits

APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))


def written(folder: Path, text: str) -> Path:
    """A CSV file with that text."""
    (folder / "actions.csv").write_text(text)
    return folder / "actions.csv"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("date,ratio\n2000-06-21,2:1\n", (2, 1)),
        ("Ex Date,Ratio\n2000-06-21,3/2\n", (3, 2)),
        ("date,split\n2000-06-21,1.5\n", (3, 2)),
        ("date,numerator,denominator\n2000-06-21,1,10\n", (1, 10)),
        ("symbol,date,ratio\nIBM,2000-06-21,5\nAAPL,2000-06-21,2\n", (2, 1)),
    ],
)
def test_ways_to_write_a_split(tmp_path: Path, text: str, terms: tuple[int, int]) -> None:
    """Each spelling gives the exact ratio at the open of the ex-date."""
    (split,) = read_splits(written(tmp_path, text), APPLE)
    assert (split.numerator, split.denominator) == terms
    assert str(np.datetime64(split.ts_local, "ns"))[:16] == "2000-06-21T13:30"


def test_dividends_are_exact(tmp_path: Path) -> None:
    """An amount keeps its decimals; no file is no dividend."""
    (dividend,) = read_dividends(written(tmp_path, "date,amount\n2012-08-09,2.6500\n"), APPLE)
    assert dividend.amount == Decimal("2.65")
    assert read_dividends(None, APPLE) == read_splits(None, APPLE) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,ratio\n2000-06-24,2:1\n", "row 1: 2000-06-24 is no session of XNYS"),
        ("date,ratio\n2000-06-21,2:1\nsoon,2:1\n", "row 2: 'soon' is no date"),
        ("date,ratio\n2000-06-21,two\n", "row 1: 'two' is no number"),
        ("date,ratio\n2000-06-21,0:1\n", "'0' must be above 0"),
        ("date,ratio\n2000-06-21,1:2:3\n", "expected 2:1, 2/1 or 2"),
        ("date,ratio\n2000-06-21,\n", "'' is no number"),
        ("date,what\n2000-06-21,2\n", "no column ratio or split"),
        ("when,ratio\n2000-06-21,2\n", "no column exdate or date"),
        ("date,ratio\n2000-06-21,2,1\n", "more fields than the header"),
    ],
)
def test_bad_rows_refuse_the_file(tmp_path: Path, text: str, message: str) -> None:
    """Money moves by these: one bad row is an error."""
    with pytest.raises(DataError, match=message):
        read_splits(written(tmp_path, text), APPLE)
