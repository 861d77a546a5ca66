"""The compiled venue, fed in random steps and chunks, equals the offline merge, report by report."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.model.kinds import ReportKind


def reports_of(bench: Any, world: dict[str, Any], chance: random.Random | None) -> list[dict[str, int]]:
    """The compiled venue's reports of a world."""
    venue = bench.venue(3, world["assumed"], **world["settings"])
    return bench.drive(venue, world["rows"], world["commands"], world["actions"], chance)


@pytest.mark.parametrize("seed", range(60))
def test_equal_in_seeded_worlds(bench: Any, seed: int) -> None:
    """Sixty worlds: markets with gaps, splits, all order kinds, all settings; equal to the last field."""
    world = bench.world(seed)
    expected = bench.reference(world)
    assert reports_of(bench, world, random.Random(seed)) == expected
    assert reports_of(bench, world, None) == expected


@pytest.mark.parametrize("seed", range(20))
def test_equal_in_worlds_of_inverse_contracts(inverse_bench: Any, seed: int) -> None:
    """Fills, fees and the split of costs of inverse contracts, against fractions."""
    world = inverse_bench.world(seed)
    expected = inverse_bench.reference(world)
    assert reports_of(inverse_bench, world, random.Random(seed)) == expected
    assert any(report["kind"] == ReportKind.FILL for report in expected)


SIZES = [  # lots and worst price -> whether the venue takes them, of 7 dollars at ticks of 0.01
    (2**53 * 1_000 // 70_000, 1_000, True),  # the last lot that is counted exactly
    (2**53 * 1_000 // 70_000 + 1, 1_000, False),
    (2**53, 70_000, True),
    (2**53 + 1, 70_000, False),
    (1, 2**62 // 10_000, True),
    (1, 2**62 // 10_000 + 1, False),
]


@pytest.mark.parametrize(("lots", "limit", "taken"), SIZES)
def test_sizes_of_inverse_contracts(inverse_bench: Any, lots: int, limit: int, taken: bool) -> None:
    """Both venues take the same largest order."""
    world = {"rows": inverse_bench.rows([]), "commands": [inverse_bench.order(lots=lots, limit=limit)]}
    world |= {"settings": inverse_bench.FREE, "assumed": [-1] * 3, "actions": []}
    (report,) = inverse_bench.reference(world)
    assert reports_of(inverse_bench, world, None) == [report]
    assert report["kind"] == (ReportKind.ACCEPTED if taken else ReportKind.REJECTED)


@settings(max_examples=60, deadline=None)
@given(st.integers(1000, 2**40), st.integers(0, 2**40))
def test_equal_in_any_world(bench: Any, seed: int, cuts: int) -> None:
    """Any world, any way of cutting time and rows."""
    world = bench.world(seed, bars=15)
    assert reports_of(bench, world, random.Random(cuts)) == bench.reference(world)


def test_the_worlds_are_worth_it(bench: Any) -> None:
    """The sixty worlds contain every kind of report and every reason of the venue but a full table."""
    kinds: dict[int, int] = {}
    reasons: dict[int, int] = {}
    for seed in range(60):
        for report in bench.reference(bench.world(seed)):
            kinds[report["kind"]] = kinds.get(report["kind"], 0) + 1
            reasons[report["reason"]] = reasons.get(report["reason"], 0) + 1
    assert sorted(kinds) == [int(kind) for kind in ReportKind if kind != ReportKind.BUST]
    assert sorted(reasons) == [0, 140, 142, 143, 144, 146, 147, 148, 149, 150]
    assert kinds[ReportKind.FILL] > 500
