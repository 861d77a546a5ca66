"""What the data commands do with their options."""

from pathlib import Path
from typing import Any

import pytest

from seawall.model.errors import CatalogError, ConfigError, SeawallError
from seawall.research.commands import import_into
from seawall.store.catalog import Catalog

OPTIONS: dict[str, Any] = {
    "instrument": "ACME", "symbol": None, "kind": "auto", "bar_label": "open", "interval": "1d", "tick": None,
    "lot": None, "currency": None, "sessions": None, "tz": None, "splits": None, "dividends": None,
}  # fmt: skip
GOOD = "date,open,high,low,close,volume\n2001-01-02,10,11,9,10.5,1000\n2001-01-03,10.5,11,9,10.25,2000\n"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """A file of two good bars."""
    path = tmp_path / "acme.csv"
    path.write_text(GOOD)
    return path


def test_a_new_instrument_gets_the_terms_of_the_options(bars: Path, tmp_path: Path) -> None:
    """Tick, lot, currency and sessions; what is not said has its default."""
    found = import_into(bars, str(tmp_path / "c"), {**OPTIONS, "tick": "0.05", "sessions": "XNAS"})
    terms = Catalog(tmp_path / "c").instrument("ACME")
    assert found.rows_written == 2
    assert (str(terms.tick), str(terms.lot), terms.currency, terms.sessions) == ("0.05", "1", "USD", "XNAS")
    assert import_into(bars, str(tmp_path / "c"), OPTIONS).duplicates == 2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"tick": "x"}, "--tick 'x': expected a decimal number"),
        ({"tick": "0"}, "tick must be .*above 0"),
        ({"lot": "nan"}, "lot must be .*above 0"),
        ({"currency": "ABC"}, "unknown currency 'ABC'"),
        ({"instrument": "A B"}, "instrument name 'A B'"),
        ({"interval": "3w"}, "interval '3w'"),
        ({"tz": "Mars"}, "no time zone 'Mars'"),
        ({"splits": Path("absent.csv")}, "no file absent.csv"),
        ({"symbol": "OTHER"}, "OTHER"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    bars: Path, tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    """Each is an error, and nothing is written."""
    with pytest.raises(SeawallError, match=says):
        import_into(bars, str(tmp_path / "c"), {**OPTIONS, **changed})
    assert not (tmp_path / "c" / "bars").exists()


def test_a_sample_is_never_written_to(bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the shipped one, nor a folder that happens to have its name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match="read-only"):
        import_into(bars, "sample:us-stocks", OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["acme.csv"]


def test_other_terms_than_the_stored_ones_are_refused(bars: Path, tmp_path: Path) -> None:
    """An instrument keeps the grid that its bars stand on."""
    import_into(bars, str(tmp_path / "c"), OPTIONS)
    with pytest.raises((CatalogError, ConfigError), match="ACME"):
        import_into(bars, str(tmp_path / "c"), {**OPTIONS, "tick": "0.05"})
