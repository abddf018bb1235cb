"""A pairing that waits, on the page "health": the code and its QR in both languages, readable, small, in no API."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import requests
from browser import LAPTOP, PHONE, OpenTab, has_no_sideways_scrolling, is_open_to_everybody, is_quiet
from filled_house import NOW_MS, ZONE, FilledHouse, edge_condition

from pages.condition import CloudSide, PairingWait
from pages.figures import Figures
from pages.notices import NoticeWriter
from pages.words import LANGUAGES, Words

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
PAGE = "https://kembar.example/pair"
WAITS = PairingWait("BCDF-GHJK", PAGE, f"{PAGE}?code=BCDF-GHJK", 540_000)


@pytest.mark.parametrize(
    ("language", "size", "dark"), [("id", PHONE, False), ("en", LAPTOP, True)], ids=["id-360", "en-1280-dark"]
)
def test_the_code_and_its_qr_stand_on_the_page(
    house: FilledHouse, serve: Serve, open_tab: OpenTab, language: str, size: tuple[int, int], dark: bool
) -> None:
    house.condition = replace(edge_condition(NOW_MS), pairing=WAITS, clouds=())
    tab = open_tab(serve(house) + "/health", size, dark, language=language)
    assert tab.page.locator(".user-code").inner_text() == WAITS.user_code
    assert tab.page.locator(".pairing a").get_attribute("href") == WAITS.link
    side = tab.page.locator("svg.qr").bounding_box()
    assert side is not None
    assert side["width"] >= 160, "a phone reads it from an arm's length"
    tab.shot(f"pairing-{language}-{size[0]}")
    has_no_sideways_scrolling(tab)
    is_open_to_everybody(tab)
    is_quiet(tab)


def test_the_code_is_gone_with_the_pairing_and_stands_in_no_answer_to_programs(
    house: FilledHouse, serve: Serve
) -> None:
    url = serve(house)
    headers = {"Host": "kembar.test"}
    assert "user-code" not in requests.get(url + "/health", headers=headers, timeout=20).text
    house.condition = replace(edge_condition(NOW_MS), pairing=WAITS)
    assert "user-code" in requests.get(url + "/health", headers=headers, timeout=20).text
    assert WAITS.user_code not in requests.get(url + "/api/v1/health", headers=headers, timeout=20).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cloud_that_nothing_is_sent_to_says_why(language: str) -> None:
    words = Words(language)
    why = "paired/0a.json is not what kembar-sync pair writes: remove it and pair again"
    condition = replace(
        edge_condition(NOW_MS), clouds=(CloudSide("paired/0a.json", "off", None, reason=why),)
    )
    (said,) = NoticeWriter(words, Figures(words, ZONE), NOW_MS).all(condition, "edge")
    assert why in said.text
    assert said.level == "warn"
