"""seawall: a risk-first trading engine.

A gate you can prove and a log you can replay; the same core is made for backtest, paper and live.
The names below are those of the command line; each is imported when
it is first used, so that `import seawall` stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall.research.comparison import compare_runs as compare
    from seawall.research.run_tables import report_of as report
    from seawall.runtime.replay import replay
    from seawall.runtime.run import Run, backtest, open_run, resume
    from seawall.store.run_folder import verify_run as verify

__all__ = ["Run", "__version__", "backtest", "compare", "open_run", "replay", "report", "resume", "verify"]

__version__ = "0.1.0"

_HOMES = {
    "Run": ("seawall.runtime.run", "Run"),
    "backtest": ("seawall.runtime.run", "backtest"),
    "compare": ("seawall.research.comparison", "compare_runs"),
    "open_run": ("seawall.runtime.run", "open_run"),
    "replay": ("seawall.runtime.replay", "replay"),
    "report": ("seawall.research.run_tables", "report_of"),
    "resume": ("seawall.runtime.run", "resume"),
    "verify": ("seawall.store.run_folder", "verify_run"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seawall' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
