"""Rolling: whatever came, in whatever order, the rollups of both twins are those of a plain look at the rows."""

from random import Random
from zoneinfo import ZoneInfo

import pytest
from madeparts import HOUR_MS, NOW_MS, Twin, row
from rolled import JAKARTA, LATER_MS, roll

from metering.calendar import day_of, day_span
from metering.quantity import COLUMNS, DAY_MS
from metering.reading import Meter, Row
from metering.rollup import MINUTE_MS, QUARTER_MS, Rollup, by, by_minute, together
from store.changes import TIMEZONE, Changes
from store.mending import Mender
from store.part import Hole, Part
from store.rolling import SLICE, Rolling
from store.rollups import Rollups
from store.touched import Touched

pytest_plugins = ("conftest_twins",)

MAKASSAR, JAYAPURA = map(ZoneInfo, ("Asia/Makassar", "Asia/Jayapura"))
KATHMANDU, BERLIN = map(ZoneInfo, ("Asia/Kathmandu", "Europe/Berlin"))


def plainly(twin: Twin, meter: Meter, width_ms: int, zone: ZoneInfo) -> list[Rollup]:
    """The rollups of a meter by a look at all its rows."""
    minutes = list(by_minute(twin.layout.scan(meter, 0, 2**62)))
    if width_ms == MINUTE_MS:
        return minutes
    if width_ms < DAY_MS:
        return list(by(width_ms, minutes))
    days = sorted({day_of(minute.start_ms, zone) for minute in minutes})
    return [
        together(day_span(day, zone)[0], [m for m in minutes if day_of(m.start_ms, zone) == day])
        for day in days
    ]


def assert_rolled(twin: Twin, zone: ZoneInfo = JAKARTA) -> None:
    assert twin.db.execute("SELECT * FROM touched").fetchall() == []
    for meter in twin.layout.meters.all():
        number = twin.layout.meters.find(meter) or 0
        for width_ms in (MINUTE_MS, QUARTER_MS, HOUR_MS, DAY_MS):
            found = Rollups(twin.db).read(number, width_ms, 0, 2**62)
            assert found == plainly(twin, meter, width_ms, zone), (meter, width_ms)


def spread(count: int, step_ms: int, first: int = 1, channels: int = 2) -> list[Row]:
    """Rows of some channels in turn, step_ms apart; sorted as a part wants them."""
    rows = [
        row(seq, NOW_MS + seq * step_ms, channel=1 + seq % channels, wh=seq // 3)
        for seq in range(first, first + count)
    ]
    return sorted(rows, key=lambda each: (each[1] or 0, each[0] or 0))


@pytest.mark.parametrize("zone", [JAKARTA, MAKASSAR, JAYAPURA, KATHMANDU, BERLIN], ids=lambda zone: zone.key)
def test_rows_are_rolled_up_by_minute_quarter_hour_and_day(twin: Twin, zone: ZoneInfo) -> None:
    twin.take(Part("garage", 7, 0, spread(400, 2_000_000)))
    roll(twin, zone)
    assert_rolled(twin, zone)


def test_an_hour_that_is_not_over_waits(twin: Twin) -> None:
    hour_ms = NOW_MS // HOUR_MS * HOUR_MS
    twin.take(Part("garage", 7, 0, [row(1, hour_ms + 5)]))
    roll(twin, now_ms=hour_ms + HOUR_MS + MINUTE_MS - 1)
    number = twin.layout.meters.find(Meter("garage", 1)) or 0
    assert Touched(twin.db).within(number, HOUR_MS, 0, 2**62) == [hour_ms]
    roll(twin, now_ms=hour_ms + HOUR_MS + MINUTE_MS)
    assert Touched(twin.db).within(number, HOUR_MS, 0, 2**62) == []
    assert len(Touched(twin.db).within(number, DAY_MS, 0, 2**62)) == 1, "its day is not over"


def test_late_rows_touch_their_hour_and_day_alone(twin: Twin) -> None:
    hole = Hole(101, 105, "link", NOW_MS, NOW_MS)
    rows = [r for r in spread(200, 60_000, channels=1) if not 101 <= (r[0] or 0) <= 105]
    twin.take(Part("garage", 7, 0, rows, [hole]))
    roll(twin)
    twin.take(Part("garage", 7, 200, fills=[row(103, NOW_MS + 103 * 60_000, wh=34)]))
    hour_ms = (NOW_MS + 103 * 60_000) // HOUR_MS * HOUR_MS
    number = twin.layout.meters.find(Meter("garage", 1)) or 0
    assert Touched(twin.db).within(number, HOUR_MS, 0, 2**62) == [hour_ms]
    roll(twin)
    assert_rolled(twin)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_in_whatever_order(twin: Twin, seed: int) -> None:
    random, cursor = Random(seed), 0
    for _ in range(12):
        count = random.randint(1, 60)
        rows = [
            row(
                seq,
                NOW_MS + seq * 47_000 + random.randint(0, 40_000),
                channel=random.randint(1, 3),
                wh=random.choice((None, seq, seq, seq * 2, 0)),
            )
            for seq in range(cursor + 1, cursor + 1 + count)
        ]
        twin.take(Part("garage", 7, cursor, sorted(rows, key=lambda each: (each[1] or 0, each[0] or 0))))
        cursor += count
        if random.random() < 0.5:
            roll(twin, now_ms=NOW_MS + cursor * 47_000 + random.randint(-2, 2) * HOUR_MS)
    roll(twin)
    assert_rolled(twin)


def test_another_zone_makes_other_days(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(300, 1_700_000)))
    for zone in (JAKARTA, KATHMANDU, BERLIN):
        roll(twin, zone)
        assert_rolled(twin, zone)


def test_mended_rows_are_rolled_again(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(100, 60_000, channels=1)))
    roll(twin)
    # The disk changes one row: its check does not match any more.
    twin.db.execute("UPDATE readings SET power_mw = 9 WHERE seq = 50")
    mended = row(50, NOW_MS + 50 * 60_000, wh=50 // 3)
    with twin.db.write():
        done = Mender(twin.receiver, twin.layout).mend("garage", 7, [mended])
    assert done.replaced == 1
    roll(twin)
    assert_rolled(twin)


def test_a_damaged_row_is_in_no_rollup(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(60, 60_000, channels=1)))
    twin.db.execute("UPDATE readings SET power_mw = 999000 WHERE seq = 30")
    roll(twin)
    number = twin.layout.meters.find(Meter("garage", 1)) or 0
    power = COLUMNS.index("power_mw")
    sums = [each.sums[power] for each in Rollups(twin.db).read(number, HOUR_MS, 0, 2**62)]
    assert sum(each.n for each in sums if each) == 59
    assert max(each.most for each in sums if each) == 24_400


def test_a_slice_is_bounded_and_newest_first(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(SLICE + 5, HOUR_MS, channels=1)))
    rolling = Rolling(twin.db, twin.layout, twin.site)
    assert rolling.slice(LATER_MS, JAKARTA) == SLICE
    number = twin.layout.meters.find(Meter("garage", 1)) or 0
    left = Touched(twin.db).within(number, HOUR_MS, 0, 2**62)
    assert len(left) == 5
    assert max(left) < min(Rollups(twin.db).starts(number, HOUR_MS, 0, 2**62))


def test_everything_can_be_made_anew(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(300, 1_700_000)))
    roll(twin)
    twin.db.execute("UPDATE rollups SET power_mw_sum = 1")
    Rolling(twin.db, twin.layout, twin.site).touch_all()
    roll(twin)
    assert_rolled(twin)


def test_an_hour_that_changes_while_it_is_worked_out_stays_touched(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.take(Part("garage", 7, 0, spread(30, 60_000, channels=1)))
    rolling, prints = Rolling(twin.db, twin.layout, twin.site), twin.layout.print
    late = Part("garage", 7, 30, [row(31, NOW_MS + 59 * 60_000)])
    meddled: list[tuple[int, ...]] = []

    def meddling(meter: Meter, from_ms: int, to_ms: int) -> tuple[int, ...]:
        found = prints(meter, from_ms, to_ms)
        if twin.db.conn.in_transaction and len(meddled) == 1:
            twin.receiver.receive(late)  # as if it had come before the lock was taken
            found = prints(meter, from_ms, to_ms)
        meddled.append(found)
        return found

    monkeypatch.setattr(twin.layout, "print", meddling)
    assert rolling.slice(LATER_MS, JAKARTA) == 0
    number = twin.layout.meters.find(Meter("garage", 1)) or 0
    assert len(Touched(twin.db).within(number, HOUR_MS, 0, 2**62)) == 1
    roll(twin)
    assert_rolled(twin)


def test_rows_that_are_mended_while_an_hour_is_worked_out_leave_it_touched(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row check is the same before and after: only whether it matches has changed."""
    twin.take(Part("garage", 7, 0, spread(30, 60_000, channels=1)))
    twin.db.execute("UPDATE readings SET power_mw = 9 WHERE seq = 10")
    rolling, prints = Rolling(twin.db, twin.layout, twin.site), twin.layout.print
    mended = row(10, NOW_MS + 10 * 60_000, wh=10 // 3)
    calls = []

    def meddling(meter: Meter, from_ms: int, to_ms: int) -> tuple[int, ...]:
        calls.append(from_ms)
        if len(calls) == 2:
            Mender(twin.receiver, twin.layout).mend("garage", 7, [mended])
        return prints(meter, from_ms, to_ms)

    monkeypatch.setattr(twin.layout, "print", meddling)
    rolling.slice(LATER_MS, JAKARTA)
    roll(twin)
    assert len(calls) > 2
    assert_rolled(twin)


def test_a_zone_that_changes_at_a_quiet_site_is_taken(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, spread(100, 1_700_000)))
    roll(twin)
    assert Touched(twin.db).sites(LATER_MS) == []
    twin.take(Changes(twin.db, twin.site).next_part("~rumah", 1, TIMEZONE, "Europe/Berlin"))
    assert Touched(twin.db).sites(LATER_MS) == [twin.site]
    roll(twin, BERLIN)
    assert_rolled(twin, BERLIN)
