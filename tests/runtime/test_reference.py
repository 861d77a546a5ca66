"""The reference of a desk file is complete, and the page in docs/ is what it prints."""

from pathlib import Path

import msgspec
import pytest

from seawall.config import SECTIONS, DataSettings
from seawall.risk.limits import InstrumentRiskSettings
from seawall.runtime.policies import BUILT_IN
from seawall.runtime.reference import meanings, reference_page
from seawall.simulator.settings import Fees

PAGE = Path(__file__).resolve().parents[2] / "docs" / "desk_file.md"


def test_the_page_is_made_from_the_code() -> None:
    """docs/desk_file.md is the output of `seawall config reference`."""
    assert PAGE.read_text("utf-8") == reference_page(), "run: seawall config reference > docs/desk_file.md"


@pytest.mark.parametrize("struct", [*SECTIONS.values(), InstrumentRiskSettings, Fees])
def test_every_key_has_a_row_with_a_unit_and_a_meaning(struct: type[msgspec.Struct]) -> None:
    """No cell of any row is empty, and only the seed of the venue is left out."""
    rows = [line.split(" | ") for line in reference_page().splitlines() if line.startswith("| `")]
    assert all(len(cell.strip(" |")) > 0 for row in rows for cell in row)
    listed = [row[0].strip("| `") for row in rows]
    names = [field.name for field in msgspec.structs.fields(struct)]
    assert [name for name in names if name not in listed] == []
    assert all(meanings(struct)[name].endswith((".", ")")) for name in names)


def test_the_seed_of_the_venue_cannot_be_mistaken_for_a_setting() -> None:
    """One seed decides all draws, so the page has one."""
    assert sum(line.startswith("| `seed`") for line in reference_page().splitlines()) == 1


def test_the_parameters_of_the_built_in_policies_are_listed() -> None:
    """[strategy] has the constructor's arguments with their defaults."""
    page = reference_page()
    assert all(f"### {name}" in page for name in BUILT_IN)
    assert "| `kelly_fraction` | `0.25` |" in page


def test_meanings_are_those_of_the_source() -> None:
    """A string below a field, or a docstring that lists the fields: both are found."""
    assert meanings(DataSettings)["end"] == "Last day or instant, exclusive."
    assert meanings(Fees)["minimum"] == "Least commission of an order that fills at all."
