"""The command kembar-sync: it sends what the clouds do not have yet, tells how that goes, and proves it.

It builds objects and does nothing else.
"""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from edge import healing_commands
from edge.healing_commands import USUAL_DAYS
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from edge.sync_worker import CloudWorker, Telling
from process.service import EXIT_FAILED, EXIT_OK, EXIT_USAGE, CannotGoOn, Running, run
from process.settings import SettingsMistakes, read_settings
from store.backlog import Backlog
from store.clouds import Clouds
from store.database import Database, Unopenable, open_database, open_reader
from sync.progress import Progress

PULSE_S = 0.5
# More than a century: nothing of ours is older.
MOST_DAYS = 40_000
# A running worker writes every few seconds; after this its word is old.
OLD_MS = 30_000


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="kembar-sync", description="Sends readings to the hosted sites.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in (
        ("run", "send readings to every [[cloud]] until told to stop"),
        (
            "status",
            "one line per cloud: state, backlog, speed, time left, last answer; exit code 1 unless all are well",
        ),
        ("verify", "compare with the clouds by content, mend what differs; exit code 1 unless all is equal"),
        ("retry", "send once more what a cloud has refused, after its reason is gone"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="the edge's settings")
        command.add_argument("--verbose", action="store_true", help="log more")
        if name in ("verify", "retry"):
            command.add_argument("--cloud", metavar="URL", help="only this one of the settings")
        if name == "verify":
            command.add_argument(
                "--days", type=_days, default=USUAL_DAYS, metavar="N", help="so far back; `all`: everything"
            )
    return top


def _days(text: str) -> int | None:
    if text == "all":
        return None
    if text.isdecimal() and 0 < int(text) <= MOST_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither `all` nor a number of days from 1 to {MOST_DAYS}")


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    if asked.command == "run":
        return run(lambda running: _run(asked.config, running), verbose=asked.verbose)
    try:
        return _answer(asked)
    except SettingsMistakes as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except (Unopenable, CannotGoOn) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED


def _answer(asked: argparse.Namespace) -> int:
    if asked.command == "verify":
        settings = read_settings(asked.config, EdgeSettings, secrets=True)
        return healing_commands.verify(settings, asked.days, asked.cloud)
    settings = read_settings(asked.config, EdgeSettings)
    if asked.command == "retry":
        return healing_commands.retry(settings, asked.cloud)
    return _status(settings)


def _run(config: Path, running: Running) -> None:
    settings = read_settings(config, EdgeSettings, secrets=True)
    data_dir = settings.edge.data_dir
    try:
        open_database(data_dir / "kembar.sqlite", "edge").close()
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
    ram = RamFile(data_dir, "sync")
    telling = Telling(ram)
    workers = [
        CloudWorker(cloud.url, cloud.read_token(), settings.edge, telling, running.stop, number == 0)
        for number, cloud in enumerate(settings.cloud)
    ]
    for worker in workers:
        worker.start()
    running.ready(f"replaying to {len(workers)} cloud(s)")
    while not running.stop.wait(PULSE_S):
        running.alive()
        telling.alive()
    for worker in workers:
        worker.join()
    ram.remove()
    if any(worker.error for worker in workers):
        raise CannotGoOn("a worker ended; see above")


def _status(settings: EdgeSettings) -> int:
    """Print one line per cloud; 0 when every one is in sync or catching up."""
    told = RamFile(settings.edge.data_dir, "sync").read() or {"at_ms": 0, "clouds": []}
    fresh = datetime.now(UTC).timestamp() * 1000 - told["at_ms"] < OLD_MS
    heard = {each["url"]: Progress(**each) for each in told["clouds"]} if fresh else {}
    with closing(_reader(settings.edge.data_dir / "kembar.sqlite")) as db:
        found = [heard.get(cloud.url) or _remembered(db, cloud.url) for cloud in settings.cloud]
    for progress in found:
        print(_line(progress))
    if not found:
        print("no [[cloud]] in the settings: readings stay at home")
    return EXIT_OK if all(progress.state in ("ok", "catching-up") for progress in found) else EXIT_FAILED


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


def _line(progress: Progress) -> str:
    """One cloud: state, what is behind, speed, time left, last answer, refused, and what is wrong."""
    last = "never"
    if progress.last_ack_ms is not None:
        last = datetime.fromtimestamp(progress.last_ack_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    told = [progress.state, f"{_grouped(progress.backlog_rows)} readings behind"]
    if progress.rows_per_s:
        told.append(f"{_grouped(progress.rows_per_s)}/s")
    if progress.left_s is not None:
        told.append(f"about {_lasting(progress.left_s)} left")
    told += [f"last answer {last}", f"{_grouped(progress.refused_rows)} refused"]
    line = f"{progress.url}: {', '.join(told)}"
    return f"{line}; {progress.reason}" if progress.reason else line


def _grouped(n: int) -> str:
    return f"{n:,}".replace(",", " ")


def _lasting(seconds: int) -> str:
    """In its largest unit, rounded up: 2 s, 3 min, 5 h, 2 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} s"
