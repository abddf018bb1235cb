"""The commands `kembar-sync verify`, `kembar-sync retry` and `kembar-edge restore`: what they print, how they end."""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing

from edge.collect import DATABASE
from edge.comparison import Comparison
from edge.healing import Healing, Stuck, Taking
from edge.known import KnownCloud, known
from edge.paired import PairedMistake
from edge.settings import EdgeSettings
from edge.sync_worker import now_ms
from edge.terminal import ProgressBar, alike, grouped
from process.service import EXIT_FAILED, EXIT_OK, EXIT_USAGE, CannotGoOn
from store.clouds import Clouds
from store.comparisons import Compared, Conflict
from store.database import Unopenable
from store.sqlite import open_database
from sync.failure import Failure
from sync.uplink import Uplink

USUAL_DAYS = 30
# Contradictions that are printed; all are in the database.
MOST_SHOWN = 10


def verify(settings: EdgeSettings, days: int | None, url: str | None) -> int:
    """Compare this edge with its clouds and mend what differs; 0 when all is equal."""
    asked = _chosen(settings, url)
    return EXIT_USAGE if asked is None else _each(settings, asked, days, everything=False)


def restore(settings: EdgeSettings, url: str | None) -> int:
    """Bring back everything that a cloud (the first one, unless named) has and this edge lacks."""
    asked = _chosen(settings, url)
    if asked is None:
        return EXIT_USAGE
    if not asked:
        print("no [[cloud]] in the settings and none paired: nothing to restore from", file=sys.stderr)
        return EXIT_USAGE
    return _each(settings, asked[:1], None, everything=True)


def retry(settings: EdgeSettings, url: str | None) -> int:
    """Let rows that a cloud has refused travel once more; `kembar-sync run` sends them."""
    asked = _chosen(settings, url)
    if asked is None:
        return EXIT_USAGE
    with closing(open_database(settings.edge.data_dir / DATABASE, "edge")) as db:
        clouds = Clouds(db)
        for cloud in asked:
            rows = clouds.release(clouds.number(cloud.url))
            print(f"{cloud.url}: {grouped(rows)} refused readings will be sent once more")
    return EXIT_OK


def _chosen(settings: EdgeSettings, url: str | None) -> Sequence[KnownCloud] | None:
    """The clouds that are meant; None, with a word, when there is none of this address."""
    all_known = known(settings)
    for mistake in all_known.mistakes:
        print(f"{mistake.about}: left out: {mistake}", file=sys.stderr)
    found = [cloud for cloud in all_known.clouds if url is None or cloud.url == url.rstrip("/")]
    if url is not None and not found:
        there = ", ".join(all_known.urls) or "none"
        print(f"--cloud {url}: not in the settings and not paired; known: {there}", file=sys.stderr)
        return None
    return found


def _each(settings: EdgeSettings, clouds: Sequence[KnownCloud], days: int | None, everything: bool) -> int:
    if not clouds:
        print("no [[cloud]] in the settings and none paired: there is nothing to compare with")
    well = True
    for cloud in clouds:
        try:
            well &= _one(settings, cloud, days, everything)
        except (Failure, Stuck, Unopenable, CannotGoOn, PairedMistake, sqlite3.Error) as error:
            print(f"{cloud.url}: {error}", file=sys.stderr)
            well = False
    return EXIT_OK if well else EXIT_FAILED


def _one(settings: EdgeSettings, cloud: KnownCloud, days: int | None, everything: bool) -> bool:
    bar = ProgressBar()
    with ExitStack() as stack:
        db = stack.enter_context(closing(open_database(settings.edge.data_dir / DATABASE, "edge")))
        uplink = stack.enter_context(Uplink(cloud.url, cloud.read_token(), cloud.advice))
        room = Taking(db, settings.edge.data_dir).room
        comparison = Comparison(db, cloud.url, uplink, now_ms, cloud.first)
        try:
            hours = Healing(comparison, room, bar.tell).run(now_ms(), days, everything)
        finally:
            bar.end()
        print(f"{cloud.url}: {sentence(hours, days)}")
        verified = comparison.verify
        if verified.mended_here or verified.mended_there:
            print(f"  mended: {grouped(verified.mended_here)} here, {grouped(verified.mended_there)} there")
        _print_conflicts(comparison.comparisons.conflicts())
    return all(hour.equal == hour.rows for hour in hours)


def sentence(hours: Sequence[Compared], days: int | None) -> str:
    rows, equal = sum(hour.rows for hour in hours), sum(hour.equal for hour in hours)
    quarantined = sum(hour.quarantined for hour in hours)
    span = "all of it" if days is None else f"{days} days"
    return alike(span, equal, rows, quarantined)


def _print_conflicts(conflicts: Sequence[Conflict]) -> None:
    for each in conflicts[:MOST_SHOWN]:
        print(
            f"  conflict {each.source} boot {each.boot} seq {each.seq}: here {each.here}, there {each.there}"
        )
    if len(conflicts) > MOST_SHOWN:
        print(f"  and {len(conflicts) - MOST_SHOWN} more conflicts")
