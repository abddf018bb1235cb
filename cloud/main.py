"""The command kembar-cloud: `serve` takes in what the edges send and shows it to those who may see it.

It builds objects and does nothing else.
"""

import argparse
import logging
from collections.abc import Sequence

from cloud import backup_commands
from cloud.commands import add_commands, asking
from cloud.rolling import rebuild
from cloud.serving import serve_site
from cloud.settings import CloudSettings
from cloud.upkeep import check, migrate
from pages.app import wall_ms
from process.fields import TOKEN_STRONG_CHARS
from process.service import CannotGoOn, Running, run
from process.settings import read_settings
from store.database import Unopenable

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="kembar-cloud", description="The hosted site of Kembar.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, work, words in (
        ("serve", _serve, "serve the hosted site until told to stop"),
        ("migrate", migrate, "bring the database's tables up to date and say what was new"),
        ("check", check, "read the whole database and tell whether every number is accounted for"),
        ("rebuild", _rebuild, "make the minutes, hours and days of all sites anew from their readings"),
    ):
        asking(commands.add_parser(name, help=words, description=words), work)
    add_commands(commands)
    backup_commands.add_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    return run(lambda running: asked.work(asked, running), verbose=asked.verbose)


def _serve(asked: argparse.Namespace, running: Running) -> None:
    settings = read_settings(asked.config, CloudSettings, secrets=True)
    for site in settings.site:
        if len(site.read_token()) < TOKEN_STRONG_CHARS:
            log.warning(
                "site %s: its token is shorter than %d characters: it can be guessed",
                site.name,
                TOKEN_STRONG_CHARS,
            )
    serve_site(settings, running)


def _rebuild(asked: argparse.Namespace, running: Running) -> None:
    settings = read_settings(asked.config, CloudSettings, secrets=True)
    try:
        rebuild(settings.cloud.database, running, wall_ms)
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
