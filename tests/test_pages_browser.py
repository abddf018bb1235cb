"""The pages in real headless Chromium: live, quiet, complete without scripts, on phones and laptops."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from browser import LAPTOP, PHONE, OpenTab, has_no_sideways_scrolling, is_open_to_everybody, is_quiet
from filled_house import (
    NOW_MS,
    FilledHouse,
    edge_condition,
    live_value,
)
from playwright.sync_api import expect

from pages.figures import Figures
from pages.words import LANGUAGES, Words

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
DAY, METER, RECAP = "/history?day=2026-11-19", "/meter?meter=garage/1", "/recap?at=2026-11"
N = "\u00a0"


@pytest.mark.parametrize("path", ["/", DAY, "/meters", METER, RECAP, "/health"])
@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [("id", PHONE, False), ("id", LAPTOP, True), ("en", PHONE, True), ("en", LAPTOP, False)],
    ids=["id-360-light", "id-1280-dark", "en-360-dark", "en-1280-light"],
)
@pytest.mark.parametrize("twin", ["edge", "cloud"])
def test_every_page_is_quiet_and_fits(
    request: pytest.FixtureRequest,
    serve: Serve,
    open_tab: OpenTab,
    path: str,
    size: tuple[int, int],
    dark: bool,
    language: str,
    twin: str,
) -> None:
    house: FilledHouse = request.getfixturevalue("house" if twin == "edge" else "hosted_house")
    house.live = [live_value(NOW_MS + 600_000)]
    tab = open_tab(serve(house) + path, size, dark, language=language)
    tab.page.wait_for_load_state("networkidle" if path != "/" else "load")
    charts = {"/": 1, DAY: 6, "/meters": 0, METER: 0, RECAP: 0, "/health": 0}[path]
    expect(tab.page.locator(".chart canvas")).to_have_count(charts)
    assert tab.page.locator("html").get_attribute("lang") == language
    ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(12, 16, 21)" if dark else "rgb(243, 245, 247)")
    name = {
        "/": "now",
        DAY: "history",
        "/meters": "meters",
        METER: "meter",
        RECAP: "recap",
        "/health": "health",
    }[path]
    tab.shot(f"{name}-{twin}-{language}-{size[0]}-{'dark' if dark else 'light'}")
    has_no_sideways_scrolling(tab)
    is_open_to_everybody(tab)
    is_quiet(tab)


def test_what_shuts_somebody_out_is_found(house: FilledHouse, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(house) + "/health")
    tab.page.evaluate("document.body.append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        is_open_to_everybody(tab)


def test_every_value_is_there_without_scripts(house: FilledHouse, serve: Serve, open_tab: OpenTab) -> None:
    url = serve(house)
    house.live = [live_value(house.now_ms())]
    tab = open_tab(url, script=False)
    assert tab.page.locator("#hero").inner_text() == f"1.184{N}W"
    assert len(tab.page.locator(".tile").all()) == 6
    tab = open_tab(url + DAY, LAPTOP, script=False)
    expect(tab.page.locator("tbody tr")).to_have_count(24)
    expect(tab.page.locator("button[type=submit]")).to_be_visible()
    expect(tab.page.locator(".needs-charts")).to_be_hidden()
    tab.shot("history-plain-1280")
    is_quiet(tab)


def test_a_range_is_picked_by_dragging_and_a_gap_names_its_cause(
    house: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(house) + DAY, LAPTOP)
    box = tab.page.locator(".u-over").first.bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 50)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.875, box["y"] + 60)
    tab.page.mouse.up()
    expect(tab.page.locator("#picked p")).to_have_text("18.00–21.00")
    expect(tab.page.locator("#picked dd")).to_have_count(4)
    expect(tab.page.locator(".sel:visible")).to_have_count(6)
    tab.page.locator(".blank").first.hover()
    expect(tab.page.locator(".blank .tip").first).to_contain_text("Alat mati, 53 menit")
    tab.shot("picked-1280", whole=False)
    tab.page.locator("#picked button").click()
    expect(tab.page.locator("#picked")).to_contain_text("Seret di grafik")
    is_quiet(tab)


def test_day_and_meter_are_chosen_without_a_button(
    house_of_three: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(house_of_three) + "/history")
    tab.page.locator("#m").select_option("garage/2")
    tab.page.wait_for_url("**meter=garage%2F2**")
    tab.page.locator("input[type=date]").fill("2026-11-19")
    tab.page.wait_for_url("**at=2026-11-19**")
    expect(tab.page.locator(".when .date")).to_contain_text("Kamis, 19 Nov 2026")
    assert tab.page.locator("#m").input_value() == "garage/2"
    is_quiet(tab)


def test_a_day_without_data_says_when_recording_began(
    house: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(house) + "/history?day=2026-11-10&lang=en")
    expect(tab.page.locator(".empty")).to_contain_text("There is nothing: Tuesday, 10 Nov 2026.")
    tab.page.get_by_text("To the first day").click()
    expect(tab.page.locator(".when .date")).to_contain_text("Tuesday, 17 Nov 2026")
    is_quiet(tab)


def test_theme_and_language_are_remembered(house: FilledHouse, serve: Serve, open_tab: OpenTab) -> None:
    url = serve(house)
    tab = open_tab(url + "/health")
    root, toggle = tab.page.locator("html"), tab.page.locator("[data-theme-toggle]")
    toggle.click()
    toggle.click()
    assert root.get_attribute("data-theme") == "dark"
    tab.page.get_by_label("EN, English").click()
    tab.page.goto(url + "/health")
    assert (root.get_attribute("data-theme"), root.get_attribute("lang")) == ("dark", "en")
    toggle.click()
    tab.page.goto(url + "/health")
    assert root.get_attribute("data-theme") is None
    is_quiet(tab)


def test_the_health_page_renews_itself(house: FilledHouse, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(house) + "/health", LAPTOP)
    expect(tab.page.locator(".hop .badge").last).to_have_text("Sinkron")
    house.condition = edge_condition(NOW_MS, 773_700, "catching-up")
    expect(tab.page.locator(".hop .badge").last).to_have_text("Menyusul", timeout=8000)
    expect(tab.page.locator("#sync")).to_have_text("Menyusul · 774\u00a0rb tertunda")
    expect(tab.page.locator("progress")).to_be_visible()
    tab.shot("health-catching-up-1280")
    is_quiet(tab)


def test_a_cloud_that_refuses_is_red_with_its_reason(
    house: FilledHouse, serve: Serve, open_tab: OpenTab
) -> None:
    cloud = replace(house.condition.clouds[0], state="not-admitted", reason="401: unknown token")
    house.condition = replace(house.condition, clouds=(cloud,))
    tab = open_tab(serve(house) + "/health")
    expect(tab.page.locator(".banner.over")).to_contain_text("401: unknown token")
    tab.shot("health-refused-360")


def test_the_pages_work_without_the_chart_library(
    house: FilledHouse, serve: Serve, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.render._CHART_LIBRARY", "vendor/nothing.js")
    tab = open_tab(serve(house) + DAY)
    expect(tab.page.locator("tbody tr")).to_have_count(24)
    expect(tab.page.locator(".needs-charts")).to_be_hidden()
    is_quiet(tab)


@pytest.mark.parametrize("language", LANGUAGES)
def test_browser_and_server_write_the_same_figures(
    house: FilledHouse, serve: Serve, open_tab: OpenTab, language: str
) -> None:
    url = serve(house)
    tab = open_tab(f"{url}/health?lang={language}")
    figures = Figures(Words(language), house.site().zone)
    milliwatts = [0, 1, 499, 500, 93_450, 1_184_000, 9_999_499, 9_999_500, 12_345_000, -2_500, 1_005_000]
    watt_hours = [0, 4, 5, 9_994, 99_999, 100_000, 123_450, 999_999, 1_000_000, 87_654_321]
    counts = [0, 999, 9_999, 10_000, 774_499, 999_499, 999_500, 9_949_999, 9_950_000, 87_654_321]
    ages = [0, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000, 900_000_000]
    moments = [NOW_MS, NOW_MS - 86_400_000, NOW_MS - 40_000_000]
    written = tab.page.evaluate(
        """([mw, wh, counts, ages, moments, now]) => [
            mw.map(v => Kembar.together(Kembar.power(v / 1000))), wh.map(v => Kembar.together(Kembar.kwh(v))),
            counts.map(Kembar.many), ages.map(Kembar.age), moments.map(v => Kembar.since(v, now))]""",
        [milliwatts, watt_hours, counts, ages, moments, NOW_MS],
    )
    assert json.loads(json.dumps(written)) == [
        [str(figures.power(mw)) for mw in milliwatts],
        [str(figures.kwh(wh)) for wh in watt_hours],
        [figures.many(count) for count in counts],
        [figures.age(age) for age in ages],
        [figures.since(ms, NOW_MS) for ms in moments],
    ]
