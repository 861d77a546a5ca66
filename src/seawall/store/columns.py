"""Which column of a file is the time, the open, the volume: guessed from the usual spellings.

Rule 1: a guess that is not certain is an error that names what was found and how to say it.
Rule 2: an adjusted close is used only where there is no other price, and the report says so.
Rule 3: a table with a time and otherwise only unknown names is wide: a column of closes a symbol.
"""

import difflib
from collections.abc import Mapping, Sequence

import msgspec

from seawall.model.errors import DataError

__all__ = ["PRICES", "ROLES", "ColumnRoles", "guess_columns"]

ROLES: dict[str, tuple[str, ...]] = {
    "time": (
        "date",
        "datetime",
        "timestamp",
        "tsns",
        "ts",
        "tsopen",
        "time",
        "tsevent",
        "datetimeutc",
        "index",
    ),
    "symbol": ("symbol", "ticker", "instrument", "sym", "name", "asset"),
    "open": ("open", "o", "openprice", "px_open"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice", "last", "price"),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "closeadjusted"),
    "volume": ("volume", "vol", "v"),
    "buy_volume": ("buyvolume", "takerbuyvolume", "takerbuybasevolume", "takerbuybaseassetvolume"),
    "trades": ("trades", "ntrades", "numberoftrades", "tradecount", "count"),
}
LABELLED_TIME = {"open": ("opentime", "tsopen"), "close": ("closetime", "tsclose")}
PRICES = ("open", "high", "low", "close")


class ColumnRoles(msgspec.Struct, frozen=True):
    """role -> column name; `wide` lists the columns of closes of a wide table; `unused` the rest."""

    roles: dict[str, str]
    wide: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def is_flat(self) -> bool:
        """Whether there is one price only, so that open = high = low = close."""
        return "open" not in self.roles


def guess_columns(
    names: Sequence[str], bar_label: str = "open", given: Mapping[str, str] | None = None
) -> ColumnRoles:
    """The role of each column; `given` (role -> column) goes before every guess.

    >>> guess_columns(["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]).roles["time"]
    'Date'
    >>> guess_columns(["date", "AAPL", "IBM"]).wide
    ('AAPL', 'IBM')
    """
    roles = _checked(names, given or {})
    taken = list(roles.values())
    for role, spellings in ROLES.items():
        preferred = LABELLED_TIME[bar_label] + spellings if role == "time" else spellings
        found = _find(names, preferred, taken)
        if role not in roles and found is not None:
            roles[role] = found
            taken.append(found)
    if "time" not in roles:
        raise DataError(f"no time column {_found(names)}; name it with columns={{'time': ...}}")
    _refuse_date_beside_time(names, roles, given or {})
    return _with_shape(names, roles)


def _with_shape(names: Sequence[str], roles: dict[str, str]) -> ColumnRoles:
    """Long with whole bars, long with one price, or wide; anything between is an error."""
    used = [roles["time"]]
    rest = tuple(name for name in names if name not in used)
    priced = [role for role in (*PRICES, "adj_close") if role in roles]
    if not priced:
        if "symbol" in roles or not rest:
            raise DataError(f"no price column {_found(names)}; name them with columns={{'close': ...}}")
        return ColumnRoles({"time": roles["time"]}, rest, ())
    missing = [role for role in PRICES if role not in roles]
    if missing and len(missing) < 4 and priced not in (["close"], ["close", "adj_close"]):
        raise DataError(f"no {' and no '.join(missing)} column {_found(names)}; name it with columns={{...}}")
    if missing == list(PRICES):
        roles["close"] = roles.pop("adj_close")
    kept = set(roles.values())
    if "adj_close" in roles:
        kept.discard(roles["adj_close"])
    return ColumnRoles(roles, (), tuple(name for name in names if name not in kept))


def _checked(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    for role, column in given.items():
        if role not in ROLES:
            near = difflib.get_close_matches(role, list(ROLES), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f". There are: {', '.join(ROLES)}"
            raise DataError(f"columns: no role {role!r}{hint}")
        if column not in names:
            raise DataError(
                f"columns: {role} is said to be {column!r}, but the file has none {_found(names)}"
            )
    return dict(given)


def _find(names: Sequence[str], spellings: Sequence[str], taken: Sequence[str]) -> str | None:
    plain = {_plain(name): name for name in reversed(names) if name not in taken}
    return next((plain[spelling] for spelling in spellings if spelling in plain), None)


def _refuse_date_beside_time(names: Sequence[str], roles: dict[str, str], given: Mapping[str, str]) -> None:
    """A file with the date in one column and the hour in another would be read as daily."""
    plain = [_plain(name) for name in names]
    if "time" not in given and "date" in plain and "time" in plain:
        raise DataError(
            f"columns 'date' and 'time' {_found(names)}: join them, or say columns={{'time': ...}}"
        )


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _found(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:30]) for name in names[:12])
    return f"(found: {shown}{', ...' if len(names) > 12 else ''})"
