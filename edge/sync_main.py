"""The command kembar-sync: it sends what the clouds do not have yet, tells how that goes, and proves it.

It builds objects and does nothing else.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge import healing_commands
from edge.healing_commands import USUAL_DAYS
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from edge.status import status
from edge.sync_worker import CloudWorker, Telling
from edge.terminal import answered
from process.service import CannotGoOn, Running, run
from process.settings import read_settings
from store.database import Unopenable
from store.sqlite import open_database

PULSE_S = 0.5
# More than a century: nothing of ours is older.
MOST_DAYS = 40_000


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
    return answered(lambda: _answer(asked))


def _answer(asked: argparse.Namespace) -> int:
    if asked.command == "verify":
        settings = read_settings(asked.config, EdgeSettings, secrets=True)
        return healing_commands.verify(settings, asked.days, asked.cloud)
    settings = read_settings(asked.config, EdgeSettings)
    if asked.command == "retry":
        return healing_commands.retry(settings, asked.cloud)
    return status(settings)


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
