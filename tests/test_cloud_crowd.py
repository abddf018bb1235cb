"""Two processes of the hosted site at one database, twenty edges that send at once and twice, a process that dies."""

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import requests
from engines import AddressOf
from madeparts import NOW_MS, VALUES
from processes import Program, command, free_port, wait_until

from store.opening import open_cloud
from store.part import Part
from store.tally import tallies
from sync.batch import Batch

SITES, EDGES, ROWS, MOST_IN_A_BATCH = 10, 20, 400, 25
# Of a request that a dying process leaves without an answer, and of all tries of one batch.
ANSWER_S, TRIES = 10, 400
PAUSE_S = 0.02
REPEATS = 0.3


class Edge(threading.Thread):
    """Sends one stream from its start to its end; two edges send that of each site, as a card that was copied does."""

    def __init__(self, number: int, urls: list[str]) -> None:
        super().__init__(daemon=True)
        self.site, self._urls = number % SITES, urls
        self._chance = random.Random(number)
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token(self.site)}"
        # As a proxy in front tells it: each edge has an address of its own.
        self._session.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        self.cursor = 0
        self.refused: list[str] = []

    def run(self) -> None:
        while self.cursor < ROWS:
            upto = min(ROWS, self.cursor + self._chance.randint(1, MOST_IN_A_BATCH))
            body = Batch([Part("garage", 7, self.cursor, made(self.cursor + 1, upto))], "rumah").encode()
            answer = self._sent(body)
            if self._chance.random() < REPEATS:
                self._sent(body)
            for _source, _boot, cursor in answer["cursors"]:
                self.cursor = max(self.cursor, cursor)

    def _sent(self, body: bytes) -> dict[str, list[list[int]]]:
        for _ in range(TRIES):
            try:
                answer = self._session.post(
                    f"{self._chance.choice(self._urls)}/api/v1/batches",
                    data=body,
                    headers={"Content-Encoding": "gzip"},
                    timeout=ANSWER_S,
                )
            except requests.RequestException:
                threading.Event().wait(PAUSE_S)
                continue
            if answer.status_code in (200, 409):
                found: dict[str, list[list[int]]] = answer.json()
                return found
            self.refused.append(answer.text)
            threading.Event().wait(PAUSE_S)
        raise AssertionError(f"no answer in {TRIES} tries; {self.refused[-3:]}")


def token(site: int) -> str:
    return f"token-of-site-number-{site}"


def made(low: int, high: int) -> list[tuple[int | None, ...]]:
    return [(seq, 1, NOW_MS + 1000 * seq, *VALUES) for seq in range(low, high + 1)]


@contextmanager
def two_servers(folder: Path, address: str) -> Iterator[list[tuple[Program, str]]]:
    sites = "".join(f'[[site]]\nname = "s{n}"\ntoken = "{token(n)}"\n' for n in range(SITES))
    with ExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            port = free_port()
            (folder / f"{name}.toml").write_text(
                f'[cloud]\nlisten = "127.0.0.1:{port}"\ndatabase = "{address}"\nkey_file = "login.key"\n{sites}'
            )
            program = Program(name, command("kembar-cloud", "serve", "--config", f"{name}.toml"), folder)
            servers.append((stack.enter_context(program).start(), f"http://127.0.0.1:{port}"))
        for program, _url in servers:
            program.wait_for("serving on")
        yield servers


def test_what_twenty_edges_send_at_once_and_twice_is_there_once_though_a_process_dies(
    tmp_path: Path, address_of: AddressOf
) -> None:
    address = address_of("cloud")
    with two_servers(tmp_path, address) as servers:
        edges = [Edge(number, [url for _program, url in servers]) for number in range(EDGES)]
        for edge in edges:
            edge.start()
        for share, (program, _url) in zip((0.2, 0.5), servers, strict=True):
            wait_until(
                lambda share=share: sum(edge.cursor for edge in edges) >= share * EDGES * ROWS,  # type: ignore[misc]
                60,
                lambda: str([edge.cursor for edge in edges]),
            )
            program.kill()
            program.start()
        for edge in edges:
            edge.join(60)
        assert [edge.cursor for edge in edges] == [ROWS] * EDGES
        # A process that stopped in the middle may be said to be away; nothing was called wrong.
        assert [said for edge in edges for said in edge.refused if '"storage"' not in said] == []
        assert [program.stop() for program, _url in servers] == [0, 0]
    with closing(open_cloud(address)) as db:
        for site in range(1, SITES + 1):
            (tally,) = tallies(db, site)
            assert (tally.numbers, tally.kept, tally.missing, tally.damaged) == (ROWS, ROWS, 0, 0)
        found = db.execute(
            "SELECT site, count(DISTINCT seq), sum(seq) FROM readings GROUP BY site"
        ).fetchall()
    assert sorted(found) == [(site, ROWS, ROWS * (ROWS + 1) // 2) for site in range(1, SITES + 1)]
