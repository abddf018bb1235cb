"""The page of all homes in real Chromium, on a phone and on a laptop, in both languages."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from accountmaking import added
from browser import LAPTOP, PHONE, OpenTab, has_no_sideways_scrolling, is_open_to_everybody, is_quiet
from fleetmaking import DAY_MS, HOUR_MS, MINUTE_MS, NEW_CAUSE, compared, heard, home, measured
from hosted import Hosted, hosted
from visiting import PASSWORD

from cloud.access import Role
from store.database import Database
from store.part import Hole

pytest_plugins = ("conftest_pages",)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here, here.database() as db:
        fill(db, time.time_ns() // 1_000_000)
        yield here


def fill(db: Database, now_ms: int) -> None:
    """Homes in every state there is."""
    names = {
        "ibu": "Rumah Ibu", "melati": "Kos Melati, lantai dua sampai empat di belakang pasar", "rw": "Balai RW 05",
        "warung": "Warung Pak Slamet", "baru": "Rumah baru", "sawah": "Pompa sawah", "adik": "Rumah adik",
        "toko": "Toko", "masjid": "Masjid",
    }  # fmt: skip
    sites = {name: home(db, name, title) for name, title in names.items()}
    added(db, "sari", **{name: Role.INSTALLER if name == "melati" else Role.OWNER for name in names})
    heard(db, sites["ibu"], now_ms - 3 * DAY_MS - HOUR_MS, waiting=1_240)
    compared(db, sites["ibu"], now_ms - 4 * DAY_MS)
    gap = Hole(11, 20, NEW_CAUSE, now_ms - 90 * MINUTE_MS, now_ms - 10 * MINUTE_MS)
    heard(db, sites["melati"], now_ms, measured(1, 30, now_ms - 1_000, gap), version=None, waiting=None)
    for ago_ms, sender in ((2, "card"), (1, "copy"), (0, "card")):
        heard(db, sites["rw"], now_ms - ago_ms, sender=sender)
    compared(db, sites["rw"], now_ms - HOUR_MS, unlike=12)
    heard(
        db,
        sites["warung"],
        now_ms,
        measured(1, 30, now_ms - 2 * DAY_MS),
        version="0.2.0+g" + "5e1f" * 6 + "m",
    )
    heard(db, sites["sawah"], now_ms - 5_000, waiting=1_204_311)
    heard(db, sites["adik"], now_ms - 4_000, measured(1, 30, now_ms - 5_000), edge="garasi")
    heard(db, sites["adik"], now_ms - 9_000, edge="atap", version="0.0.9")
    for name in ("toko", "masjid"):
        heard(db, sites[name], now_ms - 12_000, measured(1, 30, now_ms - 13_000))
        compared(db, sites[name], now_ms - 3 * HOUR_MS)


def test_all_homes_fit_a_phone_and_a_laptop_in_both_languages(cloud: Hosted, open_tab: OpenTab) -> None:
    tab = open_tab(f"{cloud.url}/?form", PHONE, language="id")
    tab.page.locator("#login").fill("sari")
    tab.page.locator("#password").fill(PASSWORD)
    tab.page.locator("form:has(#password) button").click()
    tab.page.locator("main a[href='/fleet']").click()
    tab.page.wait_for_url("**/fleet")
    for size, language in ((PHONE, "id"), (PHONE, "en"), (LAPTOP, "id"), (LAPTOP, "en")):
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        tab.page.goto(f"{cloud.url}/fleet?lang={language}")
        tab.shot(f"cloud-fleet-{language}-{size[0]}")
        has_no_sideways_scrolling(tab)
        if language == "en":
            is_open_to_everybody(tab)
    tab.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    tab.page.goto(f"{cloud.url}/sites/warung/health?lang=id")
    tab.shot("cloud-fleet-health")
    has_no_sideways_scrolling(tab)
    is_quiet(tab)
