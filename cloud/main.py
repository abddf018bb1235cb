"""The command kembar-cloud: `serve` takes in what the edges send and shows it to those who may see it.

It builds objects and does nothing else.
"""

import argparse
import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from cloud.application import build
from cloud.connections import Connections
from cloud.login import signing_key
from cloud.rolling import RollingJob, rebuild
from cloud.settings import CloudSettings
from cloud.sites import Sites, SiteSetting
from pages.app import wall_ms
from process.fields import TOKEN_STRONG_CHARS
from process.jobs import jobs
from process.serve import serve
from process.service import CannotGoOn, Running, run
from process.settings import read_settings
from store.database import Unopenable
from sync.packing import MOST_PACKED_BYTES

log = logging.getLogger(__name__)

# A body up to the bound is looked at and answered in words; the server itself stops longer ones unread.
BODY_MOST_BYTES = MOST_PACKED_BYTES + 65_536


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="kembar-cloud", description="The hosted site of Kembar.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in (
        ("serve", "serve the hosted site until told to stop"),
        ("rebuild", "make the minutes, hours and days of all sites anew from their readings"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument(
            "--config", type=Path, required=True, metavar="FILE", help="the cloud's settings"
        )
        command.add_argument("--verbose", action="store_true", help="log more")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    work = {"serve": _serve, "rebuild": _rebuild}[asked.command]
    return run(lambda running: work(asked.config, running), verbose=asked.verbose)


def _serve(config: Path, running: Running) -> None:
    settings = read_settings(config, CloudSettings, secrets=True)
    path = settings.cloud.sqlite_path
    with closing(Connections(path)) as connections:
        try:
            sites = Sites(
                [SiteSetting(s.name, s.read_token(), s.title, s.public) for s in settings.site],
                connections.mine(),
            )
            key = signing_key(path.with_name("login.key"))
        except (Unopenable, OSError, ValueError) as error:
            raise CannotGoOn(str(error)) from error
        for site in settings.site:
            if len(site.read_token()) < TOKEN_STRONG_CHARS:
                log.warning(
                    "site %s: its token is shorter than %d characters: it can be guessed",
                    site.name,
                    TOKEN_STRONG_CHARS,
                )
        with jobs(RollingJob(path, wall_ms)):
            application = build(sites, connections, key, url=settings.cloud.url or "")
            serve(application, settings.cloud.listen, running, body_most_bytes=BODY_MOST_BYTES)


def _rebuild(config: Path, running: Running) -> None:
    settings = read_settings(config, CloudSettings, secrets=True)
    try:
        rebuild(settings.cloud.sqlite_path, running, wall_ms)
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
