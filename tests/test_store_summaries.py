"""Summaries: buckets and energy are the same whether rollups were there to be read or not, on both twins."""

from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from madeparts import HOUR_MS, Twin, row
from retained import Edge as PrunedEdge
from retained import hourly

from metering.calendar import day_of, day_span, period_span
from metering.quantity import DAY_MS
from metering.reading import Meter
from metering.rollup import MINUTE_MS, QUARTER_MS
from pages.usage import Usage, usage
from store.part import Hole, Part
from store.rolling import Rolling
from store.sealed import SealedHours
from store.summaries import Summaries

pytest_plugins = ("conftest_twins",)

ZONES = {name: ZoneInfo(name) for name in ("Asia/Jakarta", "Asia/Kathmandu", "Europe/Berlin")}
GARAGE = Meter("garage", 1)
# 2026-10-25: clocks in Berlin go back.
BEGIN_MS = 1_792_800_000_000 // DAY_MS * DAY_MS


def record(twin: Twin, seed: int, days: int = 4) -> int:
    """Some days of two channels with holes in time and a counter that turns; gives their end."""
    random, seq, at_ms, wh = Random(seed), 0, BEGIN_MS, 9_999_000
    rows = []
    while at_ms < BEGIN_MS + days * DAY_MS:
        seq += 1
        at_ms += random.choice(
            (30_000, 60_000, 300_000, 300_000, 3 * HOUR_MS if random.random() < 0.05 else 1)
        )
        wh = (
            random.choice((wh + 1, wh + 1, wh + 3, wh + 20, 0 if random.random() < 0.02 else wh)) % 10_000_000
        )
        rows.append(row(seq, at_ms, channel=1 + seq % 2, wh=random.choice((wh, wh, wh, None))))
    twin.take(Part("garage", 7, 0, sorted(rows, key=lambda each: (each[1] or 0, each[0] or 0))))
    return at_ms


def roll(twin: Twin, zone: ZoneInfo, now_ms: int) -> None:
    rolling = Rolling(twin.db, twin.layout, twin.site)
    while rolling.slice(now_ms, zone):
        pass


def ranges(random: Random, end_ms: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    midnight = day_span(day_of(BEGIN_MS, zone), zone)[0]
    found = [(midnight, midnight + 4 * DAY_MS), (BEGIN_MS, end_ms), (BEGIN_MS + 1, end_ms - 1)]
    for _ in range(8):
        step = random.choice((1, MINUTE_MS, QUARTER_MS, HOUR_MS, DAY_MS))
        from_ms = (BEGIN_MS + random.randint(-DAY_MS, 3 * DAY_MS)) // step * step
        found.append((from_ms, from_ms + random.randint(1, 3 * DAY_MS)))
    return found


@pytest.mark.parametrize("zone", list(ZONES.values()), ids=list(ZONES))
@pytest.mark.parametrize("seed", range(2))
def test_buckets_are_the_same_from_rollups_and_from_rows(twin: Twin, seed: int, zone: ZoneInfo) -> None:
    end_ms, random = record(twin, seed), Random(seed)
    summaries = Summaries(twin.db, twin.layout, twin.site)
    widths = (1_000, MINUTE_MS, 7 * MINUTE_MS, QUARTER_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 2 * DAY_MS)
    asked = [(span, width) for span in ranges(random, end_ms, zone) for width in widths]

    def answers() -> list[object]:
        return [
            summaries.buckets(GARAGE, column, *span, begin_ms, width)
            for span, width in asked
            for begin_ms in (span[0], span[0] // DAY_MS * DAY_MS)
            for column in ("power_mw", "voltage_mv", "energy_wh")
        ]

    from_rows = answers()
    # Up to now the last day is not over; then late rows touch an hour in the middle.
    roll(twin, zone, end_ms)
    assert answers() == from_rows
    late = row(900_001, BEGIN_MS + DAY_MS + 5 * HOUR_MS + 1, wh=77)
    twin.take(Part("cellar", 7, 900_000, [late], first=900_001))
    roll(twin, zone, end_ms + 3 * DAY_MS)
    assert answers() == from_rows
    assert from_rows[0]


@pytest.mark.parametrize("zone", list(ZONES.values()), ids=list(ZONES))
@pytest.mark.parametrize("seed", range(2))
def test_energy_and_its_events_are_the_same_from_rollups_and_from_rows(
    twin: Twin, seed: int, zone: ZoneInfo
) -> None:
    end_ms, random = record(twin, seed), Random(seed)
    spans = [
        *((period, span) for span in ranges(random, end_ms, zone) for period in ("hour", "day", "month")),
        ("day", period_span("day", BEGIN_MS, zone)),
        ("month", period_span("month", BEGIN_MS, zone)),
    ]

    def answers() -> list[Usage]:
        return [usage(twin.history, GARAGE, period, *span, zone) for period, span in spans]

    from_rows = answers()
    for now_ms in (BEGIN_MS + 2 * DAY_MS, end_ms, end_ms + 3 * DAY_MS):
        roll(twin, zone, now_ms)
        assert answers() == from_rows
    assert any(each.events for each in from_rows), "a counter that turned is part of this"


def test_reading_by_the_day_reads_no_rows(twin: Twin) -> None:
    """What years of days cost must not grow with the readings in them."""
    zone, end_ms = ZONES["Asia/Jakarta"], record(twin, 1)
    roll(twin, zone, end_ms + 3 * DAY_MS)
    from_ms = day_span(day_of(BEGIN_MS, zone), zone)[0]
    month = usage(twin.history, GARAGE, "day", from_ms, from_ms + 5 * DAY_MS, zone)
    buckets = twin.history.buckets(GARAGE, "power_mw", from_ms, from_ms + 5 * DAY_MS, DAY_MS)
    twin.db.execute("DELETE FROM readings")
    assert [
        b.energy_wh for b in usage(twin.history, GARAGE, "day", from_ms, from_ms + 5 * DAY_MS, zone).buckets
    ] == [b.energy_wh for b in month.buckets]
    assert twin.history.buckets(GARAGE, "power_mw", from_ms, from_ms + 5 * DAY_MS, DAY_MS) == buckets != []


def test_both_twins_roll_up_the_same(tmp_path: Path) -> None:
    twins = [Twin(tmp_path, kind) for kind in ("edge", "cloud")]
    zone, found = ZONES["Asia/Jakarta"], []
    for twin in twins:
        end_ms = record(twin, 5)
        roll(twin, zone, end_ms + 3 * DAY_MS)
        found.append(twin.db.execute("SELECT * FROM rollups ORDER BY 1, 2, 3").fetchall())
        twin.db.close()
    assert found[0] == found[1] != []


def test_days_of_another_zone_are_not_read_as_those_asked_for(twin: Twin) -> None:
    """Until the rolling has looked, or where the machine does not know the site's zone."""
    end_ms = record(twin, 3)
    asked = ZONES["Europe/Berlin"]
    span = period_span("day", BEGIN_MS, asked)
    before = usage(twin.history, GARAGE, "day", *span, asked)
    roll(twin, ZONES["Asia/Jakarta"], end_ms + 3 * DAY_MS)
    assert usage(twin.history, GARAGE, "day", *span, asked) == before


@pytest.mark.parametrize("zone", [ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Jakarta")])
def test_hours_of_which_only_seals_are_here_count_in_every_zone(tmp_path: Path, zone: ZoneInfo) -> None:
    edge, cloud = PrunedEdge(tmp_path), Twin(tmp_path, "cloud")
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 3_001), per_hour=60)))
    first_ms = edge.history.span_ms(GARAGE)
    assert first_ms is not None
    span = day_span(day_of(first_ms[0] + DAY_MS, zone), zone)
    wanted = usage(edge.history, GARAGE, "day", *span, zone).buckets[0]
    edge.prune_all()
    seals = SealedHours(edge.db).between(1, 1, 3_000, 1_000)
    cloud.take(Part("garage", 7, 0, holes=[Hole(1, 3_000, "policy", *first_ms)], sealed=tuple(seals)))
    roll(cloud, zone, first_ms[1] + 10 * DAY_MS)
    found = usage(cloud.history, GARAGE, "day", *span, zone).buckets[0]
    assert found.energy_wh is not None
    assert wanted.energy_wh is not None
    # An hour that midnight cuts is known as a whole only.
    assert abs(found.energy_wh - wanted.energy_wh) <= (0 if zone.key == "Asia/Jakarta" else 60)
    [bucket] = cloud.history.buckets(GARAGE, "power_mw", *span, span[1] - span[0])
    assert bucket[1] == 1_440
    assert cloud.history.minutes(GARAGE, *span) == 1_440
    edge.db.close()
    cloud.db.close()


def test_a_late_row_in_a_pruned_hour_takes_nothing_away(tmp_path: Path) -> None:
    edge = PrunedEdge(tmp_path)
    rows = [each for each in hourly(range(1, 241), per_hour=60) if each[0] != 30]
    edge.twin.take(Part("garage", 7, 0, rows, [Hole(30, 30, "link")]))
    edge.prune_all()
    first_ms = rows[0][2] or 0
    before = edge.history.buckets(GARAGE, "power_mw", first_ms, first_ms + 4 * HOUR_MS, HOUR_MS)
    late = next(each for each in hourly(range(1, 241), per_hour=60) if each[0] == 30)
    edge.twin.take(Part("garage", 7, 240, fills=[late]))
    assert edge.history.buckets(GARAGE, "power_mw", first_ms, first_ms + 4 * HOUR_MS, HOUR_MS) == before
    edge.db.close()
