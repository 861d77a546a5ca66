"""Every snippet in README.md and docs/ is executed, in the order in which a reader meets it.

A page runs in one namespace and one empty folder. What is run:
  * ```python   executed; with >>> prompts, as a doctest
  * ```console  each `$ seawall ...` line (also cat, ls, head and the like) runs in the shell; what
                stands below it is compared with its output, where ... matches anything
A comment before a block changes that, and shows in no rendered page:
  * <!-- not run: reason -->   the block is skipped; an empty reason fails
  * <!-- file: NAME -->        the block is written to NAME first; other languages just that
  * <!-- exits: 2 -->          the commands of the block end with this exit code
"""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
COMMANDS = {"cat", "cd", "echo", "head", "ls", "mkdir", "python", "seawall", "sed", "tail", "wc"}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<language>[\w+-]*)[^\n]*$")
NOTE = re.compile(r"^\s*<!--\s*(?P<key>not run|file|exits):(?P<value>.*?)-->\s*$")


@dataclass
class Block:
    """A fenced block: where it stands, its language, its text, the notes before it."""

    line: int
    language: str
    text: str = ""
    notes: dict[str, str] = field(default_factory=dict[str, str])


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    notes: dict[str, str] = {}
    lines = iter(enumerate(page.splitlines(), 1))
    for number, line in lines:
        if note := NOTE.match(line):
            notes[note["key"]] = note["value"].strip()
        elif fence := FENCE.match(line):
            block = Block(number, fence["language"], notes=notes)
            for _, inner in lines:
                if inner.strip() == fence["ticks"]:
                    break
                block.text += inner.removeprefix(fence["indent"]) + "\n"
            found.append(block)
            notes = {}
        elif line.strip():
            notes = {}
    return found


def run_python(block: Block, namespace: dict[str, object], where: str) -> None:
    """Execute a block of Python; lines keep their number in the page."""
    if ">>> " not in block.text:
        exec(compile("\n" * block.line + block.text, where, "exec"), namespace)
        return
    test = doctest.DocTestParser().get_doctest(block.text, {}, where, where, block.line)
    test.globs = namespace
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


def run_console(block: Block, folder: Path, where: str) -> None:
    """Run each command of a block and compare its output with what the page shows."""
    for command, expected in sessions(block.text):
        name = command.split()[0]
        assert name in COMMANDS, (
            f"{where}: `{name}` is not run here; use a ```sh block, or say `not run: why`"
        )
        answer = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=folder,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        exits = int(block.notes.get("exits", "0"))
        assert answer.returncode == exits, (
            f"{where}: `{command}` ended with {answer.returncode}:\n{answer.stdout}"
        )
        if expected.strip():
            same = doctest.OutputChecker().check_output(expected, answer.stdout, FLAGS)
            assert same, f"{where}: `{command}` printed\n{answer.stdout}\nand the page shows\n{expected}"


def sessions(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that the page shows below it."""
    joined = re.sub(r"\\\n\s*", "", text)
    parts = re.split(r"^\$ (.*)$", joined, flags=re.MULTILINE)
    return list(zip(parts[1::2], (part.lstrip("\n") for part in parts[2::2]), strict=True))


def run_page(page: str, folder: Path, name: str) -> tuple[int, int]:
    """Run all blocks of a page in a folder; how many were run, and how many skipped."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    ran = skipped = 0
    for block in blocks(page):
        where = f"{name}:{block.line}"
        if "not run" in block.notes:
            assert block.notes["not run"], f"{where}: say why the block is not run"
            skipped += 1
            continue
        if "file" in block.notes:
            (folder / block.notes["file"]).write_text(block.text, "utf-8")
        if block.language in ("python", "py"):
            run_python(block, namespace, where)
            ran += 1
        elif block.language == "console":
            run_console(block, folder, where)
            ran += 1
    return ran, skipped


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_a_page_runs(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """What the page shows is what a reader gets."""
    monkeypatch.chdir(tmp_path)
    ran, skipped = run_page(path.read_text("utf-8"), tmp_path, path.relative_to(REPOSITORY).as_posix())
    record_property("ran", ran)
    record_property("skipped", skipped)


GOOD = """# Page
```python
price_ticks = 20
```
<!-- file: note.txt -->
```text
a line
```
```console
$ cat note.txt
a ...
$ echo one \\
    two
one two
```
```python
>>> price_ticks + 1
21
```
<!-- not run: it needs a broker -->
```console
$ trade now
```
<!-- exits: 2 -->
```console
$ ls absent 2>/dev/null
```
"""


def test_good_blocks_pass_and_are_counted(tmp_path: Path) -> None:
    """One namespace and one folder a page; a block with a reason is skipped."""
    assert run_page(GOOD, tmp_path, "page.md") == (4, 1)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("```python\nassert 1 == 2\n```", "^$"),
        ("```python\n>>> 1 + 1\n3\n```", "Expected"),
        ("```console\n$ echo one\ntwo\n```", "printed"),
        ("```console\n$ ls absent\n```", "ended with 2"),
        ("```console\n$ trade now\n```", "is not run here"),
        ("<!-- not run: -->\n```python\nx = 1\n```", "say why"),
        ("<!-- exits: 3 -->\n```console\n$ echo one\n```", "ended with 0"),
    ],
)
def test_bad_blocks_fail(tmp_path: Path, page: str, says: str) -> None:
    """A wrong value, wrong output, wrong exit code, unknown command or empty reason is seen."""
    with pytest.raises(AssertionError, match=says):
        run_page(page, tmp_path, "page.md")
