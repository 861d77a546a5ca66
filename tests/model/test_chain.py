"""The running digest: cuts do not matter, any changed byte does."""

import hashlib

import numpy as np
import pytest

from seawall.kernels.rows import ROW
from seawall.model.chain import LANES, Chain

SEED = 20240607


def random_bytes(dtype: np.dtype, count: int, seed: int) -> np.ndarray:
    """Records whose every byte is drawn."""
    draws = np.random.default_rng(seed)
    return np.frombuffer(draws.bytes(count * dtype.itemsize), dtype).copy()


ROWS = random_bytes(ROW, 50, SEED)
RECORDS = {lane: random_bytes(dtype, 20, SEED + number) for number, (lane, _, dtype) in enumerate(LANES, 1)}


def fed(rows_cut: int, record_cut: int, header: bytes = b"header") -> Chain:
    """A chain that took everything in pieces of these lengths, lane after lane."""
    chain = Chain(header)
    for start in range(0, len(ROWS), rows_cut):
        chain.take_rows(ROWS[start : start + rows_cut])
    for lane, records in RECORDS.items():
        for start in range(0, len(records), record_cut):
            chain.take_records(lane, records[start : start + record_cut].copy())
    return chain


@pytest.mark.parametrize(("rows_cut", "record_cut"), [(1, 1), (7, 3), (49, 19), (1000, 1000)])
def test_cuts_of_chunks_and_drains_do_not_matter(rows_cut: int, record_cut: int) -> None:
    """One at a time or all at once: the same heads and the same result."""
    whole = fed(50, 20)
    pieces = fed(rows_cut, record_cut)
    assert pieces.heads() == whole.heads()
    assert pieces.result() == whole.result()
    assert pieces.row_count == 50


def test_the_lanes_do_not_wait_for_each_other() -> None:
    """Rows and drains may come in any turn; only the order within a lane counts."""
    chain = Chain(b"header")
    for lane in reversed(RECORDS):
        chain.take_records(lane, RECORDS[lane][:5].copy())
    chain.take_rows(ROWS[:9])
    for lane in RECORDS:
        chain.take_records(lane, RECORDS[lane][5:].copy())
    chain.take_rows(ROWS[9:])
    assert chain.result() == fed(50, 20).result()
    swapped = Chain(b"header")
    swapped.take_rows(ROWS[::-1])
    assert swapped.heads()["rows"] != chain.heads()["rows"]


def test_nothing_adds_nothing() -> None:
    """Empty chunks and drains leave the digest as it was."""
    chain = fed(50, 20)
    before = chain.result()
    chain.take_rows(ROWS[:0])
    chain.take_records("events", RECORDS["events"][:0])
    assert chain.result() == before == chain.result()


def test_every_changed_byte_of_a_row_changes_the_result() -> None:
    """Each of the 48 bytes of a row counts."""
    plain = Chain(b"")
    plain.take_rows(ROWS[:1])
    for place in range(ROW.itemsize):
        changed = ROWS[:1].copy()
        changed.view(np.uint8)[place] ^= 1
        chain = Chain(b"")
        chain.take_rows(changed)
        assert chain.result() != plain.result(), place


@pytest.mark.parametrize("lane", RECORDS)
def test_every_changed_byte_of_a_record_changes_its_lane(lane: str) -> None:
    """Each byte counts, but those of the check, which is written when the record is taken."""
    plain = Chain(b"")
    plain.take_records(lane, RECORDS[lane][:1].copy())
    size = RECORDS[lane].dtype.itemsize
    for place in range(size):
        changed = RECORDS[lane][:1].copy()
        changed.view(np.uint8)[place] ^= 1
        chain = Chain(b"")
        chain.take_records(lane, changed)
        is_check = place >= size - 8
        assert (chain.heads()[lane] == plain.heads()[lane]) == is_check, place
        others = {name for name in chain.heads() if chain.heads()[name] != plain.heads()[name]}
        assert others <= {lane}


def test_the_header_is_part_of_the_result() -> None:
    """Another configuration, limit or seed is another result, with the same heads."""
    one, other = fed(50, 20, b"seed 1"), fed(50, 20, b"seed 2")
    assert one.heads() == other.heads()
    assert one.result() != other.result()


def test_heads_are_plain_sha256() -> None:
    """Anybody can check: SHA-256 of a lane's sealed bytes, and of header and named heads."""
    chain = Chain(b"header")
    chain.take_rows(ROWS)
    records = RECORDS["postings"].copy()
    chain.take_records("postings", records)
    heads = chain.heads()
    assert heads["rows"] == hashlib.sha256(ROWS.tobytes()).hexdigest()
    assert heads["postings"] == hashlib.sha256(records.tobytes()).hexdigest()
    assert heads["events"] == hashlib.sha256().hexdigest()
    assert list(heads) == ["rows", "decisions", "events", "postings", "equity"]
    text = "header" + "".join(f"{name} {head}\n" for name, head in heads.items())
    assert chain.result() == hashlib.sha256(text.encode()).hexdigest()


def test_a_chain_goes_on_from_sealed_records() -> None:
    """What a resumed run feeds from its journal is what the first run had hashed."""
    chain, resumed = Chain(b""), Chain(b"")
    records = RECORDS["decisions"].copy()
    chain.take_records("decisions", records[:12])
    resumed.lanes["decisions"].update(records[:12].tobytes())
    for each in (chain, resumed):
        each.take_records("decisions", records[12:].copy())
    assert chain.result() == resumed.result()
