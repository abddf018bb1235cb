"""Two edges that send the same: a copied card and a board that moved are told, and nothing is doubled."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import NOW_MS, Twin, row, rows

from cloud.intake import take
from cloud.senders import MOST_KEPT, TOLD_MS, TURNS_MS, Senders
from store.part import Part
from sync.answer import Answer, Rival
from sync.batch import Batch


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "cloud")
    with closing(made.db):
        yield made


def send(cloud: Twin, sender: str, at_s: float, *parts: Part, edge: str = "rumah") -> tuple[Rival, ...]:
    now_ms = NOW_MS + round(1000 * at_s)
    take(cloud.db, cloud.site, Batch(parts, edge, sender=sender), now_ms)
    return Senders(cloud.db, cloud.site).told(now_ms)


def test_one_edge_that_restarts_is_alone(cloud: Twin) -> None:
    assert send(cloud, "one", 0) == send(cloud, "two", 10) == send(cloud, "three", 20) == ()


def test_two_that_take_turns_under_one_name_are_told(cloud: Twin) -> None:
    send(cloud, "card", 0, Part("garage", 7, 0, rows([1, 2])))
    assert send(cloud, "copy", 20, Part("garage", 7, 0, rows([1, 2]))) == ()
    told = send(cloud, "card", 40, Part("garage", 7, 2, rows([3])))
    assert [(rival.kind, rival.about) for rival in told] == [("copy", "rumah")]
    assert cloud.seqs() == [1, 2, 3]


def test_one_that_comes_back_after_the_other_fell_silent_is_not_told(cloud: Twin) -> None:
    send(cloud, "card", 0)
    send(cloud, "copy", 20)
    assert send(cloud, "card", 21 + TURNS_MS / 1000) == ()


def test_after_a_day_it_is_told_no_more(cloud: Twin) -> None:
    for at_s, sender in enumerate(["card", "copy", "card"]):
        send(cloud, sender, at_s)
    assert Senders(cloud.db, cloud.site).told(NOW_MS + TOLD_MS) != ()
    assert Senders(cloud.db, cloud.site).told(NOW_MS + 2_000 + TOLD_MS) == ()


def test_two_edges_of_two_names_may_share_a_site(cloud: Twin) -> None:
    parts = Part("garage", 7, 0, rows([1])), Part("cellar", 8, 0, rows([1]))
    for at_s in range(4):
        assert send(cloud, "one", at_s, *parts[:1]) == ()
        assert send(cloud, "two", at_s, *parts[1:], edge="kebun") == ()


def test_a_board_that_another_edge_hears_now_is_told(cloud: Twin) -> None:
    send(cloud, "one", 0, Part("garage", 7, 0, rows([1, 2])))
    (told,) = send(cloud, "two", 5, Part("garage", 7, 2, [row(3)]), edge="kebun")
    assert told == Rival("moved", "garage", "kebun", NOW_MS + 5_000)
    assert cloud.seqs() == [1, 2, 3]


def test_restarts_without_end_are_not_remembered_without_end(cloud: Twin) -> None:
    for at_s in range(3 * MOST_KEPT):
        send(cloud, f"start-{at_s}", at_s)
    assert cloud.db.execute("SELECT count(*) FROM senders").fetchone() == (MOST_KEPT,)


def test_a_batch_of_an_older_edge_says_no_sender_and_is_taken(cloud: Twin) -> None:
    take(cloud.db, cloud.site, Batch([Part("garage", 7, 0, rows([1]))], "rumah"), NOW_MS)
    assert cloud.seqs() == [1]


def test_rivals_travel_in_the_answer(cloud: Twin) -> None:
    answer = Answer({}, rivals=(Rival("copy", "rumah", "rumah", NOW_MS),))
    assert Answer.decode(answer.encode()) == answer
    assert b"rivals" not in Answer({}).encode()
