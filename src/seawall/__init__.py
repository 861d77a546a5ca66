"""seawall: a risk-first trading engine.

A gate you can prove, a log you can replay, a kill switch you can drill, and one code path for
backtest, paper and live. The names below are those of the command line; each is imported when
it is first used, so that `import seawall` stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall.runtime.replay import replay
    from seawall.runtime.run import Run, backtest, open_run, resume
    from seawall.store.run_folder import verify_run

__all__ = ["Run", "__version__", "backtest", "open_run", "replay", "resume", "verify_run"]

__version__ = "0.1.0"

_HOMES = {
    "Run": "seawall.runtime.run",
    "backtest": "seawall.runtime.run",
    "open_run": "seawall.runtime.run",
    "replay": "seawall.runtime.replay",
    "resume": "seawall.runtime.run",
    "verify_run": "seawall.store.run_folder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seawall' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
