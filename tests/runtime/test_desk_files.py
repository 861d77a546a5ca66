"""Desk files on disk: what cannot be read is named, and what was meant is offered."""

from pathlib import Path

import pytest

from seawall.model.errors import ConfigError
from seawall.runtime.desk_files import load_desk

TEXT = """[desk]
name = "a"
cash = 5
[data]
catalog = "c"
instruments = ["A"]
[strategy]
name = "momentum"
"""


def test_the_text_is_handed_on_as_it_stands(tmp_path: Path) -> None:
    """A run keeps the exact text, whatever was overridden."""
    path = tmp_path / "desk.toml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    desk, text = load_desk(path, ("desk.seed=7",))
    assert (desk.desk.seed, text) == (7, TEXT.replace("\n", "\r\n"))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are three messages."""
    (tmp_path / "desk.toml").write_bytes(b"\xff\xfe\x00")
    for path, says in (
        (tmp_path / "desk.tml", "no such desk file; did you mean .*desk.toml"),
        (tmp_path / "absent" / "desk.toml", "there is no folder"),
        (tmp_path, "is a folder, not a desk file; did you mean .*desk.toml"),
        (tmp_path / "desk.toml", "is not UTF-8 text: byte 0"),
    ):
        with pytest.raises(ConfigError, match=says):
            load_desk(path)
