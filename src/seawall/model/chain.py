"""The running digest: one SHA-256 a lane, and one number that stands for the whole run.

Rule 1: the market rows are one lane, each kind of record another; records are hashed in the
        order of their sequence, so where chunks or drains are cut does not matter.
Rule 2: the result covers the header (configuration, limits, instruments, seed) and all lanes.
"""

import hashlib

import numpy as np

from seawall.kernels.records import seal
from seawall.kernels.state import DECISION, EQUITY, EVENT, POSTING

__all__ = ["LANES", "Chain", "Lane"]

Lane = tuple[str, str, np.dtype]

LANES: tuple[Lane, ...] = (
    ("decisions", "decision_count", DECISION),
    ("events", "event_count", EVENT),
    ("postings", "posting_count", POSTING),
    ("equity", "equity_count", EQUITY),
)
"""Name of the table in the state, name of its counter, type of its records."""


class Chain:
    """The digests of all lanes so far.

    >>> chain = Chain(b"header")
    >>> chain.result()[:16]
    'd22e876d73591f30'
    """

    def __init__(self, header: bytes) -> None:
        self.rows = hashlib.sha256()
        self.lanes = {name: hashlib.sha256() for name, _, _ in LANES}
        self.header = header
        self.row_count = 0

    def take_rows(self, rows: np.ndarray) -> None:
        """Hashes the bytes of more market rows."""
        self.rows.update(np.ascontiguousarray(rows).data.cast("B"))
        self.row_count += len(rows)

    def take_records(self, lane: str, records: np.ndarray) -> None:
        """Seals more records of a lane and hashes their bytes."""
        if len(records):
            seal(records.view(np.uint64).reshape(len(records), -1))
            self.lanes[lane].update(records.data.cast("B"))

    def heads(self) -> dict[str, str]:
        """The digest of each lane, in hexadecimal."""
        return {"rows": self.rows.hexdigest(), **{name: h.hexdigest() for name, h in self.lanes.items()}}

    def result(self) -> str:
        """One digest over the header and all lanes."""
        whole = hashlib.sha256(self.header)
        for name, head in self.heads().items():
            whole.update(f"{name} {head}\n".encode())
        return whole.hexdigest()
