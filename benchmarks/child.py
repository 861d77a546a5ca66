"""One measured run of one side, in a process of its own: `python -m child DATA SIDE FILE COUNT [MODE]`.

Rule 1: the clock covers the engine's run only: no import, no data making, no counting of results.
Rule 2: every engine runs once over the first events before the clock starts (`WARM_UP` of the data's
module), so that compiling, lazy imports and caches are outside for all alike.
Rule 3: memory is the peak of this process. `bytes_before` is taken with the input read and the warm-up
done, `bytes_prepared` with the input in the engine's own form, `bytes_peak` when the run is over.

Theory of operation. DATA is a module with `WARM_UP` and `load(path, count)`. SIDE is a module with
`PACKAGE`, `prepare(data, [mode]) -> run`, where `run()` is what the clock measures, and
`summary(outcome)`, which counts the results after the clock stopped. The objects that were made before the
clock are taken out of Python's garbage collector, so that no engine pays for the size of its input.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["main"]


def peak_bytes() -> int:
    """The most memory this process had so far, the mapped pages that it touched included.

    `ru_maxrss` may be inherited from the process that started this one; Linux has a figure that is not.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_garbage() -> None:
    """Collect, and keep what is left out of the next collections."""
    gc.collect()
    gc.freeze()


def measure(data: Any, side: Any, path: str, count: int, modes: list[str]) -> dict[str, Any]:
    """Seconds, memory and results."""
    side.summary(side.prepare(data.load(path, data.WARM_UP), *modes)())
    arrays = data.load(path, count)
    forget_garbage()
    bytes_before = peak_bytes()
    run = side.prepare(arrays, *modes)
    forget_garbage()
    bytes_prepared = peak_bytes()
    begun, cpu_begun = time.perf_counter(), time.process_time()
    outcome = run()
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
    return {
        "version": importlib.metadata.version(side.PACKAGE),
        "python": platform.python_version(),
        "count": count,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "bytes_before": bytes_before,
        "bytes_prepared": bytes_prepared,
        "bytes_peak": peak_bytes(),
        **side.summary(outcome),
    }


def main(data_module: str, side_module: str, path: str, count: str, *modes: str) -> None:
    """Measure, and answer with one JSON line on stdout; what an engine itself prints goes to stderr."""
    answer, sys.stdout = sys.stdout, sys.stderr
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar nobody sees would cost its engine time
    data, side = importlib.import_module(data_module), importlib.import_module(side_module)
    print(json.dumps(measure(data, side, path, int(count), list(modes))), file=answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
