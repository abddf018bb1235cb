"""Homes that post at once to a hosted site in this process: what they ask, and what comes of it."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from madeparts import NOW_MS, rows

from cloud.asked import Asked
from cloud.connections import Connections, connections_to
from cloud.offering import BATCHES, LATEST, Offering
from cloud.reply import Later, Reply
from cloud.sites import Sites, SiteSetting
from store.opening import open_cloud
from store.part import Part
from sync.batch import Batch

HOMES = ("rumah", "kos", "balai", "sawah")
LIVE = {
    "source": "garage", "channel": 1, "boot": 7, "seq": 9, "taken_ms": NOW_MS, "interval_ms": 1_000,
    "values": [225_000, 100, 20_000, 5, 50_000, 950, 0], "estimated": False,
}  # fmt: skip


@dataclass
class Here:
    address: str
    connections: Connections
    sites: Sites
    offering: Offering

    def replies(self, *asked: Asked) -> list[tuple[int, Any]]:
        return [told(reply) for reply in self.offering.replies(asked)]

    def stored(self) -> dict[str, list[int]]:
        """The seqs of each site, in order."""
        found: dict[str, list[int]] = {}
        with closing(open_cloud(self.address)) as db:
            for name, seq in db.execute(
                "SELECT s.name, r.seq FROM readings r JOIN sites s ON s.id = r.site ORDER BY s.name, r.seq"
            ):
                found.setdefault(name, []).append(seq)
        return found


def told(reply: Reply | Later) -> tuple[int, Any]:
    reply = reply if isinstance(reply, Reply) else reply()
    return reply.status, orjson.loads(reply.body)


@contextmanager
def opened(address: str) -> Iterator[Here]:
    with closing(connections_to(address)) as connections:
        sites = Sites([SiteSetting(name, f"token-of-{name}") for name in HOMES], connections)
        yield Here(address, connections, sites, Offering(sites, connections, lambda: NOW_MS))


def asked(home: str, path: str, body: bytes, encoding: str = "") -> Asked:
    return Asked(environ(home, path, body, encoding))


def environ(home: str, path: str, body: bytes, encoding: str = "") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer token-of-{home}",
        "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": encoding, "wsgi.input": io.BytesIO(body),
    }  # fmt: skip


def batch(home: str, *parts: Part) -> Asked:
    return asked(home, BATCHES, Batch(parts, "rumah", sender="a", sent_ms=NOW_MS).encode(), "gzip")


def latest(home: str, **changed: Any) -> Asked:
    return asked(home, LATEST, orjson.dumps({"v": 1, "meters": [LIVE | changed]}))


def some(*seqs: int) -> Part:
    return Part("garage", 7, seqs[0] - 1, rows(list(seqs)))
