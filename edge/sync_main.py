"""The command kembar-sync: it pairs with clouds, sends what they do not have yet, tells how that goes, and proves it.

It builds objects and does nothing else.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from time import monotonic

from edge import healing_commands
from edge.crew import Crew, Hire
from edge.healing_commands import USUAL_DAYS
from edge.known import KnownCloud, known
from edge.pairing_commands import Here, PairingCommands
from edge.ramfile import RamFile
from edge.settings import EdgeSettings, House
from edge.status import status
from edge.sync_worker import CloudWorker, Telling
from edge.terminal import answered
from process.service import CannotGoOn, Running, run, stop_on_signals
from process.settings import read_settings
from store.database import Unopenable
from store.sqlite import open_database

PULSE_S = 0.5
PAIRING = ("pair", "unpair", "rotate")
# More than a century: nothing of ours is older.
MOST_DAYS = 40_000


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="kembar-sync", description="Sends readings to the hosted sites.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in (
        ("run", "send readings to every cloud of the settings or of a pairing until told to stop"),
        (
            "status",
            "one line per cloud: state, backlog, speed, time left, last answer; exit code 1 unless all are well",
        ),
        ("verify", "compare with the clouds by content, mend what differs; exit code 1 unless all is equal"),
        ("retry", "send once more what a cloud has refused, after its reason is gone"),
        (
            "pair",
            "show a code that somebody confirms on the hosted site, and keep the token that comes for it",
        ),
        ("unpair", "give up the token of a pairing at the cloud, and send nothing there any more"),
        ("rotate", "exchange the token of a pairing for a new one, without a pause"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="the edge's settings")
        command.add_argument("--verbose", action="store_true", help="log more")
        if name in PAIRING:
            command.add_argument("url", metavar="URL", help="the hosted site's address, https://...")
        if name in ("verify", "retry"):
            command.add_argument("--cloud", metavar="URL", help="only this one")
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
    if asked.command in PAIRING:
        stop = Event()
        stop_on_signals(stop)
        commands = PairingCommands(settings, Here(stop.wait, shlex.join(sys.argv)))
        return {"pair": commands.pair, "unpair": commands.unpair, "rotate": commands.rotate}[asked.command](
            asked.url
        )
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
    crew = Crew(lambda: known(settings), _hired(settings.edge), Telling(ram))
    crew.look(monotonic())
    running.ready(f"replaying to {crew.size} cloud(s)")
    while not crew.failed and not running.stop.wait(PULSE_S):
        running.alive()
        crew.look(monotonic())
    crew.end()
    ram.remove()
    if crew.failed:
        raise CannotGoOn("a worker ended; see above")


def _hired(house: House) -> Hire:
    def hire(cloud: KnownCloud, token: str, telling: Telling) -> CloudWorker:
        return CloudWorker(cloud.url, token, house, telling, Event(), cloud.first, cloud.advice)

    return hire
