"""The commands `kembar-cloud backup` and `kembar-cloud restore`: what they ask for and what they say."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.archive import Unreadable, opened
from cloud.backup import back_up
from cloud.commands import asking
from cloud.letting_go import moment
from cloud.restore import Found, Wish, put_back
from cloud.settings import CloudSettings
from pages.app import wall_ms
from process.service import CannotGoOn, Running
from process.settings import read_settings
from store import faults
from store.postgres_dump import DumpFailed

# What is told in one sentence, because it is about the machine or the file and not about the program.
_FAILURES: tuple[type[Exception], ...] = (Unreadable, DumpFailed, OSError, *faults.ANY)

_RESTORED_WORDS = """\
In this database nobody is logged in, and no share link, invitation, link for a new password or pairing is in force: \
they are not in a backup, since they may have been revoked after it was made. Whoever shall have one gets a new one.
Members, their roles and their passwords are those of {made}. Take away again who was removed since."""
_TOKEN_WORDS = """\
These edges may send, unless their tokens are revoked on the pages of their homes; --revoke-tokens would have ended \
all of them. One that was revoked after {made} is among them:"""


def add_commands(commands: Any) -> None:
    words = "write the database and a list of what is in it into one file, while the site is served"
    backup = commands.add_parser("backup", help=words, description=words)
    backup.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="the backup; replaced when it is there"
    )
    asking(backup, backup_to)
    words = "put a backup into an empty database and compare what is there then with what the backup lists"
    restore = commands.add_parser("restore", help=words, description=words)
    restore.add_argument("--from", type=Path, required=True, metavar="FILE", dest="source", help="the backup")
    restore.add_argument(
        "--revoke-tokens",
        action="store_true",
        help="end the tokens of all paired edges too; each has to be paired anew",
    )
    asking(restore, restore_from)


def backup_to(asked: argparse.Namespace, running: Running) -> None:
    settings = read_settings(asked.config, CloudSettings)
    with _told():
        made = back_up(settings.cloud.database, asked.to, wall_ms(), lambda: _go_on(running))
    sites = made.holdings.sites
    print(
        f"{asked.to}: {len(sites)} sites, {sum(site.rows for site in sites)} readings,"
        f" {made.holdings.tables['accounts']} accounts, {asked.to.stat().st_size} bytes"
    )
    print(
        f"left out, since a backup must not revive them: {made.ended.sessions} sessions, {made.ended.shares} share"
        f" links, {made.ended.invitations} invitations"
    )


def restore_from(asked: argparse.Namespace, running: Running) -> None:
    settings = read_settings(asked.config, CloudSettings)
    wish = Wish(wall_ms(), asked.revoke_tokens, lambda: _go_on(running))
    with _told(), opened(asked.source, wish.go_on) as archive:
        found, manifest = put_back(archive, settings.cloud.database, wish), archive.manifest
    made = moment(manifest.made_ms)
    _tell_sites(found)
    print(_RESTORED_WORDS.format(made=made))
    if found.tokens:
        print(_TOKEN_WORDS.format(made=made))
    for token in found.tokens:
        used = f"last used {moment(token.seen_ms)}" if token.seen_ms is not None else "never used"
        print(f"  {token.site}\t{token.edge}\tpaired {moment(token.made_ms)}\t{used}")
    differ = sum(map(bool, found.differences.values()))
    if differ:
        raise CannotGoOn(
            f"{differ} of {len(found.differences)} are not as the backup lists them; the database is restored"
            " all the same, and edges send again what it lacks"
        )
    print(f"everything is as it was on {made}; edges send what came after it")


def _tell_sites(found: Found) -> None:
    """A line for each site, and for what belongs to none."""
    here = {site.name: site for site in found.holdings.sites}
    for name, differences in found.differences.items():
        held = here.get(name or "")
        what = (
            f"{held.rows} readings, {held.explained} explained, {held.unexplained} unexplained"
            if held
            else ""
        )
        said = "as in the backup" if not differences else "DIFFERS: " + "; ".join(differences)
        print(": ".join(filter(None, (name or "accounts and all other tables", what, said))))


def _go_on(running: Running) -> None:
    if running.stop.is_set():
        raise CannotGoOn("stopped before it was done; nothing was left behind")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise CannotGoOn(str(error)) from error
