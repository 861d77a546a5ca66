"""Columns are guessed from the usual spellings; an uncertain guess is an error that says what it saw."""

import pytest

from seawall.model.errors import DataError
from seawall.store.columns import guess_columns

LONG = [
    "Date,Open,High,Low,Close,Adj Close,Volume",
    "timestamp,open,high,low,close,volume",
    "symbol,ts_ns,open,high,low,close,volume",
    "t,Datetime,o,h,l,c,v",
    "open_time,open,high,low,close,volume,close_time,n_trades,taker_buy_volume",
]


@pytest.mark.parametrize("header", LONG)
def test_usual_spellings(header: str) -> None:
    """The five columns of a bar are found in the headers of common sources."""
    roles = guess_columns(header.split(","))
    assert {"time", "open", "high", "low", "close", "volume"} <= set(roles.roles)
    assert not roles.is_flat
    assert roles.wide == ()


def test_the_label_chooses_the_time_column() -> None:
    """Where a file has both times of a bar, the label says which one is read."""
    names = LONG[-1].split(",")
    assert guess_columns(names, "open").roles["time"] == "open_time"
    assert guess_columns(names, "close").roles["time"] == "close_time"


def test_shapes() -> None:
    """One price is a flat bar, an adjusted close is used only alone, unknown names are a wide table."""
    flat = guess_columns(["symbol", "ts_ns", "adj_close"])
    assert (flat.roles["close"], flat.is_flat) == ("adj_close", True)
    both = guess_columns(["date", "close", "adj_close"])
    assert (both.roles["close"], both.unused) == ("close", ("adj_close",))
    assert guess_columns(["Date", "AAPL", "IBM"]).wide == ("AAPL", "IBM")


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (["a", "b"], None, r"no time column \(found: 'a', 'b'\)"),
        (["date", "open", "high", "close"], None, r"no low column \(found: 'date'"),
        (["date", "open", "high", "low", "adj_close"], None, "no close column"),
        (["date", "symbol"], None, "no price column"),
        (["date", "time", "close"], None, "columns 'date' and 'time'"),
        (["date", "px"], {"clos": "px"}, r"no role 'clos'; did you mean 'close'\?"),
        (["date", "px"], {"close": "py"}, "close is said to be 'py', but the file has none"),
    ],
)
def test_uncertain_guesses(names: list[str], given: dict[str, str] | None, message: str) -> None:
    """Each message names what was found and what to say."""
    with pytest.raises(DataError, match=message):
        guess_columns(names, given=given)


def test_what_is_given_goes_first() -> None:
    """A column that the user names takes its role whatever it is called."""
    roles = guess_columns(["when", "px", "volume"], given={"time": "when", "close": "px"})
    assert roles.roles == {"time": "when", "close": "px", "volume": "volume"}
