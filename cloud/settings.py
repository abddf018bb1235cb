"""What can be set on the hosted site: its address, its database, its sites.

How a file is read and how mistakes are told is `process.settings`. The edge's side is not here; the time zone
of a site comes from its edge.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, StrictStr, ValidationInfo

from process.fields import Address, Name, WithToken, once, writable_folder
from process.settings import Table

SQLITE = "sqlite:///"
SITES_MOST = 10_000  # one file read at start; more belong into accounts
TITLE_MOST_CHARS = 80  # one line on a phone, turned sideways


def _database(value: str, info: ValidationInfo) -> str:
    """Three slashes and a path from this file's folder, or four and a path from the root."""
    if value.startswith(("postgresql://", "postgres://")):
        raise ValueError("this version keeps its readings in SQLite only")
    name = value.removeprefix(SQLITE)
    if not value.startswith(SQLITE) or not name or name.endswith("/"):
        raise ValueError("not the address of a SQLite file")
    path = Path(name)
    return SQLITE + os.fspath(writable_folder(path.parent, info) / path.name)


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
        description='the database, "sqlite:////var/lib/kembar-cloud/cloud.db"; a missing folder is made'
    )

    url: Annotated[StrictStr, AfterValidator(_outside_url)] | None = Field(
        default=None,
        description='the address under which people reach the site, "https://kembar.example.org"; '
        "else the Host of each request",
    )

    @property
    def sqlite_path(self) -> Path:
        return Path(self.database.removeprefix(SQLITE))


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


class CloudSettings(Table):
    cloud: Server = Field(description="the table [cloud]")
    site: list[Site] = Field(
        min_length=1,
        max_length=SITES_MOST,
        description="a table [[site]] for each house, with its name and token",
    )
