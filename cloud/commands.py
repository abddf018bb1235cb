"""The commands of kembar-cloud for who runs the host: accounts, and invitations for first owners.

Links go to standard output, everything else to the log: `kembar-cloud invite ... | qrencode -t UTF8` works.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloud import audit
from cloud.access import Role
from cloud.accounts import Accounts, BadLogin, Taken
from cloud.invitations import Invitations
from cloud.members import Full, roles_of
from cloud.passwords import MOST_CHARS, Passwords, Unfit
from cloud.resets import Resets
from cloud.settings import CloudSettings
from cloud.sites import numbers_of
from pages.app import wall_ms
from process.service import CannotGoOn, Running
from process.settings import read_settings
from store.database import Database, Unopenable
from store.opening import open_cloud

Work = Callable[[argparse.Namespace, Running], None]
_UNFIT = {
    "short": "the password is too short: at least 10 characters",
    "long": f"the password is too long: at most {MOST_CHARS} characters",
    "name": "the password is the login name itself",
    "common": "the password is one of those that people guess first",
}


def add_commands(commands: Any) -> None:
    """Say on a parser's commands what can be asked for."""
    words = "make accounts and links for new passwords"
    account = commands.add_parser("account", help=words, description=words)
    below = account.add_subparsers(dest="does", required=True, metavar="WHAT")
    for name, does, words in (
        ("add", add_account, "make an account; its password is asked for, or read from standard input"),
        ("reset", reset_account, "print a link, good once and for 24 hours, that sets a new password"),
        ("list", list_accounts, "print every account with its homes and roles"),
    ):
        command = below.add_parser(name, help=words, description=words)
        if name != "list":
            command.add_argument("name", metavar="NAME", help="the login name, an e-mail address or any name")
        asking(command, does)
    words = "print a link, good once and for 7 days, that makes an account"
    command = commands.add_parser("invite", help=words, description=words)
    command.add_argument("--site", metavar="NAME", help="the key of a home that the account shall belong to")
    command.add_argument(
        "--role", choices=[role.value for role in Role], help="what it is there: owner unless told otherwise"
    )
    asking(command, invite)


def asking(command: argparse.ArgumentParser, does: Work) -> None:
    """What every command of kembar-cloud asks for."""
    command.add_argument("--config", type=Path, required=True, metavar="FILE", help="the cloud's settings")
    command.add_argument("--verbose", action="store_true", help="log more")
    command.set_defaults(work=does)


def add_account(asked: argparse.Namespace, _running: Running) -> None:
    with _opened(asked) as (_, db):
        now_ms = wall_ms()
        accounts = Accounts(db, Passwords(), now_ms)
        try:
            login, shown, hashed = accounts.prepared(asked.name, _typed_password())
            with db.write():
                account = accounts.add(login, shown, hashed)
                audit.note(db, now_ms, "signed-up", None, account, "command line")
        except Unfit as error:
            raise CannotGoOn(_UNFIT[error.why]) from error
        except (BadLogin, Taken) as error:
            raise CannotGoOn(f"{asked.name!r}: {error}") from error
        print(f"made account {shown}")


def reset_account(asked: argparse.Namespace, _running: Running) -> None:
    with _opened(asked) as (settings, db):
        now_ms = wall_ms()
        account = Accounts(db, Passwords(), now_ms).find(asked.name)
        if account is None:
            raise CannotGoOn(f"no account {asked.name!r} here; kembar-cloud account list shows all")
        with db.write():
            secret = Resets(db, now_ms).make(account.id, None)
        print(_link(settings, "/reset", secret))


def list_accounts(asked: argparse.Namespace, _running: Running) -> None:
    with _opened(asked) as (_, db):
        names = dict(db.execute("SELECT id, name FROM sites").fetchall())
        for account, shown, made_ms in db.execute(
            "SELECT id, shown, made_ms FROM accounts ORDER BY id"
        ).fetchall():
            made = datetime.fromtimestamp(made_ms / 1000, UTC).date().isoformat()
            roles = sorted((names.get(site, "?"), role) for site, role in roles_of(db, account).items())
            print("\t".join((shown, made, " ".join(f"{name}:{role}" for name, role in roles) or "-")))


def invite(asked: argparse.Namespace, _running: Running) -> None:
    if asked.role and not asked.site:
        raise CannotGoOn("--role wants --site too: a role is one at a home")
    with _opened(asked) as (settings, db):
        site, role = 0, None
        if asked.site:
            site, role = _site(settings, db, asked.site), Role(asked.role or Role.OWNER)
        try:
            with db.write(site):
                secret = Invitations(db, wall_ms()).make(site, role, "command line", None)
        except Full as error:
            raise CannotGoOn(str(error)) from error
        print(_link(settings, "/invite", secret))


def _site(settings: CloudSettings, db: Database, name: str) -> int:
    """The number of a home that is in the settings or in the database."""
    if any(site.name == name for site in settings.site):
        return numbers_of(db, [name])[name]
    row = db.execute("SELECT id FROM sites WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise CannotGoOn(f"no site {name!r}, neither in the settings nor in the database")
    return int(row[0])


@contextmanager
def _opened(asked: argparse.Namespace) -> Iterator[tuple[CloudSettings, Database]]:
    settings = read_settings(asked.config, CloudSettings)
    try:
        opened = open_cloud(settings.cloud.database)
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
    with closing(opened) as db:
        yield settings, db


def _link(settings: CloudSettings, path: str, secret: str) -> str:
    """With the address of the site where the settings tell it; else from its root."""
    return f"{settings.cloud.url or ''}{path}#{secret}"


def _typed_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    # One line; a file that is no password is not read to its end.
    return sys.stdin.readline(MOST_CHARS + 2).rstrip("\n")
