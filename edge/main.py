"""The command kembar-edge: takes readings in, serves them, brings them back from a cloud, and plays devices.

It builds objects and does nothing else.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge import simulate
from edge.collect import DATABASE, collect
from edge.rolling import RollingJob, rebuild
from edge.settings import EdgeSettings
from edge.site import House
from edge.terminal import answered
from pages.app import build, wall_ms
from pages.guard import own_names
from pages.view import View
from process.jobs import Sparing, jobs
from process.serve import serve
from process.service import CannotGoOn, Running, run
from process.settings import read_settings
from store.database import Unopenable
from store.sqlite import open_database

# On a slow Pi a day of six sensors takes seconds: a rest of fifty times as long leaves 98 % of a core.
WARM_REST = 50


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="kembar-edge", description="The Raspberry Pi in the house.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in (
        ("collect", "take lines from devices, keep them on disk, acknowledge them, until told to stop"),
        ("serve", "serve the LAN pages and the read API until told to stop"),
        ("rebuild", "make the minutes, hours and days of all meters anew from their readings"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="the edge's settings")
        command.add_argument("--verbose", action="store_true", help="log more")
    words = "bring back from a cloud what this card lacks: a new one, or one with an older copy"
    restored = commands.add_parser("restore", help=words, description=words)
    restored.add_argument("--config", type=Path, required=True, metavar="FILE", help="the edge's settings")
    restored.add_argument(
        "--from-cloud", nargs="?", const="", required=True, metavar="URL",
        help="the cloud of the settings that it comes from; the first one if no URL is given",
    )  # fmt: skip
    restored.add_argument("--verbose", action="store_true", help="log more")
    words = "play devices that speak to a collector, from recorded PZEM-004T data"
    played = commands.add_parser("simulate", help=words, description=words)
    simulate.add_arguments(played)
    played.add_argument("--verbose", action="store_true", help="log more")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    if asked.command == "simulate":
        return run(lambda running: _simulate(asked, running), verbose=asked.verbose)
    if asked.command == "restore":
        return _restore(asked.config, asked.from_cloud or None)
    work = {"collect": _collect, "serve": _serve, "rebuild": _rebuild}[asked.command]
    return run(lambda running: work(asked.config, running), verbose=asked.verbose)


def _collect(config: Path, running: Running) -> None:
    collect(read_settings(config, EdgeSettings), running)


def _serve(config: Path, running: Running) -> None:
    settings = read_settings(config, EdgeSettings)
    try:
        open_database(settings.edge.data_dir / DATABASE, "edge").close()
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
    house = House(settings, wall_ms)
    view = View(house.site(), wall_ms)
    app = build(view, pulse=house.pulse, hosts={*own_names(), *settings.pages.hosts})
    rolling = RollingJob(settings.edge.data_dir / DATABASE, settings.edge.zone, wall_ms)
    warm = Sparing(view.warm, WARM_REST)
    with jobs(lambda _stop: warm(), rolling):
        serve(app, settings.pages.listen, running)


def _rebuild(config: Path, running: Running) -> None:
    settings = read_settings(config, EdgeSettings)
    try:
        rebuild(settings, running, wall_ms)
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error


def _restore(config: Path, url: str | None) -> int:
    # Only here: it brings 7 MB of an HTTP client along, which collect and serve never need.
    from edge.healing_commands import restore

    return answered(lambda: restore(read_settings(config, EdgeSettings, secrets=True), url))


def _simulate(asked: argparse.Namespace, running: Running) -> None:
    if simulate.run(asked, running.stop):
        raise CannotGoOn("not everything that was measured has been acknowledged")
