"""The page "now" in real Chromium: values that change by themselves, and none that pretends to be current."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browser import LAPTOP, OpenTab, has_no_sideways_scrolling, is_quiet
from filled_house import (
    NOW_MS,
    FilledHouse,
    edge_condition,
    empty_house,
    fill,
    live_value,
    made_rows,
    one_meter,
    served,
)
from playwright.sync_api import expect

from pages.app import build
from pages.condition import CloudSide, Condition, Device, EdgeSide, Pulse
from store.part import Part

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
N = "\u00a0"


def test_a_new_value_appears_by_itself(house: FilledHouse, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(house), language="id")
    expect(tab.page.locator("#hero")).to_have_text(f"1.184{N}W")
    house.live = [live_value(house.now_ms(), 12_345.0)]
    house.condition = edge_condition(NOW_MS, 41_220, "offline")
    expect(tab.page.locator("#hero")).to_have_text(f"12,35{N}kW", timeout=2000)
    expect(tab.page.locator("[data-quantity=power] dd").first).to_have_text(f"12,35{N}kW")
    expect(tab.page.locator("#sync")).to_have_text("Putus · 41\u00a0rb tertunda")
    assert house.watched >= 2
    is_quiet(tab)


def test_what_is_stale_is_a_dash_with_its_last_value(
    house: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    house.live = [live_value(NOW_MS)]
    house.frozen = True
    tab = open_tab(serve(house))
    expect(tab.page.locator("#hero")).to_have_text(f"1.184{N}W")
    house.still_ms = NOW_MS + 120_000
    expect(tab.page.locator("#hero")).to_have_text("—", timeout=3000)
    expect(tab.page.locator("#hero-silent")).to_contain_text("Tanpa kabar sejak 14.32")
    expect(tab.page.locator("#hero-last")).to_contain_text(f"Terakhir 1.184{N}W")
    tile = tab.page.locator("[data-quantity=voltage]")
    expect(tile).to_have_class("tile old")
    expect(tile).to_contain_text(f"—terakhir 221,4{N}V")
    tab.shot("stale-360")
    is_quiet(tab)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_silent_meter_beside_live_ones_keeps_its_own_tiles_grey(
    house_of_three: FilledHouse, serve: Serve, open_tab: OpenTab, script: bool
) -> None:
    house_of_three.frozen = True
    house_of_three.live = [live_value(NOW_MS - 300, 1184.0), live_value(NOW_MS - 400, 742.0, "garage/2")]
    house_of_three.condition = edge_condition(NOW_MS, 773_700, "catching-up")
    tab = open_tab(serve(house_of_three) + "/?lang=en", LAPTOP, script=script)
    expect(tab.page.locator("#hero")).to_have_text(f"1,926{N}W")
    expect(tab.page.locator("#hero-title")).to_have_text("Sum of 2 of 3 meters")
    expect(tab.page.locator("[data-meter='garage/3'] .badge")).to_contain_text("Silent since 14:02")
    expect(tab.page.locator(".tile.old")).to_have_count(6)
    tab.shot(f"three-{'script' if script else 'plain'}-1280")
    has_no_sideways_scrolling(tab)
    is_quiet(tab)


def test_a_server_that_stops_answering_leaves_no_value_live(
    house: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    house.live = [live_value(NOW_MS)]
    tab = open_tab(serve(house))
    expect(tab.page.locator("#hero")).to_have_text(f"1.184{N}W")
    tab.page.route("**/api/v1/latest", lambda route: route.abort())
    expect(tab.page.locator("#unreachable")).to_be_visible(timeout=9000)
    expect(tab.page.locator("#hero")).to_have_text("—", timeout=3000)
    tab.shot("unreachable-360", whole=False)


def test_a_hosted_site_says_when_its_home_was_last_heard(tmp_path: Path, open_tab: OpenTab) -> None:
    house = empty_house(tmp_path, "cloud")
    fill(house, one_meter())
    heard = CloudSide("", "ok", NOW_MS - 3_000)
    device = Device("garage", 65_538, NOW_MS - 9_000, 9_000, None, "live")
    house.condition = Condition((device,), EdgeSide(NOW_MS - 3_000, None), (heard,))
    house.live = [live_value(NOW_MS)]
    app = build(
        {"ibu": house.site("ibu")}.get, pulse=lambda: Pulse(True, 0.0, 0), hosts=None, now_ms=house.now_ms
    )
    with served(app) as url:
        tab = open_tab(f"{url}/sites/ibu/", LAPTOP)
        expect(tab.page.locator("#sync")).to_have_text("Tersambung ke rumah")
        tab.page.get_by_role("link", name="Riwayat").click()
        expect(tab.page.locator(".chart canvas")).to_have_count(6)
        tab.page.get_by_role("link", name="Kondisi").click()
        expect(tab.page.locator(".hop")).to_have_count(3)
        tab.shot("cloud-health-1280")
        house.still_ms += 30 * 60_000
        tab.page.get_by_role("link", name="Sekarang").click()
        expect(tab.page.locator("#sync")).to_have_text("Tanpa kabar sejak 14.32")
        expect(tab.page.locator(".banner.warn:visible")).to_contain_text("Rumah tanpa kabar sejak 14.32")
        tab.shot("cloud-silent-1280")
        is_quiet(tab)


@pytest.mark.parametrize(
    ("minutes", "title"), [(3, "10 menit terakhir"), (50, "1 jam terakhir"), (300, "6 jam terakhir")]
)
def test_a_young_house_sees_its_first_minutes(
    tmp_path: Path, serve: Serve, open_tab: OpenTab, minutes: int, title: str
) -> None:
    house = empty_house(tmp_path)
    fill(house, [Part("garage", 1, 0, made_rows(1, 1.0, NOW_MS - minutes * 60_000, NOW_MS, 0, 1, 1, 1))])
    tab = open_tab(serve(house))
    expect(tab.page.locator("#h24")).to_have_text(title)
    expect(tab.page.locator(".chart canvas")).to_have_count(1)
    tab.shot(f"young-{minutes}")
    is_quiet(tab)
