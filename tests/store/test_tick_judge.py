"""Each row of ticks becomes whole numbers or a reason, and what fell never stands half."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.sequences import NO_NUMBER
from seawall.store.table import EXTRA, ROW_NUMBER
from seawall.store.tick_columns import guess_tick_columns
from seawall.store.tick_judge import SIDE_UNKNOWN, JudgedTicks, TickSpec, judge_ticks

X = Instrument(name="X", tick=Decimal("0.5"), lot=Decimal("0.001"), sessions="24/7")
START = 1_700_000_000_000_000_000


def judged(
    kind: str, rows: dict[str, list[Any]], instrument: Instrument = X, unit: str = "auto"
) -> JudgedTicks:
    """The judgement of a table of those columns."""
    frame = pl.DataFrame(rows).with_row_index(ROW_NUMBER, offset=1)
    extra = pl.lit(None, pl.String).alias(EXTRA)
    table = frame.with_columns(pl.col(ROW_NUMBER).cast(pl.Int64), extra)
    return judge_ticks(
        table, guess_tick_columns(list(rows), kind), instrument, TickSpec("x.csv", kind, "UTC", unit)
    )


def trades(count: int = 12, **changed: list[Any]) -> dict[str, list[Any]]:
    """A table of good trades, some columns of it replaced."""
    rows: dict[str, list[Any]] = {
        "ts_ns": [START + n for n in range(count)],
        "ts_recv_ns": [START + n + 5 for n in range(count)],
        "trade_id": list(range(1, count + 1)),
        "price": [10.5] * count,
        "qty": [0.003] * count,
        "side": [1] * count,
    }
    return rows | changed


def test_good_trades() -> None:
    """Times in ns, price in ticks, size in lots."""
    found = judged("trades", trades(3, side=[1, -1, 0]))
    assert {role: values.tolist() for role, values in found.columns.items()} == {
        "row": [1, 2, 3],
        "time": [START, START + 1, START + 2],
        "local": [START + 5, START + 6, START + 7],
        "own": [1, 1, 1],
        "sequence": [1, 2, 3],
        "price": [21, 21, 21],
        "size": [3, 3, 3],
        "side": [1, -1, 0],
    }
    assert (found.reasons, found.has_local, found.notes) == ({}, True, ())


REASONS = [
    ({"price": [10.5] * 11 + [float("nan")]}, "price is not finite: nan"),
    ({"price": [10.5] * 11 + [None]}, "price is missing"),
    ({"price": [10.5] * 11 + [0.0]}, "price is not above 0: 0"),
    ({"price": [10.5] * 11 + [-10.5]}, "price is not above 0: -10.5"),
    (
        {"price": [10.5] * 11 + [10.25]},
        "price 10.25 is not on the tick 0.5; the finest tick that fits the file is 0.01",
    ),
    ({"price": ["10.5"] * 11 + ["ten"]}, "price is no number: 'ten'"),
    ({"price": ["10.5"] * 11 + [" "]}, "price is missing"),
    ({"price": ["10.5"] * 11 + ["inf"]}, "price is not finite: inf"),
    ({"qty": [0.003] * 11 + [0.0]}, "size is not above 0: 0"),
    ({"qty": [0.003] * 11 + [-0.003]}, "size is not above 0: -0.003"),
    (
        {"qty": [0.003] * 11 + [0.0005]},
        "size 0.0005 is not on the lot 0.001; the finest lot that fits the file is 0.0001",
    ),
    ({"side": ["buy"] * 11 + ["up"]}, "side cannot be read: 'up'"),
    ({"side": [1] * 11 + [2]}, "side cannot be read: 2"),
    ({"trade_id": ["1"] * 11 + ["x"]}, "sequence is no number of a message: 'x'"),
    ({"trade_id": [1] * 11 + [-1]}, "sequence is no number of a message: -1"),
    ({"ts_ns": ["2023-11-14 22:13:20"] * 11 + ["soon"]}, "cannot be read as a time in UTC: 'soon'"),
    (
        {"ts_ns": [START] * 11 + [START + 7_200_000_000_000]},
        "its times are -7200.000 s apart, those of other rows 0.000 s",
    ),
]


@pytest.mark.parametrize(("changed", "reason"), REASONS, ids=[reason for _, reason in REASONS])
def test_a_bad_trade_has_one_reason(changed: dict[str, list[Any]], reason: str) -> None:
    """The last row falls with its reason, the others stand."""
    found = judged("trades", trades(**changed))
    assert found.reasons == {12: reason}
    assert found.columns["row"].tolist() == list(range(1, 12))


TEXTS = [
    # tick, text, ticks
    ("0.1", "61737.60000000", 617_376),
    ("0.01", "61737.63", 6_173_763),
    ("0.5", " 10.5 ", 21),
    ("0.25", "+3.75", 15),
    ("0.00001", "92233720368.54775", 9_223_372_036_854_775),
    ("1", "9007199254740993", 9_007_199_254_740_993),  # one more than binary floats can count
    ("0.3", "0.9", 3),
    ("1e-8", "1e-7", 10),
    ("5", "15.000", 3),
]


@pytest.mark.parametrize(("tick", "text", "ticks"), TEXTS)
def test_text_is_read_exactly(tick: str, text: str, ticks: int) -> None:
    """As the decimal that it is, however many digits; exponents are read as well."""
    instrument = Instrument(name="X", tick=Decimal(tick), lot=Decimal("0.001"))
    found = judged("trades", trades(1, price=[text]), instrument)
    assert found.columns["price"].tolist() == [ticks]


def test_random_decimals_are_exact() -> None:
    """Text of any length is so many ticks as Decimal says; the seed is printed."""
    seed = 20240809
    print("seed", seed)
    random = np.random.default_rng(seed)
    counts = random.integers(1, 10**11, 500).tolist()
    tick = Decimal("0.005")
    found = judged(
        "trades",
        trades(500, price=[str(count * tick) for count in counts]),
        Instrument(name="X", tick=tick, lot=Decimal("0.001")),
    )
    assert found.columns["price"].tolist() == counts


def test_a_wrong_tick_stops_the_import() -> None:
    """Not a thousand rejects: the error names the tick that fits."""
    with pytest.raises(
        DataError, match=r"x.csv: X: 12 of 12 rows have a price .* tick 0.5, such as 10.1; .* file is 0.1$"
    ):
        judged("trades", trades(price=[10.1] * 12))
    with pytest.raises(DataError, match=r"2000 rows have a size .* lot 0.001.* the finest lot .* 0.0001$"):
        judged("trades", trades(2_000, qty=[0.003] * 1_900 + [0.0001] * 100))


SIDES = [
    ({"side": ["buy", "SELL", "none"]}, [1, -1, 0]),
    ({"side": ["B", "s", ""]}, [1, -1, SIDE_UNKNOWN]),
    ({"side": [1, 0, None]}, [1, 0, SIDE_UNKNOWN]),
    ({"side": [1.0, -1.0, None]}, [1, -1, SIDE_UNKNOWN]),
    ({"side": ["1", "-1", "unknown"]}, [1, -1, SIDE_UNKNOWN]),
    ({"is_buyer_maker": [True, False, True]}, [-1, 1, -1]),
    ({"is_buyer_maker": ["true", "False", "1"]}, [-1, 1, -1]),
    ({}, [SIDE_UNKNOWN] * 3),
]


@pytest.mark.parametrize(("column", "sides"), SIDES)
def test_sides(column: dict[str, list[Any]], sides: list[int]) -> None:
    """By words or numbers; a buyer who was the maker was sold to; unsaid is not none."""
    rows = trades(3)
    del rows["side"]
    assert judged("trades", rows | column).columns["side"].tolist() == sides


TIMES = [
    ("auto", [1_700_000_000_000, 1_700_000_000_001], [START, START + 1_000_000]),
    ("auto", ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000001Z"], [START, START + 1_000]),
    ("us", [1_700_000_000_000_000, 1_700_000_000_000_001], [START, START + 1_000]),
    ("s", ["1700000000", "1700000000.5"], [START, START + 500_000_000]),
    ("ms", [1_700_000_000_000.0, 1_700_000_000_000.5], [START, START + 500_000]),
    ("ns", [START, START + 1], [START, START + 1]),
    ("ns", [START, None], [START]),
    ("s", [1_700_000_000.0, 1e300], [START]),
]


@pytest.mark.parametrize(("unit", "times", "expected"), TIMES)
def test_times(unit: str, times: list[Any], expected: list[int]) -> None:
    """ISO, or an epoch in a unit that is seen or said."""
    rows = trades(2, timestamp=times)
    del rows["ts_ns"], rows["ts_recv_ns"]
    found = judged("trades", rows, unit=unit)
    assert found.columns["time"].tolist() == expected
    assert found.columns["local"].tolist() == expected
    assert not found.has_local


def test_a_column_without_a_time_is_an_error() -> None:
    """The first value is shown."""
    with pytest.raises(DataError, match=r"x.csv: column 'time': no time in it can be read, such as 'a'"):
        judged("trades", trades(2, ts_ns=["a", "b"]))


def test_a_time_of_its_own() -> None:
    """Where both times are one to the ns, the venue sent none."""
    rows = trades(3)
    rows["ts_ns"][1] = rows["ts_recv_ns"][1]
    assert judged("trades", rows).columns["own"].tolist() == [1, 0, 1]


def test_types_that_are_neither_number_nor_text() -> None:
    """Lists and dates are an error that names the column; categories are text."""
    for values in ([[1.0], [2.0]], [b"1", b"2"], [date(2024, 1, 1)] * 2):
        with pytest.raises(DataError, match=r"x.csv: column 'price' of type .* is neither number nor text"):
            judged("trades", trades(2, price=values))
    sides = pl.Series(["buy", "sell"], dtype=pl.Categorical)
    assert judged("trades", trades(2) | {"side": sides}).columns["side"].tolist() == [1, -1]


def test_ids_that_are_no_numbers_are_not_used() -> None:
    """Hashes count nothing; the report says so."""
    found = judged("trades", trades(2, trade_id=["0a-ff", "0b-ff"]))
    assert "sequence" not in found.columns
    assert found.notes == ("column 'trade_id' holds no numbers and is not used",)


def quotes(**changed: list[Any]) -> dict[str, list[Any]]:
    """Two good quotes."""
    rows: dict[str, list[Any]] = {
        "ts": [START, START + 1],
        "bid": [10.0, 10.0],
        "bid_size": [0.001, 0.002],
        "ask": [10.5, 11.0],
        "ask_size": [0.003, 0.004],
    }
    return rows | changed


QUOTES = [
    ({}, [(20, 1, 21, 3), (20, 2, 22, 4)], {}),
    ({"bid_size": [0.0, 0.002], "bid": [None, 10.0]}, [(0, 0, 21, 3), (20, 2, 22, 4)], {}),
    ({"ask_size": [None, 0.004], "ask": [float("nan"), 11.0]}, [(20, 1, 0, 0), (20, 2, 22, 4)], {}),
    ({"ask_size": ["", "0.004"], "ask": ["", "11"]}, [(20, 1, 0, 0), (20, 2, 22, 4)], {}),
    ({"bid": [None, 10.0]}, [(20, 2, 22, 4)], {1: "bid is missing"}),
    ({"ask_size": [-0.001, 0.004]}, [(20, 2, 22, 4)], {1: "ask_size is negative: -0.001"}),
    ({"ask": [float("inf"), 11.0]}, [(20, 2, 22, 4)], {1: "ask is not finite: inf"}),
]


@pytest.mark.parametrize(("changed", "expected", "reasons"), QUOTES)
def test_quotes(
    changed: dict[str, list[Any]], expected: list[tuple[int, ...]], reasons: dict[int, str]
) -> None:
    """A side without a size is empty; one with a size has a price."""
    found = judged("quotes", quotes(**changed))
    columns = (found.columns[role].tolist() for role in ("bid", "bid_size", "ask", "ask_size"))
    assert list(zip(*columns, strict=True)) == expected
    assert found.reasons == reasons


def levels(**changed: list[Any]) -> dict[str, list[Any]]:
    """Three messages: two rows, a snapshot of two rows, and one row."""
    rows: dict[str, list[Any]] = {
        "ts_ns": [START, START, START + 1, START + 1, START + 2],
        "ts_recv_ns": [START + 5, START + 5, START + 6, START + 6, START + 7],
        "msg_id": [1, 1, 4, 4, 9],
        "first_update_id": [1, 1, 3, 3, 4],
        "last_update_id": [2, 2, 3, 3, 6],
        "prev_update_id": [0, 0, None, None, 3],
        "side": ["bid", "ask", "bid", "ask", "bid"],
        "price": [10.0, 10.5, 10.0, 10.5, 10.0],
        "qty": [0.001, 0.0, 0.002, 0.003, 0.0],
        "is_snapshot": [False, False, True, True, False],
    }
    return rows | changed


def test_levels() -> None:
    """Absolute sizes, of which 0 deletes; numbers of the venue as they are."""
    found = judged("levels", levels()).columns
    assert np.diff(found["message"]).tolist() == [0, 1, 0, 1]
    assert found["previous"].tolist() == [0, 0, NO_NUMBER, NO_NUMBER, 3]
    assert found["snapshot"].tolist() == [0, 0, 1, 1, 0]
    assert found["side"].tolist() == [1, -1, 1, -1, 1]
    assert found["size"].tolist() == [1, 0, 2, 3, 0]


def test_without_message_numbers_runs_are_messages() -> None:
    """Rows that share times, number and mark, one after another."""
    rows = levels()
    del rows["msg_id"]
    assert np.diff(judged("levels", rows).columns["message"]).tolist() == [0, 1, 0, 1]


BROKEN = [
    ({"price": [float("nan"), 10.5, 10.0, 10.5, 10.0]}, [3, 4, 5], "price is not finite: nan"),
    ({"qty": [0.001, -0.1, 0.002, 0.003, 0.0]}, [3, 4, 5], "size is negative: -0.1"),
    ({"side": ["bid", "none", "bid", "ask", "bid"]}, [3, 4, 5], "side is neither bid nor ask: 'none'"),
    ({"last_update_id": [2, 7, 3, 3, 6]}, [3, 4, 5], "sequence changes inside its message"),
]


@pytest.mark.parametrize(("changed", "stand", "reason"), BROKEN)
def test_a_message_is_taken_whole_or_not_at_all(
    changed: dict[str, list[Any]], stand: list[int], reason: str
) -> None:
    """The other row of the message falls with the bad one."""
    found = judged("levels", levels(**changed))
    assert found.columns["row"].tolist() == stand
    assert sorted(found.reasons.values()) == sorted([reason, "another row of its message was rejected"])


def wide(**changed: list[Any]) -> dict[str, list[Any]]:
    """Two snapshots of two levels a side."""
    rows: dict[str, list[Any]] = {"ts": [START, START + 1]}
    for level in range(2):
        rows[f"ask_px_{level}"] = [10.5 + level, 10.5 + level]
        rows[f"ask_qty_{level}"] = [0.001, 0.002]
        rows[f"bid_px_{level}"] = [10.0 - level, 10.0 - level]
        rows[f"bid_qty_{level}"] = [0.003, 0.004]
    return rows | changed


def test_wide_levels() -> None:
    """A row is a snapshot: bids from the best down, then asks from the best up."""
    found = judged("levels", wide()).columns
    assert found["row"].tolist() == [1] * 4 + [2] * 4
    assert found["message"].tolist() == [0] * 4 + [1] * 4
    assert found["side"].tolist() == [1, 1, -1, -1] * 2
    assert found["price"].tolist() == [20, 18, 21, 23] * 2
    assert found["size"].tolist() == [3, 3, 1, 1, 4, 4, 2, 2]
    assert found["snapshot"].tolist() == [1] * 8


def test_wide_levels_that_are_not_there() -> None:
    """No size is no level; a row without any is an empty book; a size without a price is a reject."""
    nothing = {f"{side}_qty_{level}": [0.001, None] for side in ("bid", "ask") for level in range(2)}
    found = judged("levels", wide(**nothing | {"ask_qty_1": [0.0, None]})).columns
    assert (found["row"].tolist(), found["side"].tolist()) == ([1, 1, 1, 2], [1, 1, -1, 0])
    broken = judged("levels", wide(bid_px_1=[None, 9.0]))
    assert broken.reasons == {1: "bid_px_1 is missing"}
    assert broken.columns["row"].tolist() == [2] * 4
