"""A hosted site for tests: the real application behind the real server on a free port of loopback."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from cloud.application import build
from cloud.connections import Connections
from cloud.main import BODY_MOST_BYTES
from cloud.sites import Sites, SiteSetting
from process import serve as process_serve
from process.serve import serve
from process.service import Running
from store.database import Database, open_database
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
    path: Path

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
        """A form as a browser sends it, but with a bearer instead of a cookie."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.url + path, data=fields, headers=headers, timeout=20, allow_redirects=False)

    @contextmanager
    def database(self) -> Iterator[Database]:
        with closing(open_database(self.path, "cloud")) as db:
            yield db


@contextmanager
def hosted(path: Path, listen: str = "127.0.0.1:0", sites: list[SiteSetting] = SITES) -> Iterator[Hosted]:
    # Stops are seen at once, not after half a second.
    process_serve.TURN_S = 0.02
    running, bound = Running({}), threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        bound.set()

    with closing(Connections(path)) as connections:
        application = build(Sites(sites, connections), connections, b"k" * 32)
        thread = threading.Thread(
            target=serve,
            args=(application, listen, running),
            kwargs={"body_most_bytes": BODY_MOST_BYTES, "bound": ready},
        )
        thread.start()
        try:
            assert bound.wait(10)
            yield Hosted(urls[0], path)
        finally:
            running.stop.set()
            thread.join()
