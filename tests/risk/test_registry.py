"""The registry: slots, arrays and the reference table."""

from pathlib import Path

from seawall.kernels.state import RULES_MAX
from seawall.risk.registry import BLIND_REASONS, REASONS, REDUCING_PASSES, RULES, reference_table

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_RING = [
    "C1",
    "C2",
    "C3",
    "C4",
    "C6",
    "C7",
    "C10",
    "C14",
    "C15",
    "C16",
    "C17",
    "C18",
    "C19",
    "C23",
    "C26",
    "C29",
    "C30",
]
SECOND_RING = ["C27"]


def test_both_rings_are_complete() -> None:
    """Every control has a rule: those of the first ring in the order of the controls, then the others."""
    assert list(dict.fromkeys(rule.control for rule in RULES)) == FIRST_RING + SECOND_RING


def test_slots_are_dense_and_names_unique() -> None:
    """A slot is the place in a decision's arrays, so none is missing and none is double."""
    assert [rule.slot for rule in RULES] == list(range(len(RULES)))
    assert len({rule.name for rule in RULES}) == len(RULES) <= RULES_MAX


def test_what_compiled_code_sees_is_what_the_rules_say() -> None:
    """The arrays by slot agree with the descriptions."""
    for rule in RULES:
        seen = (REASONS[rule.slot], BLIND_REASONS[rule.slot], REDUCING_PASSES[rule.slot])
        assert seen == (rule.reason, rule.blind_reason, rule.reducing)


def test_the_page_of_the_gate_is_up_to_date() -> None:
    """docs/gate.md contains the table exactly as the registry makes it."""
    assert reference_table() in (REPOSITORY / "docs" / "gate.md").read_text("utf-8")
