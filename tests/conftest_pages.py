"""What the tests of pages may ask for; they load it with `pytest_plugins`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import PHONE, QUIET, OpenTab, Tab
from filled_house import (
    NOW_MS,
    FilledHouse,
    application,
    edge_condition,
    empty_house,
    fill,
    live_value,
    one_meter,
    served,
    three_meters,
)
from playwright.sync_api import Browser, sync_playwright

from pages.condition import CloudSide, Condition, Device, EdgeSide, Notice


@pytest.fixture(scope="session")
def one_meter_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = empty_house(tmp_path_factory.mktemp("one"))
    fill(house, one_meter())
    return house.path


@pytest.fixture
def house(one_meter_db: Path) -> FilledHouse:
    """The house with one meter; reading only, so that one database serves every test."""
    house = FilledHouse(one_meter_db, "edge")
    house.condition = edge_condition(NOW_MS)
    house.live = [live_value(NOW_MS)]
    return house


@pytest.fixture(scope="session")
def hosted_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = empty_house(tmp_path_factory.mktemp("hosted"), "cloud")
    fill(house, one_meter())
    return house.path


@pytest.fixture
def hosted_house(hosted_db: Path) -> FilledHouse:
    """The same house as its cloud shows it."""
    house = FilledHouse(hosted_db, "cloud")
    heard = CloudSide("", "ok", NOW_MS - 3_000)
    device = Device("garage", 65_538, NOW_MS - 9_000, 9_000, None, "live")
    house.condition = Condition((device,), EdgeSide(NOW_MS - 3_000, None), (heard,))
    house.live = [live_value(NOW_MS)]
    return house


@pytest.fixture
def fresh_house(one_meter_db: Path, tmp_path: Path) -> FilledHouse:
    """A copy of the house with one meter, for a test that changes it."""
    path = tmp_path / "edge.db"
    with closing(sqlite3.connect(one_meter_db)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    house = FilledHouse(path, "edge")
    house.condition = edge_condition(NOW_MS)
    return house


@pytest.fixture(scope="session")
def three_meters_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = empty_house(tmp_path_factory.mktemp("three"))
    fill(house, three_meters())
    return house.path


@pytest.fixture
def house_of_three(three_meters_db: Path) -> FilledHouse:
    house = FilledHouse(three_meters_db, "edge")
    house.condition = edge_condition(NOW_MS)
    return house


@pytest.fixture
def serve() -> Iterator[Callable[[FilledHouse], str]]:
    """`serve(house)` gives the address of its pages."""
    with ExitStack() as running:
        yield lambda house: running.enter_context(served(application(house)))


@pytest.fixture
def url(house: FilledHouse, serve: Callable[[FilledHouse], str]) -> str:
    """The address of a house that stands still, whose Pi tells its condition."""
    house.frozen = True
    house.condition = replace(
        house.condition, edge=EdgeSide(NOW_MS, 9, 1, 2, 3, 4, 5, "rtc", (Notice("other", {"kind": "x"}),))
    )
    return serve(house)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """`open_tab(url, size, dark=..., script=..., language=...)`; each in a context of its own."""
    contexts = ExitStack()

    def open_one(
        url: str, size: tuple[int, int] = PHONE, dark: bool = False, script: bool = True, language: str = "id"
    ) -> Tab:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale=language,
            timezone_id="America/New_York",
        )
        contexts.callback(context.close)
        tab = Tab(context.new_page())
        tab.page.on("request", lambda request: tab.hosts.add(urlsplit(request.url).hostname or ""))
        tab.page.on(
            "console",
            lambda message: tab.said.append(message.text) if message.type in ("error", "warning") else None,
        )
        tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.page.goto(url)
        return tab

    with contexts:
        yield open_one
