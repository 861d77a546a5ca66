"""A raw capture becomes the tables that its messages say, and real ones equal their twins row for row."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from seawall.model.errors import DataError
from seawall.store.binance_raw import PIECE_ROWS, parse_capture

SPOT_DEPTH = {"e": "depthUpdate", "E": 2_000, "s": "X", "U": 5, "u": 7, "b": [["1.10", "2.00"]], "a": []}
FUTURES_DEPTH = SPOT_DEPTH | {"T": 1_999, "pu": 4, "b": [], "a": [["1.20", "0.000"]]}
SPOT_TRADE = {"e": "trade", "E": 2_001, "s": "X", "t": 9, "p": "1.10", "q": "3", "T": 2_000, "m": True}
FUTURES_TRADE = SPOT_TRADE | {"X": "MARKET", "m": False}
SPOT_QUOTE = {"u": 8, "s": "X", "b": "1.10", "B": "2", "a": "1.20", "A": "4"}
FUTURES_QUOTE = SPOT_QUOTE | {"e": "bookTicker", "T": 1_998, "E": 1_999}
SPOT_BOOK = {"lastUpdateId": 6, "bids": [["1.10", "2"]], "asks": [["1.20", "4"], ["1.30", "5"]]}
FUTURES_BOOK = SPOT_BOOK | {"E": 1_997, "T": 1_996}


def line(received: int, message: dict[str, object], stream: str = "") -> str:
    """A line of a capture, in the envelope of a combined stream if it is named."""
    body = {"stream": f"x@{stream}", "data": message} if stream else message
    return f"{received} {json.dumps(body)}\n"


def write(path: Path, *lines: str) -> Path:
    """A capture of those lines."""
    path.write_text("".join(lines))
    return path


SPOT = [
    line(11, SPOT_DEPTH, "depth@100ms"),
    line(12, SPOT_BOOK),
    line(13, SPOT_TRADE, "trade"),
    line(14, SPOT_QUOTE, "bookTicker"),
]


def test_spot(tmp_path: Path) -> None:
    """Depth has its event time; a quote and a REST snapshot have that of their receipt."""
    found = parse_capture(write(tmp_path / "x.txt", *SPOT))
    assert found.trades.rows() == [(2_000_000_000, 13, 9, 1.1, 3.0, -1, "")]
    assert found.bbo.rows() == [(14, 14, 8, 1.1, 2.0, 1.2, 4.0)]
    assert found.l2_delta.rows() == [
        (2_000_000_000, 11, 1, 5, 7, None, 1, 1.1, 2.0, False),
        (12, 12, 2, 6, 6, None, 1, 1.1, 2.0, True),
        (12, 12, 2, 6, 6, None, -1, 1.2, 4.0, True),
        (12, 12, 2, 6, 6, None, -1, 1.3, 5.0, True),
    ]
    assert (found.lines, found.faults, found.quiet, found.symbol) == (4, (), 0, "X")


def test_futures_without_envelopes(tmp_path: Path) -> None:
    """All have a transaction time, and depth says what came before it."""
    messages = (FUTURES_DEPTH, FUTURES_BOOK, FUTURES_TRADE, FUTURES_QUOTE)
    path = write(tmp_path / "x.txt", *(line(11 + n, message) for n, message in enumerate(messages)))
    found = parse_capture(path)
    assert found.trades.rows() == [(2_000_000_000, 13, 9, 1.1, 3.0, 1, "MARKET")]
    assert found.bbo.rows() == [(1_998_000_000, 14, 8, 1.1, 2.0, 1.2, 4.0)]
    assert found.l2_delta.rows()[0] == (1_999_000_000, 11, 1, 5, 7, 4, -1, 1.2, 0.0, False)
    assert found.l2_delta["ts_ns"].to_list()[1:] == [1_996_000_000] * 3


def test_exact(tmp_path: Path) -> None:
    """Prices stay the exchange's text, and rows know their line."""
    found = parse_capture(write(tmp_path / "x.txt", *SPOT), exact=True)
    assert found.l2_delta["price"].to_list() == ["1.10", "1.10", "1.20", "1.30"]
    assert (found.trades["line"].to_list(), found.bbo["line"].to_list()) == ([3], [4])


def test_microseconds(tmp_path: Path) -> None:
    """The exchange sends them if it is asked to."""
    message = SPOT_TRADE | {"T": 1_723_161_255_342_123}
    found = parse_capture(write(tmp_path / "x.txt", line(13, message, "trade")))
    assert found.trades["ts_ns"].to_list() == [1_723_161_255_342_123_000]


FAULTS = [
    ('15 {"stream":"x@depth@100ms","data":{"e":"depthUp', "the last line is torn, not JSON"),
    ("15 \n", "not JSON"),
    ("\n", "no receive time in ns"),
    ("soon {}\n", "no receive time in ns"),
    ('15 {"result":null,"id":1}\n', "unknown stream: no name"),
    (line(15, {"e": "kline"}, "kline_1m"), "unknown stream: x@kline_1m"),
    (line(15, SPOT_BOOK, "depth5@100ms"), "unknown stream: x@depth5@100ms"),
    (line(15, SPOT_TRADE | {"s": "Y"}, "trade"), "another symbol than X: Y"),
    (line(15, {"e": "trade"}, "trade"), "not as documented: Object missing required field `t`"),
    (line(15, SPOT_TRADE | {"p": 1.1}, "trade"), "not as documented: Expected `str`, got `float`"),
    (f"{10**19 - 1} {{}}\n", "no receive time in ns"),
    (line(15, SPOT_TRADE | {"T": 2**63}, "trade"), "not as documented: Expected `int` <"),
    (line(15, SPOT_TRADE | {"t": 2**70}, "trade"), "not as documented: "),
    (line(15, SPOT_TRADE | {"t": -1}, "trade"), "not as documented: Expected `int` >= 0"),
    ("15 [1, 2]\n", "not as documented: Expected `object`"),
    ('15 {"stream": "\udcff"}\n', "not JSON"),
]


@pytest.mark.parametrize(("bad", "reason"), FAULTS, ids=[reason for _, reason in FAULTS])
def test_a_line_that_cannot_be_used_stops_nothing(tmp_path: Path, bad: str, reason: str) -> None:
    """It is a fault with its number, reason and text, and all others are taken."""
    path = tmp_path / "x.txt"
    path.write_bytes("".join([*SPOT, bad]).encode("utf-8", "surrogateescape"))
    found = parse_capture(path)
    (fault,) = found.faults
    assert (fault.path, fault.line) == (str(path), 5)
    assert fault.reason.startswith(reason)
    assert bad.rstrip("\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace") == fault.raw
    assert (found.trades.height, found.bbo.height, found.l2_delta.height, found.lines) == (1, 1, 4, 5)


def test_torn_gzip(tmp_path: Path) -> None:
    """What was read before the tear is kept, and the tear is a fault."""
    path = tmp_path / "x.gz"
    whole = gzip.compress("".join(SPOT * 500).encode())
    path.write_bytes(whole[: len(whole) - 30])
    found = parse_capture(path)
    assert found.trades.height > 0
    assert found.faults[-1].reason.startswith("the file is torn here")
    path.write_bytes(whole)
    assert (parse_capture(path).trades.height, parse_capture(path).faults) == (500, ())


def test_a_message_without_levels_hands_its_numbers_on(tmp_path: Path) -> None:
    """Numbers that changed nothing are the next message's, so that no gap seems to be there."""
    quiet = FUTURES_DEPTH | {"a": []}
    later = FUTURES_DEPTH | {"U": 9, "u": 12, "pu": 7}
    lines = [line(11, quiet, "depth"), line(12, later, "depth"), line(13, later | {"U": 13}, "depth")]
    found = parse_capture(write(tmp_path / "x.txt", *lines))
    assert found.l2_delta.select("first_update_id", "last_update_id", "prev_update_id").rows() == [
        (5, 12, 4),
        (13, 12, 7),
    ]
    assert (found.quiet, found.lines) == (1, 3)


def test_files_are_one_recording(tmp_path: Path) -> None:
    """Lines are numbered through, and each knows its file; progress counts bytes."""
    paths = [write(tmp_path / "a.txt", *SPOT[:2]), write(tmp_path / "b.txt", *SPOT[2:], "bad\n")]
    seen: list[tuple[int, int]] = []
    found = parse_capture(paths, exact=True, progress=lambda done, total: seen.append((done, total)))
    assert found.trades["line"].to_list() == [3]
    assert [found.place(number) for number in (2, 3, 4)] == [
        (str(paths[0]), 2),
        (str(paths[1]), 1),
        (str(paths[1]), 2),
    ]
    assert (found.faults[0].path, found.faults[0].line) == (str(paths[1]), 3)
    total = sum(path.stat().st_size for path in paths)
    assert seen[-1] == (total, total)


def test_what_is_no_capture_is_an_error(tmp_path: Path) -> None:
    """No file, no line of market data, or only another symbol's."""
    with pytest.raises(DataError, match=r"no file .*absent"):
        parse_capture(tmp_path / "absent.gz")
    with pytest.raises(DataError, match="none of 1 lines is market data; line 1: no receive time"):
        parse_capture(write(tmp_path / "x.txt", "hello\n"))
    with pytest.raises(DataError, match="none of 0 lines"):
        parse_capture(write(tmp_path / "x.txt"))
    with pytest.raises(DataError, match="another symbol than Y: X"):
        parse_capture(write(tmp_path / "x.txt", SPOT[2]), symbol="y")


def test_pieces_change_nothing(tmp_path: Path) -> None:
    """A recording longer than a piece is the sum of its lines."""
    levels = [[f"{price / 100:.2f}", "1"] for price in range(1, 101)]
    count = PIECE_ROWS // 100 * 2 + 4_096
    message = line(11, SPOT_DEPTH | {"b": levels}, "depth")
    found = parse_capture(write(tmp_path / "x.txt", message * count))
    assert found.l2_delta.height == count * 100
    assert found.l2_delta["msg_id"].to_list()[::100] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("files", "twin"),
    [
        (
            ("binance_spot_btcusdt_20240808.gz", "binance_spot_btcusdt_20240809.gz"),
            "binance_spot_BTCUSDT_20240808-09",
        ),
        (("binance_usdm_btcusdt_20240808.gz",), "binance_usdm_BTCUSDT_20240808"),
    ],
    ids=["spot", "usdm"],
)
def test_real_captures_equal_their_twins(shared_data: Path, files: tuple[str, ...], twin: str) -> None:
    """Every table, row for row and column for column, with no float rounded on the way."""
    found = parse_capture([shared_data / "raw_capture" / file for file in files])
    assert found.faults == ()
    for name in ("trades", "bbo", "l2_delta"):
        frame: pl.DataFrame = getattr(found, name)
        expected = pl.read_parquet(shared_data / "l2_crypto" / f"{twin}_{name}.parquet")
        assert_frame_equal(frame, expected, check_exact=True)
