"""Why: the life of an order from the market event to the money it made, and what was refused.

Rule 1: all of it is read from the run's own records; only the bar that was seen is looked up in
        the catalog, and it is shown only where its price is the one that the decision recorded.
Rule 2: the answer is one plain structure; text and JSON are two prints of the same thing.
Rule 3: people read currency, percent, seconds and sessions: the rules' own units (minor units,
        parts per million, nanoseconds) are converted here, exactly.
"""

from pathlib import Path
from typing import Any

import numpy as np

from seawall.kernels.state import FINE_PER_TICK
from seawall.model.errors import RunError, SeawallError
from seawall.model.instruments import CURRENCY_EXPONENTS
from seawall.model.kinds import DecisionKind, EventKind, Liquidity
from seawall.model.orders import OrderState, OrderType, Side, TimeInForce
from seawall.model.reasons import MEANING, Reason
from seawall.model.times import format_time
from seawall.portfolio.trades import Trade, round_trips
from seawall.risk.registry import RULES
from seawall.risk.rule import Status
from seawall.store.run_folder import RunRecords
from seawall.store.sample import open_catalog
from seawall.store.tables import TableContext

__all__ = [
    "order_story",
    "refusals",
    "render_decision",
    "render_refusals",
    "render_story",
    "story_of_decision",
]

Json = dict[str, Any]
COSTS = ("delay", "spread", "impact", "fee")
CAPS = ("kelly", "risk_constrained", "volatility", "atr", "target", "limits", "cap")
MULTIPLIERS = ("strength", "regime", "drawdown")
"""The terms of portfolio/sizing.py, by the names under which a policy reports them."""
SESSIONS_MAX = 1_000_000  # a limit below it counts sessions, one above it nanoseconds
LOOK_NS = 40 * 86_400 * 10**9


def order_story(run: RunRecords, order_id: int) -> Json:
    """The life of one order; an unknown number is a RunError that says which there are."""
    decisions, events = run.lanes["decisions"], run.lanes["events"]
    found = decisions[(decisions["order_id"] == order_id) & (decisions["kind"] == int(DecisionKind.APPROVED))]
    if order_id <= 0 or not len(found):
        last = int(decisions["order_id"].max()) if len(decisions) else 0
        there = f"the run's orders are 1 to {last}" if last else "the run sent no order"
        raise RunError(f"{run.where}: no order {order_id}; {there}")
    context = TableContext(run.manifest)
    scale = 10**context.exponent
    own = events[events["order_id"] == order_id]
    fills = own[own["kind"] == int(EventKind.FILL)]
    trades = round_trips(events, "fifo", context.tick_values, context.inverse)
    return {
        "order_id": order_id,
        "currency": context.currency,
        "market": _market_event(found[0], context),
        "decision": story_of_decision(found[0], context, scale),
        "events": [_event(e, context, scale) for e in own],
        "filled_lots": int(fills["lots"].sum()),
        "costs": {k: int(fills[f"{k}_minor"].sum()) / scale for k in COSTS},
        "realised": int(fills["realised_minor"].sum()) / scale,
        "trades": [
            _trade(trade, order_id, context, scale)
            for trade in trades
            if order_id in (trade.open_order, trade.close_order)
        ],
    }


def story_of_decision(d: Any, context: TableContext, scale: int) -> Json:
    """One decision in words: what was seen, what was wanted, and every rule."""
    number = int(d["instrument"])
    values = _values(d, context)
    sizing = _sizing(values)
    terms = [*sizing["caps"], *sizing["multipliers"], "weight"] if sizing else []
    return {
        "sequence": int(d["sequence"]), "time": format_time(int(d["ts_local"])),
        "rows_seen": int(d["rows_seen"]), "kind": DecisionKind(int(d["kind"])).name.lower(),
        "reason": Reason(int(d["reason"])).name.lower(), "meaning": MEANING[Reason(int(d["reason"]))],
        "strategy": context.strategies[int(d["strategy"])],
        "instrument": context.names[number] if number >= 0 else "",
        "policy_said": context.words[int(d["text"])] or _exit_words(d),
        "values": {name: value for name, value in values.items() if name not in terms},
        "sizing": sizing,
        "reference_price": _price(d, "reference_ticks", context),
        "reference_age_ns": int(d["reference_age_ns"]),
        "reference_age_sessions": int(d["reference_age_sessions"]),
        "position_lots": int(d["position_lots"]), "target_lots": int(d["target_lots"]),
        "side": Side(int(d["side"])).name.lower() if d["side"] else "",
        "wanted_lots": int(d["wanted_lots"]), "lots": int(d["lots"]),
        "order_type": OrderType(int(d["order_type"])).name.lower() if d["order_type"] else "",
        "time_in_force": TimeInForce(int(d["time_in_force"])).name.lower() if d["time_in_force"] else "",
        "worst_price": _price(d, "limit_ticks", context),
        "notional": int(d["notional_minor"]) / scale, "cash": int(d["cash_minor"]) / scale,
        "equity": int(d["equity_minor"]) / scale, "only_reduces": bool(d["reducing"]),
        "currency": context.currency, "limits_version": int(d["limits_version"]),
        "rules": _rules(d, context.currency, scale),
    }  # fmt: skip


def refusals(run: RunRecords) -> list[Json]:
    """Refused decisions by their first reason: count, the instruments, the newest one in full."""
    decisions = run.lanes["decisions"]
    refused = decisions[decisions["kind"] == int(DecisionKind.REFUSED)]
    context = TableContext(run.manifest)
    rows: list[Json] = []
    for reason in np.unique(refused["reason"]):
        own = refused[refused["reason"] == reason]
        numbers = np.unique(own["instrument"])
        rows.append(
            {
                "reason": Reason(int(reason)).name.lower(),
                "meaning": MEANING[Reason(int(reason))],
                "count": len(own),
                "instruments": [context.names[int(number)] for number in numbers if number >= 0],
                "last": story_of_decision(own[-1], context, 10**context.exponent),
            }
        )
    return sorted(rows, key=lambda row: (-row["count"], row["reason"]))


def render_refusals(rows: list[Json]) -> str:
    """The refusals as text, and the newest decision in full."""
    if not rows:
        return "nothing was refused"
    width = max(len(row["reason"]) for row in rows)
    lines = [f"refused  {'reason':{width}s}  instruments"]
    for row in rows:
        lines.append(f"{row['count']:7,d}  {row['reason']:{width}s}  {', '.join(row['instruments'])}")
        lines.append(f"         {row['meaning']}")
    newest = max((row["last"] for row in rows), key=lambda last: last["sequence"])
    return "\n".join([*lines, "", "the newest of them", *render_decision(newest)])


def render_story(story: Json) -> str:
    """The life of an order as text."""
    currency = story["currency"]
    lines = [f"order {story['order_id']}"]
    if story["market"]:
        lines.append(f"  market    {_market_words(story['market'])}")
    lines += [*render_decision(story["decision"]), "  events"]
    for e in story["events"]:
        lines.append(f"    {e['time']:24s}  #{e['sequence']:<6d} {e['what']}")
        if e["kind"] == "fill":
            costs, realised = _cost_words(e, currency), _money(e["realised"], currency)
            lines.append(f"    {'':24s}  {'':7s} costs: {costs}; realised {realised}")
    costs = _cost_words(story["costs"], currency)
    lines.append(f"  filled    {story['filled_lots']:,} lots; costs in {currency}: {costs}")
    if story["filled_lots"] and not story["trades"]:
        lines.append("  made      nothing yet: no round trip of it is closed")
    lines += [f"  made      {_trade_words(trade, currency)}" for trade in story["trades"]]
    if len(story["trades"]) > 1:
        total = _money(sum(t["pnl"] for t in story["trades"]), currency, "+")
        lines.append(f"            {total} {currency} in all")
    return "\n".join(lines)


def render_decision(d: Json) -> list[str]:
    """One decision as lines of text."""
    currency = d["currency"]
    why = f": {d['reason']}, {d['meaning']}" if d["reason"] != "none" else ""
    lines = [
        f"  decision  #{d['sequence']} at {d['time']}, after market row {d['rows_seen']:,}",
        f"            {d['kind'].upper()}{why}",
        f"  policy    {d['strategy']} on {d['instrument']}: {d['policy_said']}",
        f"  saw       price {_number(d['reference_price'])}, {_age(d)}; position {d['position_lots']:,}, "
        f"cash {_money(d['cash'], currency)}, equity {_money(d['equity'], currency)}",
    ]
    if d["values"]:
        lines.append(f"            {', '.join(f'{k} {v:.6g}' for k, v in d['values'].items())}")
    if d["sizing"]:
        lines.append(f"  sizing    {_sizing_words(d['sizing'])}")
    if d["side"]:
        lines.append(
            f"  wanted    {d['side']} {d['wanted_lots']:,} ({d['order_type']}, {d['time_in_force']}) "
            f"toward {d['target_lots']:,}"
        )
        lines.append(
            f"  asked     {d['lots']:,} lots at worst {_number(d['worst_price'])}, "
            f"notional {_money(d['notional'], currency)}" + (", only reduces" if d["only_reduces"] else "")
        )
    return lines + (_rule_lines(d["rules"]) if d["rules"] else [])


def _rule_lines(rules: list[Json]) -> list[str]:
    lines = [f"  rules     {'':28s}status         {'value':>14s} {'limit':>14s} {'headroom':>14s}  unit"]
    for rule in rules:
        mark = "  <--" if rule["status"] in ("fail", "not_evaluated") else ""
        lines.append(
            f"            {rule['control']:4s}{rule['name']:24s}{rule['status']:14s} "
            f"{_number(rule['value']):>14s} {_number(rule['limit']):>14s} {_number(rule['headroom']):>14s}"
            f"  {rule['unit']}{mark}"
        )
    return lines


def _market_event(d: Any, context: TableContext) -> Json:
    """The newest bar event of the instrument at the decision; empty where it is not at hand."""
    number, now = int(d["instrument"]), int(d["ts_local"])
    where = str(context.manifest["catalog"])
    try:
        sample = where.startswith("sample:")
        catalog = open_catalog(where if sample else Path(context.manifest["base"]) / where)
        bars = catalog.bars(context.names[number], now - LOOK_NS, now + LOOK_NS)
    except SeawallError:
        return {}
    bars = bars.filter(bars["ts_open"] <= now)
    if not bars.height:
        return {}
    bar = bars.row(-1, named=True)
    closed = bar["ts_close"] <= now
    if int(d["reference_ticks"]) != bar["close_ticks" if closed else "open_ticks"]:
        return {}  # the catalog is not what it was
    named = ("open", "high", "low", "close") if closed else ("open",)
    ticks = np.array([bar[f"{name}_ticks"] for name in named])
    prices = context.price(np.full(len(ticks), number), ticks)
    event: Json = {
        "instrument": context.names[number], "event": "bar_close" if closed else "bar_open",
        "opened": format_time(bar["ts_open"]),
        "closed": format_time(bar["ts_close"]) if closed else None,
    }  # fmt: skip
    event |= {name: float(price) for name, price in zip(named, prices, strict=True)}
    return event | {"volume_lots": bar["volume_lots"] if closed else None}


def _market_words(event: Json) -> str:
    if event["event"] == "bar_open":
        return f"{event['instrument']} opens at {event['opened']}: {_number(event['open'])}"
    prices = ", ".join(f"{name} {_number(event[name])}" for name in ("open", "high", "low", "close"))
    volume = "unknown" if event["volume_lots"] is None else f"{event['volume_lots']:,}"
    return f"{event['instrument']} bar {event['opened']} .. {event['closed']}: {prices}, volume {volume}"


def _sizing(values: dict[str, float]) -> Json | None:
    """The terms of the size, where the policy gave them, and which of the caps bound."""
    caps = {name: values[name] for name in CAPS if name in values}
    if not caps or "weight" not in values:
        return None
    return {
        "caps": caps,
        "multipliers": {name: values[name] for name in MULTIPLIERS if name in values},
        "binding": min(caps, key=caps.__getitem__),
        "weight": values["weight"],
    }


def _sizing_words(sizing: Json) -> str:
    caps = ", ".join(f"{name} {value:.6g}" for name, value in sizing["caps"].items())
    words = f"weight {sizing['weight']:.6g} of equity: {sizing['binding']} binds among {caps}"
    times = ", ".join(f"{name} {value:.6g}" for name, value in sizing["multipliers"].items())
    return f"{words}; times {times}" if times else words


def _rules(d: Any, currency: str, scale: int) -> list[Json]:
    rows: list[Json] = []
    for rule in RULES:
        status = int(d["rule_status"][rule.slot])
        if status:
            value, limit = float(d["rule_value"][rule.slot]), float(d["rule_limit"][rule.slot])
            divisor, unit = _unit(rule.unit, limit, currency, scale)
            rows.append(
                {
                    "control": rule.control, "name": rule.name, "status": Status(status).name.lower(),
                    "value": _finite(value / divisor), "limit": _finite(limit / divisor),
                    "headroom": _finite((limit - value) / divisor), "unit": unit,
                }
            )  # fmt: skip
    return rows


def _unit(unit: str, limit: float, currency: str, scale: int) -> tuple[float, str]:
    """What a rule's numbers are divided by, and the unit that people read."""
    if unit == "minor":
        return scale, currency
    if unit.startswith("ppm"):
        return 10_000, unit.replace("ppm", "%", 1)
    if unit == "ns, or sessions of daily data":
        return (1, "sessions") if limit < SESSIONS_MAX else (1e9, "s")
    return (1e9, unit.replace("ns", "s", 1)) if unit.startswith("ns") else (1, unit)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


def _price(d: Any, field: str, context: TableContext) -> float | None:
    return _finite(float(context.price(d["instrument"][None], d[field][None])[0]))


def _values(d: Any, context: TableContext) -> dict[str, float]:
    places = range(int(d["value_count"]))
    return {context.words[int(d["value_names"][k])]: float(d["values"][k]) for k in places}


def _exit_words(d: Any) -> str:
    return f"protective exit: {MEANING[Reason(int(d['exit_kind']))]}" if d["exit_kind"] else ""


def _age(d: Json) -> str:
    """The age of the reference price, in the unit that suits it."""
    seconds = d["reference_age_ns"] / 1e9
    if d["reference_price"] is None:
        return "none yet"
    words = f"{seconds:.10g} s" if seconds < 600 else f"{seconds / 3600:.4g} h"
    sessions = d["reference_age_sessions"]
    return f"{words} old" + (f" ({sessions} sessions)" if sessions > 0 else "")


def _money(amount: float, currency: str, sign: str = "") -> str:
    """An amount with all the places of its minor unit: a satoshi is not a cent."""
    return f"{amount:{sign},.{CURRENCY_EXPONENTS[currency]}f}"


def _cost_words(costs: Json, currency: str) -> str:
    return ", ".join(f"{name} {_money(costs[name], currency)}" for name in COSTS)


def _trade(trade: Trade, order_id: int, context: TableContext, scale: int) -> Json:
    """One round trip that the order opened or closed; pnl is net of the fees of both sides."""
    number = np.full(2, trade.instrument)
    entry, leave = context.price(number, np.array([trade.entry_fine, trade.exit_fine]) / FINE_PER_TICK)
    opened = trade.open_order == order_id
    return {
        "role": "opened" if opened else "closed",
        "other_order": trade.close_order if opened else trade.open_order,
        "side": "long" if trade.side > 0 else "short", "lots": trade.lots,
        "opened": format_time(trade.opened_ns), "closed": format_time(trade.closed_ns),
        "entry_price": float(entry), "exit_price": float(leave),
        "fees": trade.fees_minor / scale, "dividends": trade.dividends_minor / scale,
        "pnl": trade.net_minor / scale,
    }  # fmt: skip


def _trade_words(trade: Json, currency: str) -> str:
    other = f"order {trade['other_order']}" if trade["other_order"] else "a split"
    how = f"opened, {other} closed it" if trade["role"] == "opened" else f"closed, {other} opened it"
    return (
        f"{_money(trade['pnl'], currency, '+')} {currency} net: {trade['lots']:,} {trade['side']} {how}, "
        f"{trade['entry_price']:,.10g} -> {trade['exit_price']:,.10g}, {trade['closed']}"
    )


def _event(e: Any, context: TableContext, scale: int) -> Json:
    kind = EventKind(int(e["kind"]))
    states = [OrderState(int(e[k])).name.lower() if e[k] else "" for k in ("state_from", "state_to")]
    out: Json = {
        "sequence": int(e["sequence"]), "time": format_time(int(e["ts_local"])),
        "exchange_time": format_time(int(e["ts_exchange"])) if e["ts_exchange"] else "",
        "cause": int(e["cause"]), "kind": kind.name.lower(), "reason": Reason(int(e["reason"])).name.lower(),
        "state_from": states[0], "state_to": states[1], "lots": int(e["lots"]),
    }  # fmt: skip
    moved = " -> ".join(state for state in states if state)
    what = f"{out['kind']}: {moved}" if moved else str(out["kind"])
    if kind is EventKind.FILL:
        price = float(context.price(e["instrument"][None], e["price_fine"][None] / FINE_PER_TICK)[0])
        liquidity = Liquidity(int(e["liquidity"])).name.lower()
        out |= {"price": price, "liquidity": liquidity, "position_lots": int(e["position_lots"])}
        out |= {k: int(e[f"{k}_minor"]) / scale for k in COSTS}
        out["realised"] = int(e["realised_minor"]) / scale
        what += f", {out['lots']:,} at {price:,.10g} ({liquidity}), position {out['position_lots']:,}"
    elif kind is EventKind.COMMAND_NEW:
        what += f", {out['lots']:,} lots"
    if out["reason"] != "none":
        what += f", {out['reason']}"
    out["what"] = what
    return out
