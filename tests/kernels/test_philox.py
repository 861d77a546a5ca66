"""Philox against its published vectors, against numpy, and against its own plain twin."""

import json
from pathlib import Path

import numpy as np
import pytest

from seawall.kernels.philox import philox_block, philox_raw, uniform

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
ONES = 2**64 - 1
# key, counter, words: the known answers that the authors publish with their library
PUBLISHED = [
    ((0, 0), (0, 0, 0, 0), "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
    ((ONES, ONES), (ONES,) * 4, "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0"),
]
TABLE = [(42, 7, 1, 0, 0), (0, 0, 0, 0, 0), (1, 2**40, 3, 7, 2**62), (2**63 - 1, 2**62, 2, 12, 10**18)]


@pytest.mark.parametrize(("key", "counter", "words"), PUBLISHED)
def test_published_blocks(key: tuple[int, ...], counter: tuple[int, ...], words: str) -> None:
    """The known-answer vectors come out, word for word."""
    block = philox_block(*(np.uint64(word) for word in (*key, *counter)))
    assert " ".join(f"{int(word):016x}" for word in block) == words


@pytest.mark.parametrize(("seed", "c0", "c1", "c2", "c3"), TABLE)
def test_equal_to_numpy(seed: int, c0: int, c1: int, c2: int, c3: int) -> None:
    """The first raw word of numpy's stream of the same key and counter."""
    expected = np.random.Philox(key=seed, counter=[c0, c1, c2, c3]).random_raw()
    assert int(philox_raw(seed, c0, c1, c2, c3)) == int(expected)


def test_golden_vector() -> None:
    """The vector of the specification: raw word and uniform number."""
    assert int(philox_raw(42, 7, 1, 0, 0)) == GOLDEN["F_PHILOX"]["raw"]
    assert uniform(42, 7, 1, 0, 0) == pytest.approx(GOLDEN["F_PHILOX"]["u"], rel=1e-12)


@pytest.mark.parametrize("arguments", TABLE)
def test_plain_twin(arguments: tuple[int, ...]) -> None:
    """Compiled and plain Python give the same bits."""
    plain = getattr(uniform, "py_func", uniform)
    assert plain(*arguments) == uniform(*arguments)
