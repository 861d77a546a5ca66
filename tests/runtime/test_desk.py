"""Assembly: a desk file and a catalog become a core and a venue, or one clear error."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.kernels.rows import BAR_CLOSE
from seawall.model.corporate import Split
from seawall.model.errors import CatalogError, ConfigError, DataError, SeawallError
from seawall.model.instruments import Instrument
from seawall.runtime.desk import assemble, load_desk_policy, read_market
from seawall.store.catalog import BAR_SCHEMA, Catalog

HOUR_NS = 3600 * 10**9
FIRST_NS = 1_704_067_200 * 10**9  # 2024-01-01


def test_the_same_inputs_give_the_same_bytes(small: Any) -> None:
    """Two assemblies of one desk have equal states, venues and manifests."""
    one, two = small.assembled(), small.assembled()
    assert one.state.tobytes() == two.state.tobytes()
    assert one.venue.tobytes() == two.venue.tobytes()
    assert one.manifest == two.manifest
    assert one.engine.chain.result() == two.engine.chain.result()


def test_what_the_market_holds(small: Any) -> None:
    """Rows within the dates, sorted by time; the split of 2005-02-28 is among the events."""
    market = read_market(parse_desk(small.file.read_text()), small.folder)
    rows = market.rows
    assert np.all(np.diff(rows["ts_local"]) >= 0)
    assert str(rows["ts_local"][0].astype("datetime64[ns]"))[:10] == "2005-01-03"
    assert str(rows["ts_local"][-1].astype("datetime64[ns]"))[:10] == "2005-04-29"
    assert [a.instrument for a in market.actions if isinstance(a, Split)] == ["AAPL"]
    assert np.count_nonzero(rows["kind"] == BAR_CLOSE) == 2 * 82


@pytest.mark.parametrize(
    ("override", "kind", "words"),
    [
        ("data.instruments=['AAPL','IBN']", CatalogError, "did you mean 'IBM'"),
        ("data.start='2020-01-01'", DataError, "no bars of AAPL, IBM"),
        ("data.start='soon'", SeawallError, "soon"),
        ("desk.currency=EUR", ConfigError, "nothing settles in EUR, the desk's currency: AAPL in USD"),
        ("strategy.name=momentum", ConfigError, "either name"),
        ("strategy.path=other.py", ConfigError, "other.py"),
        ("strategy.raise_up=1", ConfigError, "raise_at"),
        ("data.catalog=nowhere", CatalogError, "nowhere"),
        ("data.catalog='sample:us-stock'", CatalogError, "sample:us-stocks"),
        ("risk.order_lots_max=100_000_000", ConfigError, "cannot bind"),
    ],
)
def test_mistakes(small: Any, override: str, kind: type[Exception], words: str) -> None:
    """Each mistake of a desk file is found before the first event and named."""
    overrides = (override, "data.end='2021-01-01'") if "start='2020" in override else (override,)
    with pytest.raises(kind, match=words.replace("(", r"\(")):
        small.assembled(*overrides)


def test_no_policy_at_all(small: Any) -> None:
    """A desk without name and path of a policy says what it wants."""
    text = small.file.read_text().replace('path = "policy.py"', "")
    with pytest.raises(ConfigError, match="give either name"):
        assemble(parse_desk(text), small.folder)


def test_settings_reach_core_and_venue(small: Any) -> None:
    """Cash, seed, assumed volume, account and dates stand where they are read."""
    built = small.assembled(
        "desk.cash=1234.56",
        "desk.seed=99",
        "desk.account=margin",
        "data.volume='assume 77'",
        "risk.order_notional_max=1000",
        "risk.order_lots_max=5",
    )
    s, v = built.state[0], built.venue[0]
    assert s["ledger"]["cash_minor"] == s["ledger"]["initial_minor"] == 123_456
    assert s["ledger"]["margin_account"] == 1
    assert v["seed"] == 99
    assert s["instruments"][0]["assumed_volume_lots"] == v["instruments"][1]["assumed_volume_lots"] == 77
    assert s["instruments"][0]["daily"] == 1
    assert s["limits"]["order_notional_minor_max"] == 100_000
    assert built.manifest["seed"] == 99
    assert list(built.manifest["instruments"]) == list(built.engine.names) == ["AAPL", "IBM"]


def test_shorts_need_the_account_and_the_instrument(tmp_path: Path) -> None:
    """Only a margin account may short, and only what is shortable."""
    catalog = Catalog(tmp_path / "catalog")
    for name, shortable in (("YES", True), ("NO", False)):
        catalog.write_instrument(
            Instrument(name=name, tick=Decimal("0.01"), sessions="24/7", shortable=shortable)
        )
        catalog.write_bars(name, hours(50))
    for account, expected in (("cash", [0, 0]), ("margin", [1, 0])):
        built = assemble(parse_desk(toy(account)), tmp_path)
        records = built.state[0]["instruments"][:2]
        assert records["shortable"].tolist() == expected
        assert records["daily"].tolist() == [0, 0]
        assert records["interval_ns"].tolist() == [HOUR_NS, HOUR_NS]
    assert built.manifest["annualisation"] == 365


def test_an_inverse_contract_has_no_corporate_actions(tmp_path: Path) -> None:
    """A split of it would be booked by nobody's rule, so that the desk does not start."""
    catalog = Catalog(tmp_path / "catalog")
    for name in ("YES", "NO"):
        catalog.write_instrument(
            Instrument(name=name, tick=Decimal("0.01"), sessions="24/7", contract="inverse")
        )
        catalog.write_bars(name, hours(50))
    built = assemble(parse_desk(toy("margin")), tmp_path)
    assert built.manifest["contracts"] == ["inverse", "inverse"]
    assert built.venue[0]["instruments"]["inverse"][:2].tolist() == [1, 1]
    catalog.write_actions("NO", [Split("NO", FIRST_NS, 2, 1)])
    with pytest.raises(DataError, match="1 corporate actions of NO; an inverse contract has none"):
        assemble(parse_desk(toy("margin")), tmp_path)


def test_a_policy_file_in_place_of_the_desks(small: Any, tmp_path: Path) -> None:
    """A replay may name another file for the same policy; its bytes are what is hashed."""
    desk = parse_desk(small.file.read_text())
    other = tmp_path / "copy.py"
    other.write_bytes(small.policy.read_bytes())
    assert load_desk_policy(desk, small.folder, other).path == other
    assert (
        load_desk_policy(desk, small.folder).source_hash
        == load_desk_policy(desk, small.folder, other).source_hash
    )


def toy(account: str) -> str:
    """A desk on two instruments of hourly bars."""
    return f"""
[desk]
name = "toy"
cash = 1000
account = "{account}"
[data]
catalog = "catalog"
instruments = ["YES", "NO"]
[strategy]
name = "threshold"
[risk]
order_lots_max = 10
order_notional_max = 100
"""


def hours(count: int) -> pl.DataFrame:
    """Flat hourly bars at 10.00."""
    times = [FIRST_NS + number * HOUR_NS for number in range(count)]
    rows = [(ts, ts + HOUR_NS, 1000, 1000, 1000, 1000, 500, None, None, HOUR_NS) for ts in times]
    return pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row")
