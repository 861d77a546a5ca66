"""Two runs side by side.

Rule: what differs in the inputs comes first, because it explains the rest.
"""

from typing import Any

import numpy as np

from seawall.research.listing import summary_of

__all__ = ["compare_runs", "decision_content", "render_comparison"]

INPUTS = ("version", "config_hash", "data_hash", "limits_hash", "policy_hash", "kernel_hash", "seed", "result")


def decision_content(run: Any) -> list[tuple[Any, ...]]:
    """The decisions without their numbering, so that runs with other instruments compare."""
    frame = run.decisions
    return frame.drop("sequence", "row_hash", "cause", "rows_seen").rows()


def compare_runs(first: Any, second: Any) -> dict[str, Any]:
    """Inputs that differ, figures of both, and the first decision that is not the same."""
    inputs = {
        key: [first.manifest.get(key), second.manifest.get(key)]
        for key in INPUTS
        if first.manifest.get(key) != second.manifest.get(key)
    }
    figures = [summary_of(first), summary_of(second)]
    a, b = decision_content(first), decision_content(second)
    shared = min(len(a), len(b))
    differing = next((place for place in range(shared) if not _same(a[place], b[place])), None)
    if differing is None and len(a) != len(b):
        differing = shared
    return {"inputs": inputs, "figures": figures, "decisions": [len(a), len(b)], "first_difference": differing}


def render_comparison(found: dict[str, Any]) -> str:
    """The comparison as text."""
    lines = ["inputs that differ:"] if found["inputs"] else ["same inputs"]
    lines += [f"  {key:14s} {_cut(a):>22s} {_cut(b):>22s}" for key, (a, b) in found["inputs"].items()]
    one, two = found["figures"]
    lines.append("figures:")
    for key in ("orders", "fills", "refusals", "trades", "start_equity", "end_equity"):
        lines.append(f"  {key:14s} {one.get(key, 0):>22,} {two.get(key, 0):>22,}")
    for key in ("total_return", "sharpe", "max_drawdown"):
        values = [(f.get("metrics") or {}).get(key) for f in (one, two)]
        lines.append(f"  {key:14s} " + " ".join(f"{'-' if v is None else format(v, '.4f'):>22s}" for v in values))
    place = found["first_difference"]
    lines.append("decisions are the same" if place is None else f"decisions differ first at number {place}")
    return "\n".join(lines)


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return all(x == y or (isinstance(x, float) and isinstance(y, float) and np.isnan(x) and np.isnan(y))
               for x, y in zip(a, b, strict=True))  # fmt: skip


def _cut(value: Any) -> str:
    return str(value)[:20]
