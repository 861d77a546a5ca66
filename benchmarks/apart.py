"""seawall's catalogs for the benchmarks, each written by a process of its own.

Rule: writing a catalog is preparation, so neither its time nor its memory is the run's.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

__all__ = ["make_catalog_apart"]


def make_catalog_apart(module: str, home: Path, rows: np.ndarray) -> None:
    """`python -m module FILE FOLDER` turns the rows into the catalog `home / "catalog"`."""
    file = home / "rows.npy"
    np.save(file, rows)
    command = [sys.executable, "-m", module, str(file), str(home / "catalog")]
    subprocess.run(command, check=True, stdout=sys.stderr)
    file.unlink()
