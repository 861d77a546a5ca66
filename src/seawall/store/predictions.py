"""Predictions of a model from a file: CSV or Parquet, one row a prediction.

Rule 1: columns ts_local (ISO 8601, UTC unless it says otherwise, or integer ns), name, instrument and
        value; confidence, horizon_ns and version where there are any. Another column is an error.
Rule 2: ts_local is when the desk could have known the prediction, not the time it is about.
Rule 3: a row that cannot be used is a DataError with file, row and reason; nothing is dropped.
"""

from pathlib import Path
from typing import Any

import polars as pl

from seawall.model.errors import DataError
from seawall.model.predictions import ModelPrediction
from seawall.model.times import parse_time

__all__ = ["read_predictions"]

NEEDED = ("ts_local", "name", "instrument", "value")
OPTIONAL = ("confidence", "horizon_ns", "version")


def read_predictions(path: Path) -> list[ModelPrediction]:
    """All predictions of a file by (ts_local, name, instrument)."""
    frame = _read(path)
    missing = [column for column in NEEDED if column not in frame.columns]
    unknown = [column for column in frame.columns if column not in NEEDED + OPTIONAL]
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has the unknown {', '.join(unknown)}"
        raise DataError(f"{path}: {what}; columns are {', '.join(NEEDED)} and maybe {', '.join(OPTIONAL)}")
    found = [_prediction(path, number, row) for number, row in enumerate(frame.iter_rows(named=True), 1)]
    return sorted(found, key=lambda p: (p.ts_local, p.name, p.instrument))


def _read(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of predictions") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None


def _prediction(path: Path, number: int, row: dict[str, Any]) -> ModelPrediction:
    """One row; what it may be without is left to the defaults."""
    try:
        ts = row["ts_local"]
        confidence = row.get("confidence")
        return ModelPrediction(
            name=str(row["name"] or ""),
            instrument=str(row["instrument"] or ""),
            ts_local=int(ts) if str(ts).isdigit() else parse_time(str(ts)),
            value=float(row["value"]),
            confidence=None if confidence is None else float(confidence),
            horizon_ns=int(row.get("horizon_ns") or 0),
            version=str(row.get("version") or ""),
        )
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: row {number}: {error}") from None
