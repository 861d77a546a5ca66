"""The house style, as a test: each check reads the source, names the place and the remedy.

Every check is a function from a parsed file to messages, and each is seen to fail on a bad
snippet in tests/test_tidy_checks.py, because a check that cannot fail proves nothing. The
checks themselves stand in scripts/tidy.py.
"""

from collections.abc import Callable

import pytest

import tidy

SOURCES = tidy.sources("src/seawall")
PURE = [source for source in SOURCES if tidy.is_pure(source)]
TESTS = tidy.sources("tests")
OTHERS = tidy.sources("benchmarks") + tidy.sources("scripts") + tidy.sources("examples")
TEXTS = tidy.texts()


def report(messages: list[str]) -> None:
    """Fail with every message at once, so that one run shows all there is to mend."""
    if messages:
        pytest.fail("\n".join(["", *messages]), pytrace=False)


@pytest.mark.parametrize("check", tidy.PURE_CHECKS, ids=tidy.name_of)
def test_pure_rooms(check: tidy.Check) -> None:
    """No clock, file, socket, environment or chance in the pure rooms."""
    report([message for source in PURE for message in check(source)])


@pytest.mark.parametrize("check", tidy.SOURCE_CHECKS, ids=tidy.name_of)
def test_sources(check: tidy.Check) -> None:
    """What holds for every module of the package."""
    report([message for source in SOURCES for message in check(source)])


@pytest.mark.parametrize("check", tidy.TEST_CHECKS, ids=tidy.name_of)
def test_tests(check: tidy.Check) -> None:
    """What holds for every test file."""
    report([message for source in TESTS for message in check(source)])


@pytest.mark.parametrize("check", tidy.PYTHON_CHECKS, ids=tidy.name_of)
def test_python(check: tidy.Check) -> None:
    """What holds for all Python: sizes of files, functions and lines."""
    report([message for source in SOURCES + TESTS + OTHERS for message in check(source)])


@pytest.mark.parametrize("check", tidy.TEXT_CHECKS, ids=tidy.name_of)
def test_texts(check: Callable[[str, str], list[str]]) -> None:
    """What holds for all text: no left-overs, no paths of one machine, one title."""
    report([message for path, text in TEXTS for message in check(path, text)])


def test_locks() -> None:
    """Every package of both locks is pinned and hashed, and no index is named."""
    locks = sorted((tidy.REPOSITORY / "requirements").glob("*.txt"))
    assert [lock.name for lock in locks] == ["dev.txt", "runtime.txt"]
    report([message for lock in locks for message in tidy.unlocked(lock.name, lock.read_text("utf-8"))])


def test_one_noun_one_file_one_test_file() -> None:
    """Every module has a test file of the same name in the room of the same name."""
    names = {source.path for source in TESTS}
    report([message for source in SOURCES for message in tidy.lacks_its_test(source.path, names)])


def test_the_walk_finds_the_project() -> None:
    """The lists above are not empty, else every check would pass in silence."""
    assert any(source.path == "src/seawall/kernels/jit.py" for source in PURE)
    assert any(source.path == "tests/test_tidy.py" for source in TESTS)
    assert any(path == "pyproject.toml" for path, _ in TEXTS)
