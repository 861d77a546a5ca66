"""What can go wrong, as a tree; the message of each says what, where and how much.

Rule 1: the world's faults and the user's mistakes are the exceptions below.
Rule 2: our own bugs are failed asserts or InvariantBroken; they halt trading.
Rule 3: each error knows the exit code of the command that it ends.

    SeawallError                       exit
      x UserError                      2      the user can mend it
          + ConfigError                       a desk file: unknown key, wrong type, out of range
          + DataError                         market data: unreadable, out of order, off tick
          + CatalogError                      an instrument or a kind that the catalog lacks
          + RunError                          a run folder: exists already, missing, unreadable
          + VerificationError                 a hash, a chain or a manifest does not match
          + DiskError                         no space, no permission, I/O error
      x PolicyError                    1      the policy raised, or returned what it may not
      x InvariantBroken                1      an invariant of the books failed: our bug
      x IllegalTransition              1      an order event that the table lacks
      x Divergence                     3      a replay differs from its record
"""

__all__ = [
    "CatalogError",
    "ConfigError",
    "DataError",
    "DiskError",
    "Divergence",
    "IllegalTransition",
    "InvariantBroken",
    "PolicyError",
    "RunError",
    "SeawallError",
    "UserError",
    "VerificationError",
]


class SeawallError(Exception):
    """The root of all errors that seawall raises on purpose."""

    exit_code = 1


class UserError(SeawallError):
    """Something that the user can mend: a file, a name, a value."""

    exit_code = 2


class ConfigError(UserError):
    """A desk file or an override is malformed; names the key and what was expected."""


class DataError(UserError):
    """Market data cannot be used; names file, row and reason."""


class CatalogError(UserError):
    """The catalog lacks what was asked for; names what it has."""


class RunError(UserError):
    """A run folder cannot be used as asked."""


class VerificationError(UserError):
    """A file differs from what its run recorded; names file, record and offset."""


class DiskError(UserError):
    """The disk refused: full, read-only or failing; names the file."""


class PolicyError(SeawallError):
    """The user's policy raised or returned something impossible; names file and line."""


class InvariantBroken(SeawallError):
    """An always-on invariant failed; carries the first offending sequence number."""


class IllegalTransition(SeawallError):
    """The order table lacks this pair of state and event."""


class Divergence(SeawallError):
    """A re-execution differs from the record; carries the first differing decision."""

    exit_code = 3
