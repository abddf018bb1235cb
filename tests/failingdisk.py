"""A disk that fails at the n-th step of all write transactions, in each of the ways in which disks fail."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from store.sqlite import DiskStep


class PowerCut(BaseException):
    """The machine is gone in the middle of what it did."""


Fault = Callable[[], BaseException]

# The words are SQLite's own, for SQLITE_FULL, SQLITE_READONLY and SQLITE_IOERR.
REFUSALS: tuple[Fault, ...] = (
    lambda: sqlite3.OperationalError("database or disk is full"),
    lambda: sqlite3.OperationalError("attempt to write a readonly database"),
    lambda: sqlite3.OperationalError("disk I/O error"),
)


@dataclass
class FailingDisk:
    """Counts steps from 1; fails at step `at` and at the `lasts` - 1 after it; `at` 0 = never.

    Only a power cut falls between a commit and its return: SQLite never reports a commit that is on disk as failed.
    """

    fault: Fault = PowerCut
    at: int = 0
    lasts: int = 1
    steps: list[DiskStep] = field(default_factory=list)

    def __call__(self, step: DiskStep) -> None:
        self.steps.append(step)
        if self.at and self.at <= len(self.steps) < self.at + self.lasts:
            fault = self.fault()
            if step != "after commit" or isinstance(fault, PowerCut):
                raise fault
