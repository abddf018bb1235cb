"""The tally of a cloud's site: how many numbers each stream ran to, and what was kept of them.

Every number of a stream is a row or lies in a gap (what was sealed lies in one too), so it comes out even or something
is wrong with the database. One query for each table, whatever the number of streams.
"""

from dataclasses import dataclass

from store.database import Database
from store.part import CHANGES
from store.row_check import intact_sql

_KEPT = {
    "rows": f"SELECT stream, count(*), coalesce(sum({intact_sql('meter')}), 0) FROM readings"
    " WHERE site = ? GROUP BY stream",
    "changes": "SELECT c.stream, count(*), count(*) FROM changes c JOIN streams s ON s.id = c.stream"
    " WHERE s.site = ? GROUP BY c.stream",
}
_GAPS = (
    "SELECT g.stream, sum(g.to_seq - g.from_seq + 1) FROM gaps g JOIN streams s ON s.id = g.stream"
    " WHERE s.site = ? GROUP BY g.stream"
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one stream; `damaged` rows no longer match their own check."""

    source: str
    boot: int
    kind: str
    numbers: int
    kept: int
    missing: int
    damaged: int

    @property
    def is_even(self) -> bool:
        return self.numbers == self.kept + self.missing and not self.damaged


def tallies(db: Database, site: int) -> list[Tally]:
    """Of all streams of a site as one moment saw them, in the order they were met."""
    with db.read():
        kept = {
            kind: {stream: (count, intact) for stream, count, intact in db.execute(sql, (site,))}
            for kind, sql in _KEPT.items()
        }
        gaps = dict(db.execute(_GAPS, (site,)).fetchall())
        streams = db.execute(
            "SELECT id, source, boot, kind, first, cursor FROM streams WHERE site = ? ORDER BY id", (site,)
        ).fetchall()
    found = []
    for stream, source, boot, kind, first, cursor in streams:
        count, intact = kept["changes" if kind == CHANGES else "rows"].get(stream, (0, 0))
        numbers = cursor - first + 1
        found.append(Tally(source, boot, kind, numbers, count, gaps.get(stream, 0), count - intact))
    return found
