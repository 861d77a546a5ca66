"""Predictions come in whole, in order of time, or with the row that is wrong."""

from pathlib import Path

import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.model.predictions import ModelPrediction
from seawall.store.predictions import read_predictions

HEAD = "ts_local,name,instrument,value,confidence\n"


def test_csv_and_parquet_give_the_same_predictions(tmp_path: Path) -> None:
    """Times as ISO text or integer ns; sorted by time; an empty confidence is none."""
    text = tmp_path / "p.csv"
    text.write_text(HEAD + "1970-01-01T00:00:02Z,up,IBM,0.25,\n1970-01-01T00:00:01,up,AAPL,-1.5,0.75\n")
    table = tmp_path / "p.parquet"
    columns = {
        "ts_local": [2_000_000_000, 1_000_000_000],
        "name": ["up", "up"],
        "instrument": ["IBM", "AAPL"],
    }
    pl.DataFrame({**columns, "value": [0.25, -1.5], "confidence": [None, 0.75]}).write_parquet(table)
    expected = [
        ModelPrediction(name="up", instrument="AAPL", ts_local=1_000_000_000, value=-1.5, confidence=0.75),
        ModelPrediction(name="up", instrument="IBM", ts_local=2_000_000_000, value=0.25),
    ]
    assert read_predictions(text) == read_predictions(table) == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("ts_local,name,value\n1,a,2\n", "lacks instrument"),
        (HEAD.replace("confidence", "colour") + "1,a,B,2,red\n", "has the unknown colour"),
        (HEAD + "1,a,B,2,\nyesterday,a,B,2,\n", "row 2: expected an ISO 8601"),
        (HEAD + "1,a,B,nan,\n", "row 1: prediction 'a' of 'B': value must be finite"),
        (HEAD + "1,a,B,2,1.5\n", "row 1: prediction 'a' of 'B': confidence must lie in [0, 1]"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    """The error has the file and the row."""
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)
    assert wrong in str(caught.value)


def test_a_missing_file_is_the_users_mistake(tmp_path: Path) -> None:
    """No traceback, the name of the file."""
    with pytest.raises(DataError, match="no such file of predictions"):
        read_predictions(tmp_path / "none.csv")
