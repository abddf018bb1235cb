"""Which value of a meter is its newest: the live one while it comes, else the later one of it and what is stored."""

from dataclasses import replace
from pathlib import Path

import pytest
from filled_house import NOW_MS, FilledHouse, empty_house, fill, live_value
from madeparts import row

from metering.reading import Meter
from pages.latest import LIVE_LASTS_MS, TRAVEL_MS, Latest, Newest
from store.history import History, Stored
from store.part import Part

GARAGE = Meter("garage", 1)


@pytest.fixture
def house(tmp_path: Path) -> FilledHouse:
    """With one stored value, of the moment NOW_MS."""
    house = empty_house(tmp_path)
    fill(house, [Part("garage", 7, 0, [row(1, NOW_MS)])])
    return house


def newest(house: FilledHouse, now_ms: int, latest: Latest | None = None) -> Newest:
    with house.history() as history:
        (found,) = (latest or Latest(house.site())).of(history, now_ms)
    return found


@pytest.mark.parametrize("interval_ms", [1_000, 60_000])
def test_what_is_stored_is_asked_for_when_one_live_value_is_missed(
    house: FilledHouse, interval_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Meter] = []
    read = History.newest

    def noted(self: History, meter: Meter) -> Stored | None:
        asked.append(meter)
        return read(self, meter)

    monkeypatch.setattr(History, "newest", noted)
    live = live_value(NOW_MS - interval_ms, interval_ms=interval_ms)
    house.live = [live]
    lasts_ms = min(interval_ms, LIVE_LASTS_MS) + TRAVEL_MS["edge"]
    assert newest(house, live.taken_ms + lasts_ms).taken_ms == live.taken_ms
    assert asked == []
    later = newest(house, live.taken_ms + lasts_ms + 1)
    assert (later.taken_ms, later.boot, asked) == (NOW_MS, 7, [GARAGE])


def test_a_live_value_that_is_later_than_what_is_stored_stays(house: FilledHouse) -> None:
    house.live = [live_value(NOW_MS + 500)]
    old = newest(house, NOW_MS + 600_000)
    assert (old.taken_ms, old.stale) == (NOW_MS + 500, True)


def test_without_a_live_value_what_is_stored_is_shown_within_a_second(house: FilledHouse) -> None:
    latest = Latest(house.site())
    assert newest(house, NOW_MS + 100, latest).taken_ms == NOW_MS
    fill(house, [Part("garage", 7, 1, [row(2, NOW_MS + 1_000)])])
    assert newest(house, NOW_MS + 1_100, latest).taken_ms == NOW_MS + 1_000


def test_energy_of_today_follows_the_live_counter_and_what_was_stored_since(house: FilledHouse) -> None:
    latest = Latest(house.site())
    stored = newest(house, NOW_MS + 100, latest)
    assert stored.today_wh is not None
    counter = stored.value("energy_wh")
    assert counter is not None

    def live(taken_ms: int, wh: int) -> int | None:
        value = live_value(taken_ms)
        house.live = [replace(value, values=(*value.values[:3], wh, *value.values[4:]))]
        return newest(house, taken_ms, latest).today_wh

    assert live(NOW_MS + 1_000, counter + 5) == stored.today_wh + 5
    # The counter was set back and is stored; the live value alone could not tell what was used before that.
    rows = [row(2, NOW_MS + 2_000, wh=counter + 9), row(3, NOW_MS + 3_000, wh=2)]
    fill(house, [Part("garage", 7, 1, rows)])
    assert live(NOW_MS + 20_000, 4) == stored.today_wh + 9 + 4
