"""What a site's edge may ask of the content here, and rows it sends to mend it; no HTTP here.

Each answer is bounded in rows or entries and says how far it goes; the edge asks on from there.
"""

from typing import Any

from cloud import proofs
from metering.energy import HOUR_MS
from store.by_time import RowsByTime
from store.changes import ChangeRows
from store.database import Database
from store.digest import Content, Held, Name
from store.gaps import Gaps
from store.mending import Mender
from store.receiver import Receiver
from store.sealed import SealedHours
from store.streams import Stream, Streams
from sync.batch import Batch
from sync.evidence import (
    MOST_CHANGES,
    MOST_DIGESTED_ROWS,
    MOST_GAPS,
    MOST_ROWS,
    MOST_STREAMS,
    Asked,
    MendedThere,
    StreamPage,
    tell_changes,
    tell_digests,
    tell_holes,
    tell_rows,
)
from sync.rejection import BadShape
from sync.shape import name, natural, table

# A second of one source: what is asked for is halved until it fits, and no device numbers faster.
LEAST_MS = 1_000


def streams(db: Database, site: int, value: Any) -> bytes:
    """{after}: the site's streams by local number, MOST_STREAMS at a time."""
    after = natural(table(value, "question").get("after", 0), "after")
    known = Streams(db, site)
    found = known.beyond(after, MOST_STREAMS)
    next_id = found[-1].id if len(found) == MOST_STREAMS else None
    return StreamPage(found, next_id, known.span_ms()).encode()


def gaps(db: Database, site: int, value: Any) -> bytes:
    """Gaps of one stream beyond a seq, MOST_GAPS at a time."""
    stream, after = _place(db, site, value)
    if stream is None:
        return tell_holes([], after)
    found = Gaps(db).beyond(stream.id, after, MOST_GAPS)
    return tell_holes(found, found[-1].to_seq if len(found) == MOST_GAPS else stream.cursor)


def changes(db: Database, site: int, value: Any) -> bytes:
    """Changes of one stream beyond a seq, MOST_CHANGES at a time."""
    stream, after = _place(db, site, value)
    return tell_changes(ChangeRows(db).beyond(stream.id, after, after + MOST_CHANGES) if stream else [])


def _place(db: Database, site: int, value: Any) -> tuple[Stream | None, int]:
    """{source, boot, after}: the stream, None where it is not known, and the seq beyond which is asked."""
    fields = table(value, "question")
    source, boot = name(fields.get("source"), "source"), natural(fields.get("boot"), "boot")
    return Streams(db, site).find(source, boot), natural(fields.get("after", 0), "after")


def digests(db: Database, site: int, value: Any) -> bytes:
    """Digests of whole hours; the edge's own sum of what it found equal comes along."""
    asked = Asked.read(value)
    if asked.from_ms % HOUR_MS or asked.to_ms % HOUR_MS:
        raise BadShape("from_ms, to_ms: whole hours expected")
    if asked.proof:
        with db.write(site):
            proofs.keep(db, site, asked.proof)
    content = Content(RowsByTime(db, site), asked.columns, SealedHours(db, site).find)
    with db.read():
        return tell_digests(*content.digests(asked.from_ms, asked.to_ms, MOST_DIGESTED_ROWS))


def rows(db: Database, site: int, value: Any) -> bytes:
    """The intact rows of one source in a stretch of at most an hour."""
    asked = Asked.read(value)
    if not asked.source or asked.to_ms - asked.from_ms > HOUR_MS:
        raise BadShape("source, and from_ms ... to_ms of at most an hour expected")
    content, upto_ms = Content(RowsByTime(db, site)), asked.to_ms
    with db.read():
        held = content.held(asked.source, asked.from_ms, upto_ms)
        while len(held.rows) > MOST_ROWS and upto_ms - asked.from_ms > LEAST_MS:
            upto_ms = asked.from_ms + (upto_ms - asked.from_ms) // 2
            held = Held({n: r for n, r in held.rows.items() if r.taken_ms < upto_ms}, held.damaged)
    return tell_rows(held, upto_ms)


def mend(db: Database, site: int, body: bytes, now_ms: int) -> bytes:
    """Rows (fills of a batch) that the edge holds intact; raises a Rejection. On disk when this returns."""
    batch = Batch.decode(body, now_ms)
    layout = RowsByTime(db, site)
    changed = beyond = 0
    dates: dict[Name, int] = {}
    conflicts: set[Name] = set()
    with db.write(site):
        mender = Mender(Receiver(db, layout, site), layout)
        for part in batch.parts:
            done = mender.mend(part.source, part.boot, part.fills)
            changed, beyond = changed + done.changed, beyond + done.beyond
            dates |= {(part.source, part.boot, seq): taken_ms for seq, taken_ms in done.other_dates}
            conflicts |= {(part.source, part.boot, seq) for seq in done.conflicts}
    refused = {(bad.source, bad.boot, bad.seq): bad.why for bad in batch.refused}
    return MendedThere(changed, beyond, dates, frozenset(conflicts), refused).encode()
