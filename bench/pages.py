"""How soon a page can be used: in Chromium, with nothing kept from before, from the click to values and charts.

The house is the whole one of bench/household.py; the figures are those of the first page of both servers,
each as the median of some visits, so that one look at a busy moment does not count.
"""

import shutil
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from bench.catchup import TOKEN
from bench.household import household
from bench.shaped import readings
from pages.app import wall_ms
from store.by_stream import RowsByStream
from store.part import Part
from store.receiver import Receiver
from store.sqlite import open_database

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VISITS = 7
PHONE = (360, 800)
# A day of six sensors at 1 Hz, which the hosted page shows once it has arrived there.
ROWS, ARRIVE_S = 518_400, 120.0
# Usable: a value is seen, and the chart is drawn.
READY = "() => document.querySelector('#hero')?.textContent && document.querySelector('.chart canvas')"


def measure() -> dict[str, float]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("no Chromium is installed: apt-get install chromium")
    with TemporaryDirectory(prefix="kembar-bench-") as name:
        folder = Path(name)
        with closing(open_database(folder / "kembar.sqlite", "edge")) as db, db.write():
            rows = sorted(_rows(), key=lambda row: (row[1] or 0, row[0] or 0))
            Receiver(db, RowsByStream(db)).receive(Part("garage", 7, 0, rows))
        with household(folder) as house, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            lan = house.lan_api.removesuffix("api/v1")
            hosted = house.cloud_api.replace("/api/v1/", "/") + "/"
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            pages: dict[str, tuple[str, dict[str, str]]] = {"lan": (lan, {}), "cloud": (hosted, bearer)}
            took = {}
            for key, (url, headers) in pages.items():
                _until_shown(browser, url, headers)
                took[key] = median(_visit(browser, url, headers) for _ in range(VISITS))
            browser.close()
    return {f"page_ready_{key}_s": round(seconds, 2) for key, seconds in took.items()}


def _rows() -> list[tuple[int | None, ...]]:
    source = readings(start_ms=wall_ms() - 1000 * ROWS // 6)
    return [next(source) for _ in range(ROWS)]


def _until_shown(browser: Browser, url: str, headers: dict[str, str]) -> None:
    """The hosted page first has its meters when the backlog has arrived."""
    until_s = time.monotonic() + ARRIVE_S
    while True:
        try:
            _visit(browser, url, headers)
            return
        except PlaywrightError:
            if time.monotonic() > until_s:
                raise


def _visit(browser: Browser, url: str, headers: dict[str, str]) -> float:
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, extra_http_headers=headers
    )
    try:
        page = context.new_page()
        begun_s = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_function(READY, timeout=5_000)
        return time.perf_counter() - begun_s
    finally:
        context.close()
