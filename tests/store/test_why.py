"""Why: from the market event to the money, in units that people read."""

from pathlib import Path

import pytest

import seawall
from seawall.model.errors import RunError
from seawall.risk.registry import RULES
from seawall.runtime.run import Run
from seawall.store.why import render_refusals, render_story

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = Path(seawall.__file__).parent / "desks" / "us-momentum.toml"


@pytest.fixture(scope="module")
def run() -> Run:
    """The demo's desk from the crash of September 2000 to the end of 2004."""
    return seawall.backtest(
        DESK,
        overrides=(
            "data.end=2006-01-01",
            "risk.gross_max=0.5",
            "risk.net_max=0.5",
            "risk.order_notional_max=290_000",
        ),
    )


@pytest.fixture(scope="module")
def entry(run: Run) -> int:
    """The first order that opened something which was closed again."""
    return int(run.trades["open_order"][0])


def test_the_story_begins_with_the_bar_that_was_seen(run: Run, entry: int) -> None:
    """Its time, its prices and its volume; the close is the price of the decision."""
    story = run.why(entry)
    market, decision = story["market"], story["decision"]
    assert market["event"] == "bar_close"
    assert market["closed"] == decision["time"]
    assert market["close"] == decision["reference_price"]
    assert market["low"] <= market["open"] <= market["high"]
    assert market["volume_lots"] > 0
    assert f"{market['instrument']} bar {market['opened']} .. {market['closed']}: open" in render_story(story)


def test_it_says_what_the_policy_saw_and_which_term_bound(run: Run, entry: int) -> None:
    """Values with their threshold, and the smallest of the terms of the size."""
    decision = run.why(entry)["decision"]
    assert list(decision["values"]) == ["z", "entry", "sigma"]
    assert decision["values"]["z"] >= decision["values"]["entry"]
    sizing = decision["sizing"]
    assert list(sizing["caps"]) == ["kelly", "volatility", "cap"]
    assert sizing["caps"][sizing["binding"]] == min(sizing["caps"].values())
    assert sizing["weight"] == pytest.approx(sizing["caps"][sizing["binding"]])
    assert f"{sizing['binding']} binds among kelly" in render_story(run.why(entry))


def test_every_rule_stands_with_value_limit_and_headroom(run: Run, entry: int) -> None:
    """All of them, in currency and percent instead of minor units and parts per million."""
    rules = {rule["name"]: rule for rule in run.why(entry)["decision"]["rules"]}
    assert list(rules) == [rule.name for rule in RULES]
    assert not any("minor" in rule["unit"] or "ppm" in rule["unit"] for rule in rules.values())
    notional = rules["order_notional"]
    assert (notional["unit"], notional["limit"]) == ("USD", 290_000.0)
    assert notional["value"] == pytest.approx(run.why(entry)["decision"]["notional"])
    assert notional["headroom"] == pytest.approx(notional["limit"] - notional["value"])
    assert (rules["price_collar"]["unit"], rules["price_collar"]["limit"]) == ("% of the reference", 10.0)
    assert (rules["stale_data"]["unit"], rules["stale_data"]["value"]) == ("sessions", 0.0)


def test_events_fills_and_costs_agree_with_the_tables(run: Run, entry: int) -> None:
    """Each order event in order, each fill with its four costs."""
    story = run.why(entry)
    assert [event["kind"] for event in story["events"]][:2] == ["command_new", "accepted"]
    sequences = [event["sequence"] for event in story["events"]]
    assert sequences == sorted(sequences)
    fills = run.fills.filter(run.fills["order_id"] == entry)
    assert story["filled_lots"] == fills["lots"].sum()
    for part in ("delay", "spread", "impact", "fee"):
        assert story["costs"][part] == pytest.approx(fills[f"{part}_minor"].sum() / 100)
        by_fill = [event[part] for event in story["events"] if event["kind"] == "fill"]
        assert sum(by_fill) == pytest.approx(story["costs"][part])


def test_it_ends_with_the_money_that_it_made(run: Run, entry: int) -> None:
    """The round trips that it opened, each with the order that closed it; and from the other side."""
    story = run.why(entry)
    own = run.trades.filter(run.trades["open_order"] == entry)
    assert [trade["pnl"] for trade in story["trades"]] == [pnl / 100 for pnl in own["pnl_minor"]]
    assert all(trade["role"] == "opened" for trade in story["trades"])
    closing = run.why(story["trades"][0]["other_order"])
    assert (entry, "closed") in [(trade["other_order"], trade["role"]) for trade in closing["trades"]]
    assert closing["decision"]["side"] == "sell"
    assert f"{story['trades'][0]['pnl']:+,.2f} USD net" in render_story(story)


def test_every_order_of_the_run_has_a_story(run: Run) -> None:
    """None of them fails to print, exits included, and costs sum to those of the run."""
    stories = [run.why(order) for order in run.orders["order_id"]]
    assert all(render_story(story).startswith("order ") for story in stories)
    fees = sum(story["costs"]["fee"] for story in stories)
    assert fees == pytest.approx(run.fills["fee_minor"].sum() / 100)
    exits = [story for story in stories if story["decision"]["policy_said"].startswith("protective exit")]
    assert exits
    assert all(story["market"] for story in stories)


def test_refusals_are_counted_by_reason_and_the_newest_is_shown(run: Run) -> None:
    """Several rules refuse; what failed is marked, in currency."""
    rows = run.refused()
    assert sum(row["count"] for row in rows) == run.refusals["count"].sum()
    assert len(rows) > 1
    text = render_refusals(rows)
    assert all(row["reason"] in text and row["meaning"] in text for row in rows)
    assert "<--" in text
    assert all(row["last"]["kind"] == "refused" for row in rows)
    assert render_refusals([]) == "nothing was refused"


def test_an_order_that_is_not_there_is_named(run: Run) -> None:
    """The error says which there are."""
    last = run.orders["order_id"].max()
    for wrong in (0, -1, last + 1):
        with pytest.raises(RunError, match=f"no order {wrong}; the run's orders are 1 to {last}"):
            run.why(wrong)


def test_without_its_catalog_the_story_is_told_from_the_record(run: Run, entry: int) -> None:
    """The bar is left out; nothing else is."""
    whole = run.why(entry)
    elsewhere = Run(run.records)
    kept = dict(run.manifest)
    try:
        run.manifest["catalog"] = "gone"
        bare = elsewhere.why(entry)
    finally:
        run.manifest.update(kept)
    assert bare["market"] == {}
    assert {key: value for key, value in bare.items() if key != "market"} == {
        key: value for key, value in whole.items() if key != "market"
    }
