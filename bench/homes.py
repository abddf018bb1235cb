"""Homes of one hosted site: each a reading a second, a batch every 30 s, a hundredth of them watched live.

The server is `kembar-cloud serve` as a user starts it, with the database on disk. Every home is a site of its own
with a paired token, as accounts make them. At the end every reading that was acknowledged is counted in the database.
"""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from heapq import merge
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bench.catchup import wait_for
from bench.crowd import Call, Outcome, call_all
from bench.household import free_port
from bench.postgres import server
from cloud.intake import take
from cloud.rolling import rebuild
from cloud.secret import digest_of
from cloud.sites import numbers_of
from cloud.tokens import Grant, Tokens
from metering.reading import Row
from pages.app import wall_ms
from process.service import Running
from store.database import Database
from store.opening import open_cloud
from store.part import Part
from sync.batch import Batch

EVERY_S, WATCHED, REPEATED = 30, 100, 100
ROUNDS = int(os.environ.get("ROUNDS", "10"))
SEED = 1
# At most: what a round of requests of a home takes to make, and the server to start.
MAKING_MS, SERVING_S = 1.0, 10
# What deploy/cloud/README.md says PostgreSQL should be given for so many homes.
ROOM = "-c shared_buffers=2GB -c max_wal_size=8GB -c checkpoint_timeout=15min"
GZIP = "Content-Encoding: gzip\r\n"


class Home:
    """One site: its token and the requests of its edge."""

    def __init__(self, number: int, key: str, token: str, begin_ms: int) -> None:
        self.number, self.key = number, key
        self._token, self._begin_ms = token, begin_ms
        self._dice = random.Random(SEED + number)
        self.watched = number % WATCHED == 0

    def calls(self, start_ms: int) -> Iterator[Call]:
        """In the order of their times, from start_ms; one batch in a hundred comes again, as after a lost answer.

        Each home begins at a moment of its own: they know nothing of each other.
        """
        phase_s = EVERY_S * self._dice.random()
        # The batch of the first turn ends with the reading of the moment at which it is sent.
        self._begin_ms = start_ms + int(1000 * phase_s) - 1000 * 2 * EVERY_S
        for turn in range(1, ROUNDS + 1):
            due_s = phase_s + (turn - 1) * EVERY_S
            batch = self._post("batches", self._batch(turn), GZIP)
            yield Call(due_s, "batch", batch)
            if self._dice.randrange(REPEATED) == 0:
                yield Call(due_s, "repeat", batch)
            if self.watched:
                yield from self._watched(turn, due_s)

    def moved_in(self, db: Database, site: int) -> None:
        """Its stream, meter and zone are made before anything is measured, as those of a home that is there already."""
        now_ms = self._begin_ms + 1000 * EVERY_S
        take(db, site, Batch.decode(self._batch(0), now_ms), now_ms)

    def _watched(self, turn: int, due_s: float) -> Iterator[Call]:
        for second in range(EVERY_S):
            seq = EVERY_S * (turn + 1) + second
            fields = {"v": 1, "meters": [self._newest(seq)]}
            at_s = due_s + second + 0.5
            yield Call(at_s, "latest", self._post("latest", orjson.dumps(fields)))
            yield Call(at_s + 0.25, "look", self._request("GET", f"sites/{self.key}/latest"))

    def _newest(self, seq: int) -> dict[str, object]:
        row = self._row(seq)
        return {
            "source": "garage", "channel": 1, "boot": 7, "seq": seq, "taken_ms": row[2], "interval_ms": 1_000,
            "values": row[3:], "estimated": False,
        }  # fmt: skip

    def _batch(self, turn: int) -> bytes:
        first = turn * EVERY_S + 1
        part = Part("garage", 7, first - 1, [self._row(seq) for seq in range(first, first + EVERY_S)])
        sent_ms = self._begin_ms + 1000 * (first + EVERY_S)
        return Batch([part], "rumah", sender=f"start-{self.number}", sent_ms=sent_ms).encode()

    def _row(self, seq: int) -> Row:
        power_mw = 350_000 + self._dice.randrange(40_000)
        current_ma = power_mw // 225
        return (
            seq, 1, self._begin_ms + 1000 * seq, 225_000 + self._dice.randrange(900), current_ma, power_mw,
            100_000 + seq // 10, 50_000, 950, 0,
        )  # fmt: skip

    def _post(self, path: str, body: bytes, headers: str = "") -> bytes:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
        return self._request("POST", path, kind) + body

    def _request(self, method: str, path: str, headers: str = "") -> bytes:
        """As the web server in front passes it on: it tells the address of the home."""
        number = self.number
        return (
            f"{method} /api/v1/{path} HTTP/1.1\r\nHost: kembar.example.org\r\nAuthorization: Bearer {self._token}\r\n"
            f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n{headers}\r\n"
        ).encode()


def measure(homes: int, processes: int, address: str, folder: Path) -> dict[str, float]:
    """The figures of one run; raises AssertionError when anything was lost, doubled or refused."""
    port = free_port(socket.SOCK_STREAM)
    moved_ms = wall_ms() - 1000 * EVERY_S
    with closing(open_cloud(address)) as db:
        numbers = numbers_of(db, [f"home-{number}" for number in range(homes)])
        tokens = _paired(db, numbers)
        some = [Home(number, key, tokens[key], moved_ms) for number, key in enumerate(numbers)]
        for home in some:
            home.moved_in(db, numbers[home.key])
    rebuild(address, Running({}), wall_ms)
    print(f"{homes} homes are made; making {ROUNDS} rounds of requests", flush=True)
    # Each value is sent in the second in which it is taken: what is shown is live, and not long past.
    start_ms = wall_ms() + int(homes * ROUNDS * MAKING_MS) + 1000 * SERVING_S
    calls = list(merge(*(home.calls(start_ms) for home in some), key=lambda c: c.due_s))
    with serving(folder, address, port, processes):
        early_ms = start_ms - wall_ms()
        print(f"made {early_ms / 1000:.1f} s before the first is due", flush=True)
        assert early_ms > 0, "this machine is slower than MAKING_MS"
        time.sleep(early_ms / 1000)
        outcome = call_all("127.0.0.1", port, calls)
    with closing(open_cloud(address)) as db:
        _check(db, outcome, homes)
    return _figures(outcome)


def _paired(db: Database, numbers: dict[str, int]) -> dict[str, str]:
    """The token of each, used once."""
    tokens = Tokens(wall_ms)
    with db.write():
        made = {key: tokens.make(db, Grant(site, "rumah", None, ""))[1] for key, site in numbers.items()}
    for token in made.values():
        tokens.site_of(db, digest_of(token))
    return made


@contextmanager
def serving(
    folder: Path, address: str, port: int, processes: int, sites: Sequence[tuple[str, str]] = ()
) -> Iterator[None]:
    """A hosted site as a user starts it; `sites`: name and token of those in its settings."""
    config = folder / "cloud.toml"
    config.write_text(
        f'[cloud]\nlisten = "127.0.0.1:{port}"\ndatabase = "{address}"\nprocesses = {processes}\n'
        f'key_file = "{folder}/login.key"\n'
        + "".join(f'[[site]]\nname = "{name}"\ntoken = "{token}"\n' for name, token in sites)
    )
    program = "import sys; from cloud.main import main; sys.exit(main(['serve', '--config', sys.argv[1]]))"
    with subprocess.Popen([sys.executable, "-c", program, str(config)]) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield
        finally:
            process.terminate()


def _check(db: Database, outcome: Outcome, homes: int) -> None:
    # Of a batch and its repeat, sent at once, one is taken; the other is told where its stream stands (409).
    sent = {
        status: outcome.statuses["batch", status] + outcome.statuses["repeat", status]
        for status in (200, 409)
    }
    again = sum(count for (kind, _status), count in outcome.statuses.items() if kind == "repeat")
    bad = {key: count for key, count in outcome.statuses.items() if key[1] not in (200, 409)}
    rows, different, most = db.execute(
        "SELECT coalesce(sum(n), 0), coalesce(sum(d), 0), max(n) FROM (SELECT count(*) AS n,"
        " count(DISTINCT seq) AS d FROM readings GROUP BY site) AS each"
    ).fetchone()
    acknowledged = EVERY_S * (homes + sent[200])
    print(f"{acknowledged} acknowledged, {rows} stored, {different} different; {dict(outcome.statuses)}")
    assert not bad, bad
    assert sent[409] == again, (sent, again)
    assert rows == different == acknowledged == homes * (ROUNDS + 1) * EVERY_S
    assert most == (ROUNDS + 1) * EVERY_S


def _figures(outcome: Outcome) -> dict[str, float]:
    figures = {
        "requests_per_s": round(outcome.answers / outcome.seconds, 1),
        "p50_ms": round(outcome.percentile_ms(0.5), 1),
        "p99_ms": round(outcome.percentile_ms(0.99), 1),
        "p999_ms": round(outcome.percentile_ms(0.999), 1),
        "worst_ms": round(outcome.percentile_ms(1.0), 1),
        "lost_and_doubled": 0,
    }
    return figures | {
        f"{kind}_p99_ms": round(outcome.percentile_ms(0.99, kind), 1) for kind in outcome.took_s
    }


def sqlite() -> dict[str, float]:
    homes = int(os.environ.get("HOMES", "1000"))
    with TemporaryDirectory(prefix="kembar-bench-") as folder:
        found = measure(homes, 1, f"sqlite:///{folder}/cloud.db", Path(folder))
    return {f"homes_sqlite_{name}": value for name, value in found.items()} | {"homes_sqlite": homes}


def postgresql() -> dict[str, float]:
    homes = int(os.environ.get("HOMES", "10000"))
    processes = int(os.environ.get("PROCESSES", "3"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kembar-bench-")))
        address = stack.enter_context(server(pg_ctl(), ROOM))
        found = measure(homes, processes, address, folder)
    return {f"homes_postgresql_{name}": value for name, value in found.items()} | {"homes_postgresql": homes}


def pg_ctl() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    assert found, "no PostgreSQL server here: deploy/ready.sh postgres"
    return str(found[-1])
