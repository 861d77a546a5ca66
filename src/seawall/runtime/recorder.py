"""The recorder: hashes rows and records and writes the journal, beside the core, in order.

Rule 1: one worker thread does all of it, in the order of submission, so that digests and bytes
        are those of doing it at once; `settle` waits until everything is done.
Rule 2: what the disk refuses is raised at the next call, never swallowed.
Rule 3: the queue is bounded: the core waits when the disk is slower than itself.

Theory of operation: hashing and writing release the interpreter, so on two processors they cost
the core next to nothing. No result depends on when they happen.
"""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from seawall.model.chain import Chain
from seawall.store.journal import Journal, JournalLanes

__all__ = ["PENDING_MAX", "Recorder"]

PENDING_MAX = 16  # tasks that may wait: some 100 MB of records at the most


class Recorder:
    """Takes rows and drained records and hashes them; records go into a journal or, without one, are kept."""

    def __init__(self, chain: Chain, journal: Journal | None) -> None:
        self.chain = chain
        self.journal = journal
        self.kept: dict[str, list[np.ndarray]] = {}
        self._pending: deque[Future[None]] = deque()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="recorder")

    def rows(self, rows: np.ndarray) -> None:
        """Hashes market rows; the array must not change afterwards."""
        self._submit(self.chain.take_rows, rows)

    def records(self, drained: list[tuple[str, np.ndarray]]) -> None:
        """Seals, hashes, keeps and writes records that the core has handed out."""
        if drained:
            self._submit(self._store, drained)

    def settle(self) -> None:
        """Waits until all is done and raises what went wrong."""
        while self._pending:
            self._pending.popleft().result()
        if self.journal:
            self.journal.flush()

    def close(self) -> None:
        """Settles and ends the worker; the journal is closed and on the disk."""
        try:
            self.settle()
            if self.journal:
                self.journal.close()
        finally:
            self._worker.shutdown(wait=True, cancel_futures=True)

    def lanes(self, empty: dict[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """All records, one array a lane; `empty` gives the type of a lane without any."""
        if self.journal:
            return JournalLanes(self.journal.path)
        return {
            lane: np.concatenate(self.kept[lane]) if lane in self.kept else nothing
            for lane, nothing in empty.items()
        }

    def _store(self, drained: list[tuple[str, np.ndarray]]) -> None:
        for lane, records in drained:
            self.chain.take_records(lane, records)
            if self.journal:
                self.journal.append(lane, records)
            else:
                self.kept.setdefault(lane, []).append(records)

    def _submit(self, task: Callable[[Any], None], argument: Any) -> None:
        while self._pending and (len(self._pending) >= PENDING_MAX or self._pending[0].done()):
            self._pending.popleft().result()
        self._pending.append(self._worker.submit(task, argument))
