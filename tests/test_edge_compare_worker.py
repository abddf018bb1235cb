"""The turns of the comparing thread: after the rows have been sent, what is due, and again what was mended."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from comparedtwins import BEGIN_MS, Twins, twins
from madeparts import HOUR_MS, row, rows

from edge.compare_worker import CompareTurns
from edge.comparison import Comparison
from store.part import Part
from sync.failure import RowsRefused

# The hour of the rows is over and everything has arrived.
LATER_MS = BEGIN_MS + HOUR_MS + 10 * 60_000


class Turns(CompareTurns):
    """At noon in Jakarta, where no night's share is due."""

    def __init__(self, both: Twins) -> None:
        self.rests = True
        comparison = Comparison(
            both.edge.db, "https://cloud.example", both.asked, lambda: LATER_MS, first=True
        )
        super().__init__(
            comparison, ZoneInfo("Asia/Jakarta"), lambda: LATER_MS, lambda: self.rests, Random(1)
        )


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Twins]:
    with twins(tmp_path) as made:
        made.take(Part("garage", 7, 0, rows([1, 2])), Part("garage", 8, 0, [row(1, BEGIN_MS + HOUR_MS)]))
        yield made


def test_an_hour_is_compared_once_it_is_complete(both: Twins) -> None:
    turns = Turns(both)
    assert turns.turn()
    assert both.comparisons.proof(LATER_MS).equal == 2
    assert not turns.turn()


def test_while_rows_are_still_to_be_sent_nothing_is_asked(both: Twins) -> None:
    turns = Turns(both)
    turns.rests = False
    assert not turns.turn()
    assert both.asked.asked == []


def test_what_was_mended_is_compared_in_the_next_turn(both: Twins) -> None:
    both.edge.db.execute("DELETE FROM readings WHERE seq = 2")
    turns = Turns(both)
    assert turns.turn()
    assert both.comparisons.proof(LATER_MS).equal == 1
    both.collect()
    assert turns.turn()
    assert both.comparisons.proof(LATER_MS).equal == 2


def test_what_a_restored_card_lacks_comes_back_by_itself(both: Twins) -> None:
    both.cloud.take(Part("garage", 7, 2, rows([3])))
    turns = Turns(both)
    turns.turn()
    both.collect()
    turns.turn()
    both.collect()
    assert both.equal()


def test_a_cloud_that_does_not_take_what_mends_it_ends_no_thread(
    both: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.cloud.db.execute("DELETE FROM readings WHERE seq = 2")

    def refuse(path: str, body: bytes, encoding: str | None = None) -> bytes:
        if path == "/api/v1/mends":
            raise RowsRefused("HTTP 422: no")
        return ask(path, body, encoding)

    ask = both.asked.ask
    monkeypatch.setattr(both.asked, "ask", refuse)
    assert Turns(both).turn()


def test_parcels_that_nobody_takes_are_not_heaped_up(both: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.compare_worker.MOST_WAITING", 1)
    both.parcels.leave([b"x", b"y"])
    assert not Turns(both).turn()
    assert both.asked.asked == []
