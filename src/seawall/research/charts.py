"""What the report draws: long series thinned so that their extremes survive, as data for uPlot.

Rule 1: thinning keeps, in each stretch of time, the points where any line is lowest and highest,
        and the first and last point of all; so no drawdown is prettier than it was.
Rule 2: values leave here rounded for the eye; figures are computed elsewhere, from all the data.
Rule 3: what is embedded in the page cannot end the element that holds it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

__all__ = ["Chart", "Line", "chart_of", "embed", "thin"]

Floats = npt.NDArray[np.float64]


class Line(msgspec.Struct, frozen=True):
    """One line of a chart: how it is called and drawn; values lie at the chart's times."""

    label: str
    values: list[float | None]
    fill: bool = False
    step: bool = False


class Chart(msgspec.Struct, frozen=True):
    """A chart: times as seconds UTC (the first, then differences), lines, and the unit of y."""

    key: str
    unit: str  # money or percent
    start: int
    steps: list[int]
    lines: list[Line]


def thin(lines: Sequence[Floats], points_max: int) -> npt.NDArray[np.int64]:
    """Places to keep, in order: at most points_max, with the extremes of every line in each bucket.

    lines: each of shape (n,), NaN where it has no value. All places are kept where n is small
    enough. points_max must allow a bucket of two places a line and the two ends.

    >>> thin([np.array([0.0, 1.0, -9.0, 2.0, 3.0, 9.0, 1.0, 0.0])], 6).tolist()
    [0, 2, 3, 5, 7]
    """
    count = lines[0].size
    if count <= points_max:
        return np.arange(count, dtype=np.int64)
    buckets = (points_max - 2) // (2 * len(lines))
    if buckets < 1:
        raise ValueError(f"{points_max} points are too few for {len(lines)} lines")
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    keep = {0, count - 1}
    for line in lines:
        for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            stretch = line[first:end]
            if bool(np.isfinite(stretch).any()):
                keep.add(first + int(np.nanargmin(stretch)))
                keep.add(first + int(np.nanargmax(stretch)))
    return np.array(sorted(keep), dtype=np.int64)


def shown(value: float) -> float | int | None:
    """The value with seven significant digits, and nothing where it is not finite.

    >>> shown(123456789.0), shown(0.25), shown(float("nan"))
    (123456800, 0.25, None)
    """
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.7g}")
    return int(rounded) if rounded.is_integer() else rounded


def chart_of(
    key: str,
    unit: str,
    ts_ns: npt.NDArray[np.int64],
    lines: Mapping[str, Floats],
    points_max: int,
    filled: Sequence[str] = (),
    step: bool = False,
) -> Chart:
    """A chart of lines by label over the same times, thinned to points_max places.

    >>> day = 86_400_000_000_000
    >>> chart_of("equity", "money", np.array([0, day, 2 * day]), {"USD": np.array([1.0, 2.0, 3.0])}, 9).steps
    [86400, 86400]
    """
    keep = thin(list(lines.values()), points_max)
    seconds = (ts_ns[keep] // 1_000_000_000).tolist()
    drawn = [
        Line(label, [shown(value) for value in values[keep].tolist()], label in filled, step)
        for label, values in lines.items()
    ]
    return Chart(key, unit, seconds[0], [b - a for a, b in pairwise(seconds)], drawn)


def embed(value: object) -> str:
    r"""JSON that may stand inside a script element: no character of it can end the element.

    >>> embed({"name": "</script><b>"})
    '{"name":"\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    plain = json.dumps(msgspec.to_builtins(value), separators=(",", ":"), allow_nan=False)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
