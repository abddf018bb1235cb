"""What a site takes in: a batch in one transaction, by the same rules by which an edge takes device lines.

No HTTP here. A batch is taken whole but for readings that are impossible: those leave a gap `refused` and are
kept raw with the reason.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cloud import asides, contacts, edges
from cloud.asides import Asides
from cloud.senders import Senders
from metering.reading import ROW_FIELDS
from store import faults
from store.by_time import RowsByTime
from store.database import Database
from store.part import CHANGES, Applied, Part
from store.quarantine import Quarantine
from store.receiver import Receiver
from store.streams import Streams
from sync.answer import Refused
from sync.batch import BadRow, Batch
from sync.rejection import BadRows

# More impossible readings in one batch than this are a sender's mistake (or a wrong clock here): nothing of
# it is taken, so that no stream runs past readings that could still be right.
MOST_REFUSED = 100
# Streams that are looked up at once before a batch is stored; a house has one for each device and its start.
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


def take(db: Database, site: int, batch: Batch, now_ms: int) -> Taken:
    """Everything in the batch is on disk or accounted for when this returns; raises BadRows.

    A single row that is refused is kept raw: its edge has sought it out by halves and withholds it from now on.
    """
    try:
        return _take(db, site, batch, now_ms)
    except _REFUSED as error:
        _keep_alone(db, site, batch, str(error), now_ms)
        raise


def _take(db: Database, site: int, batch: Batch, now_ms: int) -> Taken:
    if len(batch.refused) > MOST_REFUSED:
        why = batch.refused[0].why
        raise BadRows(f"{len(batch.refused)} impossible readings; at most {MOST_REFUSED} in a batch; {why}")
    with db.write(site):
        receiver = Receiver(db, RowsByTime(db, site), site)
        as_ever, beside = _look_ahead(db, site, receiver, batch, now_ms)
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
    return Taken(cursors, missed, bool(applied) or not batch.parts, beside if same else None)


def _look_ahead(
    db: Database, site: int, receiver: Receiver, batch: Batch, now_ms: int
) -> tuple[bool, Asides]:
    """Whether its sender is as ever, and what there is to tell beside; its streams are found, too.

    Everything that a batch wants to know before it is stored is asked at once: a question costs little, waiting for
    it to travel costs most of what a small batch takes.
    """
    streams, senders = receiver.streams, Senders(db, site)
    names = list(dict.fromkeys((part.source, part.boot) for part in batch.parts))[:MOST_AHEAD]
    as_ever, beside, *found = db.together(
        [senders.is_as_ever(batch), asides.asking(site), *(streams.finding(*name) for name in names)]
    )
    for name, stream in zip(names, found, strict=True):
        streams.found_ahead(*name, stream)
    return as_ever, asides.read(db, site, beside, now_ms)


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
