"""Desk files: what is accepted, and what the user reads when it is not."""

from decimal import Decimal

import pytest

from seawall.config import Desk, apply_overrides, parse_desk
from seawall.model.errors import ConfigError

GOOD = """
[desk]
name = "desk-1"
cash = 1_000_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM"]
start = 2001-01-02
[strategy]
name = "momentum"
entry = 1.5
[risk]
gross_max = 1
single_name_max = "25%"
[risk.instruments.AAPL]
order_lots_max = 500
[venue]
taker_bps = 2
latency_order = { p50 = "5ms", p99 = "40ms" }
"""

MISTAKES = [
    # what is set, and what the message must say
    ("desk.csh=1", "unknown key desk.csh; did you mean desk.cash?"),
    ("dseks.cash=1", r"unknown table \[dseks\]; did you mean desk?"),
    ("risk.instruments.AAPL.order_lot_max=1", "did you mean risk.instruments.AAPL.order_lots_max?"),
    ("venue.fee_classes.etf.taker=1", "did you mean venue.fee_classes.etf.taker_bps?"),
    ("venue.seed=7", "venue.seed cannot be set: one seed .* desk.seed"),
    ("desk.cash='1000'", "desk.cash: expected number, got the text '1000'"),
    ("desk.cash=true", "desk.cash: expected number, got bool"),
    ("desk.cash=nan", "desk.cash: must be between 0.01"),
    ("desk.cash=-5", "desk.cash: must be between 0.01"),
    ("desk.cash=1e30", "desk.cash: must be between"),
    ("desk.cash=0.001", "desk.cash: must be between"),
    ("desk.cash=1.005", "desk.cash: 1.005 USD is not a whole number of minor units"),
    ("desk.minimum_notional=-1", "desk.minimum_notional: must be between 0"),
    ("desk.seed='7'", "desk.seed: expected int, got str"),
    ("desk.seed=1.5", "desk.seed: expected int, got number"),
    ("desk.seed=true", "desk.seed: expected int, got bool"),
    ("desk.seed=-1", "desk.seed: must be between 0"),
    ("desk.name='a b'", "desk.name: letters, digits"),
    ("desk.currency=ABC", "desk.currency: unknown 'ABC'; known are USD"),
    ("desk.account=cahs", "desk.account: expected one of cash, margin; got 'cahs'"),
    ("desk.rebalance_band=nan", "desk.rebalance_band: must be in"),
    ("desk.equity_interval=soon", "desk.equity_interval: expected a duration"),
    ("data.instruments=AAPL", "data.instruments: expected list, got str"),
    ("data.instruments=[]", "data.instruments: at least one"),
    ("data.instruments=['A', 'A']", "data.instruments: a name stands twice"),
    ("data.start=soon", "data.start: expected an ISO 8601 date"),
    ("data.volume='100'", 'data.volume: expected "assume N"'),
    ("risk.gross_max=true", "risk.gross_max: expected number | str, got bool"),
    ("venue.taker_bps='1'", "venue.taker_bps: expected number, got str"),
    ("venue.taker_bps=nan", "taker_bps: must be within 0 and 1000, got nan"),
    ("venue.impact=square", "venue.impact: expected one of sqrt, base, none; got 'square'"),
    ("venue.adversarial=1", "venue.adversarial: expected bool, got int"),
    ("desk.name.x=1", "name is not a table"),
    ("cash=1", "expected table.key=value"),
    ("desk.cash", "expected table.key=value"),
]


def test_a_desk_file_becomes_structs() -> None:
    """Whole numbers serve as fractions, TOML dates as times, tables as structs."""
    desk = parse_desk(GOOD)
    assert desk.desk.cash == Decimal(1_000_000)
    assert (desk.data.instruments, desk.data.start) == (("AAPL", "IBM"), "2001-01-02")
    assert (desk.risk.gross_max, desk.risk.single_name_max) == (1.0, "25%")
    assert desk.risk.instruments["AAPL"].order_lots_max == 500
    assert desk.strategy == {"name": "momentum", "entry": "1.5"}
    assert desk.venue.taker_bps == 2.0


@pytest.mark.parametrize(("override", "says"), MISTAKES, ids=[override for override, _ in MISTAKES])
def test_a_mistake_names_its_key_and_what_was_expected(override: str, says: str) -> None:
    """Every mistake is a ConfigError that a user can act on."""
    with pytest.raises(ConfigError, match=says):
        parse_desk(GOOD, (override,), where="my.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[desk\nx = 1", "my.toml: not valid TOML: .*line 1"),
        ("desk = 1", r"desk must be a table: \[desk\]"),
        ("[desk]\nname = 'a'\ncash = 1", r"the table \[data\] is missing"),
        (GOOD.replace("cash = 1_000_000", ""), "desk: .*required field cash"),
    ],
)
def test_a_broken_file_says_where(text: str, says: str) -> None:
    """Malformed TOML and missing parts are named with the file."""
    with pytest.raises(ConfigError, match=says):
        parse_desk(text, where="my.toml")


def test_overrides_reach_any_depth_and_quoted_names() -> None:
    """Keys are TOML's: dotted, and quoted where a name has a dot itself."""
    tables: dict[str, object] = {"desk": {"cash": 1}}
    overrides = ("desk.cash=2.5", 'risk.instruments."BRK.B".order_lots_max=3', "data.end=2001-02-03")
    apply_overrides(tables, overrides)
    assert tables == {
        "desk": {"cash": Decimal("2.5")},
        "risk": {"instruments": {"BRK.B": {"order_lots_max": 3}}},
        "data": {"end": "2001-02-03"},
    }


def test_every_setting_is_part_of_the_hash() -> None:
    """One changed value is another configuration; a default written out is the same one."""
    base = parse_desk(GOOD).config_hash
    assert parse_desk(GOOD, ("desk.seed=42",)).config_hash == base
    changed = [
        parse_desk(GOOD, (override,)).config_hash
        for override in ("desk.seed=43", "strategy.entry=1.6", "risk.drawdown_max=0.2", "venue.k_sigma=0.03")
    ]
    assert len({base, *changed}) == 5


def test_a_desk_can_be_made_without_a_file() -> None:
    """What a program assembles is the same struct."""
    desk = parse_desk(GOOD)
    again = Desk(desk=desk.desk, data=desk.data, strategy=desk.strategy, risk=desk.risk, venue=desk.venue)
    assert again.config_hash == desk.config_hash
