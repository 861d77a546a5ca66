"""Reasons: their order is their number, each has a meaning, and the page lists them all."""

from pathlib import Path

from seawall.model.reasons import MEANING, Reason, reference_page

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"
# What may fail first goes first: input, doubles, the latches, prices, the order, the position, money.
GATE = [
    *("INVALID_INPUT", "UNIT_MISMATCH", "DUPLICATE_ORDER", "NO_POSITION_TO_REDUCE"),
    *("DRAWDOWN_LIMIT", "DAILY_LOSS_LIMIT", "BOOK_INVALID", "STALE_DATA"),
    *("NAKED_MARKET_ORDER", "PRICE_COLLAR"),
    *("UNKNOWN_VOLUME", "ORDER_QUANTITY", "ORDER_NOTIONAL", "OPEN_ORDERS", "UNEXECUTED_NOTIONAL"),
    *("POSITION_LIMIT", "SHORT_NOT_ALLOWED", "SINGLE_NAME_LIMIT", "GROSS_LIMIT", "NET_LIMIT"),
    *("LEVERAGE_LIMIT", "CAPITAL"),
]


def test_precedence_is_the_number() -> None:
    """Written in order, numbered in order, no number twice: the lowest is the reason."""
    numbers = [int(reason) for reason in Reason]
    assert numbers == sorted(set(numbers))
    assert len(Reason.__members__) == len(numbers)  # a number used twice would be an alias
    assert [reason.name for reason in Reason if 0 < reason < 100] == GATE


def test_numbers_on_disk_stay() -> None:
    """One number of each block, as old runs carry it."""
    assert (Reason.INVALID_INPUT, Reason.CAPITAL, Reason.TARGET_REACHED) == (10, 80, 100)
    assert (Reason.STOP_LOSS, Reason.VENUE_INVALID, Reason.VENUE_TOO_LATE) == (120, 140, 150)


def test_each_reason_has_one_meaning() -> None:
    """MEANING holds one different sentence for each, in the same order, fit for a table's cell."""
    assert list(MEANING) == list(Reason)
    assert len(set(MEANING.values())) == len(MEANING)
    for reason, meaning in MEANING.items():
        assert len(meaning) > 20, reason
        assert not {"|", "\n"} & set(meaning), reason


def test_the_page_lists_all_and_is_the_one_in_docs() -> None:
    """docs/reasons.md is what the function makes now; each reason has its line there."""
    lines = reference_page().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")][1:]
    assert rows == [[str(int(r)), f"`{r.name.lower()}`", MEANING[r]] for r in Reason]
    assert PAGE.read_text("utf-8") == reference_page()
