"""The commands of kembar-cloud that look after its database: bringing it up to date, and checking what it holds."""

import argparse
import logging
from contextlib import closing

from cloud.settings import CloudSettings
from process.service import CannotGoOn, Running
from process.settings import read_settings
from store import faults
from store.database import Database
from store.opening import applied, open_cloud, open_without_migrating
from store.tally import Tally, tallies

# Streams that do not come out even, of one site; more of them tell nothing new.
MOST_TOLD = 20

log = logging.getLogger(__name__)


def migrate(asked: argparse.Namespace, _running: Running) -> None:
    """The tables of this version; `serve` does the same at its start."""
    address = read_settings(asked.config, CloudSettings).cloud.database
    try:
        before = applied(address)
        open_cloud(address).close()
        after = applied(address)
    except faults.ANY as error:
        raise CannotGoOn(str(error)) from error
    new = [name for name in after if name not in before]
    print(
        f"the database is up to date: {after[-1]}; "
        + (f"new: {', '.join(new)}" if new else "nothing was new")
    )


def check(asked: argparse.Namespace, running: Running) -> None:
    """Every stream of every site; only reads, and may run beside a server that serves."""
    address = read_settings(asked.config, CloudSettings).cloud.database
    try:
        with closing(open_without_migrating(address)) as db:
            bad = _check(db, running)
    except faults.ANY as error:
        raise CannotGoOn(f"the database cannot be read to its end: {error}") from error
    if bad:
        raise CannotGoOn(
            f"{bad} streams do not come out even; restore a backup: the edges send again what it lacks"
        )


def _check(db: Database, running: Running) -> int:
    """How many streams are wrong; a line for each site."""
    found = 0
    for said in db.unsound():
        log.error("%s", said)
        found += 1
    sites = db.execute("SELECT id, name FROM sites ORDER BY name").fetchall()
    for site, name in sites:
        if running.stop.is_set():
            raise CannotGoOn("stopped before all sites were looked at")
        all_of_it = tallies(db, site)
        bad = [tally for tally in all_of_it if not tally.is_even]
        for tally in bad[:MOST_TOLD]:
            log.error("site %s: %s", name, _said(tally))
        rows, missing = sum(t.kept for t in all_of_it), sum(t.missing for t in all_of_it)
        print(f"{name}: {len(all_of_it)} streams, {rows} kept, {missing} in gaps, {len(bad)} uneven")
        found += len(bad)
    print(f"{len(sites)} sites, {found} things wrong")
    return found


def _said(tally: Tally) -> str:
    return (
        f"{tally.kind} of {tally.source}, boot {tally.boot}: {tally.numbers} numbers, {tally.kept} kept"
        f" ({tally.damaged} damaged), {tally.missing} in gaps"
    )
