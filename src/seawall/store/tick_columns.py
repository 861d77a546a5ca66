"""Which column of a table of ticks is the price, the trade id, the snapshot mark: by the usual spellings.

Rule 1: what the user says goes before every guess; a role or column that does not exist is an error.
Rule 2: a column has one role; the roles of a kind without which it is nothing must be there.
Rule 3: a table of levels is long (side, price, size: a row a level) or wide (ask_px_0, ask_qty_0 ...: a
        row a snapshot); wide columns are told by their numbers.

Spellings are compared without case and punctuation: `Last Update ID` and `last_update_id` are one.
"""

import difflib
import re
from collections.abc import Mapping, Sequence

import msgspec

from seawall.model.errors import DataError

__all__ = ["TICK_ROLES", "TickColumns", "guess_tick_columns"]

COMMON: dict[str, tuple[str, ...]] = {
    "local": (
        *("tsrecvns", "tsrecv", "tslocal", "tslocalns", "localtimestamp", "localtime", "receivetime"),
        *("recvtime", "receivetimestamp", "recvns", "receivens", "received", "arrivaltime"),
    ),
    "time": (
        *("tsns", "tsexchange", "tsexchangens", "exchangetimestamp", "tsevent", "transacttime", "eventtime"),
        *("tradetime", "timestamp", "datetime", "ts", "time", "date"),
    ),
    "symbol": ("symbol", "ticker", "instrument", "sym", "market", "pair"),
}
SIZES = ("qty", "size", "quantity", "amount", "volume", "sz")
TICK_ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "trades": COMMON
    | {
        "sequence": ("tradeid", "aggtradeid", "tradenumber", "id", "sequence", "seq"),
        "price": ("price", "px", "tradeprice", "p"),
        "size": (*SIZES, "tradesize", "q"),
        "side": ("side", "aggressor", "aggressorside", "takerside", "direction"),
        "buyer_is_maker": ("isbuyermaker", "buyerismaker", "buyermaker"),
    },
    "quotes": COMMON
    | {
        "sequence": ("updateid", "lastupdateid", "sequence", "seq", "quoteid"),
        "bid": ("bidpx", "bidprice", "bid", "bestbid", "bestbidprice"),
        "bid_size": tuple(f"{head}{size}" for head in ("bid", "bestbid") for size in SIZES),
        "ask": ("askpx", "askprice", "ask", "bestask", "bestaskprice", "offer"),
        "ask_size": tuple(f"{head}{size}" for head in ("ask", "bestask") for size in SIZES),
    },
    "levels": COMMON
    | {
        "message": ("msgid", "messageid", "message"),
        "first": ("firstupdateid", "firstid"),
        "sequence": ("lastupdateid", "finalupdateid", "updateid", "sequence", "seq", "lastid"),
        "previous": ("prevupdateid", "previousupdateid", "prevlastupdateid", "previd", "pu"),
        "snapshot": ("issnapshot", "snapshot"),
        "side": ("side", "bookside"),
        "price": ("price", "px", "p"),
        "size": (*SIZES, "q"),
    },
}
NEEDED = {
    "trades": ("time", "price", "size"),
    "quotes": ("time", "bid", "bid_size", "ask", "ask_size"),
    "levels": ("time", "side", "price", "size"),
}
WIDE = re.compile(rf"(bid|ask)s?(\d*)(px|price|{'|'.join(SIZES)})(\d*)")


class TickColumns(msgspec.Struct, frozen=True):
    """role -> column; `wide`: (side, level, "price" or "size") -> column of a table of snapshots."""

    roles: dict[str, str]
    wide: dict[tuple[int, int, str], str]
    unused: tuple[str, ...]


def guess_tick_columns(
    names: Sequence[str], kind: str, given: Mapping[str, str] | None = None
) -> TickColumns:
    """The role of each column of a table of `kind` (trades, quotes, levels); given: role -> column.

    >>> guess_tick_columns(["ts_ns", "ts_recv_ns", "trade_id", "price", "qty", "side"], "trades").roles
    {'local': 'ts_recv_ns', 'time': 'ts_ns', 'sequence': 'trade_id', 'price': 'price', 'size': 'qty', \
'side': 'side'}
    """
    roles = _given(names, kind, given or {})
    for role, spellings in TICK_ROLES[kind].items():
        plain = {_plain(name): name for name in reversed(names) if name not in roles.values()}
        found = next((plain[spelling] for spelling in spellings if spelling in plain), None)
        if role not in roles and found is not None:
            roles[role] = found
    if "time" not in roles and "local" in roles:
        roles["time"] = roles["local"]  # one time is the time of both
    wide = _wide(names) if kind == "levels" and "price" not in (given or {}) else {}
    if wide:
        roles = {role: name for role, name in roles.items() if role not in ("side", "price", "size")}
    _refuse_incomplete(names, kind, roles, wide)
    used = [*roles.values(), *wide.values()]
    return TickColumns(roles, wide, tuple(name for name in names if name not in used))


def _given(names: Sequence[str], kind: str, given: Mapping[str, str]) -> dict[str, str]:
    known = TICK_ROLES[kind]
    for role, column in given.items():
        if role not in known:
            near = difflib.get_close_matches(role, list(known), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f". There are: {', '.join(known)}"
            raise DataError(f"columns: no role {role!r} of {kind}{hint}")
        if column not in names:
            raise DataError(
                f"columns: {role} is said to be {column!r}, but the file has none {_found(names)}"
            )
    return dict(given)


def _wide(names: Sequence[str]) -> dict[tuple[int, int, str], str]:
    """Numbered columns of a table of snapshots; empty unless both sides have prices and sizes."""
    wide: dict[tuple[int, int, str], str] = {}
    for name in names:
        match = WIDE.fullmatch(_plain(name))
        level = match and (match[2] or match[4])
        if match and level:
            what = "price" if match[3] in ("px", "price") else "size"
            wide[1 if match[1] == "bid" else -1, int(level), what] = name
    for side, level, what in list(wide):
        other = "size" if what == "price" else "price"
        if (side, level, other) not in wide:
            raise DataError(f"column {wide[side, level, what]!r} has no column of the {other} beside it")
    return wide if {side for side, _, _ in wide} == {1, -1} else {}


def _refuse_incomplete(
    names: Sequence[str], kind: str, roles: dict[str, str], wide: dict[tuple[int, int, str], str]
) -> None:
    needed = ("time",) if wide else NEEDED[kind]
    missing = [role for role in needed if role not in roles]
    if missing:
        raise DataError(
            f"{kind}: no column of {' and '.join(missing)} {_found(names)}; "
            f"name it with columns={{{missing[0]!r}: ...}}"
        )


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _found(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:30]) for name in names[:12])
    return f"(found: {shown}{', ...' if len(names) > 12 else ''})"
