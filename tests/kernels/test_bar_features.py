"""Bar features: golden numbers, causality, warm-up, splits, crossings, and the compiled twin."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seawall.kernels import bar_features as kernel
from seawall.kernels.state import BAR, BARS_KEPT, new_state

SPEC_BARS = [  # SPEC A6: open, high, low, close
    (100, 100.8, 99.6, 100.4), (100.4, 101, 100, 100.2), (100.2, 100.6, 99.8, 100.3),
    (100.3, 100.5, 100, 100.2), (100.2, 100.5, 100, 100.3), (100.3, 100.5, 100.1, 100.3),
    (100.3, 100.4, 100.1, 100.2), (100.2, 100.4, 100, 100.3), (100.3, 101.6, 100.2, 101.5),
    (101.5, 102.4, 101.3, 102.2),
]  # fmt: skip

ALL = [
    (kernel.SMA, 10, 0), (kernel.STANDARD_DEVIATION, 10, 0), (kernel.Z_SCORE, 10, 0),
    (kernel.LOG_RETURN, 5, 0), (kernel.MOMENTUM_SCORE, 12, 8), (kernel.ATR, 7, 0),
    (kernel.EWMA_VOLATILITY, 9, 0), (kernel.HIGH, 6, 0),
]  # fmt: skip
NEEDED = [10, 10, 11, 6, 13, 8, 10, 6]


def a_state(features=ALL):
    """An empty state with these features (kind, window, parameter)."""
    state = new_state()
    s = state[0]
    s["feature_count"] = s["bar_feature_count"] = len(features)
    s["tick_numerator"][:] = s["tick_denominator"][:] = 1.0
    for number, feature in enumerate(features):
        s["features"][number]["in_price"] = feature[0] in kernel.PRICE_KINDS
        s["features"][number]["kind"], s["features"][number]["window"], s["features"][number]["parameter"] = (
            feature
        )
    s["instrument_count"] = 2
    return state


def feed(s, bar, instrument=0):
    """One more completed bar, then the features."""
    place = s["bar_count"][instrument] % BARS_KEPT
    for field, value in zip(("open", "high", "low", "close"), bar, strict=True):
        s["bars"][instrument, place][field] = value
    s["bar_count"][instrument] += 1
    kernel.update(s, instrument)


def walk(count, seed=7):
    """Random bars in ticks: (open, high, low, close)."""
    rng = np.random.default_rng(seed)
    closes = 10_000 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opens = np.concatenate([[10_000.0], closes[:-1]])
    highs = np.maximum(opens, closes) * (1 + rng.uniform(0, 0.01, count))
    lows = np.minimum(opens, closes) * (1 - rng.uniform(0, 0.01, count))
    return [tuple(bar) for bar in np.round(np.column_stack([opens, highs, lows, closes])).tolist()]


def values_of(bars, features=ALL):
    """Feature values after each bar: array [bars, features]."""
    state = a_state(features)
    rows = []
    for bar in bars:
        feed(state[0], bar)
        rows.append(state[0]["feature_values"][0, : len(features)].copy())
    return np.array(rows)


def test_the_specification_example():
    """SPEC A6 with n=5: the band's middle, its deviation and Wilder's range at its two last bars."""
    values = values_of(SPEC_BARS, [(kernel.SMA, 5, 0), (kernel.STANDARD_DEVIATION, 5, 0), (kernel.ATR, 5, 0)])
    assert values[8] == pytest.approx([100.52, 0.49152823, 0.71008], rel=1e-7)
    assert values[9, 2] == pytest.approx(0.788064, rel=1e-9)


def test_against_numpy_on_a_random_walk():
    """Every formula once more in numpy, at each bar past the warm-up and past the ring's end."""
    bars = walk(BARS_KEPT + 90)
    _, high, low, close = np.array(bars).T
    values = values_of(bars)
    logs = np.diff(np.log(close))
    for t in (13, 40, BARS_KEPT - 1, BARS_KEPT, BARS_KEPT + 80):
        window = close[t - 9 : t + 1]
        before = close[t - 10 : t]
        scale = logs[t - 8 : t].std(ddof=1) * math.sqrt(12)
        expected = [
            window.mean(), window.std(), (close[t] - before.mean()) / before.std(ddof=1),
            math.log(close[t] / close[t - 5]), math.log(close[t] / close[t - 12]) / scale,
        ]  # fmt: skip
        assert values[t, :5] == pytest.approx(expected, rel=1e-9), t
        assert values[t, 7] == high[t - 5 : t + 1].max()
    ranges = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    atr = ranges[:7].mean()
    variance = (logs[:9] ** 2).mean()
    for change in ranges[7:]:
        atr = (atr * 6 + change) / 7
    for change in logs[9:]:
        variance = 0.8 * variance + 0.2 * change**2
    assert values[-1, 5:7] == pytest.approx([atr, math.sqrt(variance)], rel=1e-9)


def test_nan_until_warm_and_finite_ever_after():
    """Flat prices, a jump, zero volume and a crash: a number after the warm-up, none before."""
    bars = [(100.0,) * 4] * 30 + [(100.0, 500.0, 100.0, 500.0)] + [(500.0,) * 4] * 20 + [(1.0,) * 4] * 20
    values = values_of(bars)
    for number, needed in enumerate(NEEDED):
        assert np.isnan(values[: needed - 1, number]).all(), number
        assert np.isfinite(values[needed - 1 :, number]).all(), number
    assert values[20, [2, 4]].tolist() == [0.0, 0.0]  # no variation, no score


def test_a_flat_price_that_floats_cannot_hold_has_no_score():
    """Rounding in the mean of equal prices is not movement."""
    values = values_of([(100 / 3,) * 4] * 40)
    assert values[-1, [2, 4]].tolist() == [0.0, 0.0]


def test_causal_and_independent_of_what_follows():
    """A prefix has the prefix of the features, bit for bit; other instruments do not matter."""
    bars = walk(80)
    whole = values_of(bars)
    assert np.array_equal(values_of(bars[:50]), whole[:50], equal_nan=True)
    changed = values_of(bars[:50] + [(9.0, 9.0, 9.0, 9.0)] * 30)
    assert np.array_equal(changed[:50], whole[:50], equal_nan=True)
    state = a_state()
    for bar in bars:
        feed(state[0], bar)
        feed(state[0], (50.0, 60.0, 40.0, 55.0), instrument=1)
    assert np.array_equal(state[0]["feature_values"][0], np.append(whole[-1], []), equal_nan=True)


def test_a_snapshot_in_the_middle_resumes_equal():
    """The bytes of the state are all there is: a copy goes on like the original."""
    bars = walk(80)
    state = a_state()
    for bar in bars[:33]:
        feed(state[0], bar)
    copy = state.copy()
    for bar in bars[33:]:
        feed(state[0], bar)
        feed(copy[0], bar)
    assert state.tobytes() == copy.tobytes()


def test_a_split_changes_no_ratio_and_halves_what_is_a_price():
    """After 2 for 1 with a rescaled ring: prices half, scores the same, also on the bars after it."""
    bars = walk(60)
    plain = values_of([tuple(value / 2 for value in bar) for bar in bars])
    state = a_state()
    s = state[0]
    for bar in bars[:40]:
        feed(s, bar)
    for field in ("open", "high", "low", "close"):
        s["bars"][0][field] /= 2
    kernel.rescale_features(s, 0, 2, 1)
    assert s["feature_values"][0] == pytest.approx(plain[39], rel=1e-12)
    for bar, expected in zip(bars[40:], plain[40:], strict=True):
        feed(s, tuple(value / 2 for value in bar))
        assert s["feature_values"][0] == pytest.approx(expected, rel=1e-9)


def test_crossings():
    """The first known side counts. A touch is not above. NaN is on no side. Each change of side: one."""
    state = a_state([(kernel.SMA, 1, 0), (kernel.SMA, 2, 0)])
    s = state[0]
    s["crossing_count"] = 2
    s["crossings"][0]["left"], s["crossings"][0]["right"] = 0, 1
    s["crossings"][1]["left"], s["crossings"][1]["right"], s["crossings"][1]["level"] = 0, -1, 10.0
    log = []
    # closes:      warm  up    up  touch  down  flat  level
    for close in (8.0, 9.0, 10.0, 10.0, 9.0, 9.0, 11.0):
        feed(s, (close,) * 4)
        s["crossed"] = 0
        found = kernel.check_crossings(s, 0)
        log.append((bool(found), int(s["crossed"])))
    assert log == [(True, 2), (True, 1), (False, 0), (True, 1), (False, 0), (False, 0), (True, 3)]


@pytest.mark.parametrize(("way", "told"), [(0, "ududu"), (1, "u.u.u"), (-1, ".d.d.")])
def test_a_crossing_of_one_way_is_silent_about_the_other(way, told):
    """The other way is remembered all the same: the next crossing of the declared one is told again."""
    state = a_state([(kernel.SMA, 1, 0)])
    s = state[0]
    s["crossing_count"] = 1
    s["crossings"][0]["left"], s["crossings"][0]["right"], s["crossings"][0]["level"] = 0, -1, 10.0
    s["crossings"][0]["way"] = way
    log = ""
    for close in (11.0, 9.0, 12.0, 8.0, 11.0):
        feed(s, (close,) * 4)
        log += ("u" if close > 10 else "d") if kernel.check_crossings(s, 0) else "."
    assert log == told


def test_bars_record_has_the_fields_that_the_kernel_reads():
    """The ring is a power of two, which the view's masks rely on."""
    assert BARS_KEPT & (BARS_KEPT - 1) == 0
    assert set(BAR.names) == {"open", "high", "low", "close", "volume", "ts_close"}


def digest():
    """All features and crossings over a random walk, as text that keeps every bit."""
    values = values_of(walk(600))
    return values.tobytes().hex()


def test_compiled_and_plain_python_agree_bit_for_bit():
    """The twin runs in a process of its own with the compiler switched off."""
    code = "import test_bar_features; print(test_bar_features.digest())"
    folders = (Path(__file__).parent, Path(kernel.__file__).parents[2])
    paths = os.pathsep.join(str(folder) for folder in folders)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths}
    twin = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert twin.stdout.strip() == digest()


def test_features_of_a_price_are_shown_in_currency_and_follow_a_split():
    """Ticks of a quarter: an average of 17,002 ticks is shown as 4,250.5, after 2:1 as 2,125.25."""
    state = a_state([(kernel.SMA, 1, 0), (kernel.LOG_RETURN, 1, 0)])
    s = state[0]
    s["tick_numerator"][0], s["tick_denominator"][0] = 1.0, 4.0
    for close in (17_000.0, 17_002.0):
        feed(s, (close,) * 4)
    assert s["feature_shown"][0, 0] == 4250.5
    assert s["feature_shown"][0, 1] == s["feature_values"][0, 1]
    kernel.rescale_features(s, 0, 2, 1)
    assert (s["feature_values"][0, 0], s["feature_shown"][0, 0]) == (8501.0, 2125.25)
