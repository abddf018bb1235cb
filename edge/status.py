"""`kembar-sync status`: for each cloud one line of how sending goes, how the twins compare, and what it refused."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.known import known
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from edge.sync_worker import now_ms
from edge.terminal import alike, grouped
from process.service import EXIT_FAILED, EXIT_OK
from store.backlog import Backlog
from store.clouds import Clouds
from store.comparisons import Comparisons, Proof
from store.database import Database, Unopenable
from store.sqlite import open_reader
from sync.progress import Progress

# A running worker writes every few seconds; after this its word is old.
OLD_MS = 30_000
# Refused readings that are shown with their reasons; all are in the database.
MOST_SHOWN = 5


def status(settings: EdgeSettings) -> int:
    """Print one line per cloud; 0 when every one is in sync or catching up."""
    heard = {each["url"]: Progress(**each) for each in _told(settings) or ()}
    with closing(_reader(settings.edge.data_dir / "kembar.sqlite")) as db:
        clouds = known(settings)
        found = [heard.get(url) or _remembered(db, url) for url in clouds.urls]
        for progress in found:
            print("\n".join([_line(progress), *_details(db, progress.url)]))
    for mistake in clouds.mistakes:
        print(f"{mistake.about}: off; {mistake}")
    if not found and not clouds.mistakes:
        print("no [[cloud]] in the settings and none paired: readings stay at home")
    return (
        EXIT_OK
        if not clouds.mistakes and all(progress.state in ("ok", "catching-up") for progress in found)
        else EXIT_FAILED
    )


def is_running(settings: EdgeSettings) -> bool:
    """Whether `kembar-sync run` is alive."""
    return _told(settings) is not None


def _told(settings: EdgeSettings) -> list[dict[str, Any]] | None:
    """What a running worker told last of each cloud; None when none runs."""
    told = RamFile(settings.edge.data_dir, "sync").read()
    if told is None or now_ms() - told["at_ms"] >= OLD_MS:
        return None
    clouds: list[dict[str, Any]] = told["clouds"]
    return clouds


def _reader(path: Path) -> Database:
    try:
        path.stat()
    except FileNotFoundError:
        raise Unopenable(f"{path} is not there: kembar-edge collect has not run yet") from None
    except OSError:  # a folder that this user may not look into: the database's own words are better
        pass
    return open_reader(path)


def _remembered(db: Database, url: str) -> Progress:
    """What the database knows of a cloud while nothing is sent to it."""
    try:
        cloud = Clouds(db).number(url)
    except sqlite3.OperationalError:  # it would have to be entered, and a reader cannot
        return Progress(url, reason="nothing was ever sent there")
    cursors, last_ms = Clouds(db).acknowledged(cloud)
    backlog = Backlog(db, cloud).waiting_rows(cursors)
    refused = Clouds(db).withheld(cloud)
    return Progress(url, "off", backlog, 0, last_ms, refused, "kembar-sync run is not running")


def _details(db: Database, url: str) -> list[str]:
    """How the twins compared, and the newest readings that this cloud refused."""
    row = db.execute("SELECT id FROM clouds WHERE url = ?", (url,)).fetchone()
    if row is None:
        return []
    proof = Comparisons(db, row[0]).proof(now_ms())
    told = [f"  {_compared(proof)}"] if proof.at_ms else []
    return told + [
        f"  refused {source} boot {boot} seq {seq}: {why}"
        for source, boot, seq, why in Clouds(db).newest_withheld(row[0], MOST_SHOWN)
    ]


def _compared(proof: Proof) -> str:
    line = alike(f"{proof.days} days", proof.equal, proof.rows, proof.quarantined)
    return f"{line}, {grouped(proof.conflicts)} contradict each other" if proof.conflicts else line


def _line(progress: Progress) -> str:
    """One cloud: state, what is behind, speed, time left, last answer, refused, and what is wrong."""
    last = "never"
    if progress.last_ack_ms is not None:
        last = datetime.fromtimestamp(progress.last_ack_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    told = [progress.state, f"{grouped(progress.backlog_rows)} readings behind"]
    if progress.rows_per_s:
        told.append(f"{grouped(progress.rows_per_s)}/s")
    if progress.left_s is not None:
        told.append(f"about {_lasting(progress.left_s)} left")
    told += [f"last answer {last}", f"{grouped(progress.refused_rows)} refused"]
    line = f"{progress.url}: {', '.join(told)}"
    return f"{line}; {progress.reason}" if progress.reason else line


def _lasting(seconds: int) -> str:
    """In its largest unit, rounded up: 2 s, 3 min, 5 h, 2 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} s"
