"""Each check of the house style is seen to fail on a bad snippet and to pass on its remedy."""

import pytest

import tidy

# check, file, bad source, what the message must say, the remedy that passes
CASES = [
    (
        "banned_calls",
        "from datetime import datetime\nnow = datetime.now()",
        "ts argument",
        "def f(ts): return ts",
    ),
    ("banned_calls", "import datetime as d\nnow = d.datetime.utcnow()", "ts argument", "x = 1"),
    ("banned_calls", "import datetime\nday = datetime.date.today()", "ts argument", "x = 1"),
    ("banned_calls", "import time\nnow = time.perf_counter()", "`time.perf_counter`", "time = 3\ny = time"),
    ("banned_calls", "from time import monotonic\nclock = monotonic", "`time.monotonic`", "x = 1"),
    ("banned_calls", "import random\nx = random.random()", "seeded", "def f(random): return random.value"),
    (
        "banned_calls",
        "import numpy as np\nx = np.random.default_rng(1)",
        "seeded",
        "import numpy as np\nx = np.e",
    ),
    ("banned_calls", "from uuid import uuid4\nx = uuid4()", "functions of", "x = 1"),
    ("banned_calls", "with open('a') as f: pass", "`open`", "def f(open): return open"),
    ("banned_calls", "print('a')", "command line prints", "def show(): return 'a'"),
    ("banned_calls", "import os\nx = os.environ['A']", "runtime/", "x = 1"),
    ("banned_calls", "x = hash('a')", "hashlib", "import hashlib\nx = hashlib.sha256(b'a')"),
    ("banned_calls", "def f(path): return path.read_text()", "`.read_text`", "def f(text): return text"),
    ("banned_imports", "import asyncio", "comes in as data", "import math"),
    ("banned_imports", "from polars import DataFrame", "`polars`", "from numpy import ndarray"),
    ("banned_imports", "import logging.handlers", "`logging.handlers`", "import msgspec"),
    ("banned_imports", "def f():\n    import scipy.stats", "`scipy.stats`", "import typing"),
    (
        "compiled_arithmetic",
        "@kernel(fastmath=True)\ndef f(x): return x",
        "leave it out",
        "@kernel\ndef f(x): return x",
    ),
    ("compiled_arithmetic", "f = jit(parallel=True)", "`parallel`", "f = jit(parallel=False)"),
    ("compiled_arithmetic", "import numba\n@numba.njit\ndef f(x): return x", "jit.kernel", "x = 1"),
    ("compiled_arithmetic", "from numba import njit\ng = njit", "jit.kernel", "from numba import types"),
    (
        "compiled_arithmetic",
        "import numpy as np\n@kernel\ndef f(x): return np.sum(x)",
        "write the loop",
        "import numpy as np\ndef f(x): return np.sum(x)",
    ),
    (
        "compiled_arithmetic",
        "@kernel\ndef f(x): return x.mean()",
        "write the loop",
        "def f(x): return x.mean()",
    ),
    ("compiled_arithmetic", "@kernel\ndef f(x): return sum(x)", "write the loop", "def f(x): return sum(x)"),
    (
        "compiled_arithmetic",
        "@kernel\ndef f(x, y): return x @ y",
        "write the loop",
        "@kernel\ndef f(x): return -x",
    ),
    (
        "record_fields",
        "@kernel\ndef f(row): return row.price_ticks",
        'write row["price_ticks"]',
        '@kernel\ndef f(row): return row["price_ticks"] + row.shape[0]',
    ),
    (
        "record_fields",
        "@kernel\ndef f(rows):\n    row = rows[0]\n    return row.side",
        'write row["side"]',
        "def f(row): return row.side",
    ),
    ("iteration_over_sets", "for x in {1, 2}: pass", "sorted(...)", "for x in sorted({1, 2}): pass"),
    (
        "iteration_over_sets",
        "def f():\n    s = set()\n    return [x for x in s]",
        "sorted(...)",
        "s = {}\nx = [*s]",
    ),
    (
        "iteration_over_sets",
        "def f(s: set[int]): return list(s)",
        "sorted(...)",
        "def f(s: set[int]): return 1 in s",
    ),
    ("iteration_over_sets", "x = ','.join({'a'} | y)", "sorted(...)", "x = ','.join(sorted({'a'} | y))"),
    ("iteration_over_sets", "x = [*frozenset(y)]", "sorted(...)", "x = len(frozenset(y))"),
    ("warnings_and_traps", "import warnings\nwarnings.warn('a')", "raise an error", "raise ValueError('a')"),
    ("warnings_and_traps", "breakpoint()", "remove it", "x = 1"),
    ("module_docstring", "x = 1", "open with the file's purpose", '"""What x is."""\nx = 1'),
    ("exports", "x = 1", "no `__all__`", '__all__ = ["x"]\nx = 1'),
    ("exports", '__all__ = ["b", "a"]', "not sorted", '__all__ = ["a", "b"]'),
    ("test_docstrings", "def test_x(): assert x", "one sentence", 'def test_x():\n    """X is true."""'),
    ("no_sleeping", "import time\ntime.sleep(1)", "pass the time", "import time\nx = time.monotonic()"),
    ("file_size", "x = 1\n" * 501, "501 lines", "x = 1\n" * 500),
    ("function_size", "def f():\n" + "    x = 1\n" * 70, "71 lines", "def f():\n" + "    x = 1\n" * 69),
    ("line_length", f"x = '{'a' * 110}'", "at most 110", f"x = '{'a' * 100}'"),
]


@pytest.mark.parametrize(("check", "bad", "says", "good"), CASES)
def test_a_check_fails_on_bad_code_and_passes_on_the_remedy(
    check: str, bad: str, says: str, good: str
) -> None:
    """The message names the place and the remedy; the remedy is silent."""
    path = "src/seawall/risk/noun.py"
    messages = getattr(tidy, check)(tidy.Source(path, bad))
    assert messages, f"{check} did not see: {bad}"
    assert messages[0].startswith(f"{path}:")
    assert says in messages[0]
    assert getattr(tidy, check)(tidy.Source(path, good)) == []


def test_every_check_has_a_bad_snippet() -> None:
    """A check that was never seen to fail proves nothing."""
    checks = tidy.PURE_CHECKS + tidy.SOURCE_CHECKS + tidy.TEST_CHECKS + tidy.PYTHON_CHECKS
    assert {check.__name__ for check in checks} == {case[0] for case in CASES}


def test_kernels_import_less_than_other_pure_rooms() -> None:
    """Msgspec is for the rooms above; kernels know numpy, numba and math."""
    bad = "import msgspec"
    assert tidy.banned_imports(tidy.Source("src/seawall/kernels/noun.py", bad))
    assert not tidy.banned_imports(tidy.Source("src/seawall/risk/noun.py", bad))


def test_scipy_is_for_sizing_alone_and_inside_functions() -> None:
    """The portfolio room may import scipy where it is used, never at the top."""
    inside, top = "def f():\n    import scipy.optimize", "import scipy.optimize"
    assert not tidy.banned_imports(tidy.Source("src/seawall/portfolio/sizing.py", inside))
    assert tidy.banned_imports(tidy.Source("src/seawall/portfolio/sizing.py", top))


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        ("left_overs", "x = 1  # " + "todo: more".upper(), "x = 1  # to do more is to know less"),
        ("left_overs", "fixme".upper(), "prefix_me"),
        ("machine_paths", "see /" + "home/ann/data", "see ~/data and https://example.org/home/page"),
        ("machine_paths", "path = '/" + "work/data'", "path = 'work/data'"),
        ("one_title", "text without a title", "# Title\n\n```sh\n# a comment\n```\n"),
        ("one_title", "# One\n\n# Two\n", "# One\n\n## Two\n"),
        (
            "broken_links",
            "see [it](ABSENT.md)",
            "see [it](../LICENSE), [that](https://example.org) and [here](#x)",
        ),
        ("unlocked", "numpy>=2\n", "numpy==2.4.6 \\\n    --hash=sha256:00\n"),
        ("unlocked", "# from https://example.org\n", "# a comment\n"),
    ],
)
def test_checks_of_text(check: str, bad: str, good: str) -> None:
    """Left-overs, paths of one machine, a second title, dead links and loose locks are seen."""
    assert getattr(tidy, check)("docs/page.md", bad)
    assert getattr(tidy, check)("docs/page.md", good) == []


def test_a_module_without_its_test_file_is_named() -> None:
    """The message says which file to write; rooms within rooms keep their path."""
    tests = {"tests/risk/test_gate.py"}
    assert tidy.lacks_its_test("src/seawall/risk/gate.py", tests) == []
    assert "tests/risk/rules/test_gate.py" in tidy.lacks_its_test("src/seawall/risk/rules/gate.py", tests)[0]
    assert "tests/test_cli.py" in tidy.lacks_its_test("src/seawall/cli.py", tests)[0]
    assert tidy.lacks_its_test("src/seawall/risk/__init__.py", tests) == []


def test_pure_rooms_are_told_from_the_others() -> None:
    """The engine and config.py are pure as well; store/ and runtime/ are not."""
    pure = [
        "src/seawall/risk/gate.py",
        "src/seawall/engine/core.py",
        "src/seawall/config.py",
        "src/seawall/risk/rules/c1.py",
    ]
    impure = ["src/seawall/store/catalog.py", "src/seawall/cli.py", "tests/risk/test_gate.py"]
    assert all(tidy.is_pure(tidy.Source(path, "")) for path in pure)
    assert not any(tidy.is_pure(tidy.Source(path, "")) for path in impure)
