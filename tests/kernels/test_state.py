"""The state: its bytes are the whole of it, and every table has its capacity."""

import numpy as np
import pytest

from seawall.kernels import state as layout
from seawall.kernels.state import DECISION, EQUITY, EVENT, POSTING, STATE, new_state

RECORDS = {"decisions": DECISION, "events": EVENT, "postings": POSTING, "equity": EQUITY}
CAPACITIES = {
    "instruments": layout.INSTRUMENTS_MAX,
    "instrument_limits": layout.INSTRUMENTS_MAX,
    "orders": layout.ORDERS_MAX,
    "intents": layout.INTENTS_MAX,
    "commands": layout.COMMANDS_MAX,
    "features": layout.FEATURES_MAX,
    "crossings": layout.CROSSINGS_MAX,
    "decisions": layout.DECISIONS_KEPT,
    "events": layout.EVENTS_KEPT,
    "postings": layout.POSTINGS_KEPT,
    "equity": layout.EQUITY_KEPT,
}
SEED = 7


def test_a_new_state_is_empty() -> None:
    """One record, all zero but the numbers that begin elsewhere."""
    state = new_state()
    assert state.shape == (1,)
    assert state.dtype == STATE
    begin = {"next_order_id": 1, "next_execution": 1, "timer_next_ns": -1, "group_ts": -1}
    assert {name: int(state[0][name]) for name in begin} == begin
    for name in begin:
        state[0][name] = 0
    assert not np.any(state.view(np.uint8))


def test_a_snapshot_is_the_bytes() -> None:
    """Whatever stands in the state comes back from its bytes, bit for bit, NaN included."""
    state = new_state()
    state.view(np.uint8)[:] = np.random.default_rng(SEED).integers(0, 256, STATE.itemsize, np.uint8)
    again = new_state()
    again[:] = np.frombuffer(state.tobytes(), STATE)
    assert again.tobytes() == state.tobytes()
    other = new_state()
    other[0] = state[0]
    assert other[0]["orders"][3]["limit_ticks"] == state[0]["orders"][3]["limit_ticks"]


def test_two_states_share_nothing() -> None:
    """Each is its own memory."""
    one, other = new_state(), new_state()
    one[0]["ledger"]["cash_minor"] = 5
    one[0]["orders"][0]["order_id"] = 7
    assert other[0]["ledger"]["cash_minor"] == 0
    assert other[0]["orders"][0]["order_id"] == 0


@pytest.mark.parametrize("table", CAPACITIES)
def test_tables_have_the_capacities_that_the_module_names(table: str) -> None:
    """The constant is the length of the table."""
    assert new_state()[0][table].shape[0] == CAPACITIES[table]


def test_shapes_of_the_tables_in_two_dimensions() -> None:
    """Positions and exits by strategy and instrument, bars by instrument, sessions by table."""
    s = new_state()[0]
    by_strategy = (layout.STRATEGIES_MAX, layout.INSTRUMENTS_MAX)
    assert s["positions"].shape == s["exits"].shape == by_strategy
    assert s["bars"].shape == (layout.INSTRUMENTS_MAX, layout.BARS_KEPT)
    assert s["feature_values"].shape == (layout.INSTRUMENTS_MAX, layout.FEATURES_MAX)
    assert s["crossing_sign"].shape == (layout.INSTRUMENTS_MAX, layout.CROSSINGS_MAX)
    assert s["session_open"].shape == (layout.SESSION_TABLES_MAX, layout.SESSIONS_MAX)
    assert layout.CROSSINGS_MAX <= 64  # the bits of `crossed`
    assert layout.INTENTS_MAX < layout.ORDERS_MAX < layout.COMMANDS_MAX


@pytest.mark.parametrize("lane", RECORDS)
def test_a_record_begins_with_the_head_and_ends_with_its_check(lane: str) -> None:
    """Whole 64-bit words, with the check as the last of them, so that it can be sealed."""
    record = RECORDS[lane]
    names = list(record.names)
    assert names[:4] == ["sequence", "ts_local", "row_hash", "cause"]
    assert names[-1] == "check"
    assert record.fields["check"][1] == record.itemsize - 8
    assert record.itemsize % 8 == 0
    assert STATE[lane].base == record


TYPES = [name for name in layout.__all__ if isinstance(getattr(layout, name), np.dtype)]


@pytest.mark.parametrize("name", TYPES)
def test_every_record_is_aligned_and_has_no_hole(name: str) -> None:
    """Compiled code reads whole words, and no byte that is hashed or stored belongs to no field."""
    record = getattr(layout, name)
    assert record.isalignedstruct
    end = 0
    for kind, offset in sorted(record.fields.values(), key=lambda field: field[1]):
        assert offset == end, record.names
        end = offset + kind.itemsize
    assert end == record.itemsize
    assert end % 8 == 0


def test_the_state_fits_a_snapshot() -> None:
    """It stays small enough to be written every few seconds."""
    assert STATE.itemsize < 12_000_000
