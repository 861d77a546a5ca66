"""Desk files on disk: what is read before anything is checked.

Rule 1: a file that cannot be read is a ConfigError that names it and says why.
Rule 2: the text is handed on beside the desk, because a run keeps the exact bytes it was made of.
"""

import difflib
from pathlib import Path

from seawall.config import Desk, parse_desk
from seawall.model.errors import ConfigError

__all__ = ["load_desk"]


def load_desk(path: Path, overrides: tuple[str, ...] = ()) -> tuple[Desk, str]:
    """The desk of a file with overrides ("a.b=c") applied, and the text it was made of."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such desk file{_near(path)}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, not a desk file{_inside(path)}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: byte {error.start} cannot be read") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_desk(text, overrides, where=str(path)), text


def _near(path: Path) -> str:
    """The name beside it that was probably meant."""
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent}"
    names = sorted(other.name for other in path.parent.glob("*.toml"))
    close = difflib.get_close_matches(path.name, names, 1, 0.5)
    return f"; did you mean {path.with_name(close[0])}?" if close else ""


def _inside(path: Path) -> str:
    names = sorted(other.name for other in path.glob("*.toml"))
    return f"; did you mean {path / names[0]}?" if names else ""
