"""How a replay goes: its pace, its batches, what it asks, tells and writes; and what it must not touch."""

import pytest
from replayed import CELLAR, GARAGE, NOW_MS, URL, House, Wavering, assert_twins, held

from store.backlog import Backlog
from store.clouds import Clouds
from store.gaps import Gaps
from store.part import Hole, Part
from sync.batch import Batch
from sync.failure import TooLarge, Unreachable
from sync.pace import MOST_ROWS
from sync.replay import MOST_SURPRISES, Replay, Step

pytest_plugins = ("conftest_twins",)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(replayed: House) -> None:
    def refuse(batch: Batch) -> None:
        if batch.rows > 300:
            raise TooLarge("300 rows are enough")

    replayed.cloud.before = refuse
    replayed.edge.grow(GARAGE, 3_000)
    replayed.settle(replayed.replay())
    assert_twins(replayed)


def test_batches_grow_with_the_line_up_to_the_bound(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 100_000)
    replayed.settle(replayed.replay())
    sizes = [batch.rows for batch in replayed.cloud.batches]
    assert max(sizes) == MOST_ROWS
    assert sizes == sorted(sizes[:-1]) + sizes[-1:]


def test_a_slow_line_gets_batches_of_about_a_second(replayed: House) -> None:
    def slow(batch: Batch) -> None:
        replayed.clock.now_s += batch.rows / 700

    replayed.cloud.before = slow
    replayed.edge.grow(GARAGE, 20_000)
    replayed.settle(replayed.replay())
    sizes = [batch.rows for batch in replayed.cloud.batches]
    assert all(650 <= size <= 750 for size in sizes[3:-1])


def test_the_next_batch_is_cut_before_the_answer_is_there(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 4_000)
    replay = replayed.replay()
    assert [replay.step() for _ in range(4)] == [Step.SENT, Step.LANDED, Step.LANDED, Step.IDLE]
    assert [batch.rows for batch in replayed.cloud.batches] == [2_000, 2_000]


def test_a_long_backlog_of_one_stream_does_not_hold_up_the_others(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 50_000)
    replayed.edge.grow(CELLAR, 10)
    replayed.settle(replayed.replay())
    assert [part.source for part in replayed.cloud.batches[1].parts] == ["cellar", "garage"]


def test_with_nothing_to_send_an_empty_batch_says_every_half_minute_that_the_edge_lives(
    replayed: House,
) -> None:
    replay = replayed.replay()
    for _ in range(120):
        replay.step()
        replayed.clock.now_s += 1
    assert [len(batch.parts) for batch in replayed.cloud.batches] == [0] * 4
    assert replay.progress.state == "ok"


def test_the_cloud_is_asked_again_after_every_failure(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 10)
    replay = replayed.replay()
    replay.step()
    replayed.cloud.before = lambda _batch: (_ for _ in ()).throw(Unreachable("gone"))
    with pytest.raises(Unreachable):
        replay.step()
    assert (replay.progress.state, replay.progress.reason, replay.progress.backlog_rows) == (
        "offline", "gone", 10,
    )  # fmt: skip
    replayed.cloud.before = lambda _batch: None
    replayed.settle(replay)
    assert replayed.cloud.asked == 2
    assert_twins(replayed)


def test_a_cloud_whose_cursors_never_agree_is_left_alone_for_a_while(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 10)
    replay = Replay(
        Backlog(replayed.edge.db, 1),
        Clouds(replayed.edge.db),
        URL,
        Wavering(),
        lambda: NOW_MS,
        replayed.clock,
    )
    for _ in range(2 * MOST_SURPRISES + 1):
        replay.step()
    with pytest.raises(Unreachable, match="keep changing"):
        replay.step()


def test_what_the_cloud_has_beyond_a_restored_card_is_left_as_it_is(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 100)
    replayed.settle(replayed.replay())
    replayed.edge.db.execute("DELETE FROM readings WHERE seq > 60")
    replayed.edge.db.execute("UPDATE streams SET cursor = 60")
    replay = replayed.replay()
    replayed.settle(replay)
    assert (len(held(replayed.cloud.db, True)), replay.progress.backlog_rows) == (100, 0)
    replayed.edge.grow(GARAGE, 120, (Hole(61, 90, "elsewhere"),))
    replayed.settle(replay)
    assert [r[2] for r in held(replayed.cloud.db, True)] == list(range(1, 121))


def test_the_card_is_written_once_a_minute_and_only_what_moved(replayed: House) -> None:
    notes: list[dict[int, int]] = []
    clouds = Clouds(replayed.edge.db)
    replay = Replay(
        Backlog(replayed.edge.db, clouds.number(URL)),
        clouds,
        URL,
        replayed.cloud,
        lambda: NOW_MS,
        replayed.clock,
    )
    clouds.note = lambda _cloud, cursors, *_: notes.append(cursors)  # type: ignore[method-assign]
    replayed.edge.grow(CELLAR, 5)
    for second in range(1, 181):
        replayed.edge.grow(GARAGE, second)
        replay.step()
        replayed.clock.now_s += 1
    replay.note()
    assert len(notes) == 3
    assert set(notes[-1]) == {2}


def test_gaps_that_learned_their_cause_travel(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 50, (Hole(10, 19, "elsewhere"),))
    replay = replayed.replay()
    replayed.settle(replay)
    replayed.edge.take(Part(*GARAGE, 50, fill_holes=[Hole(12, 19, "device-memory", NOW_MS, NOW_MS + 7)]))
    replayed.settle(replay)
    assert_twins(replayed)
    assert [hole.cause for hole in Gaps(replayed.cloud.db).between(1, 1, 50)] == [
        "elsewhere",
        "device-memory",
    ]
