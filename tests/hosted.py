"""A hosted site for tests: the real application behind the real server on a free port of loopback."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from engines import sqlite_address
from visiting import Visiting

from cloud.access import Role
from cloud.application import build
from cloud.connections import GivesBack, connections_to
from cloud.desk import Rules
from cloud.invitations import Invitations
from cloud.passwords import Passwords
from cloud.serving import BODY_MOST_BYTES, layered
from cloud.sites import Sites, SiteSetting
from pages.guard import HEADERS
from process import serve as process_serve
from process.serve import serve
from process.service import Running
from store.database import Database
from store.opening import open_cloud
from store.part import Part
from sync.batch import Batch
from sync.packing import pack

TOKEN, OTHER_TOKEN, PUBLIC_TOKEN = "token-of-the-house", "token-of-another-house", "token-of-a-public-house"
SITES = [
    SiteSetting("rumah", TOKEN, "Rumah Ibu"),
    SiteSetting("kos", OTHER_TOKEN),
    SiteSetting("balai", PUBLIC_TOKEN, public=True),
]


@dataclass
class Hosted:
    url: str
    address: str  # of its database
    # Method and path of everything that the application answers.
    routes: frozenset[tuple[str, str]] = frozenset()

    def post(self, path: str, body: bytes, token: str | None = TOKEN, **headers: str) -> requests.Response:
        sent = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(self.url + path, data=body, headers=sent, timeout=20)

    def batch(self, *parts: Part, token: str = TOKEN) -> requests.Response:
        return self.body(Batch(parts, "rumah").encode(), token)

    def body(self, body: bytes, token: str = TOKEN) -> requests.Response:
        return self.post("/api/v1/batches", body, token, Content_Encoding="gzip")

    def plain(self, fields: bytes) -> requests.Response:
        return self.body(pack(fields))

    def get(self, path: str, token: str = TOKEN) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(self.url + path, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def form(self, path: str, token: str | None = TOKEN, **fields: str) -> requests.Response:
        """A form as a browser sends it that has shown a token."""
        with Visiting(self.url) as browser:
            if token:
                browser.enter(token)
            return browser.submit(path, **fields)

    def invited(self, site: int = 1, role: Role | None = Role.OWNER) -> str:
        """The secret of an invitation from the command line."""
        with self.database() as db, db.write(site):
            return Invitations(db, time.time_ns() // 1_000_000).make(site, role, "test", None)

    @contextmanager
    def database(self) -> Iterator[Database]:
        with closing(open_cloud(self.address)) as db:
            yield db


@contextmanager
def hosted(
    address: str | Path,
    listen: str = "127.0.0.1:0",
    sites: list[SiteSetting] = SITES,
    rules: Rules = Rules(),  # noqa: B008 - it is frozen
) -> Iterator[Hosted]:
    address = sqlite_address(address) if isinstance(address, Path) else address
    # Stops are seen at once, not after half a second.
    process_serve.TURN_S = 0.02
    running, bound = Running({}), threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        bound.set()

    with closing(connections_to(address)) as connections:
        built = build(
            Sites(sites, connections), connections, b"k" * 32, rules=rules, passwords=Passwords(1, 8)
        )
        connections.give_back()
        application = layered(GivesBack(built, connections), ["127.0.0.1"])
        thread = threading.Thread(
            target=serve,
            args=(application, listen, running),
            kwargs={"body_most_bytes": BODY_MOST_BYTES, "bound": ready, "headers": HEADERS},
        )
        thread.start()
        try:
            assert bound.wait(10)
            yield Hosted(urls[0], address, built.routes)
        finally:
            running.stop.set()
            thread.join()
