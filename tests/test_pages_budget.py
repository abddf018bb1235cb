"""What a page may cost a phone: bytes, requests, elements; the budget of docs/pages.md, kept."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import PHONE, OpenTab
from filled_house import NOW_MS, FilledHouse, live_value

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
PAGE = Path(__file__).parent.parent / "docs" / "pages.md"
PATHS = {
    "Now": "/",
    "History, a day": "/history?at=2026-11-19&meter=all",
    "History, a month": "/history?period=month&at=2026-11&meter=garage/1",
    "Meters": "/meters",
    "A meter": "/meter?meter=garage/1",
    "Health": "/health",
    "Recap": "/recap?at=2026-11",
}
# What the browser tells of everything that the page took: decoded bytes, since nothing is packed on the LAN.
COUNT = """() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(one => !one.name.includes('/api/'));
  return [all.reduce((sum, one) => sum + one.encodedBodySize, 0), all.length, document.querySelectorAll('*').length];
}"""


def budget() -> dict[str, tuple[int, int, int]]:
    """Page -> (kB, requests, elements), as the table of docs/pages.md says."""
    rows = re.findall(
        r"^\| ([A-Z][^|]*?) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    return {name: (int(kb), int(requests), int(elements)) for name, kb, requests, elements in rows}


def test_the_budget_is_written_down_for_every_page() -> None:
    assert set(budget()) == set(PATHS)
    assert budget()["Now"][0] <= 150


@pytest.mark.parametrize("name", PATHS)
def test_a_page_keeps_its_budget(
    house_of_three: FilledHouse, serve: Serve, open_tab: OpenTab, name: str
) -> None:
    house_of_three.frozen = True
    house_of_three.live = [live_value(NOW_MS, meter=f"garage/{channel}") for channel in (1, 2, 3)]
    tab = open_tab(serve(house_of_three) + PATHS[name], PHONE)
    tab.page.wait_for_load_state("load")
    size, requests, elements = tab.page.evaluate(COUNT)
    most = budget()[name]
    assert size > 10_000
    assert (size <= most[0] * 1000, requests <= most[1], elements <= most[2]) == (True, True, True), (
        f"{size} bytes, {requests} requests, {elements} elements; the budget is {most}"
    )
