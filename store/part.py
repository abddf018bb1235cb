"""A part: what a receiver applies to one stream in one step, whoever sent it.

The collector makes parts of device lines, the cloud of batches; the same rules take both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from store.sealing import Seal

READINGS, CHANGES = "readings", "changes"


@dataclass(frozen=True, slots=True)
class Hole:
    """Records from_seq ... to_seq that the sender does not have, and why; times UTC ms or None."""

    from_seq: int
    to_seq: int
    cause: str
    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def records(self) -> int:
        return self.to_seq - self.from_seq + 1

    def within(self, from_seq: int, to_seq: int) -> "Hole":
        """Its part inside from_seq ... to_seq, with its times; of no records where it has none there."""
        low, high = max(self.from_seq, from_seq), min(self.to_seq, to_seq)
        return Hole(low, high, self.cause, self.from_ms, self.to_ms)


class Uncovered(ValueError):
    """A part does not account for every seq exactly once; the message says which."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows and holes that cover (prev_seq, last] exactly, in any order.

    `fills` are rows at or below prev_seq that turned up inside a gap, `fill_holes` gaps there whose cause
    became known. `sealed`: hours whose rows the sender pruned and which end in one of the holes. `first`: the
    stream starts at this seq; a receiver that does not know it begins at first - 1.
    Rows of readings are `metering.reading.Row`, of changes (seq, kind, key, rev, value).
    """

    source: str
    boot: int
    prev_seq: int
    rows: Sequence[tuple[Any, ...]] = ()
    holes: Sequence[Hole] = ()
    fills: Sequence[tuple[Any, ...]] = ()
    fill_holes: Sequence[Hole] = ()
    first: int = 1
    kind: str = READINGS
    uncertain: bool = False
    sealed: Sequence[Seal] = ()

    @property
    def last_seq(self) -> int:
        """The highest seq accounted for; prev_seq when the part is empty."""
        return max(
            self.prev_seq,
            max((row[0] for row in self.rows), default=0),
            max((hole.to_seq for hole in self.holes), default=0),
        )

    def check_cover(self) -> None:
        """Raise Uncovered unless rows and holes cover (prev_seq, last_seq] exactly once."""
        seqs = sorted([row[0] for row in self.rows])
        if not self.holes and seqs and seqs[0] == self.prev_seq + 1 and _unbroken(seqs):
            return
        want = self.prev_seq + 1
        for from_seq, to_seq in self._spans(seqs):
            if from_seq != want or to_seq < from_seq:
                raise Uncovered(
                    f"{self.source} boot {self.boot}: seq {min(want, from_seq)} is "
                    f"{'there twice' if from_seq < want else 'neither a row nor in a hole'}"
                )
            want = to_seq + 1

    def _spans(self, seqs: list[int]) -> Iterator[tuple[int, int]]:
        spans = [(seq, seq) for seq in seqs]
        spans += [(hole.from_seq, hole.to_seq) for hole in self.holes]
        return iter(sorted(spans))


def _unbroken(seqs: list[int]) -> bool:
    return seqs[-1] - seqs[0] == len(seqs) - 1 == len(set(seqs)) - 1


@dataclass(frozen=True, slots=True)
class Applied:
    """What receiving a part did: where the stream stands now and which seqs were new."""

    cursor: int
    applied: bool
    filled: list[int] = field(default_factory=list)
