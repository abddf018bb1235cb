"""What edges of several sites post at once: taken in one transaction, and none of them feels what another one does."""

import random
import threading
from contextlib import closing

import pytest
from engines import Made
from madeparts import NOW_MS, rows
from offers import HOMES, Here, asked, batch, latest, opened, some, told

from cloud.offering import BATCHES
from cloud.posted import LIGHT_MOST, LIGHT_MOST_BYTES, LOOKED_UP_WEIGHT
from cloud.reply import Reply
from store.database import Database, Unopenable
from store.opening import open_cloud
from store.part import Hole, Part
from sync.packing import pack

pytest_plugins = ("conftest_offers",)


def test_batches_of_several_homes_are_taken_in_one_transaction(here: Here, together: list[int]) -> None:
    for first in (1, 4):
        seqs = (first, first + 1, first + 2)
        replies = here.replies(*(batch(home, some(*seqs)) for home in HOMES))
        assert [status for status, _ in replies] == [200] * 4
        assert [told["cursors"] for _, told in replies] == [[["garage", 7, first + 2]]] * 4
    assert together == [4, 4]
    assert here.stored() == {home: [1, 2, 3, 4, 5, 6] for home in HOMES}


def test_each_gets_what_is_its_own(here: Here, together: list[int]) -> None:
    here.replies(batch("kos", some(1, 2, 3)))
    hole = Part("garage", 7, 0, rows([1]), [Hole(2, 5, "sensor")])
    impossible = Part("garage", 7, 0, [*rows([1]), (2, 1, NOW_MS, 9_000_000, 1, 1, 1, 1, 1, 0)])
    replies = here.replies(
        batch("rumah", hole), batch("kos", some(1, 2, 3)), batch("stranger", some(1)), latest("balai"),
        batch("sawah", impossible),
    )  # fmt: skip
    assert [status for status, _ in replies] == [200, 409, 401, 200, 200]
    assert replies[0][1]["cursors"] == [["garage", 7, 5]]
    assert replies[1][1]["cursors"] == [["garage", 7, 3]]
    assert replies[3][1]["cursors"] == []
    assert [each[2] for each in replies[4][1]["refused"]] == [2]
    assert together == [4]
    assert here.stored() == {"kos": [1, 2, 3], "rumah": [1], "sawah": [1]}


def test_one_that_spoils_it_is_refused_and_the_others_are_taken(here: Here, together: list[int]) -> None:
    uncovered = Part("garage", 7, 0, rows([1, 3]))
    replies = here.replies(
        batch("rumah", some(1, 2)), batch("kos", uncovered), batch("balai", some(1)), latest("sawah")
    )
    assert [status for status, _ in replies] == [200, 422, 200, 200]
    assert replies[1][1]["error"] == "rows"
    assert here.stored() == {"balai": [1], "rumah": [1, 2]}
    # The transaction of all of them did not come about.
    assert together == []


def test_a_body_that_cannot_be_read_spoils_nothing(here: Here, together: list[int]) -> None:
    broken = asked("kos", BATCHES, b"not gzip", "gzip")
    replies = here.replies(batch("rumah", some(1)), broken, batch("balai", some(1)))
    assert [status for status, _ in replies] == [200, 400, 200]
    assert together == [2]


def test_two_of_one_home_are_taken_one_after_the_other(here: Here, together: list[int]) -> None:
    replies = here.replies(
        batch("rumah", some(1, 2)), batch("rumah", some(3)), batch("rumah", some(3)), batch("kos", some(1))
    )
    assert [status for status, _ in replies] == [200, 200, 409, 200]
    assert together == [2]
    assert here.stored() == {"kos": [1], "rumah": [1, 2, 3]}


LOOKED_UP = -(-LIGHT_MOST // LOOKED_UP_WEIGHT)
HEAVY: dict[str, Part] = {
    "rows": some(*range(1, LIGHT_MOST + 1)),
    "holes": Part("garage", 7, 0, holes=[Hole(seq, seq, f"c{seq % 2}") for seq in range(1, LOOKED_UP + 1)]),
    "fills": Part("garage", 7, 0, rows([1]), fills=rows(range(2, LOOKED_UP + 2))),
}


@pytest.mark.parametrize("kind", HEAVY)
def test_a_batch_for_which_others_would_have_to_wait_goes_by_itself(
    here: Here, together: list[int], kind: str
) -> None:
    replies = here.offering.replies(
        [batch("rumah", HEAVY[kind]), batch("kos", some(1)), batch("balai", some(1))]
    )
    # The others have their replies before it is begun.
    assert [isinstance(reply, Reply) for reply in replies] == [False, True, True]
    assert "rumah" not in here.stored()
    assert [status for status, _ in map(told, replies)] == [200, 200, 200]
    assert together == [2]


def test_what_is_long_when_it_is_packed_is_not_even_read_before(here: Here, together: list[int]) -> None:
    dice = random.Random(1)
    noise = b"".join(b"%d," % dice.randrange(10**9) for _ in range(LIGHT_MOST_BYTES // 4))
    long = asked("rumah", BATCHES, pack(b'{"v":1,"parts":[' + noise + b"]}"), "gzip")
    replies = here.offering.replies([long, batch("kos", some(1)), batch("balai", some(1))])
    assert [isinstance(reply, Reply) for reply in replies] == [False, True, True]
    assert [status for status, _ in map(told, replies)] == [400, 200, 200]


def test_one_alone_takes_the_short_way(here: Here, together: list[int]) -> None:
    assert here.replies(batch("rumah", some(1)))[0][0] == 200
    assert together == []


def test_the_database_that_is_away_is_told_to_all(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Database:
        raise Unopenable("it does not answer")

    monkeypatch.setattr(here.connections, "mine", away)
    replies = here.offering.replies([batch("rumah", some(1)), batch("kos", some(1))])
    for reply in replies:
        reply = reply if isinstance(reply, Reply) else reply()
        assert reply.status == 503
        assert ("Retry-After", "30") in reply.headers


def test_whoever_waits_for_a_site_holds_up_no_other(postgresql: Made, together: list[int]) -> None:
    """At PostgreSQL, where each site has a lock of its own."""
    with postgresql.addresses() as address_of, opened(address_of("cloud")) as here:
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            with closing(open_cloud(here.address)) as db, db.write(2):
                db.execute("SELECT 1").fetchone()
                held.set()
                assert go.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(20)
        replies = here.offering.replies([batch(home, some(1)) for home in HOMES])
        ready = [reply for reply in replies if isinstance(reply, Reply)]
        # Three were free: they are on disk and have their answers while the fourth waits.
        assert (together, [reply.status for reply in ready]) == ([3], [200] * 3)
        assert sum(map(len, here.stored().values())) == 3
        go.set()
        holder.join(20)
        assert (
            sorted(map(told, replies), key=str)
            == [(200, {"cursors": [["garage", 7, 1]], "refused": [], "watch_s": 0})] * 4
        )
        assert here.stored() == {home: [1] for home in HOMES}
