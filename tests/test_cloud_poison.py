"""One row that a cloud does not take at all: found by halves, kept on both sides with the reason, sent again later."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import NOW_MS, Twin, rows

from cloud.intake import cursors_of, take
from store.backlog import Backlog
from store.clouds import Clouds
from store.part import Hole, Part
from store.quarantine import Quarantine
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import RowsRefused
from sync.rejection import BadRows
from sync.replay import Replay, Step

POISON = 37
# A new trigger refuses the row; no rule of ours knows why, as with a mistake in a newer cloud.
REFUSE = (
    f"CREATE TRIGGER poison BEFORE INSERT ON readings WHEN NEW.seq = {POISON}"
    " BEGIN SELECT RAISE(ABORT, 'this one breaks it'); END"
)
MOST_STEPS = 200


class DirectPost:
    """The cloud's intake as sync.replay meets it over HTTP."""

    def __init__(self, cloud: Twin) -> None:
        self._cloud = cloud

    def cursors(self, streams: list[tuple[str, int]], /) -> dict[tuple[str, int], int]:
        return dict(cursors_of(self._cloud.db, self._cloud.site, streams))

    def send(self, body: bytes, /) -> Callable[[], Answer]:
        def answer() -> Answer:
            try:
                taken = take(self._cloud.db, self._cloud.site, Batch.decode(body, NOW_MS), NOW_MS)
            except (BadRows, sqlite3.IntegrityError) as error:  # both are 422
                raise RowsRefused(str(error)) from error
            return Answer(taken.cursors, tuple(taken.refused))

        return answer


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[tuple[Twin, Twin]]:
    edge, cloud = Twin(tmp_path, "edge"), Twin(tmp_path, "cloud")
    with closing(edge.db), closing(cloud.db):
        edge.take(Part("garage", 7, 0, rows(range(1, 101))))
        cloud.db.execute(REFUSE)
        yield edge, cloud


def replay(edge: Twin, cloud: Twin) -> None:
    clouds = Clouds(edge.db)
    backlog = Backlog(edge.db, clouds.number("https://cloud.example"))
    made = Replay(
        backlog, clouds, "https://cloud.example", DirectPost(cloud), lambda: NOW_MS, lambda: 0.0, "rumah"
    )
    for _ in range(MOST_STEPS):
        if made.step() is Step.IDLE:
            return
    raise AssertionError("no end")


def test_it_is_found_and_everything_else_arrives(twins: tuple[Twin, Twin]) -> None:
    edge, cloud = twins
    replay(edge, cloud)
    assert cloud.seqs() == [seq for seq in range(1, 101) if seq != POISON]
    assert cloud.gaps() == [Hole(POISON, POISON, "refused")]


def test_it_is_kept_on_both_sides_with_the_reason(twins: tuple[Twin, Twin]) -> None:
    edge, cloud = twins
    replay(edge, cloud)
    (kept,) = Quarantine(cloud.db, cloud.site).newest(10)
    assert (kept.source, kept.boot, kept.seq) == ("garage", 7, POISON)
    assert '"voltage_mv": 225700' in kept.raw
    assert "this one breaks it" in kept.why
    (here,) = edge.db.execute("SELECT seq, why FROM withheld").fetchall()
    assert here[0] == POISON
    assert "this one breaks it" in here[1]
    assert POISON in edge.seqs()


def test_after_a_fix_it_is_sent_once_more_and_the_twins_are_equal(twins: tuple[Twin, Twin]) -> None:
    edge, cloud = twins
    replay(edge, cloud)
    cloud.db.execute("DROP TRIGGER poison")
    assert Clouds(edge.db).release(1) == 1
    replay(edge, cloud)
    assert cloud.seqs() == edge.seqs() == list(range(1, 101))
    assert cloud.gaps() == []


def test_a_row_that_is_refused_again_is_kept_once(twins: tuple[Twin, Twin]) -> None:
    edge, cloud = twins
    for _ in range(2):
        replay(edge, cloud)
        Clouds(edge.db).release(1)
    assert Quarantine(cloud.db, cloud.site).count() == 1
