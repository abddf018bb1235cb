"""A clock that is years wrong, here or there, costs a cloud no reading that could be right."""

import pytest
from replayed import GARAGE, NOW_MS, House, assert_twins, held, row

from metering.quantity import DAY_MS
from store.clouds import Clouds
from store.part import Part
from sync.batch import Batch
from sync.failure import NotAdmitted, RowsRefused
from sync.rejection import ClocksApart
from sync.replay import MOST_WITHHELD_PER_H
from sync.uplink import answered

pytest_plugins = ("conftest_twins",)

YEAR_MS = 365 * DAY_MS
IN_2020_MS = 1_580_000_000_000
IN_2038_MS = 2_147_483_648_000


def withheld(replayed: House) -> int:
    return Clouds(replayed.edge.db).withheld(1)


def dated(replayed: House, first: int, last: int, from_ms: int) -> None:
    """Readings first ... last, a second apart."""
    rows = [row(seq, taken_ms=from_ms + 1_000 * (seq - first)) for seq in range(first, last + 1)]
    replayed.edge.take(Part(*GARAGE, first - 1, rows))


@pytest.mark.parametrize("rows", [1, 60, 3_000])
@pytest.mark.parametrize("clock_ms", [0, IN_2020_MS, NOW_MS - 3 * DAY_MS])
def test_a_cloud_whose_clock_is_behind_takes_nothing_and_nothing_is_withheld(
    replayed: House, rows: int, clock_ms: int
) -> None:
    replayed.cloud.clock_ms = clock_ms
    dated(replayed, 1, rows, NOW_MS - 3_000_000)
    replay = replayed.replay()
    with pytest.raises(
        NotAdmitted, match=r"the edge's clock shows 2026-11-20 .*, the cloud's .*; set the wrong one"
    ):
        replayed.settle(replay)
    assert replay.progress.state == "not-admitted"
    assert (withheld(replayed), held(replayed.cloud.db, True)) == (0, [])
    assert replayed.cloud.db.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
    replayed.cloud.clock_ms = NOW_MS
    replayed.settle(replay)
    assert_twins(replayed)


def test_an_edge_that_sends_from_the_future_is_told_to_look_at_its_clock(replayed: House) -> None:
    dated(replayed, 1, 5, IN_2038_MS)
    with pytest.raises(
        NotAdmitted, match=r"the edge's clock shows 2038-01-19 03:15 UTC, the cloud's 2026-11-20"
    ):
        replayed.settle(replayed.replay(lambda: IN_2038_MS + 60_000))
    assert withheld(replayed) == 0


def test_clocks_that_differ_do_no_harm_while_every_date_is_possible(replayed: House) -> None:
    """A Pi that has not heard NTP yet sends what it dated before."""
    dated(replayed, 1, 50, NOW_MS - YEAR_MS // 4)
    replayed.settle(replayed.replay(lambda: IN_2020_MS))
    assert_twins(replayed)


def test_an_impossible_value_is_no_question_of_clocks(replayed: House) -> None:
    replayed.edge.take(Part(*GARAGE, 0, [row(1, voltage_mv=9_000_000), row(2)]))
    replayed.settle(replayed.replay(lambda: IN_2020_MS))
    assert (withheld(replayed), len(held(replayed.cloud.db, True))) == (1, 1)


@pytest.mark.parametrize("tells_time", [True, False])
@pytest.mark.parametrize("rows", [30, MOST_WITHHELD_PER_H + 50])
def test_what_a_wrong_clock_dated_years_ahead_does_not_hold_up_what_follows(
    replayed: House, rows: int, tells_time: bool
) -> None:
    replayed.cloud.tells_time = tells_time
    dated(replayed, 1, rows, IN_2038_MS)
    dated(replayed, rows + 1, rows + 40, NOW_MS - 60_000)
    replayed.settle(replayed.replay())
    assert withheld(replayed) == rows
    assert len(held(replayed.cloud.db, True)) == 40
    assert replayed.cloud.cursors([GARAGE])[GARAGE] == rows + 40


def test_days_of_such_dates_take_a_few_batches(replayed: House) -> None:
    dated(replayed, 1, 12_000, IN_2038_MS)
    dated(replayed, 12_001, 12_040, NOW_MS - 60_000)
    replay = replayed.replay()
    steps = 0
    while replayed.cloud.cursors([GARAGE])[GARAGE] < 12_040:
        replay.step()
        steps += 1
        assert steps < 40
    assert len(held(replayed.cloud.db, True)) == 40


def test_dates_that_only_the_cloud_finds_impossible_are_withheld_no_more_than_a_hundred_times(
    replayed: House,
) -> None:
    """A cloud that does not ask for clocks, as an older one, and woke up in 2020."""

    def refuse(batch: Batch) -> None:
        if not batch.parts:
            return
        raise RowsRefused(
            "HTTP 422: taken_ms=1795168800000 outside [1577836800000, 1580086400000]", IN_2020_MS
        )

    replayed.cloud.before = refuse
    dated(replayed, 1, 400, NOW_MS - 3_000_000)
    with pytest.raises(NotAdmitted, match="refused 100 readings"):
        replayed.settle(replayed.replay())
    assert withheld(replayed) == MOST_WITHHELD_PER_H


def test_the_batch_says_what_its_sender_s_clock_shows() -> None:
    assert Batch.decode(Batch((), "rumah", sent_ms=NOW_MS).encode(), NOW_MS).sent_ms == NOW_MS
    assert Batch.decode(Batch((), "rumah").encode(), NOW_MS).sent_ms is None


@pytest.mark.parametrize(("off_ms", "refused"), [(DAY_MS, 1), (-DAY_MS, 1), (None, 1)])
def test_clocks_that_agree_refuse_a_date_and_take_the_rest(off_ms: int | None, refused: int) -> None:
    sent_ms = None if off_ms is None else NOW_MS + off_ms
    part = Part(*GARAGE, 0, [row(1, taken_ms=NOW_MS + 3 * DAY_MS), row(2)])
    assert len(Batch.decode(Batch([part], sent_ms=sent_ms).encode(), NOW_MS).refused) == refused


@pytest.mark.parametrize("off_ms", [DAY_MS + 1, -DAY_MS - 1, 2**53 - 1 - NOW_MS])
def test_clocks_more_than_a_day_apart_refuse_the_batch(off_ms: int) -> None:
    part = Part(*GARAGE, 0, [row(1, taken_ms=NOW_MS + 3 * DAY_MS), row(2)])
    body = Batch([part], sent_ms=NOW_MS + off_ms).encode()
    with pytest.raises(ClocksApart) as refusal:
        Batch.decode(body, NOW_MS)
    assert (refusal.value.status, refusal.value.word) == (400, "clock")


@pytest.mark.parametrize(
    ("date", "cloud_ms"),
    [("Fri, 20 Nov 2026 10:00:00 GMT", 1_795_168_800_000), ("yesterday", None), (None, None)],
)
def test_refused_rows_come_with_the_time_at_the_cloud(date: str | None, cloud_ms: int | None) -> None:
    with pytest.raises(RowsRefused) as refusal:
        answered(422, {} if date is None else {"Date": date}, b'{"error": "rows", "message": "no"}')
    assert refusal.value.cloud_ms == cloud_ms
