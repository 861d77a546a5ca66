"""The numbers of a venue's messages: what is a duplicate, where a gap is, and how a snapshot joins in.

Rule 1: messages are in order of arrival, and a number that was seen before is a duplicate: dropped, counted.
Rule 2: an unseen number below one that has passed is late: it is handed back, never applied out of order.
Rule 3: a book begins with a snapshot. Of the messages that came before it, those that it contains
        (u <= its number L) are dropped; the others are applied right after it, at its local time,
        because no book could exist before that moment. The first one applied must bridge:
        U <= L + 1 <= u; where it does not, a GAP stands between.
Rule 4: messages that come after a snapshot and are contained in it are dropped as well: an old
        change on top of a newer book would spoil it.
Rule 5: a later snapshot renews a book, or repairs one that has a gap; one that is older than a whole book,
        or than its last gap, would take the book back in time, and is dropped.
Rule 6: the times of a stream never decrease: a back-step is lifted to the running maximum and counted.

A message covers the numbers U..u (`first`, `last`); a futures venue also says the `previous` u (pu), because
its numbers skip. Messages arrive in order of u once duplicates and late ones are out, so the place of a
snapshot is one binary search for L, and all else are slices between snapshots. The rules are those that
Binance publishes for keeping a local book.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_NUMBER", "Messages", "Numbered", "Sequenced", "lift", "number_rows", "sequence_levels"]

NO_NUMBER = -1  # stands where a venue sends no `previous`
GAP_ITEM = -1  # stands for a message in Sequenced.message where the item is a GAP
SKIPPING_SHARE = 0.1  # more steps than this above 1: the venue does not count by one

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Messages(msgspec.Struct, frozen=True):
    """Book messages in order of arrival, each array of shape (n,); times in ns, never decreasing locally."""

    ts_exchange: Ints
    ts_local: Ints
    first: Ints  # U; a snapshot's is its own number
    last: Ints  # u
    previous: Ints  # pu, or NO_NUMBER
    snapshot: Bools

    def __len__(self) -> int:
        return len(self.last)


class Sequenced(msgspec.Struct, frozen=True):
    """What to apply, in order: arrays of shape (m,); and the messages that are not applied, by index.

    message: index into the messages, GAP_ITEM for a gap; sequence: u, or the first missing number;
    missing: how many numbers a gap lacks, 0 for messages and where it is unknown.
    """

    message: Ints
    ts_exchange: Ints
    ts_local: Ints
    sequence: Ints
    missing: Ints
    duplicates: Ints
    late: Ints
    dropped: Ints
    lifted: int

    @property
    def gaps(self) -> int:
        """How many gaps there are."""
        return int((self.message == GAP_ITEM).sum())


class Numbered(msgspec.Struct, frozen=True):
    """Rows with a number each, judged: masks of shape (n,), and the gap before each kept row (0: none)."""

    keep: Bools
    duplicates: Bools
    late: Bools
    gap_first: Ints
    gap_missing: Ints
    counts_by_one: bool


def lift(times: Ints) -> tuple[Ints, int]:
    """The times as a running maximum, and how many were before one above them.

    >>> lift(np.array([3, 5, 4, 6]))
    (array([3, 5, 5, 6]), 1)
    """
    lifted = np.maximum.accumulate(times) if len(times) else times
    return lifted, int((lifted != times).sum())


def number_rows(numbers: Ints, *, last_stored: int = 0, by_one: bool = True) -> Numbered:
    """Judge rows that carry one number each: trades by trade id, quotes by update id.

    last_stored: the last number of the stream so far, 0 for none; by_one: the numbers count by one,
    so that a skipped one is a gap. Where more than a tenth of the steps skip, they do not (and
    `counts_by_one` says so). Rows numbered 0 have no number and are kept.

    >>> found = number_rows(np.array([7, 8, 8, 11]))
    >>> found.keep.tolist(), found.gap_first.tolist(), found.gap_missing.tolist()
    ([True, True, False, True], [0, 0, 0, 9], [0, 0, 0, 2])
    """
    stale, duplicates = _stale(numbers, last_stored)
    stale &= numbers != 0
    duplicates &= numbers != 0
    keep = ~stale
    gap_first, gap_missing = np.zeros_like(numbers), np.zeros_like(numbers)
    kept = np.flatnonzero(keep & (numbers != 0))
    before = _shifted(numbers[kept], last_stored)
    skips = (numbers[kept] != before + 1) & (before > 0)
    counts_by_one = bool(skips.sum() <= max(1.0, SKIPPING_SHARE * len(kept)))
    if by_one and counts_by_one:
        gap_first[kept[skips]] = before[skips] + 1
        gap_missing[kept[skips]] = numbers[kept[skips]] - before[skips] - 1
    return Numbered(keep, duplicates, stale & ~duplicates, gap_first, gap_missing, counts_by_one)


def sequence_levels(messages: Messages, *, last_stored: int = 0) -> Sequenced:
    """Put book messages in the order in which they are applied, by the rules above.

    last_stored: the last number of the stream so far, 0 for none: with one there is a book already.
    A stream without any snapshot, and none before it, is kept as it is: there may be one in an
    earlier part that the reader has.
    """
    return _Joiner(messages, last_stored).run()


def _stale(numbers: Ints, last_stored: int) -> tuple[Bools, Bools]:
    """(at or below a number that has passed, and of these the ones that were seen before)."""
    if not len(numbers):
        return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
    passed = np.maximum(_shifted(np.maximum.accumulate(numbers), last_stored), last_stored)
    stale = numbers <= passed
    _, first_place, which = np.unique(numbers, return_index=True, return_inverse=True)
    seen = first_place[which] < np.arange(len(numbers))
    return stale, stale & (seen | (numbers <= last_stored))


def _shifted(values: Ints, head: int) -> Ints:
    """Each value's predecessor; the first one's is `head`."""
    return np.concatenate([np.array([head], np.int64), values[:-1]]) if len(values) else values


class _Joiner:
    """One pass over the snapshots of a stream; `changes` are its messages that are no snapshots."""

    def __init__(self, messages: Messages, last_stored: int) -> None:
        self.messages, self.last_stored = messages, last_stored
        everything = np.flatnonzero(~messages.snapshot)
        stale, duplicate = _stale(messages.last[everything], last_stored)
        self.duplicates = [everything[duplicate]]
        self.late = everything[stale & ~duplicate]
        self.changes = everything[~stale]
        self.first, self.last = messages.first[self.changes], messages.last[self.changes]
        self.previous = messages.previous[self.changes]
        self.gap_missing = self._gaps()
        self.gap_before = _shifted(self.last, last_stored) + 1
        self.ts_local = messages.ts_local.copy()
        self.ts_exchange = messages.ts_exchange.copy()
        self.items: list[tuple[Ints, Ints, Ints]] = []  # (message, sequence, missing)
        self.gap_times: list[tuple[int, int]] = []  # those of the message that shows the gap
        self.dropped: list[Ints] = []
        self.emitted = 0  # changes before this one are done with
        self.valid_from = 0  # the first change after the snapshot that the book stands on
        self.has_book = last_stored > 0
        self.snapshot_number = last_stored  # of the newest snapshot so far

    def _gaps(self) -> Ints:
        """For each change, how many numbers are missing before it: -1 for none, 0 for unknown."""
        before = _shifted(self.last, self.last_stored)
        named = self.previous != NO_NUMBER
        broken = (named & (self.previous != before)) | (~named & (self.first != before + 1))
        missing = np.where(named, self.previous - before, self.first - before - 1)
        broken[:1] &= self.last_stored > 0
        return np.where(broken, np.maximum(missing, 0), -1)

    def run(self) -> Sequenced:
        for index in np.flatnonzero(self.messages.snapshot).tolist():
            self._join(index)
        self._emit(self.emitted, len(self.changes))
        return self._sequenced()

    def _join(self, snapshot: int) -> None:
        """Take one snapshot, or drop it; contained: changes up to its number, arrived: before it in time."""
        number = int(self.messages.last[snapshot])
        if number <= self.last_stored or number == self.snapshot_number:
            self.duplicates.append(np.array([snapshot]))
            return
        contained = int(np.searchsorted(self.last, number, side="right"))
        arrived = int(np.searchsorted(self.changes, snapshot))
        broken = self.valid_from + np.flatnonzero(self.gap_missing[self.valid_from : arrived] >= 0)
        repairs = len(broken) > 0 and contained >= broken[-1]
        older = contained < arrived and not repairs
        if self.has_book and (older or number < self.snapshot_number):
            self.dropped.append(np.array([snapshot]))
            return
        if not self.has_book:
            self._drop(self.emitted, min(contained, arrived))
        elif contained < arrived:
            self._emit(self.emitted, contained)
            if self.gap_missing[contained] >= 0:
                self._emit_gap(contained)
        else:
            self._emit(self.emitted, arrived)
        self._place(snapshot, number, contained, arrived)

    def _place(self, snapshot: int, number: int, contained: int, arrived: int) -> None:
        """The snapshot, what it supersedes, and the changes that waited for it."""
        if contained < len(self.changes):
            follower = self.changes[contained]
            self.ts_exchange[snapshot] = min(self.ts_exchange[snapshot], self.ts_exchange[follower])
            bridged = self.first[contained] <= number + 1
            self.gap_missing[contained] = -1 if bridged else self.first[contained] - number - 1
            self.gap_before[contained] = number + 1
        self._emit_messages(np.array([snapshot]))
        self.has_book, self.valid_from, self.snapshot_number = True, contained, number
        self._drop(max(self.emitted, arrived), contained)
        assert self.emitted <= contained, "a change would be applied twice"
        self.emitted = contained
        if contained < arrived:  # they are applied when the next snapshot, or the end, shows that they stay
            self.ts_local[self.changes[contained:arrived]] = self.messages.ts_local[snapshot]

    def _drop(self, start: int, stop: int) -> None:
        if start < stop:
            self.dropped.append(self.changes[start:stop])
            self.emitted = stop

    def _emit(self, start: int, stop: int) -> None:
        """The changes [start, stop) in order, each gap before its change."""
        for gap in (start + np.flatnonzero(self.gap_missing[start:stop] >= 0)).tolist():
            self._emit_messages(self.changes[start:gap])
            self._emit_gap(gap)
            start = gap
        self._emit_messages(self.changes[start:stop])
        self.emitted = max(self.emitted, stop)

    def _emit_gap(self, change: int) -> None:
        first, missing = self.gap_before[change : change + 1], self.gap_missing[change : change + 1]
        self.items.append((np.array([GAP_ITEM]), first.copy(), missing.copy()))
        message = self.changes[change]
        self.gap_times.append((int(self.ts_exchange[message]), int(self.ts_local[message])))

    def _emit_messages(self, indices: Ints) -> None:
        if len(indices):
            self.items.append((indices, self.messages.last[indices], np.zeros(len(indices), np.int64)))

    def _sequenced(self) -> Sequenced:
        empty = np.zeros(0, np.int64)
        message, sequence, missing = (
            np.concatenate([empty, *(item[column] for item in self.items)]) for column in range(3)
        )
        is_gap = message == GAP_ITEM
        times = np.stack([self.ts_exchange[message], self.ts_local[message]])
        times[:, is_gap] = np.array(self.gap_times, np.int64).reshape(-1, 2).T
        ts_exchange, lifted = lift(times[0])
        ts_local, _ = lift(times[1])
        duplicates, dropped = (np.concatenate([empty, *found]) for found in (self.duplicates, self.dropped))
        applied = int((~is_gap).sum())
        known = applied + len(duplicates) + len(self.late) + len(dropped)
        assert known == len(self.messages), "a message was lost"
        return Sequenced(
            *(message, ts_exchange, ts_local, sequence, missing),
            *(duplicates, self.late, dropped, lifted),
        )
