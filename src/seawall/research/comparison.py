"""Two runs side by side.

Rule 1: what differs in the inputs comes first, because it explains the rest.
Rule 2: decisions are compared by their content, not by their numbers, so that runs over other
        instruments compare; the first that differs is shown from both sides.
"""

from typing import Any, cast

from seawall.research.bands import METRICS
from seawall.research.listing import summary_of
from seawall.runtime.run import Run
from seawall.store.run_folder import require_ended
from seawall.store.tables import TableContext
from seawall.store.why import render_decision, story_of_decision

__all__ = ["compare_runs", "decision_content", "render_comparison"]

INPUTS = (
    "version",
    "config_hash",
    "data_hash",
    "limits_hash",
    "policy_hash",
    "kernel_hash",
    "seed",
    "result",
)
COUNTS = ("orders", "fills", "refusals", "trades")
MONEY = ("start_equity", "end_equity", "traded")
RATIOS = ("total_return", "annual_volatility", "sharpe", "max_drawdown")
NUMBERING = ("sequence", "row_hash", "cause", "rows_seen")


def decision_content(run: Run) -> list[tuple[Any, ...]]:
    """The decisions without their numbering."""
    return run.decisions.drop(NUMBERING).fill_nan(None).rows()


def compare_runs(first: Run, second: Run) -> dict[str, Any]:
    """Inputs and settings that differ, figures of both, and the first decision that is not the same.

    Every pair is [first, second]; first_difference is None where all decisions are equal, else
    holds its place and both decisions (None where one run has no more).
    """
    runs = (first, second)
    for run in runs:
        require_ended(run.records)
    settings = [_flat(run.manifest["config"]) for run in runs]
    keys = dict.fromkeys([*settings[0], *settings[1]])
    return {
        "runs": [run.records.where for run in runs],
        "inputs": _differing(INPUTS, *(run.manifest for run in runs)),
        "settings": _differing(keys, *settings),
        "figures": [summary_of(run) for run in runs],
        "decisions": [run.decisions.height for run in runs],
        "first_difference": _first_difference(first, second),
    }


def render_comparison(found: dict[str, Any]) -> str:
    """The comparison as text."""
    lines = [_line("", *found["runs"])]
    for title in ("inputs", "settings"):
        if found[title]:
            lines.append(f"{title} that differ")
            lines += [_line(key, a, b) for key, (a, b) in found[title].items()]
    lines += ["figures"] if found["inputs"] else ["same inputs", "figures"]
    one, two = found["figures"]
    lines += [_line(key, f"{one[key]:,}", f"{two[key]:,}") for key in COUNTS]
    lines += [_line(key.replace("_", " "), _money(one.get(key)), _money(two.get(key))) for key in MONEY]
    for key in RATIOS:
        values = [_ratio(key, figures.get("metrics", {}).get(key)) for figures in (one, two)]
        lines.append(_line(METRICS[key].label.lower(), *values))
    difference = found["first_difference"]
    if difference is None:
        return "\n".join([*lines, f"all {found['decisions'][0]:,} decisions are the same"])
    lines.append(f"decisions differ first at number {difference['place'] + 1}")
    for where, decision in zip(found["runs"], difference["decisions"], strict=True):
        lines += [f"{where}:", *(render_decision(decision) if decision else ["  no more decisions"])]
    return "\n".join(lines)


def _first_difference(first: Run, second: Run) -> dict[str, Any] | None:
    a, b = decision_content(first), decision_content(second)
    shared = min(len(a), len(b))
    place = next((place for place in range(shared) if a[place] != b[place]), shared)
    if place == len(a) == len(b):
        return None
    return {"place": place, "decisions": [_decision(first, place), _decision(second, place)]}


def _decision(run: Run, place: int) -> dict[str, Any] | None:
    decisions, context = run.records.lanes["decisions"], TableContext(run.manifest)
    if place >= len(decisions):
        return None
    return story_of_decision(decisions[place], context, 10**context.exponent)


def _flat(settings: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Nested settings under their dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        full = f"{path}{key}"
        flat |= _flat(cast(dict[str, Any], value), f"{full}.") if isinstance(value, dict) else {full: value}
    return flat


def _differing(keys: Any, a: dict[str, Any], b: dict[str, Any]) -> dict[str, list[Any]]:
    return {key: [a.get(key), b.get(key)] for key in keys if a.get(key) != b.get(key)}


def _line(label: str, a: Any, b: Any) -> str:
    return f"  {label:24s} {_cut(a):>24s} {_cut(b):>24s}"


def _cut(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:10]}...{text[-10:]}"


def _money(value: float | None) -> str:
    """With two places, with eight where two are not all of it: a satoshi is not a cent."""
    if value is None:
        return "-"
    return f"{value:,.2f}" if round(value, 2) == value else f"{value:,.8f}"


def _ratio(key: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if METRICS[key].unit == "percent" else f"{value:.4f}"
