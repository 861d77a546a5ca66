"""Catalogs by name: the samples that ship in the package, or a folder.

Rule 1: a sample is read-only; what it is made of stands in its PROVENANCE.md.
"""

import difflib
from pathlib import Path

from seawall.model.errors import CatalogError
from seawall.store.catalog import Catalog

__all__ = ["SAMPLES", "open_catalog", "sample_folder"]

SAMPLES = {"us-stocks": "us_stocks"}
PREFIX = "sample:"
FOLDER = Path(__file__).parent / "samples"


def sample_folder(name: str) -> Path:
    """The folder of a shipped sample, named without its prefix; an unknown one is a CatalogError."""
    if name not in SAMPLES:
        near = difflib.get_close_matches(name, list(SAMPLES), n=1, cutoff=0.4)
        hint = f"; did you mean 'sample:{near[0]}'?" if near else ""
        raise CatalogError(
            f"no sample 'sample:{name}'{hint} There are: {', '.join(PREFIX + s for s in SAMPLES)}"
        )
    return FOLDER / SAMPLES[name]


def open_catalog(where: Path | str) -> Catalog:
    """The catalog at a folder, or a shipped one read-only (`sample:us-stocks`).

    A folder that is not there, or is no catalog, is a CatalogError.
    """
    if str(where).startswith(PREFIX):
        return Catalog(sample_folder(str(where).removeprefix(PREFIX)), read_only=True, name=str(where))
    path = Path(where)
    if not path.exists():
        raise CatalogError(
            f"no catalog at {path}; `seawall data import` makes one, sample:us-stocks ships with us"
        )
    if not (path / "instruments").is_dir():
        raise CatalogError(f"{path} is not a catalog: it has no folder `instruments`")
    return Catalog(path)
