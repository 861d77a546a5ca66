"""What `seawall init` writes is a desk that runs, and nothing of the user's is touched."""

from pathlib import Path

import pytest

from seawall.model.errors import UserError
from seawall.runtime.run import backtest
from seawall.runtime.scaffold import DESK, POLICY, write_desk


def test_the_written_desk_runs(tmp_path: Path) -> None:
    """The skeleton trades on the sample as it stands."""
    written = write_desk(tmp_path / "new" / "desk")
    assert [path.name for path in written] == ["desk.toml", "my_policy.py"]
    assert [path.read_text() for path in written] == [DESK, POLICY]
    run = backtest(written[0], overrides=("data.end=2002-01-01",))
    assert run.is_complete
    assert len(run.fills) > 5


@pytest.mark.parametrize("name", ["desk.toml", "my_policy.py"])
def test_existing_files_are_kept(tmp_path: Path, name: str) -> None:
    """One file that is there already stops both; its bytes stay."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        write_desk(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is the user's mistake, named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_desk(tmp_path / "file" / "desk")
