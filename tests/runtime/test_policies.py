"""Loading policies: names, files, parameters, and each mistake with its place."""

import hashlib

import pytest

from seawall.model.errors import ConfigError, PolicyError
from seawall.runtime.policies import BUILT_IN, load_policy

MINE = '''"""Mine."""
from dataclasses import dataclass
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose

@dataclass
class Mine:
    """A policy as a dataclass."""
    wakes = (OnBarClose(),)
    features = ()
    fast: int = 10
    band: float = 0.5
    names: tuple[str, ...] = ()
    loud: bool = False

    def decide(self, view):
        """Nothing."""
'''


def a_file(folder, text=MINE):
    """The text as my_policy.py."""
    path = folder / "my_policy.py"
    path.write_text(text)
    return path


def test_built_in_policies():
    """Each loads by its name, with the hash of its source, and declares its wakes."""
    for name in BUILT_IN:
        loaded = load_policy(name)
        assert (loaded.name, loaded.path, len(loaded.source_hash)) == (name, None, 64)
        assert loaded.policy.wakes


def test_a_file_of_the_user(tmp_path):
    """Loaded from the bytes that are hashed; nothing is written beside it; a change is a change."""
    path = a_file(tmp_path)
    loaded = load_policy(str(path), {"fast": 20, "band": "0.25", "names": ["a"], "loud": True})
    assert (loaded.name, loaded.path) == ("Mine", path)
    assert loaded.source_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert vars(loaded.policy) == {"fast": 20, "band": 0.25, "names": ("a",), "loud": True}
    assert [item.name for item in tmp_path.iterdir()] == ["my_policy.py"]
    a_file(tmp_path, MINE.replace("fast: int = 10", "fast: int = 11"))
    again = load_policy(path)
    assert again.policy.fast == 11
    assert again.source_hash != loaded.source_hash


def test_parameters_without_annotations(tmp_path):
    """The type of the default decides; without one, what reads as a number is a number."""
    text = (
        "class Plain:\n    wakes = features = ()\n"
        "    def __init__(self, rate, level=1, text='x', rest=None):\n"
        "        self.all = (rate, level, text, rest)\n"
        "    def decide(self, view): pass\n"
    )
    given = {"rate": "0.5", "level": "1.5", "text": "0.5", "rest": "name"}
    assert load_policy(a_file(tmp_path, text), given).policy.all == (0.5, 1.5, "0.5", "name")


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("momentun", {}, "no policy 'momentun'; did you mean 'momentum'?"),
        ("xyz", {}, "no policy 'xyz'; there is momentum, threshold"),
        ("threshold", {"hihg": 5}, "strategy.hihg: threshold has no such parameter; did you mean 'high'?"),
        ("threshold", {"q": 5}, "Parameters: low = 90.0, high = 110.0, weight = 0.2"),
        ("threshold", {"low": "cheap"}, "strategy.low: Expected `float`, got `str`, got 'cheap'"),
        ("momentum", {"window": "60.5"}, "strategy.window: Expected `int`"),
        ("momentum", {"entry": "-1"}, "exit < entry is needed"),
        ("momentum", {"trailing": "1.5"}, "momentum refuses its parameters: exits: trailing is a fraction"),
        ("missing.py", {}, "missing.py cannot be read: No such file or directory"),
    ],
)
def test_mistakes_in_the_desk_file(name, parameters, message):
    """Each is a ConfigError that says what was meant or what there is."""
    with pytest.raises(ConfigError) as caught:
        load_policy(name, parameters)
    assert message in str(caught.value)


RAISES = """class Mine:
    def __init__(self):
        self.x = {}['k']
    def decide(self, view): pass
"""

TWO = "class One:\n    def decide(self, view): pass\nclass Two(One):\n    pass\n"


def test_several_policies_in_one_file(tmp_path):
    """`strategy.class` chooses; without it, or with a wrong one, the error lists them."""
    path = a_file(tmp_path, TWO)
    assert load_policy(path, {"class": "Two"}).name == "Two"
    with pytest.raises(ConfigError, match=r"several policies \(One, Two\); choose one by strategy.class"):
        load_policy(path)
    with pytest.raises(ConfigError, match="no policy 'Tow'; did you mean 'Two'"):
        load_policy(path, class_name="Tow")
    with pytest.raises(ConfigError, match=r"no class with a method decide\(self, view\)"):
        load_policy(a_file(tmp_path, "x = 1\n"))


def test_an_imported_policy_is_not_the_files_own(tmp_path):
    """A base class from elsewhere is not a second candidate."""
    text = "from seawall.strategies.threshold import Threshold\nclass Mine(Threshold):\n    pass\n"
    assert load_policy(a_file(tmp_path, text), {"low": 1}).policy.low == 1.0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("import seawall.nothing\n", 1, "ModuleNotFoundError"),
        (RAISES, 3, "KeyError: 'k'"),
    ],
)  # fmt: skip
def test_mistakes_in_the_users_file(tmp_path, text, line, message):
    """A PolicyError with file and line, for what is wrong at import and in the constructor."""
    path = a_file(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_a_file_that_is_no_python_is_the_users_mistake(tmp_path):
    """A ConfigError with file and line: exit code 2, because nothing has run yet."""
    path = a_file(tmp_path, "x = 1\ndef broken(:\n")
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}:2: invalid syntax")


def test_garbage_is_no_policy(tmp_path):
    """A file that is no text is an error with its name, not a traceback."""
    path = tmp_path / "my_policy.py"
    path.write_bytes(b"\x00\xff\xfe")
    with pytest.raises(ConfigError, match=r"my_policy\.py"):
        load_policy(path)
