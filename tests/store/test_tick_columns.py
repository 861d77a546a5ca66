"""The usual tables of ticks are understood, and what is not understood is an error that says how."""

import pytest

from seawall.model.errors import DataError
from seawall.store.tick_columns import guess_tick_columns

CASES = [
    # kind, columns, roles (role=column), unused
    (
        "trades",
        "id,price,qty,quote_qty,time,is_buyer_maker",
        "sequence=id price=price size=qty time=time buyer_is_maker=is_buyer_maker",
        "quote_qty",
    ),
    (
        "trades",
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
        "symbol=symbol time=timestamp local=local_timestamp sequence=id side=side price=price size=amount",
        "exchange",
    ),
    ("trades", "Recv Time,Price,Size", "local=Recv Time time=Recv Time price=Price size=Size", ""),
    (
        "quotes",
        "timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount",
        "time=timestamp local=local_timestamp ask_size=ask_amount ask=ask_price bid=bid_price "
        "bid_size=bid_amount",
        "",
    ),
    (
        "levels",
        "timestamp,local_timestamp,is_snapshot,side,price,amount",
        "time=timestamp local=local_timestamp snapshot=is_snapshot side=side price=price size=amount",
        "",
    ),
]


@pytest.mark.parametrize(("kind", "names", "roles", "unused"), CASES)
def test_usual_spellings(kind: str, names: str, roles: str, unused: str) -> None:
    """Without case and punctuation; what has no role is named."""
    found = guess_tick_columns(names.split(","), kind)
    pairs = [part.split("=") for part in roles.replace("Recv Time", "Recv_Time").split()]
    assert found.roles == {role: column.replace("_Time", " Time") for role, column in pairs}
    assert found.unused == tuple(filter(None, unused.split(",")))
    assert found.wide == {}


@pytest.mark.parametrize("shape", ["{side}_px_{n} {side}_qty_{n}", "{side}s[{n}].price {side}s[{n}].amount"])
def test_wide_levels(shape: str) -> None:
    """Numbered columns of both sides are a snapshot a row."""
    names = ["ts"] + [
        name for n in range(2) for side in ("bid", "ask") for name in shape.format(n=n, side=side).split()
    ]
    found = guess_tick_columns(names, "levels")
    assert found.roles == {"time": "ts"}
    assert found.unused == ()
    assert [
        found.wide[side, n, what] for n in range(2) for side in (1, -1) for what in ("price", "size")
    ] == (names[1:])


def test_what_is_said_goes_first() -> None:
    """A column is not guessed for a second role."""
    names = ["a", "price", "size", "ts"]
    found = guess_tick_columns(names, "trades", {"price": "a", "sequence": "price"})
    assert found.roles == {"price": "a", "sequence": "price", "size": "size", "time": "ts"}


@pytest.mark.parametrize(
    ("kind", "names", "given", "says"),
    [
        ("trades", "ts,price", {}, r"trades: no column of size \(found: 'ts', 'price'\); name it with"),
        ("trades", "price,size", {}, "no column of time"),
        ("quotes", "ts,bid,ask", {}, "no column of bid_size and ask_size"),
        ("levels", "ts,price,size", {}, "no column of side"),
        ("levels", "ts,bid_px_0,ask_px_0", {}, "'bid_px_0' has no column of the size beside it"),
        ("trades", "ts,price,size", {"prize": "price"}, "no role 'prize' of trades; did you mean 'price'"),
        ("trades", "ts,price,size", {"price": "x"}, "price is said to be 'x', but the file has none"),
    ],
)
def test_what_is_not_understood(kind: str, names: str, given: dict[str, str], says: str) -> None:
    """The error names what was found, and how to say it."""
    with pytest.raises(DataError, match=says):
        guess_tick_columns(names.split(","), kind, given)
