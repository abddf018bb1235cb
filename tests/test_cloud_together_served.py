"""Posts that come at once, seen from outside: server, tokens, connections that break, what pages ask."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest
from engines import AddressOf, Made
from madeparts import NOW_MS
from offers import HOMES, Here, asked, batch, environ, latest, opened, some

from cloud.application import build
from cloud.asked import Asked
from cloud.connections import GivesBack
from cloud.house import asked_by_pages
from cloud.ingest import Ingest
from cloud.offering import BATCHES, LATEST
from cloud.reply import Reply
from cloud.secret import digest_of
from cloud.tokens import Grant, Tokens
from cloud.tray import Tray
from process.outgoing import Begun
from store.database import Database
from store.opening import open_cloud
from store.postgres_statements import Statements
from sync.batch import Batch

pytest_plugins = ("conftest_offers",)


def test_a_server_that_has_several_requests_has_them_taken_together(here: Here, together: list[int]) -> None:
    """The whole application, as process/callers.py calls it."""
    application = GivesBack(build(here.sites, here.connections, b"k" * 32), here.connections)
    bodies = {home: Batch([some(1, 2)], "rumah").encode() for home in HOMES}
    environs = [environ(home, BATCHES, body, "gzip") for home, body in bodies.items()]
    environs.insert(1, environ("rumah", "/api/v1/streams/cursors", b'[["garage",7]]'))
    environs += [environ("rumah", BATCHES, b"") | {"REQUEST_METHOD": method} for method in ("GET", "HEAD")]
    begun = [Begun(application, each, {}) for each in environs]
    assert [each.waits for each in begun] == [True, False, True, True, True, False, False]
    answers = [each.answer() for each in begun]
    assert [answer.head.split()[1] for answer in answers] == [b"200"] * 5 + [b"405"] * 2
    assert [answer.head.endswith(b"\r\n\r\n") for answer in answers] == [False] * 6 + [True]
    assert together == [4]
    # Every connection that was lent is back: each of as many threads as there may be gets one.
    assert len({id(here.connections.mine()) for _ in range(2)}) == 1
    here.connections.give_back()


def test_a_connection_that_breaks_in_the_middle_costs_nobody_anything(
    postgresql: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, within and right after the commit of several; all of them are sent again, as edges do."""
    with postgresql.addresses() as address_of, opened(address_of("cloud")) as here:
        commit = Statements.commit
        breaks: list[str] = []

        def commits(self: Statements) -> None:
            how = breaks.pop() if breaks else ""
            if how == "before":
                _end(here.address, self._conn.info.backend_pid)
            commit(self)
            if how == "after":
                _end(here.address, self._conn.info.backend_pid)
                raise psycopg.OperationalError("the connection is lost: an answer is missing")

        monkeypatch.setattr(Statements, "commit", commits)
        for first, how in ((1, "before"), (3, "after"), (5, "")):
            breaks[:] = [how]
            parts = {home: some(first, first + 1) for home in HOMES}
            statuses = [
                status for status, _ in here.replies(*(batch(home, part) for home, part in parts.items()))
            ]
            # A connection that broke is replaced, and each is taken alone; what was on disk already is told as such.
            assert statuses == [{"before": 200, "after": 409, "": 200}[how]] * 4
            again = [
                status for status, _ in here.replies(*(batch(home, part) for home, part in parts.items()))
            ]
            assert again == [409] * 4
        assert here.stored() == {home: [1, 2, 3, 4, 5, 6] for home in HOMES}


def _end(address: str, backend: int) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


def test_who_shows_no_token_is_not_looked_up(here: Here) -> None:
    looked: list[str] = []

    def noted(digests: Sequence[str]) -> dict[str, int]:
        looked.extend(digests)
        return {}

    here.sites.ask_for_paired(noted)
    assert here.sites.by_bearers([None, "", "Basic x", "Bearer "]) == [None] * 4
    assert looked == []


def test_live_values_of_nothing_write_nothing(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Database, _site: int = 0) -> None:
        raise AssertionError("nothing is to be written")

    monkeypatch.setattr(type(here.connections.mine()), "write", full)
    here.connections.give_back()
    assert here.replies(asked("rumah", LATEST, b'{"v":1,"meters":[]}'))[0][0] == 200


def test_tokens_are_looked_up_together(address_of: AddressOf) -> None:
    with closing(open_cloud(address_of("cloud"))) as db:
        tokens = Tokens(lambda: NOW_MS)
        with db.write():
            made = [tokens.make(db, Grant(site, "rumah", None, ""))[1] for site in (1, 2, 3)]
            replaced = db.execute("SELECT id FROM tokens WHERE site = 1").fetchone()[0]
            newer = tokens.make(db, Grant(1, "rumah", None, "", replaced))[1]
        digests = [digest_of(secret) for secret in (*made, "unknown")]
        expected = dict(zip(digests[:3], (1, 2, 3), strict=True))
        assert tokens.sites_of(db, digests) == expected
        assert tokens.sites_of(db, [*digests, *digests]) == expected
        assert tokens.sites_of(db, []) == {}
        # The first use of the newer one ends the one in whose place it stands.
        assert tokens.sites_of(db, [digest_of(newer), digests[1]]) == {digest_of(newer): 1, digests[1]: 2}
        assert tokens.sites_of(db, digests) == {digests[1]: 2, digests[2]: 3}


def test_a_request_whose_answer_nobody_asks_for_is_not_worked_on() -> None:
    seen: list[int] = []

    def answers(several: Sequence[Asked]) -> list[Reply]:
        seen.append(len(several))
        return [Reply(b"{}") for _ in several]

    tray, statuses = Tray(answers), []
    start: Callable[..., Any] = lambda status, _headers: statuses.append(status)  # noqa: E731
    first, gone, last = (tray.put(latest("rumah"), start) for _ in range(3))
    gone.close()
    assert [b"".join(first), b"".join(last)] == [b"{}", b"{}"]
    assert (seen, statuses) == ([2], ["200 OK", "200 OK"])
    assert {method for method, _path in Ingest.routes} == {"POST"}


@pytest.mark.parametrize("path", ["/api/v1/sites/rumah/latest", "/sites/rumah/"])
def test_what_pages_ask_each_time_is_asked_once(
    postgresql: Made, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """At PostgreSQL, where each question is a way there and back."""
    with postgresql.addresses() as address_of, opened(address_of("cloud")) as here:
        application = GivesBack(build(here.sites, here.connections, b"k" * 32), here.connections)
        here.offering.replies([batch("rumah", some(1, 2)), latest("kos")])
        sent: list[tuple[str, ...]] = []
        ready = Statements._ready

        def noted(self: Statements, sql: str, params: Sequence[Any]) -> Any:
            sent.append((sql, *map(str, params)))
            return ready(self, sql, params)

        monkeypatch.setattr(Statements, "_ready", noted)
        db = here.connections.mine()
        ahead = {(each.sql, *map(str, each.params)) for each in asked_by_pages(db, 1, NOW_MS)}
        here.connections.give_back()
        asks = environ("rumah", path, b"") | {"REQUEST_METHOD": "GET", "QUERY_STRING": ""}
        assert Begun(application, asks, {}).answer().head.split()[1] == b"200"
        assert {sent.count(each) for each in ahead} == {1}
