"""What a site takes in: a batch in one transaction, by the same rules by which an edge takes device lines.

No HTTP here. A batch is taken whole but for readings that are impossible: those leave a gap `refused` and are
kept raw with the reason.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud import asides, contacts, edges
from cloud.asides import Asides
from cloud.senders import Senders
from cloud.together import take_alone
from metering.reading import CHANNEL, ROW_FIELDS, Meter
from store import faults
from store.by_time import RowsByTime
from store.database import Database, Question
from store.meters import Meters
from store.part import CHANGES, READINGS, Applied, Part
from store.quarantine import Quarantine
from store.receiver import Receiver
from store.streams import Streams
from sync.answer import Refused
from sync.batch import BadRow, Batch
from sync.rejection import BadRows

# More impossible readings in one batch than this are a sender's mistake (or a wrong clock here): nothing of
# it is taken, so that no stream runs past readings that could still be right.
MOST_REFUSED = 100
# Streams, and meters, that are looked up at once before a batch is stored; a house has one for each device and start.
MOST_AHEAD = 50

# What must not come again as it is.
_REFUSED: tuple[type[Exception], ...] = (BadRows, *faults.CONTRADICTION)

Cursors = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Where the batch's streams stand now; `applied` is False when every part came from the wrong place.

    `beside`: what the answer says beside; None where the batch may have changed it.
    """

    cursors: Cursors
    refused: Sequence[Refused]
    applied: bool
    beside: Asides | None


class BatchOffer:
    """A batch on its way into a site (cloud/together.py); raises BadRows.

    Everything that it wants to know is asked at once: a question costs little, waiting for it to travel costs most of
    what a small batch takes.
    """

    def __init__(self, db: Database, site: int, batch: Batch, now_ms: int) -> None:
        if len(batch.refused) > MOST_REFUSED:
            why = batch.refused[0].why
            raise BadRows(
                f"{len(batch.refused)} impossible readings; at most {MOST_REFUSED} in a batch; {why}"
            )
        self.site = site
        self._db, self._batch, self._now_ms = db, batch, now_ms
        self._streams = list(dict.fromkeys((part.source, part.boot) for part in batch.parts))[:MOST_AHEAD]
        self._meters: list[Meter] = []

    def questions(self) -> Sequence[Question[Any]]:
        senders, streams = Senders(self._db, self.site), Streams(self._db, self.site)
        meters = Meters(self._db, self.site)
        self._meters = [meter for meter in _meters(self._batch) if not meters.is_held(meter)][:MOST_AHEAD]
        return [
            senders.is_as_ever(self._batch),
            asides.asking(self.site),
            *(streams.finding(*name) for name in self._streams),
            *(meters.finding(meter) for meter in self._meters),
        ]

    def store(self, answers: Sequence[Any]) -> Taken:
        db, site, batch, now_ms = self._db, self.site, self._batch, self._now_ms
        as_ever, beside, *found = answers
        rows = RowsByTime(db, site)
        receiver = Receiver(db, rows, site)
        for name, stream in zip(self._streams, found, strict=False):
            receiver.streams.found_ahead(*name, stream)
        for meter, number in zip(self._meters, found[len(self._streams) :], strict=True):
            rows.meters.found_ahead(meter, number)
        cursors: Cursors = {}
        applied = set()
        for part in batch.parts:
            done = _receive(receiver, part)
            cursors[part.source, part.boot] = done.cursor
            if done.applied:
                applied.add((part.source, part.boot))
        refused = [bad for bad in batch.refused if (bad.source, bad.boot) in applied]
        _quarantine(Quarantine(db, site), refused, now_ms)
        contacts.heard(db, site, now_ms)
        edges.heard(db, site, batch, now_ms)
        if not as_ever:
            Senders(db, site).seen(batch, now_ms)
            edges.bound(db, site)
        missed = [Refused(bad.source, bad.boot, bad.seq, bad.why) for bad in refused]
        same = as_ever and all(part.kind != CHANGES for part in batch.parts)
        told = asides.read(db, site, beside, now_ms) if same else None
        return Taken(cursors, missed, bool(applied) or not batch.parts, told)

    def alone(self) -> Taken:
        """Taken by itself; raises BadRows.

        A single row that is refused is kept raw: its edge has sought it out by halves and withholds it from now on.
        """
        try:
            return take_alone(self._db, self)
        except _REFUSED as error:
            _keep_alone(self._db, self.site, self._batch, str(error), self._now_ms)
            raise


def take(db: Database, site: int, batch: Batch, now_ms: int) -> Taken:
    """Everything in the batch is on disk or accounted for when this returns; raises BadRows."""
    return BatchOffer(db, site, batch, now_ms).alone()


def _meters(batch: Batch) -> set[Meter]:
    readings = [part for part in batch.parts if part.kind == READINGS]
    return {
        Meter(part.source, channel) for part in readings for channel in {row[CHANNEL] for row in part.rows}
    }


def cursors_of(db: Database, site: int, streams: Sequence[tuple[str, int]]) -> Cursors:
    known = Streams(db, site)
    return {(source, boot): known.cursor(source, boot) for source, boot in streams}


def _receive(receiver: Receiver, part: Part) -> Applied:
    try:
        return receiver.receive(part)
    except ValueError as error:  # not covered, or a stream of another kind
        raise BadRows(str(error)) from error


def _keep_alone(db: Database, site: int, batch: Batch, why: str, now_ms: int) -> None:
    alone = [(part, row) for part in batch.parts for row in (*part.rows, *part.fills)]
    if len(alone) != 1 or len(batch.parts) != 1 or alone[0][0].kind == CHANGES:
        return
    part, row = alone[0]
    quarantine = Quarantine(db, site)
    if not quarantine.has(part.source, part.boot, row[0]):
        with db.write(site):
            _quarantine(quarantine, [BadRow(part.source, part.boot, row, why)], now_ms)


def _quarantine(quarantine: Quarantine, refused: Sequence[BadRow], now_ms: int) -> None:
    for bad in refused:
        # Not orjson: an impossible value may have more than 64 bits.
        raw = json.dumps(dict(zip(ROW_FIELDS, bad.row, strict=True)))
        quarantine.keep(bad.source, bad.boot, bad.seq, raw, bad.why, now_ms)
