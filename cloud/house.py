"""A hosted site as the pages see it: rows, newest values, condition and zone from the cloud's database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from cloud import edges, latest, proofs
from cloud.changing import keep_profile
from cloud.connections import Connections
from cloud.contacts import heard_ms
from cloud.senders import Senders
from cloud.sites import HostedSite, Sites
from cloud.watch import Watch
from pages.condition import CloudSide, Condition, Device, EdgeSide, Notice
from pages.site import LiveValue, Site
from store.by_time import RowsByTime
from store.changes import TIMEZONE, Changes
from store.database import Database, Question
from store.history import History
from store.meters import Meters
from store.profiles import KIND
from store.quarantine import Quarantine

# Until an edge has told its zone; most of the houses are there.
FIRST_ZONE = "Asia/Jakarta"
# An edge sends at least an empty batch every 30 s; three missed ones are silence.
SILENT_AFTER_MS = 90_000


class Houses:
    """Gives the pages the same Site for a key as long as its zone stays the same. Safe for threads."""

    def __init__(
        self, sites: Sites, connections: Connections, watch: Watch, now_ms: Callable[[], int]
    ) -> None:
        self._sites, self._connections, self._watch, self._now_ms = sites, connections, watch, now_ms
        self._built: dict[str, Site] = {}
        self._lock = Lock()

    def find(self, key: str) -> Site | None:
        site = self._sites.by_key(key)
        if site is None:
            return None
        db = self._connections.mine()
        db.ahead(asked_by_pages(db, site.number, self._now_ms()))
        zone = zone_of(db, site.number)
        with self._lock:
            built = self._built.get(key)
            if built is None or built.zone != zone:
                built = self._built[key] = self._build(site, zone)
            return built

    def _build(self, site: HostedSite, zone: ZoneInfo) -> Site:
        @contextmanager
        def history() -> Iterator[History]:
            db = self._connections.mine()
            yield History(db, RowsByTime(db, site.number), site.number)

        def live() -> Sequence[LiveValue]:
            return self._connections.mine().ask(latest.newest(site.number))

        return Site(
            key=site.key,
            name=site.title,
            zone=zone,
            twin="cloud",
            history=history,
            live=live,
            condition=lambda: condition(self._connections.mine(), site, self._now_ms()),
            watch=lambda: self._watch.look(site.number),
            save=lambda meter, profile: keep_profile(self._connections.mine(), site.number, meter, profile),
        )


def condition(db: Database, site: HostedSite, now_ms: int) -> Condition:
    """What a cloud knows of a house: when its edge was last heard, and how far each board's readings go."""
    heard, edge, boards, rivals, refused, proof = db.together(_of_condition(db, site.number, now_ms))
    devices = tuple(
        Device(source, boot, last_ms, cursor, None, "live" if _is_fresh(last_ms, now_ms) else "silent")
        for source, boot, cursor, last_ms in boards
    )
    notices = tuple(
        Notice(f"rival-{rival.kind}", {"about": rival.about, "other": rival.other}) for rival in rivals
    )
    return Condition(
        devices=devices,
        edge=EdgeSide(
            last_ms=heard,
            seq=None,
            notices=notices,
            version=edge.version if edge else None,
            unsent_rows=edge.waiting if edge else None,
        ),
        clouds=(
            CloudSide(
                url="",
                state="ok" if _is_fresh(heard, now_ms) else "offline",
                last_ack_ms=heard,
                refused_rows=refused,
                proof=proof,
            ),
        ),
    )


def _of_condition(db: Database, site: int, now_ms: int) -> tuple[Question[Any], ...]:
    return (
        heard_ms(site), edges.only_one(site), _newest_boards(site), Senders(db, site).rivals(now_ms),
        Quarantine(db, site).counting(), proofs.newest(site),
    )  # fmt: skip


def asked_by_pages(db: Database, site: int, now_ms: int) -> tuple[Question[Any], ...]:
    """What nearly every page and live value of a home asks for."""
    changes = Changes(db, site)
    return (
        changes.winning(TIMEZONE), Meters(db, site).asking(), latest.newest(site), changes.holding(KIND),
        *_of_condition(db, site, now_ms),
    )  # fmt: skip


def _newest_boards(site: int) -> Question[list[tuple[str, int, int, int | None]]]:
    """(source, boot, cursor, last_ms) of each board's newest stream."""
    return Question(
        "SELECT source, boot, cursor, last_ms FROM streams WHERE site = ? AND kind = 'readings'"
        " ORDER BY source, coalesce(last_ms, 0), id",
        (site,),
        lambda answer: list({row[0]: tuple(row) for row in answer}.values()),
    )


def _is_fresh(at_ms: int | None, now_ms: int) -> bool:
    return at_ms is not None and now_ms - at_ms <= SILENT_AFTER_MS


def zone_of(db: Database, site: int) -> ZoneInfo:
    """A site's zone as its edge told it, and FIRST_ZONE until then."""
    name = Changes(db, site).current(TIMEZONE)
    try:
        return ZoneInfo(name if isinstance(name, str) else FIRST_ZONE)
    except (KeyError, ValueError, OSError):  # a zone that this machine does not have
        return ZoneInfo(FIRST_ZONE)
