"""Corporate actions are exact, frozen and told apart by their tag."""

from decimal import Decimal

import msgspec
import pytest

from seawall.model.corporate import CorporateAction, Dividend, Split


def test_both_kinds_survive_json() -> None:
    """The tag tells a split from a dividend and the amount stays an exact decimal."""
    actions: list[CorporateAction] = [
        Split("X", 1, 3, 2, "three for two"),
        Dividend("X", 2, Decimal("0.0625")),
    ]
    again = msgspec.json.decode(msgspec.json.encode(actions), type=list[CorporateAction])
    assert again == actions


@pytest.mark.parametrize("terms", [(0, 1), (2, 0), (-2, 1)])
def test_a_split_needs_positive_terms(terms: tuple[int, int]) -> None:
    """Zero or negative shares are refused."""
    with pytest.raises(ValueError, match="must be above 0"):
        Split("X", 1, *terms)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity"])
def test_a_dividend_needs_a_positive_amount(amount: str) -> None:
    """Nothing, less than nothing and no number are refused."""
    with pytest.raises(ValueError, match="must be above 0"):
        Dividend("X", 1, Decimal(amount))
