"""A cloud's answer to a batch: where its streams stand, which rows it refused, and whether somebody looks."""

from dataclasses import dataclass
from typing import Any

import orjson

from metering.quantity import MOST_EXACT

# The longest time that one answer may keep live values flowing; the next answer renews it.
MOST_WATCH_S = 300


class BadAnswer(ValueError):
    """Bytes that are no answer of ours: most often a page of something that stands between."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One record that the cloud did not take; there it lies in a gap `refused`."""

    source: str
    boot: int
    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Two that send the same: `copy` of the edge `about`, or the source `about` that `moved` to the edge `other`."""

    kind: str
    about: str
    other: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """`cursors`: (source, boot) -> everything up to there is on disk or accounted for.

    `watch_s`: for so long somebody is looking at the live page; 0 when nobody is. `changes`: how many changes (names,
    limits) the cloud has made itself, which its edge fetches.
    """

    cursors: dict[tuple[str, int], int]
    refused: tuple[Refused, ...] = ()
    watch_s: int = 0
    rivals: tuple[Rival, ...] = ()
    changes: int = 0

    def encode(self) -> bytes:
        fields: dict[str, Any] = {
            "cursors": [[source, boot, seq] for (source, boot), seq in self.cursors.items()],
            "refused": [[row.source, row.boot, row.seq, row.why] for row in self.refused],
            "watch_s": self.watch_s,
        }
        if self.rivals:
            fields["rivals"] = [[r.kind, r.about, r.other, r.at_ms] for r in self.rivals]
        if self.changes:
            fields["changes"] = self.changes
        return orjson.dumps(fields)

    @classmethod
    def decode(cls, body: bytes) -> "Answer":
        try:
            fields = orjson.loads(body)
            cursors = {(str(s), _natural(b)): _natural(seq) for s, b, seq in fields["cursors"]}
            refused = [
                Refused(str(s), _natural(b), _natural(seq), str(why)) for s, b, seq, why in fields["refused"]
            ]
            watch_s = min(_natural(fields["watch_s"]), MOST_WATCH_S)
            rivals = [
                Rival(str(kind), str(about), str(other), _natural(at_ms))
                for kind, about, other, at_ms in fields.get("rivals", [])
            ]
            changes = _natural(fields.get("changes", 0))
        except (ValueError, KeyError, TypeError) as error:
            raise BadAnswer(f"not an answer of a Kembar cloud: {_start(body)}") from error
        return cls(cursors, tuple(refused), watch_s, tuple(rivals), changes)


def _natural(value: Any) -> int:
    if type(value) is int and 0 <= value <= MOST_EXACT:
        return value
    raise ValueError("no natural number")


def _start(body: bytes) -> str:
    """The beginning of what came instead, on one line."""
    return " ".join(body[:80].decode("utf-8", "replace").split()) or "an empty body"
