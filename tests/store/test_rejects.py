"""Rejected rows are kept with file, row, reason and text, under a name that does not depend on time."""

from pathlib import Path

import pytest

from seawall.model.errors import DataError
from seawall.store.catalog import Catalog
from seawall.store.rejects import Reject, count_reasons, read_rejects, write_rejects

REJECTS = [Reject(9, "B", "low 3 is above 2"), Reject(2, "A", "close is missing")]


def test_the_same_rejects_are_the_same_file(tmp_path: Path) -> None:
    """Written twice is one file, sorted by row, raw text quoted."""
    catalog = Catalog(tmp_path)
    raw = {2: "2000-01-03,,", 9: 'a,"b"'}
    paths = {write_rejects(catalog, Path("in/x.csv"), order, raw) for order in (REJECTS, REJECTS[::-1])}
    assert len(paths) == 1
    assert paths.pop().read_text().splitlines() == [
        "file,row,instrument,reason,raw",
        'in/x.csv,2,A,close is missing,"2000-01-03,,"',
        'in/x.csv,9,B,low 3 is above 2,"a,""b"""',
    ]
    assert read_rejects(catalog) == {"A": ["close is missing"], "B": ["low 3 is above 2"]}


def test_reasons_add_up_by_kind() -> None:
    """The numbers and texts of single rows are left out of the kind."""
    reasons = ["open 1.5 is not on the tick 0.01; fits 0.1", "open 2.25 is not on the tick 0.01; fits 0.1",
               "close is no number: 'x'", "close is no number: 'y'"]  # fmt: skip
    assert count_reasons(reasons) == {"close is no number": 2, "open # is not on the tick 0.01": 2}


def test_a_foreign_file_in_the_folder(tmp_path: Path) -> None:
    """A file there that is no reject file is named."""
    (tmp_path / "rejects").mkdir()
    (tmp_path / "rejects" / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"x\.csv is no reject file"):
        read_rejects(Catalog(tmp_path))
