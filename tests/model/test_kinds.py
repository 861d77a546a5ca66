"""Kinds: the numbers that runs on disk carry stay what they are, and agree where they must."""

import pytest

from seawall.model import kinds
from seawall.model.kinds import (
    CommandKind,
    DecisionKind,
    EventKind,
    IntentKind,
    Liquidity,
    ReportKind,
    WakeReason,
)

# The numbers once more: a change of one is a change of every run that was ever written.
ON_DISK = {
    IntentKind: "TARGET_LOTS=1 TARGET_WEIGHT=2 ORDER=3 CANCEL=4 CANCEL_ALL=5",
    DecisionKind: "APPROVED=1 REFUSED=2 NO_ACTION=3 CANCEL=4",
    CommandKind: "NEW=1 CANCEL=2 REPLACE=3",
    EventKind: """COMMAND_NEW=1 COMMAND_CANCEL=2 COMMAND_REPLACE=3 ACCEPTED=10 REJECTED=11 FILL=12
        CANCELLED=13 CANCEL_REJECTED=14 EXPIRED=15 REPLACED=16 REPLACE_REJECTED=17 NO_ANSWER=18 BUST=19
        SPLIT=30 DIVIDEND=31 ADJUSTMENT=32 BREAKER_TRIPPED=40 BREAKER_RESET=41 PASSIVE_BREACH=42
        PASSIVE_CURED=43 TIMER=50 PREDICTION=51 LIMITS_CHANGED=52 OPERATOR=53 HALT=60""",
    ReportKind: """ACCEPTED=10 REJECTED=11 FILL=12 CANCELLED=13 CANCEL_REJECTED=14 EXPIRED=15 REPLACED=16
        REPLACE_REJECTED=17 BUST=19""",
    Liquidity: "TAKER=1 MAKER=2",
    WakeReason: "BAR_CLOSE=1 BAR_OPEN=2 TIMER=4 ORDER=8 CROSSING=16 EVENT=32",
}


@pytest.mark.parametrize("kind", ON_DISK, ids=lambda each: each.__name__)
def test_numbers_on_disk_stay(kind: type[IntentKind]) -> None:
    """What was written keeps its number; what is new takes one that no other member has or had."""
    known = dict(pair.split("=") for pair in ON_DISK[kind].split())
    now = {name: str(int(member)) for name, member in kind.__members__.items()}
    assert {name: now.get(name) for name in known} == known
    assert len(set(now.values())) == len(now)


def test_every_enumeration_is_in_the_table() -> None:
    """None is left out above."""
    assert sorted(kind.__name__ for kind in ON_DISK) == kinds.__all__


def test_reports_and_commands_are_events_of_the_same_number() -> None:
    """A report is recorded under its own number, a command as COMMAND_ and its name."""
    for report in ReportKind:
        assert EventKind[report.name] == report
    for command in CommandKind:
        assert EventKind[f"COMMAND_{command.name}"] == command
    assert not {int(command) for command in CommandKind} & {int(report) for report in ReportKind}


def test_wake_reasons_are_bits() -> None:
    """Several can fall together, so each is a bit of its own."""
    assert sorted(WakeReason) == [1 << bit for bit in range(len(WakeReason))]
