"""What can be set on the hosted site: its address, its database, its accounts, its sites.

How a file is read and how mistakes are told is `process.settings`. The edge's side is not here; the time zone
of a site comes from its edge.
"""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, ValidationInfo

from process.fields import Address, Name, WithToken, from_here, once, writable_folder
from process.fleet import PROCESSES_MOST
from process.settings import Table
from store.opening import POSTGRESQL, SQLITE, sqlite_path

PROXIES_MOST = 64  # a provider's list of networks has about 20
SITES_MOST = 10_000  # one file read at start; accounts make more
TITLE_MOST_CHARS = 80  # one line on a phone, turned sideways


def _database(value: str, info: ValidationInfo) -> str:
    """Three slashes and a path from this file's folder, or four and a path from the root; or PostgreSQL's address."""
    if value.startswith(POSTGRESQL):
        return _postgresql(value)
    name = value.removeprefix(SQLITE)
    if not value.startswith(SQLITE) or not name or name.endswith("/"):
        raise ValueError("not the address of a SQLite file or of a PostgreSQL database")
    path = Path(name)
    return SQLITE + os.fspath(writable_folder(path.parent, info) / path.name)


def _postgresql(value: str) -> str:
    """A password here would stand in a file that others than the server may read, and in what is told of mistakes."""
    parts = urlsplit(value)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise ValueError("a password has no place in it: PGPASSWORD, PGPASSFILE or ~/.pgpass of mode 0600")
    if len(parts.path) < 2 or parts.fragment:
        raise ValueError("not the address of a PostgreSQL database")
    return value


def _proxy(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("neither an address nor a network") from None
    return value


def _key_file(value: Path | None, info: ValidationInfo) -> Path | None:
    given = info.data.get("database", "")
    if value is None and given.startswith(POSTGRESQL):
        raise ValueError("is missing; several machines may serve one PostgreSQL database, with this one key")
    return None if value is None else from_here(value, info)


def _title(value: str) -> str:
    if not 0 < len(value.strip()) <= TITLE_MOST_CHARS or not value.isprintable():
        raise ValueError("not a title")
    return value.strip()


def _outside_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not the address of a web server")
    return value.rstrip("/")


class Server(Table):
    listen: Address = Field(
        default="127.0.0.1:8490",
        description="the host:port that serves the site; a web server in front of it does https",
    )
    database: Annotated[StrictStr, AfterValidator(_database)] = Field(
        description='the database, "sqlite:////var/lib/kembar-cloud/cloud.db" (a missing folder is made) '
        'or "postgresql:///kembar?host=/run/postgresql"; a password comes from PGPASSWORD or ~/.pgpass'
    )

    processes: StrictInt = Field(
        default=1,
        ge=1,
        le=PROCESSES_MOST,
        description=f"how many processes serve, 1 to {PROCESSES_MOST}; several work with one "
        "thread each: one for each core, and one more",
    )
    proxies: list[Annotated[StrictStr, AfterValidator(_proxy)]] = Field(
        default=["127.0.0.1", "::1"],
        max_length=PROXIES_MOST,
        description="addresses or networks of web servers whose X-Forwarded-For and -Proto are believed, "
        "such as 10.0.0.0/24",
    )
    key_file: Annotated[Path | None, AfterValidator(_key_file)] = Field(
        default=None,
        validate_default=True,
        description="a file with the key that signs the cookies of tokens, made when missing; every machine "
        "that serves one database has the same; login.key beside a SQLite database, must be given with PostgreSQL",
    )
    url: Annotated[StrictStr, AfterValidator(_outside_url)] | None = Field(
        default=None,
        description='the address under which people reach the site, "https://kembar.example.org"; '
        "else the Host of each request",
    )

    @property
    def key_path(self) -> Path:
        beside = sqlite_path(self.database)
        # With PostgreSQL it was asked for (_key_file).
        return self.key_file or (beside or Path()).with_name("login.key")


def _site_name(value: str, info: ValidationInfo) -> str:
    return once(info, "site", value)


class Site(WithToken):
    name: Annotated[Name, AfterValidator(_site_name)] = Field(
        description="the key of one house in addresses, each once, 1 to 16 of a-z, 0-9 and -"
    )
    title: Annotated[StrictStr, AfterValidator(_title)] | None = Field(
        default=None,
        description=f"what its pages are headed with, up to {TITLE_MOST_CHARS} characters; else the name",
    )
    public: StrictBool = Field(
        default=False, description="true or false: whether everybody may see its pages without a login"
    )


class AccountSettings(Table):
    signup: Literal["invitation", "open"] = Field(
        default="invitation",
        description='"invitation": an account is made only by who was invited; "open": by everybody',
    )
    own_sites: StrictBool = Field(
        default=True,
        description="true or false: whether an account may make homes itself, up to 10 of them",
    )


class CloudSettings(Table):
    cloud: Server = Field(description="the table [cloud]")
    accounts: AccountSettings = Field(default_factory=AccountSettings, description="the table [accounts]")
    site: list[Site] = Field(
        default_factory=list,
        max_length=SITES_MOST,
        description="a table [[site]] for each house whose edge has its token in its settings",
    )
