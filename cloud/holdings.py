"""Holdings: what a database keeps, in all and of each site, as numbers that differ when anything does; reads only.

Of readings: how many of each meter, the sums of their numbers and of their checks, and how many still match their check
(store/row_check.py), in one query for each site. Everything else is put through a hash.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from process.settings import Table
from store.database import Database
from store.part import READINGS
from store.row_check import PRINT, intact_sql

# Tables by what is looked at: their rows by site, their rows as a whole (with the key they are read by), their number.
BY_SITE = ("readings", "streams", "meters", "gaps", "changes", "sealed")
WHOLE = {
    "sites": ("id",),
    "accounts": ("id",),
    "tokens": ("id",),
    "members": ("account", "site"),
    "homes": ("site",),
}
COUNTED = (
    "audit", "quarantine", "rollups", "touched", "rollup_zones", "contacts", "latest", "proofs", "senders",
    "carriers", "rivals", "edges",
)  # fmt: skip

PAGE_ROWS = 5_000
_DIGEST_BYTES = 16
_OF_SITE = {
    "streams": "SELECT id, source, boot, kind, first, cursor, uncertain, first_ms, last_ms FROM streams"
    " WHERE site = ? ORDER BY id",
    "gaps": "SELECT g.stream, g.from_seq, g.to_seq, g.cause, g.from_ms, g.to_ms FROM gaps g"
    " JOIN streams s ON s.id = g.stream WHERE s.site = ? ORDER BY g.stream, g.from_seq",
    "changes": "SELECT c.stream, c.seq, c.kind, c.key, c.rev, c.value FROM changes c"
    " JOIN streams s ON s.id = c.stream WHERE s.site = ? ORDER BY c.stream, c.seq",
    "sealed": "SELECT e.meter, e.hour, e.stream, e.seq, e.row_count, e.counters, e.sums, e.digest FROM sealed e"
    " JOIN meters m ON m.id = e.meter WHERE m.site = ? ORDER BY e.meter, e.hour",
}


class MeterHolding(Table):
    rows: int
    seqs: int
    checks: int
    intact: int


class SiteHolding(Table):
    """`numbered` readings are up to the cursors of the site's streams; each is a row or in a gap."""

    name: str
    numbered: int
    explained: int
    meters: dict[str, MeterHolding]
    digests: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(meter.rows for meter in self.meters.values())

    @property
    def unexplained(self) -> int:
        return self.numbered - self.rows - self.explained

    def differences(self, now: "SiteHolding") -> list[str]:
        """In words, what is otherwise now; [] when nothing is."""
        said = []
        for key in sorted(self.meters.keys() | now.meters.keys()):
            then, here = self.meters.get(key), now.meters.get(key)
            if then != here:
                said.append(f"meter {key}: {_rows(here)} instead of {_rows(then)}")
        said += [what for what in _OF_SITE if self.digests.get(what) != now.digests.get(what)]
        if (self.numbered, self.explained) != (now.numbered, now.explained):
            said.append(
                f"{now.numbered} numbers with {now.explained} in gaps"
                f" instead of {self.numbered} with {self.explained}"
            )
        return said


class Holdings(Table):
    """Of a whole database; `tables` counts rows, `digests` are of those read as a whole."""

    tables: dict[str, int]
    digests: dict[str, str]
    sites: list[SiteHolding]

    def differences(self, now: "Holdings") -> list[str]:
        """What is otherwise now, beside the sites' own."""
        said = [
            f"table {table}: {now.tables.get(table)} rows instead of {rows}"
            for table, rows in self.tables.items()
            if now.tables.get(table) != rows
        ]
        said += [
            f"table {table}: other rows"
            for table, digest in self.digests.items()
            if now.digests.get(table) != digest and now.tables.get(table) == self.tables.get(table)
        ]
        names = {site.name for site in self.sites}
        return said + [f"site {site.name} is new" for site in now.sites if site.name not in names]


def counted(db: Database) -> Holdings:
    """Everything that a database keeps; of one state only inside a read transaction or where nobody writes."""
    return Holdings(
        tables={
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in (*WHOLE, *COUNTED)
        },
        digests={table: _digest(_paged(db, table, key)) for table, key in WHOLE.items()},
        sites=[
            _site(db, number, name)
            for number, name in db.execute("SELECT id, name FROM sites ORDER BY name").fetchall()
        ],
    )


def _site(db: Database, site: int, name: str) -> SiteHolding:
    digests = {what: _digest(db.execute(sql, (site,))) for what, sql in _OF_SITE.items()}
    numbered = db.execute(
        "SELECT coalesce(sum(cursor - first + 1), 0) FROM streams WHERE site = ? AND kind = ?",
        (site, READINGS),
    )
    explained = db.execute(
        "SELECT coalesce(sum(g.to_seq - g.from_seq + 1), 0) FROM gaps g JOIN streams s ON s.id = g.stream"
        " WHERE s.site = ? AND s.kind = ?",
        (site, READINGS),
    )
    return SiteHolding(
        name=name,
        numbered=numbered.fetchone()[0],
        explained=explained.fetchone()[0],
        meters=_meters(db, site),
        digests=digests,
    )


def _meters(db: Database, site: int) -> dict[str, MeterHolding]:
    names = {
        number: f"{source}/{channel}"
        for number, source, channel in db.execute(
            "SELECT id, source, channel FROM meters WHERE site = ?", (site,)
        ).fetchall()
    }
    rows = db.execute(
        f"SELECT meter, {PRINT}, coalesce(sum({intact_sql('meter')}), 0) FROM readings WHERE site = ? GROUP BY meter",
        (site,),
    ).fetchall()
    found = {number: MeterHolding(rows=n, seqs=s, checks=c, intact=i) for number, n, s, c, i in rows}
    none = MeterHolding(rows=0, seqs=0, checks=0, intact=0)
    # A row whose meter is not known would otherwise be missed by nobody.
    return {names.get(number, f"?{number}"): found.get(number, none) for number in {*names, *found}}


def _paged(db: Database, table: str, key: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Every row in the order of its key, never many at once."""
    places, marks = ", ".join(key), ", ".join("?" * len(key))
    after: tuple[int, ...] = (-1,) * len(key)
    while page := db.execute(
        f"SELECT {places}, {table}.* FROM {table} WHERE ({places}) > ({marks}) ORDER BY {places} LIMIT {PAGE_ROWS}",
        after,
    ).fetchall():
        yield from page
        after = tuple(page[-1][: len(key)])


def _digest(rows: Iterable[Sequence[Any]]) -> str:
    made = blake2b(digest_size=_DIGEST_BYTES)
    for row in rows:
        made.update(orjson.dumps(list(row), default=repr))
    return made.hexdigest()


def _rows(held: MeterHolding | None) -> str:
    if held is None:
        return "nothing"
    damaged = f", {held.rows - held.intact} of them damaged" if held.intact != held.rows else ""
    return f"{held.rows} readings{damaged} (sums {held.seqs}, {held.checks})"
