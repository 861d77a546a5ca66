"""From the journal's records to tables that people query: a projection that can be rebuilt.

Rule 1: every column comes from records of the run and from its manifest, nothing else.
Rule 2: prices are given in currency, quantities in lots, money in minor units beside them.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import DecisionKind, EventKind, Liquidity
from seawall.model.orders import OrderState, OrderType, Side, TimeInForce
from seawall.model.reasons import Reason
from seawall.portfolio.trades import round_trips
from seawall.risk.registry import RULES

__all__ = [
    "TableContext",
    "decisions_table",
    "equity_table",
    "fills_table",
    "orders_table",
    "positions_table",
    "refusals_table",
    "trades_table",
]

Lanes = Mapping[str, np.ndarray]


class TableContext:
    """What turns numbers into words: names, price grids and interned strings of one run."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.manifest = manifest
        self.currency: str = manifest["currency"]
        self.exponent: int = manifest["exponent"]
        self.names: list[str] = manifest["instruments"]
        self.words: list[str] = manifest["words"]
        self.tick_prices = np.array([float(t) for t in manifest["ticks"]])
        self.strategies: list[str] = manifest["strategies"]
        self.tick_values = {i: Fraction(n, d) for i, (n, d) in enumerate(manifest["tick_values"])}
        contracts = manifest.get("contracts", ())  # runs from before there were any have none
        self.inverse = frozenset(i for i, contract in enumerate(contracts) if contract == "inverse")

    def instrument(self, numbers: np.ndarray) -> pl.Series:
        """Names of instrument numbers; -1 is none."""
        return _texts(self.names[int(n)] if n >= 0 else "" for n in numbers)

    def strategy(self, numbers: Iterable[int]) -> pl.Series:
        """Names of strategy numbers."""
        return _texts(self.strategies[n] if n >= 0 else "" for n in numbers)

    def price(self, numbers: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Prices in currency; 0 ticks are no price: NaN."""
        grid = self.tick_prices[np.maximum(numbers, 0)] if len(numbers) else np.zeros(0)
        return np.where(ticks == 0, np.nan, np.round(ticks * grid, 10))


def _texts(texts: Iterable[str]) -> pl.Series:
    return pl.Series(list(texts), dtype=pl.String)


def _labels(enum: Any, numbers: np.ndarray) -> pl.Series:
    table = {int(member): member.name.lower() for member in enum}
    return _texts(table.get(int(n), "") for n in numbers)


def decisions_table(lanes: Lanes, context: TableContext) -> pl.DataFrame:
    """One row a decision: what was wanted, what came of it, every rule with value and limit."""
    d = lanes["decisions"]
    number = d["instrument"]
    columns: dict[str, Any] = {
        "sequence": d["sequence"], "ts_ns": d["ts_local"], "row_hash": d["row_hash"], "cause": d["cause"],
        "rows_seen": d["rows_seen"], "kind": _labels(DecisionKind, d["kind"]),
        "reason": _labels(Reason, d["reason"]),
        "strategy": context.strategy(d["strategy"]), "instrument": context.instrument(number),
        "order_id": d["order_id"], "side": _labels(Side, d["side"]), "wanted_lots": d["wanted_lots"],
        "lots": d["lots"], "target_lots": d["target_lots"], "position_lots": d["position_lots"],
        "order_type": _labels(OrderType, d["order_type"]),
        "time_in_force": _labels(TimeInForce, d["time_in_force"]),
        "limit": context.price(number, d["limit_ticks"]), "stop": context.price(number, d["stop_ticks"]),
        "reference": context.price(number, d["reference_ticks"]), "reference_age_ns": d["reference_age_ns"],
        "reference_age_sessions": d["reference_age_sessions"], "notional_minor": d["notional_minor"],
        "cash_minor": d["cash_minor"], "equity_minor": d["equity_minor"], "reducing": d["reducing"] > 0,
        "exit": _labels(Reason, d["exit_kind"]), "limits_version": d["limits_version"],
        "text": _texts(context.words[int(n)] for n in d["text"]),
        "values": _texts(_values(record, context) for record in d),
    }  # fmt: skip
    for rule in RULES:
        columns[f"{rule.name}_status"] = d["rule_status"][:, rule.slot]
        columns[f"{rule.name}_value"] = d["rule_value"][:, rule.slot]
        columns[f"{rule.name}_limit"] = d["rule_limit"][:, rule.slot]
    return pl.DataFrame(columns)


def _values(record: Any, context: TableContext) -> str:
    names, values = record["value_names"], record["values"]
    return "; ".join(f"{context.words[names[k]]}={values[k]:.10g}" for k in range(record["value_count"]))


def fills_table(lanes: Lanes, context: TableContext) -> pl.DataFrame:
    """One row a fill; its four costs add up to what it cost beyond the price of the decision."""
    events = lanes["events"]
    f = events[events["kind"] == int(EventKind.FILL)]
    number = f["instrument"]
    price = f["price_fine"] / FINE_PER_TICK
    return pl.DataFrame(
        {
            "sequence": f["sequence"], "ts_ns": f["ts_local"], "ts_exchange_ns": f["ts_exchange"],
            "order_id": f["order_id"], "execution_id": f["execution_id"],
            "instrument": context.instrument(number), "strategy": context.strategy(f["strategy"]),
            "side": _labels(Side, f["side"]), "lots": f["lots"], "price": context.price(number, price),
            "decision_price": context.price(number, f["reference_fine"] / FINE_PER_TICK),
            "notional_minor": np.abs(f["amount_minor"]), "amount_minor": f["amount_minor"],
            "fee_minor": f["fee_minor"], "spread_minor": f["spread_minor"], "impact_minor": f["impact_minor"],
            "delay_minor": f["delay_minor"], "realised_minor": f["realised_minor"],
            "position_lots": f["position_lots"], "cash_minor": f["cash_minor"],
            "liquidity": _labels(Liquidity, f["liquidity"]), "flags": f["flags"],
        }
    )  # fmt: skip


def orders_table(lanes: Lanes, context: TableContext) -> pl.DataFrame:
    """One row an order: what was sent, where it ended, what was filled at which average price."""
    events = lanes["events"]
    sent = events[events["kind"] == int(EventKind.COMMAND_NEW)]
    orders = pl.DataFrame(
        {
            "order_id": sent["order_id"], "ts_ns": sent["ts_local"], "decision": sent["cause"],
            "instrument": context.instrument(sent["instrument"]),
            "strategy": context.strategy(sent["strategy"]),
            "side": _labels(Side, sent["side"]), "order_type": _labels(OrderType, sent["order_type"]),
            "lots": sent["lots"], "limit": context.price(sent["instrument"], sent["limit_ticks"]),
            "stop": context.price(sent["instrument"], sent["stop_ticks"]),
        }
    )  # fmt: skip
    approved = lanes["decisions"][lanes["decisions"]["kind"] == int(DecisionKind.APPROVED)]
    lives = pl.DataFrame(
        {
            "order_id": approved["order_id"],
            "time_in_force": _labels(TimeInForce, approved["time_in_force"]),
            "only_reduces": approved["reducing"] > 0,
        }
    )
    orders = orders.join(lives, on="order_id", how="left")
    return orders.join(_last_states(events), on="order_id", how="left").join(
        _filled(fills_table(lanes, context)), on="order_id", how="left"
    ).with_columns(pl.col("filled_lots", "fees_minor", "realised_minor").fill_null(0))  # fmt: skip


def _last_states(events: np.ndarray) -> pl.DataFrame:
    moved = events[(events["order_id"] > 0) & (events["state_to"] > 0)]
    columns = {"order_id": "order_id", "state": "state_to", "reason": "reason", "ended_ns": "ts_local"}
    frame = pl.DataFrame({name: moved[field] for name, field in columns.items()})
    last = frame.group_by("order_id", maintain_order=True).last()
    asides = np.isin(moved["kind"], [int(EventKind.CANCEL_REJECTED), int(EventKind.REPLACE_REJECTED)])
    own = frame.filter(~asides).group_by("order_id", maintain_order=True).last()  # not a late answer's
    return last.select(
        "order_id",
        _labels(OrderState, last["state"].to_numpy()).alias("status"),
        _labels(Reason, own["reason"].to_numpy()).alias("reason"),
        own["ended_ns"],
    )


def _filled(fills: pl.DataFrame) -> pl.DataFrame:
    return fills.group_by("order_id", maintain_order=True).agg(
        pl.col("lots").sum().alias("filled_lots"),
        ((pl.col("price") * pl.col("lots")).sum() / pl.col("lots").sum()).alias("average_price"),
        pl.col("fee_minor").sum().alias("fees_minor"),
        pl.col("realised_minor").sum(),
    )


def equity_table(lanes: Lanes) -> pl.DataFrame:
    """One row a point of the equity curve, marked to market."""
    e = lanes["equity"]
    names = ("cash_minor", "equity_minor", "gross_minor", "net_minor", "realised_minor", "unrealised_minor",
             "fees_minor", "dividends_minor", "peak_minor", "reserved_minor")  # fmt: skip
    return pl.DataFrame(
        {
            "sequence": e["sequence"], "ts_ns": e["ts_local"], **{name: e[name] for name in names},
            "drawdown": e["drawdown_ppm"] / 1e6, "stale": e["stale_marks"],
        }
    )  # fmt: skip


def positions_table(lanes: Lanes, context: TableContext) -> pl.DataFrame:
    """One row each time that a position changed: after a fill, a split, an adjustment.

    value_minor is the cost basis with the sign of the lots; in the books of an inverse contract
    it has the other one.
    """
    postings = lanes["postings"]
    kept = postings[postings["lots"] != 0]
    totals: dict[tuple[int, int], tuple[int, int]] = {}
    lots: list[int] = []
    costs: list[int] = []
    for record in kept:
        key = (int(record["strategy"]), int(record["instrument"]))
        held, cost = totals.get(key, (0, 0))
        totals[key] = (held + int(record["lots"]), cost + int(record["position"]))
        lots.append(totals[key][0])
        costs.append(-totals[key][1] if key[1] in context.inverse else totals[key][1])
    return pl.DataFrame(
        {
            "sequence": kept["sequence"], "ts_ns": kept["ts_local"],
            "strategy": context.strategy(kept["strategy"]),
            "instrument": context.instrument(kept["instrument"]),
            "lots": pl.Series(lots, dtype=pl.Int64), "value_minor": pl.Series(costs, dtype=pl.Int64),
        }
    )  # fmt: skip


def trades_table(lanes: Lanes, context: TableContext) -> pl.DataFrame:
    """Round trips, first in first out; pnl_minor is net of the fees of both sides."""
    trades = round_trips(lanes["events"], "fifo", context.tick_values, context.inverse)
    numbers = np.array([t.instrument for t in trades], np.int64)

    def whole(field: str) -> pl.Series:
        return pl.Series([getattr(t, field) for t in trades], dtype=pl.Int64)

    def price(field: str) -> np.ndarray:
        return context.price(numbers, np.array([float(getattr(t, field)) for t in trades]) / FINE_PER_TICK)

    return pl.DataFrame(
        {
            "instrument": context.instrument(numbers),
            "strategy": context.strategy([t.strategy for t in trades]),
            "side": _texts("long" if t.side > 0 else "short" for t in trades),
            "opened_ns": whole("opened_ns"), "closed_ns": whole("closed_ns"), "lots": whole("lots"),
            "entry_price": pl.Series(price("entry_fine"), dtype=pl.Float64),
            "exit_price": pl.Series(price("exit_fine"), dtype=pl.Float64),
            "pnl_minor": whole("net_minor"), "fees_minor": whole("fees_minor"),
            "dividends_minor": whole("dividends_minor"),
            "open_order": whole("open_order"), "close_order": whole("close_order"),
        }
    )  # fmt: skip


def refusals_table(lanes: Lanes) -> pl.DataFrame:
    """Refused decisions counted by the rule that came first."""
    d = lanes["decisions"]
    refused = d[d["kind"] == int(DecisionKind.REFUSED)]
    controls = {int(rule.reason): rule.control for rule in RULES}
    controls.update(
        {int(rule.blind_reason): rule.control for rule in RULES if int(rule.blind_reason) not in controls}
    )
    reasons, counts = np.unique(refused["reason"], return_counts=True)
    return pl.DataFrame(
        {
            "rule": _texts(controls.get(int(r), "-") for r in reasons),
            "reason": _labels(Reason, reasons),
            "count": pl.Series([int(c) for c in counts], dtype=pl.Int64),
        }
    ).sort(["count", "reason"], descending=[True, False])
