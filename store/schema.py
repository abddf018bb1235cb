"""The tables of both twins and their migrations, oldest first; a migration once released never changes.

Streams, gaps, quarantine, changes and meters are the same on both sides; only the readings lie differently:
the edge writes them in the order they come (stream, seq), the cloud in the order they are read
(site, meter, taken_ms). Neither has a second full index: it would multiply what is written.
"""

import sqlite_utils
from sqlite_utils import Migrations

from metering.quantity import QUANTITIES
from store import schema_accounts, schema_fleet, schema_pairing

# A column per quantity of the first release. A quantity added later comes with a migration of its own.
_VALUES = ", ".join(f"{q.column} INTEGER" for q in QUANTITIES[:7])

_shared = Migrations("shared")
_edge = Migrations("edge")
_cloud = Migrations("cloud")


def migrate(db: sqlite_utils.Database, twin: str) -> None:
    """Bring a database to the newest schema; each step is one transaction with the record of it."""
    _shared.apply(db)
    (_edge if twin == "edge" else _cloud).apply(db)


def _run(db: sqlite_utils.Database, *statements: str) -> None:
    for statement in statements:
        db.conn.execute(statement)


@_shared()
def m001_streams(db: sqlite_utils.Database) -> None:
    _run(
        db,
        "CREATE TABLE sites (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE streams (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL,"
        " boot INTEGER NOT NULL, kind TEXT NOT NULL, first INTEGER NOT NULL, cursor INTEGER NOT NULL,"
        " uncertain INTEGER NOT NULL DEFAULT 0, first_ms INTEGER, last_ms INTEGER, UNIQUE (site, source, boot))",
        "CREATE TABLE meters (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL,"
        " channel INTEGER NOT NULL, UNIQUE (site, source, channel))",
        "CREATE TABLE gaps (stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,"
        " cause TEXT NOT NULL, from_ms INTEGER, to_ms INTEGER, PRIMARY KEY (stream, from_seq)) WITHOUT ROWID",
        "CREATE TABLE quarantine (site INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL,"
        " boot INTEGER NOT NULL, seq INTEGER NOT NULL, raw TEXT NOT NULL, why TEXT NOT NULL, at_ms INTEGER,"
        " PRIMARY KEY (site, number)) WITHOUT ROWID",
        "CREATE TABLE changes (stream INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,"
        " key TEXT NOT NULL, rev INTEGER NOT NULL, value TEXT NOT NULL,"
        " PRIMARY KEY (stream, seq)) WITHOUT ROWID",
    )


@_shared()
def m002_sealed(db: sqlite_utils.Database) -> None:
    """What stays of a meter's hour when its rows are pruned (store/sealing.py)."""
    _run(
        db,
        "CREATE TABLE sealed (meter INTEGER NOT NULL, hour INTEGER NOT NULL, stream INTEGER NOT NULL,"
        " seq INTEGER NOT NULL, row_count INTEGER NOT NULL, counters TEXT NOT NULL, sums TEXT NOT NULL,"
        " digest TEXT NOT NULL, PRIMARY KEY (meter, hour)) WITHOUT ROWID",
        "CREATE INDEX sealed_by_stream ON sealed (stream, seq)",
    )


@_shared()
def m003_rollups(db: sqlite_utils.Database) -> None:
    """Readings by the minute, quarter, hour and day, and which of them no longer match their rows."""
    sums = ", ".join(
        f"{q.column}_{name} INTEGER" for q in QUANTITIES[:7] for name in ("n", "sum", "least", "most")
    )
    _run(
        db,
        f"CREATE TABLE rollups (meter INTEGER NOT NULL, width_s INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
        f" minutes INTEGER NOT NULL, {sums}, first_ms INTEGER, first_wh INTEGER, last_ms INTEGER, last_wh INTEGER,"
        f" used_wh INTEGER, turns INTEGER, PRIMARY KEY (meter, width_s, start_ms)) WITHOUT ROWID",
        "CREATE TABLE touched (meter INTEGER NOT NULL, width_s INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
        " PRIMARY KEY (meter, width_s, start_ms)) WITHOUT ROWID",
        "CREATE TABLE rollup_zones (site INTEGER PRIMARY KEY, zone TEXT NOT NULL)",
        "INSERT INTO touched SELECT meter, 3600, hour * 3600000 FROM sealed",
    )


@_edge()
def m001_edge(db: sqlite_utils.Database) -> None:
    _run(
        db,
        f"CREATE TABLE readings (stream INTEGER NOT NULL, seq INTEGER NOT NULL, channel INTEGER NOT NULL,"
        f" taken_ms INTEGER, {_VALUES}, PRIMARY KEY (stream, seq)) WITHOUT ROWID",
        "CREATE TABLE hours (meter INTEGER NOT NULL, hour INTEGER NOT NULL, stream INTEGER NOT NULL,"
        " from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,"
        " PRIMARY KEY (meter, hour, stream)) WITHOUT ROWID",
        "CREATE TABLE undated (stream INTEGER NOT NULL, seq INTEGER NOT NULL, uptime_ms INTEGER NOT NULL,"
        " PRIMARY KEY (stream, seq)) WITHOUT ROWID",
        "CREATE TABLE anchors (stream INTEGER NOT NULL, era TEXT NOT NULL, minute INTEGER NOT NULL,"
        " uptime_ms INTEGER NOT NULL, mono_ms INTEGER NOT NULL, own_ms INTEGER,"
        " PRIMARY KEY (stream, era, minute)) WITHOUT ROWID",
        "CREATE TABLE boards (name TEXT NOT NULL, upper INTEGER NOT NULL, source TEXT NOT NULL,"
        " met INTEGER NOT NULL, PRIMARY KEY (name, upper)) WITHOUT ROWID",
        "CREATE TABLE boots (stream INTEGER PRIMARY KEY, ended INTEGER NOT NULL, uptime_ms INTEGER NOT NULL,"
        " dropped INTEGER NOT NULL)",
        "CREATE TABLE amends (id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL,"
        " from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL)",
        "CREATE TABLE clouds (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, amended INTEGER NOT NULL,"
        " acknowledged_ms INTEGER)",
        "CREATE TABLE acknowledged (cloud INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL,"
        " PRIMARY KEY (cloud, stream)) WITHOUT ROWID",
        "CREATE TABLE withheld (cloud INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL,"
        " why TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (cloud, stream, seq)) WITHOUT ROWID",
    )


@_edge()
def m002_clock_steps(db: sqlite_utils.Database) -> None:
    """When the edge's own clock was corrected (by_ms) or became known (by_ms is NULL)."""
    _run(
        db,
        "CREATE TABLE clock_steps (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL,"
        " era TEXT NOT NULL, mono_ms INTEGER NOT NULL, by_ms INTEGER, source TEXT NOT NULL)",
    )


@_cloud()
def m001_cloud(db: sqlite_utils.Database) -> None:
    _run(
        db,
        f"CREATE TABLE readings (site INTEGER NOT NULL, meter INTEGER NOT NULL, taken_ms INTEGER NOT NULL,"
        f" stream INTEGER NOT NULL, seq INTEGER NOT NULL, {_VALUES},"
        f" PRIMARY KEY (site, meter, taken_ms, stream, seq)) WITHOUT ROWID",
        "CREATE TABLE contacts (site INTEGER PRIMARY KEY, heard_ms INTEGER, watched_until_ms INTEGER)",
        "CREATE TABLE latest (site INTEGER NOT NULL, source TEXT NOT NULL, channel INTEGER NOT NULL,"
        " boot INTEGER NOT NULL, seq INTEGER NOT NULL, taken_ms INTEGER NOT NULL, interval_ms INTEGER NOT NULL,"
        " vals TEXT NOT NULL, PRIMARY KEY (site, source, channel)) WITHOUT ROWID",
    )


@_edge()
def m002_row_check(db: sqlite_utils.Database) -> None:
    _run(db, "ALTER TABLE readings ADD COLUMN row_check INTEGER")


@_cloud()
def m002_row_check_by_time(db: sqlite_utils.Database) -> None:
    _run(db, "ALTER TABLE readings ADD COLUMN row_check INTEGER")


@_edge()
def m003_compared(db: sqlite_utils.Database) -> None:
    _run(
        db,
        "CREATE TABLE compared (cloud INTEGER NOT NULL, hour_ms INTEGER NOT NULL, rows INTEGER NOT NULL,"
        " equal INTEGER NOT NULL, quarantined INTEGER NOT NULL, conflicts INTEGER NOT NULL,"
        " at_ms INTEGER NOT NULL, PRIMARY KEY (cloud, hour_ms)) WITHOUT ROWID",
        "CREATE TABLE conflicts (cloud INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL,"
        " seq INTEGER NOT NULL, here TEXT NOT NULL, there TEXT NOT NULL, at_ms INTEGER NOT NULL,"
        " PRIMARY KEY (cloud, source, boot, seq)) WITHOUT ROWID",
        "CREATE TABLE parcels (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL,"
        " dates_stand INTEGER NOT NULL)",
    )


@_cloud()
def m003_proofs(db: sqlite_utils.Database) -> None:
    _run(
        db,
        "CREATE TABLE proofs (site INTEGER PRIMARY KEY, days INTEGER NOT NULL, rows INTEGER NOT NULL,"
        " equal INTEGER NOT NULL, quarantined INTEGER NOT NULL, conflicts INTEGER NOT NULL,"
        " at_ms INTEGER NOT NULL)",
    )


@_cloud()
def m004_senders(db: sqlite_utils.Database) -> None:
    _run(
        db,
        "CREATE TABLE senders (site INTEGER NOT NULL, edge TEXT NOT NULL, sender TEXT NOT NULL,"
        " since_ms INTEGER NOT NULL, PRIMARY KEY (site, edge, sender)) WITHOUT ROWID",
        "CREATE TABLE carriers (site INTEGER NOT NULL, source TEXT NOT NULL, edge TEXT NOT NULL,"
        " PRIMARY KEY (site, source)) WITHOUT ROWID",
        "CREATE TABLE rivals (site INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL,"
        " other TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (site, kind, about)) WITHOUT ROWID",
    )


@_edge()
def m004_all_is_touched(db: sqlite_utils.Database) -> None:
    _run(db, "INSERT OR IGNORE INTO touched SELECT DISTINCT meter, 3600, hour * 3600000 FROM hours")


@_cloud()
def m005_all_is_touched_by_time(db: sqlite_utils.Database) -> None:
    """Every hour that has rows, found by leaping from each to the next one over what lies between."""
    later = (
        "SELECT r.taken_ms / 3600000 FROM readings r WHERE r.site = {site} AND r.meter = {meter}"
        " AND r.taken_ms >= {from_ms} ORDER BY r.taken_ms LIMIT 1"
    )
    first = later.format(site="m.site", meter="m.id", from_ms="0")
    following = later.format(site="l.site", meter="l.meter", from_ms="(l.hour + 1) * 3600000")
    _run(
        db,
        f"INSERT OR IGNORE INTO touched WITH RECURSIVE l (site, meter, hour) AS"
        f" (SELECT m.site, m.id, ({first}) FROM meters m"
        f" UNION ALL SELECT l.site, l.meter, ({following}) FROM l WHERE l.hour IS NOT NULL)"
        f" SELECT meter, 3600, hour * 3600000 FROM l WHERE hour IS NOT NULL",
    )


@_cloud()
def m006_accounts(db: sqlite_utils.Database) -> None:
    _run(db, *(statement.format(id="INTEGER PRIMARY KEY") for statement in schema_accounts.STATEMENTS))


@_cloud()
def m007_pairing(db: sqlite_utils.Database) -> None:
    _run(db, *(statement.format(id="INTEGER PRIMARY KEY") for statement in schema_pairing.STATEMENTS))


@_cloud()
def m008_fleet(db: sqlite_utils.Database) -> None:
    _run(db, *schema_fleet.STATEMENTS)
