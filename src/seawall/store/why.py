"""Why: the life of an order from the market event to the money it made, and what was refused.

Rule 1: everything here is read from the run's own records; nothing is computed anew.
Rule 2: the answer is one plain structure; text and JSON are two prints of the same thing.
"""

from typing import Any

import numpy as np

from seawall.kernels.state import FINE_PER_TICK
from seawall.model.errors import RunError
from seawall.model.kinds import DecisionKind, EventKind, Liquidity
from seawall.model.orders import OrderState, OrderType, Side, TimeInForce
from seawall.model.reasons import MEANING, Reason
from seawall.model.times import format_time
from seawall.risk.registry import RULES
from seawall.risk.rule import Status
from seawall.store.run_folder import RunRecords
from seawall.store.tables import TableContext

__all__ = ["order_story", "refusals", "render_decision", "render_refusals", "render_story", "story_of_decision"]

Json = dict[str, Any]


def order_story(run: RunRecords, order_id: int) -> Json:
    """The life of one order; an unknown number is a RunError that says which there are."""
    decisions, events = run.lanes["decisions"], run.lanes["events"]
    found = decisions[(decisions["order_id"] == order_id) & (decisions["kind"] == int(DecisionKind.APPROVED))]
    if order_id <= 0 or not len(found):
        last = int(decisions["order_id"].max()) if len(decisions) else 0
        raise RunError(f"{run.where}: no order {order_id}; the run's orders are 1 to {last}")
    context = TableContext(run.manifest)
    own = events[events["order_id"] == order_id]
    fills = own[own["kind"] == int(EventKind.FILL)]
    scale = 10 ** run.manifest["exponent"]
    return {
        "order_id": order_id,
        "decision": story_of_decision(found[0], context, scale),
        "events": [_event(e, context, scale) for e in own],
        "filled_lots": int(fills["lots"].sum()),
        "costs": {k: int(fills[f"{k}_minor"].sum()) / scale for k in ("delay", "spread", "impact", "fee")},
        "realised": int(fills["realised_minor"].sum()) / scale,
    }


def story_of_decision(d: Any, context: TableContext, scale: int) -> Json:
    """One decision in words: what was seen, what was wanted, and every rule."""
    number = int(d["instrument"])
    return {
        "sequence": int(d["sequence"]), "time": format_time(int(d["ts_local"])), "rows_seen": int(d["rows_seen"]),
        "kind": DecisionKind(int(d["kind"])).name.lower(), "reason": Reason(int(d["reason"])).name.lower(),
        "meaning": MEANING[Reason(int(d["reason"]))], "strategy": context.strategies[int(d["strategy"])],
        "instrument": context.names[number] if number >= 0 else "",
        "policy_said": context.words[int(d["text"])] or _exit_words(d),
        "values": _values(d, context),
        "reference_price": float(context.price(d["instrument"][None], d["reference_ticks"][None])[0]),
        "reference_age": _age(d), "position_lots": int(d["position_lots"]), "target_lots": int(d["target_lots"]),
        "side": Side(int(d["side"])).name.lower() if d["side"] else "",
        "wanted_lots": int(d["wanted_lots"]), "lots": int(d["lots"]),
        "order_type": OrderType(int(d["order_type"])).name.lower() if d["order_type"] else "",
        "time_in_force": TimeInForce(int(d["time_in_force"])).name.lower() if d["time_in_force"] else "",
        "worst_price": float(context.price(d["instrument"][None], d["limit_ticks"][None])[0]),
        "notional": int(d["notional_minor"]) / scale, "cash": int(d["cash_minor"]) / scale,
        "equity": int(d["equity_minor"]) / scale, "only_reduces": bool(d["reducing"]),
        "limits_version": int(d["limits_version"]), "rules": _rules(d),
    }  # fmt: skip


def refusals(run: RunRecords) -> list[Json]:
    """Refused decisions by their first reason: count, the rules that failed, the newest one."""
    decisions = run.lanes["decisions"]
    refused = decisions[decisions["kind"] == int(DecisionKind.REFUSED)]
    context, scale = TableContext(run.manifest), 10 ** run.manifest["exponent"]
    rows: list[Json] = []
    for reason in np.unique(refused["reason"]):
        own = refused[refused["reason"] == reason]
        rows.append(
            {
                "reason": Reason(int(reason)).name.lower(),
                "meaning": MEANING[Reason(int(reason))],
                "count": len(own),
                "instruments": sorted({context.names[int(n)] for n in own["instrument"]}),
                "last": story_of_decision(own[-1], context, scale),
            }
        )
    return sorted(rows, key=lambda row: (-row["count"], row["reason"]))


def render_refusals(rows: list[Json]) -> str:
    """The refusals as text, and the newest decision in full."""
    if not rows:
        return "nothing was refused"
    lines = ["refused  reason                   instruments"]
    for row in rows:
        lines.append(f"{row['count']:7d}  {row['reason']:24s} {', '.join(row['instruments'])}")
        lines.append(f"         {row['meaning']}")
    newest = max((row["last"] for row in rows), key=lambda last: last["sequence"])
    return "\n".join([*lines, "", "the newest of them:", *render_decision(newest)])


def render_story(story: Json) -> str:
    """The life of an order as text."""
    lines = [f"order {story['order_id']}", *render_decision(story["decision"]), "  events"]
    for e in story["events"]:
        lines.append(f"    {e['time']}  #{e['sequence']:<7d} {e['what']}")
    costs = "  ".join(f"{name} {value:,.2f}" for name, value in story["costs"].items())
    lines.append(f"  filled {story['filled_lots']} lots; costs: {costs}")
    lines.append(f"  realised PnL of its fills: {story['realised']:,.2f}")
    return "\n".join(lines)


def render_decision(d: Json) -> list[str]:
    """One decision as lines of text."""
    lines = [
        f"  decision #{d['sequence']} at {d['time']} after market row {d['rows_seen']}: {d['kind'].upper()}"
        + (f", {d['reason']}: {d['meaning']}" if d["reason"] != "none" else ""),
        f"    {d['strategy']} on {d['instrument']}: {d['policy_said']}",
        f"    saw: price {d['reference_price']:g} ({d['reference_age']} old), position {d['position_lots']}, "
        f"cash {d['cash']:,.2f}, equity {d['equity']:,.2f}",
    ]
    lines += [f"      {name} = {value:.6g}" for name, value in d["values"].items()]
    if d["side"]:
        lines.append(
            f"    wanted: {d['side']} {d['wanted_lots']} ({d['order_type']}, {d['time_in_force']}) toward "
            f"{d['target_lots']}; asked the gate for {d['lots']} at worst {d['worst_price']:g}, "
            f"notional {d['notional']:,.2f}" + (", only reduces" if d["only_reduces"] else "")
        )
        lines.append("    rule                          status           value           limit        headroom")
    for rule in d["rules"]:
        lines.append(
            f"    {rule['control']:4s} {rule['name']:24s} {rule['status']:13s}"
            f"{_short(rule['value']):>15s} {_short(rule['limit']):>15s} {_short(rule['headroom']):>15s} {rule['unit']}"
        )
    return lines


def _rules(d: Any) -> list[Json]:
    rows: list[Json] = []
    for rule in RULES:
        status = int(d["rule_status"][rule.slot])
        if status:
            value, limit = float(d["rule_value"][rule.slot]), float(d["rule_limit"][rule.slot])
            rows.append(
                {
                    "control": rule.control, "name": rule.name, "status": Status(status).name.lower(),
                    "value": _finite(value), "limit": _finite(limit), "headroom": _finite(limit - value),
                    "unit": rule.unit,
                }
            )  # fmt: skip
    return rows


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


def _values(d: Any, context: TableContext) -> dict[str, float]:
    return {context.words[int(d["value_names"][k])]: float(d["values"][k]) for k in range(int(d["value_count"]))}


def _exit_words(d: Any) -> str:
    return f"protective exit: {MEANING[Reason(int(d['exit_kind']))]}" if d["exit_kind"] else ""


def _age(d: Any) -> str:
    sessions, age_ns = int(d["reference_age_sessions"]), int(d["reference_age_ns"])
    return f"{age_ns / 1e9:g} s, {sessions} sessions"


def _event(e: Any, context: TableContext, scale: int) -> Json:
    kind = EventKind(int(e["kind"]))
    states = [OrderState(int(e[k])).name.lower() if e[k] else "-" for k in ("state_from", "state_to")]
    number = e["instrument"][None]
    out: Json = {
        "sequence": int(e["sequence"]), "time": format_time(int(e["ts_local"])),
        "exchange_time": format_time(int(e["ts_exchange"])) if e["ts_exchange"] else "",
        "cause": int(e["cause"]), "kind": kind.name.lower(), "reason": Reason(int(e["reason"])).name.lower(),
        "state_from": states[0], "state_to": states[1], "lots": int(e["lots"]),
    }  # fmt: skip
    what = f"{out['kind']}: {states[0]} -> {states[1]}"
    if kind is EventKind.FILL:
        price = float(context.price(number, e["price_fine"][None] / FINE_PER_TICK)[0])
        costs = {k: int(e[f"{k}_minor"]) / scale for k in ("delay", "spread", "impact", "fee")}
        liquidity = Liquidity(int(e["liquidity"])).name.lower()
        out |= {"price": price, "liquidity": liquidity, **costs, "position_lots": int(e["position_lots"])}
        out["realised"] = int(e["realised_minor"]) / scale
        split = ", ".join(f"{name} {value:,.2f}" for name, value in costs.items())
        what += f", {out['lots']} at {price:.10g} ({liquidity}; {split}), position {out['position_lots']}"
    elif kind is EventKind.COMMAND_NEW:
        what += f", {out['lots']} lots"
    if out["reason"] != "none":
        what += f", {out['reason']}"
    out["what"] = what
    return out
