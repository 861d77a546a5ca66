"""`seawall init`: a desk file and a policy to start from.

Rule: an existing file is never overwritten.
"""

from pathlib import Path

from seawall.model.errors import UserError

__all__ = ["DESK", "POLICY", "write_desk"]

DESK = """\
# A desk: who trades, what, with which policy, inside which limits, at which venue.
# Every key: seawall config reference

[desk]
name = "my-desk"
cash = 1_000_000
seed = 42

[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM", "MSFT", "GOOG"]

[strategy]
path = "my_policy.py"
fast = 20
slow = 100

[risk]
order_notional_max = 500_000
single_name_max = 0.30
daily_loss_share_max = 0.05
drawdown_max = 0.25

[venue]
taker_bps = 1.0
spread_bps = 2.0
"""

POLICY = '''\
"""My policy: hold an instrument while its fast average is above its slow one."""

from seawall.features.bars import Sma
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose


class MyPolicy:
    """Long a fifth of the equity while fast > slow, else flat."""

    wakes = (OnBarClose(),)

    def __init__(self, fast: int = 20, slow: int = 100) -> None:
        self.fast, self.slow = Sma(fast), Sma(slow)
        self.features = (self.fast, self.slow)

    def decide(self, view):
        for name in view.updated:
            fast, slow = view.feature(self.fast.name, name), view.feature(self.slow.name, name)
            values = {"fast": fast, "slow": slow}
            if fast > slow:
                yield Target(name, weight=0.2, reason="fast is above slow", values=values)
            elif view.position(name):
                yield Target(name, weight=0.0, reason="fast is below slow", values=values)
'''


def write_desk(folder: Path) -> list[Path]:
    """Writes desk.toml and my_policy.py into the folder; an existing one is a UserError."""
    files = {folder / "desk.toml": DESK, folder / "my_policy.py": POLICY}
    for path in files:
        if path.exists():
            raise UserError(f"{path}: exists already; it was not touched")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None
    return list(files)
