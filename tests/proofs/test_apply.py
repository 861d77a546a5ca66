"""Running a chunk equals folding Engine.apply over its rows, record for record."""

import random
from typing import Any

import numpy as np
import pytest

from seawall.model.events import MarketData, Timer


@pytest.mark.parametrize("which", ["sample", "busy", "contracts"])
def test_apply_makes_the_records_of_the_fused_loop(world: Any, which: str) -> None:
    """One event at a time through Engine.apply leaves the bytes that the compiled loop leaves."""
    fused, stepped = world.run(which), world.step(which)
    print(which, {lane: len(records) for lane, records in fused.lanes.items()}, len(stepped.tape), "events")
    assert min(len(records) for records in fused.lanes.values()) > 10
    lanes = world.lanes(stepped.engine)
    for lane, records in fused.lanes.items():
        assert lanes[lane] == records.tobytes(), lane
    assert stepped.engine.chain.result() == fused.result


@pytest.mark.parametrize(("which", "most"), [("sample", 9), ("busy", 9), ("busy", 400)])
def test_apply_takes_rows_in_any_portions(world: Any, which: str, most: int) -> None:
    """The recorded events of a run, rows in random portions, make the same records without a venue."""
    seed = 11 * most
    print("seed", seed)
    tape = world.step(which).tape
    built = world.assembled(which)
    built.engine.start()
    for event in _portions(tape, random.Random(seed), most):
        if event is None:
            world.end_of_data(built.engine)
        else:
            built.engine.apply(event)
    built.engine.finish()
    built.engine.drain()
    assert built.engine.chain.result() == world.run(which).result


def test_the_outcome_says_what_a_step_led_to(world: Any) -> None:
    """Outcomes carry every command and decision once, a rising sequence, a clock and the digest."""
    built = world.assembled("busy")
    built.engine.start()
    outcomes = [built.engine.apply(MarketData(built.market.rows[:400]))]
    outcomes.append(built.engine.apply(Timer(outcomes[0].now + 5)))
    assert outcomes[1].now == outcomes[0].now + 5 == built.market.rows["ts_local"][399] + 5
    assert 0 < outcomes[0].sequence <= outcomes[1].sequence
    assert outcomes[0].digest != built.engine.chain.result() or outcomes[0].sequence == outcomes[1].sequence
    approved = sum(int((o.decisions["order_id"] > 0).sum()) for o in outcomes)
    commands = np.concatenate([o.commands for o in outcomes])
    assert len(commands) == len(set(commands["sequence"].tolist())) >= approved > 0
    assert outcomes[1].digest == built.engine.chain.result()


def _portions(tape: list[Any], chance: random.Random, most: int) -> list[Any]:
    """The same events with neighbouring rows joined, at most `most` of them."""
    joined: list[Any] = []
    room = 0
    for event in tape:
        rows = isinstance(event, MarketData)
        if rows and room > 0 and isinstance(joined[-1], MarketData):
            joined[-1] = MarketData(np.concatenate([joined[-1].rows, event.rows]))
            room -= 1
        else:
            joined.append(event)
            room = chance.randrange(most) if rows else 0
    return joined
