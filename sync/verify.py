"""Verifying: hour by hour, does a cloud hold what this edge holds; what differs is narrowed to rows and mended.

1. Digests of each meter and hour are compared; where they differ, the rows of that source and hour.
2. Only intact rows are told, on both sides. A row that only one side has goes to the other.
3. Both intact but different is a conflict: noted, shown, nothing overwritten. If only the date differs, the cloud's
   stands (that of the first cloud in the settings; from a further one it is a conflict).
4. Rows for this edge are left in parcels for the collector; an hour that was mended wants to be compared once more.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import orjson

from metering.energy import HOUR_MS
from store.comparisons import Compared, Comparisons, Conflict
from store.digest import Content, HeldRow, HourDigest, Name
from store.parcels import Parcels
from store.part import Part
from sync.batch import Batch
from sync.difference import Difference, difference
from sync.evidence import Asked, MendedThere, by_boot, read_digests, read_rows
from sync.failure import Unreachable

# Rows in one post to mend a cloud, or in one parcel: a second of a poor line, half a second of a Pi's disk.
MOST_ROWS = 8_000
# Hours asked for at a time: after each, progress is told and the result kept.
STRETCH_MS = 24 * HOUR_MS

Told = TypeVar("Told")

Withheld = Mapping[Name, int]  # name -> taken_ms of rows that the cloud refused


class Ask(Protocol):
    """The way to a cloud; raises a sync.failure.Failure."""

    def ask(self, path: str, body: bytes, encoding: str | None = None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Here:
    """What this edge holds, and where what follows from a comparison is kept."""

    content: Content
    comparisons: Comparisons
    parcels: Parcels
    sources: Callable[[], set[str]]  # of other edges of the same site nothing is compared
    withheld: Callable[[int, int], Withheld]  # those dated in [from_ms, to_ms)
    withhold: Callable[[Mapping[Name, str]], None]  # rows that the cloud refuses for good, with its reasons
    most_digested: int = 1_000_000  # rows hashed for one answer; bounds the memory and the time of a stretch


@dataclass(slots=True)
class _Narrowed:
    """Sums of rows before they were mended; of those `beyond` the cloud's cursors nothing can be said yet."""

    rows: int = 0
    equal: int = 0
    beyond: int = 0
    contradicted: set[Name] = field(default_factory=set)


@dataclass(slots=True)
class _Sent:
    """Rows that went to the cloud: those it has at another time, as it has them, or with other values there."""

    elsewhere: dict[tuple[int, int], HeldRow] = field(default_factory=dict)
    contradicted: set[tuple[int, int]] = field(default_factory=set)
    beyond: int = 0


class Verify:
    """With one cloud, used by one thread. `dates_stand`: its dates are taken for records that both hold."""

    def __init__(self, here: Here, cloud: Ask, now_ms: Callable[[], int], dates_stand: bool = True) -> None:
        self._here, self._cloud, self._now_ms, self._dates_stand = here, cloud, now_ms, dates_stand
        self.mended_here = self.mended_there = 0

    def hours(self, from_ms: int, to_ms: int) -> Iterator[list[Compared]]:
        """Compare the hours that [from_ms, to_ms) touches, a stretch at a time; each is kept before it is told.

        Hours in which neither side has anything are kept too, but not told.
        """
        at_ms, to_ms = from_ms - from_ms % HOUR_MS, to_ms + -to_ms % HOUR_MS
        while at_ms < to_ms:
            found, at_ms = self._stretch(at_ms, min(at_ms + STRETCH_MS, to_ms))
            # An hour that is not over yet is told, but counts as compared only when it is.
            over_ms = self._now_ms() - HOUR_MS
            self._here.comparisons.note([hour for hour in found if hour.hour_ms <= over_ms], self._now_ms())
            yield [hour for hour in found if hour.rows or hour.quarantined]

    def _stretch(self, from_ms: int, to_ms: int) -> tuple[list[Compared], int]:
        withheld = self._here.withheld(from_ms, to_ms)
        asked = Asked(from_ms, to_ms, proof=self._here.comparisons.proof(self._now_ms()))
        theirs, upto_ms = understood(read_digests, self._cloud.ask("/api/v1/digests", asked.encode()))
        ours, upto_ms = self._here.content.digests(
            from_ms, min(upto_ms, to_ms), self._here.most_digested, withheld
        )
        upto_ms = max(upto_ms, from_ms + HOUR_MS)
        known = self._here.sources()
        here, there = _by_hour(ours), _by_hour([each for each in theirs if each.meter.source in known])
        compared: list[Compared] = []
        contradicted: set[Name] = set()
        for hour_ms in range(from_ms, upto_ms, HOUR_MS):
            found = self._hour(hour_ms, here.get(hour_ms, {}), there.get(hour_ms, {}), withheld)
            quarantined = sum(hour_ms <= taken_ms < hour_ms + HOUR_MS for taken_ms in withheld.values())
            rows = found.rows - found.beyond
            compared.append(Compared(hour_ms, rows, found.equal, quarantined, len(found.contradicted)))
            contradicted |= found.contradicted
        self._settle(from_ms, upto_ms, contradicted)
        return compared, upto_ms

    def _hour(
        self, hour_ms: int, ours: Mapping[str, list[HourDigest]], theirs: Mapping[str, list[HourDigest]],
        withheld: Withheld,
    ) -> _Narrowed:  # fmt: skip
        whole = _Narrowed()
        for source in sorted(ours.keys() | theirs.keys()):
            here, there = ours.get(source, []), theirs.get(source, [])
            told = max(sum(each.rows for each in side) for side in (here, there))
            if here == there:
                whole.rows, whole.equal = whole.rows + told, whole.equal + told
            elif any(
                each.sealed for each in here
            ):  # its rows are gone: there is nothing to compare or to mend
                whole.rows += told
            else:
                found = self._narrow(source, hour_ms, withheld)
                whole.rows += max(found.rows, told)
                whole.equal, whole.beyond = whole.equal + found.equal, whole.beyond + found.beyond
                whole.contradicted |= found.contradicted
        return whole

    def _narrow(self, source: str, hour_ms: int, withheld: Withheld) -> _Narrowed:
        """Find the rows of an hour that differ, and mend them."""
        whole, at_ms, to_ms = _Narrowed(), hour_ms, hour_ms + HOUR_MS
        while at_ms < to_ms:
            asked = Asked(at_ms, to_ms, source=source).encode()
            there, upto_ms = understood(read_rows, self._cloud.ask("/api/v1/digests/rows", asked))
            upto_ms = max(min(upto_ms, to_ms), at_ms + 1)
            held = self._here.content.held(source, at_ms, upto_ms).rows
            here = {key: row for key, row in held.items() if (source, *key) not in withheld}
            found = difference(here, there.rows)
            whole.rows, whole.equal = whole.rows + found.rows, whole.equal + found.equal
            self._mend(source, found, whole)
            at_ms = upto_ms
        return whole

    def _mend(self, source: str, found: Difference, whole: _Narrowed) -> None:
        """Every row to the side that lacks it; `whole` learns what cannot be mended."""
        there = self._mend_there(source, found.only_here)
        here = dict(found.only_there)
        conflicts: dict[tuple[int, int], tuple[HeldRow, HeldRow | None]] = {**found.conflicts}
        conflicts |= {key: (found.only_here[key], None) for key in there.contradicted}
        if self._dates_stand:
            here |= {key: other for key, (_own, other) in found.other_dates.items()} | there.elsewhere
        else:
            conflicts |= found.other_dates
            conflicts |= {key: (found.only_here[key], other) for key, other in there.elsewhere.items()}
        self._mend_here(source, here)
        self._contradict(source, conflicts)
        whole.beyond += there.beyond
        whole.contradicted |= {(source, *key) for key in conflicts}

    def _mend_there(self, source: str, rows: Mapping[tuple[int, int], HeldRow]) -> _Sent:
        """Send rows that only this edge has in this time."""
        sent = _Sent()
        for part in _parts(source, rows):
            body = Batch([part], sent_ms=self._now_ms()).encode()
            done = understood(MendedThere.read, self._cloud.ask("/api/v1/mends", body, "gzip"))
            self.mended_there += done.changed
            sent.beyond += done.beyond
            if done.refused:  # its answer to the batch that brought them was lost
                self._here.withhold(done.refused)
            for (_source, boot, seq), taken_ms in done.other_dates.items():
                row = rows[boot, seq]
                sent.elsewhere[boot, seq] = HeldRow(row.channel, taken_ms, row.values)
            sent.contradicted |= {(boot, seq) for _source, boot, seq in done.conflicts if (boot, seq) in rows}
        return sent

    def _mend_here(self, source: str, rows: Mapping[tuple[int, int], HeldRow]) -> None:
        bodies = [Batch([part]).encode() for part in _parts(source, rows)]
        self._here.parcels.leave(bodies, self._dates_stand)
        self.mended_here += len(rows)

    def _contradict(
        self, source: str, pairs: Mapping[tuple[int, int], tuple[HeldRow, HeldRow | None]]
    ) -> None:
        conflicts = [
            Conflict(source, *key, _text(here), _text(there)) for key, (here, there) in pairs.items()
        ]
        if conflicts:
            self._here.comparisons.contradict(conflicts, self._now_ms())

    def _settle(self, from_ms: int, to_ms: int, contradicted: set[Name]) -> None:
        """Contradictions of this time that are none any more."""
        known = {
            (each.source, each.boot, each.seq)
            for each in self._here.comparisons.conflicts()
            if from_ms <= (orjson.loads(each.here)[0] or 0) < to_ms
        }
        self._here.comparisons.settle(known - contradicted)


def _by_hour(digests: list[HourDigest]) -> dict[int, dict[str, list[HourDigest]]]:
    found: dict[int, dict[str, list[HourDigest]]] = {}
    for each in sorted(digests, key=lambda digest: digest.meter):
        found.setdefault(each.hour_ms, {}).setdefault(each.meter.source, []).append(each)
    return found


def _parts(source: str, rows: Mapping[tuple[int, int], HeldRow]) -> Iterator[Part]:
    """Rows as fills, of one boot and at most MOST_ROWS each."""
    for boot, some in by_boot(rows, MOST_ROWS):
        yield Part(source, boot, 0, fills=some)


def _text(row: HeldRow | None) -> str:
    """null: another date puts it into another hour, where it was not looked at."""
    return orjson.dumps(row and [row.taken_ms, *row.values]).decode()


def understood(read: Callable[[bytes], Told], body: bytes) -> Told:
    """What an answer says; one that is none of ours is like no answer."""
    try:
        return read(body)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise Unreachable(f"not an answer of a Kembar cloud: {error}") from error
