"""People at the hosted site in real Chromium: invited, logged in, sharing; and pages that everybody can use."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import LAPTOP, PHONE, OpenTab, Tab, has_no_sideways_scrolling, is_open_to_everybody, is_quiet
from hosted import Hosted, hosted
from playwright.sync_api import expect
from visiting import PASSWORD, Visiting

from cloud.desk import Rules

pytest_plugins = ("conftest_pages",)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db", rules=Rules(open_signup=True)) as here:
        yield here


def path_of(tab: Tab) -> str:
    return urlsplit(tab.page.url).path


def sign_up(tab: Tab, name: str) -> None:
    """On the page of an invitation, by its main form."""
    tab.page.locator("#login").fill(name)
    tab.page.locator("#new").fill(PASSWORD)
    tab.page.locator("form:has(#new) button").click()


def test_invited_signed_up_logged_in_shared_opened_elsewhere_and_revoked(
    cloud: Hosted, open_tab: OpenTab
) -> None:
    owner = open_tab(f"{cloud.url}/invite#{cloud.invited()}", PHONE, language="en")
    expect(owner.page.locator("#new")).to_be_visible()
    assert "#" not in owner.page.url
    owner.shot("cloud-invite")
    sign_up(owner, "Sari@contoh.id")
    owner.page.wait_for_url("**/sites/rumah/")
    owner.page.locator("details.menu summary").click()
    owner.shot("cloud-menu")
    owner.page.get_by_role("button", name="Log out").click()
    owner.page.locator("#login").fill("sari@contoh.id")
    owner.page.locator("#password").fill(PASSWORD)
    owner.page.get_by_role("button", name="Log in").click()
    owner.page.goto(f"{cloud.url}/sites/rumah/shares")
    owner.page.locator("#label").fill("Bu Ani")
    owner.page.get_by_role("button", name="Create link").click()
    link = owner.page.locator("#link").inner_text()
    expect(owner.page.locator("svg.qr")).to_be_visible()
    owner.shot("cloud-link")
    is_open_to_everybody(owner)
    guest = open_tab(link, PHONE)
    guest.page.wait_for_url("**/sites/rumah/")
    owner.page.goto(f"{cloud.url}/sites/rumah/shares")
    owner.page.get_by_role("button", name="Revoke").click()
    guest.page.goto(f"{cloud.url}/sites/rumah/history")
    assert path_of(guest) == "/"
    is_quiet(owner)


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_of_accounts_is_open_to_everybody(
    cloud: Hosted, open_tab: OpenTab, size: tuple[int, int]
) -> None:
    with Visiting(cloud.url) as other:
        other.join(cloud.invited(), "a-rather-long-name-of-somebody@keluarga-besar.example.id")
        other.submit("/sites/rumah/shares", way="make", label="Bu Ani di sebelah", days=30)
        other.submit("/sites/rumah/people", way="invite", about="Tukang listrik", role="installer")
    tab = open_tab(f"{cloud.url}/invite#{cloud.invited()}", size, dark=size == LAPTOP)
    sign_up(tab, "sari")
    tab.page.wait_for_url("**/sites/rumah/")
    pages = ["/?form", "/account", "/new", "/sites/rumah/people", "/sites/rumah/shares", "/sites/rumah/log"]
    for page in pages:
        tab.page.goto(cloud.url + page)
        name = page.strip("/?").replace("/", "-")
        tab.shot(f"cloud-{name}-{size[0]}")
        has_no_sideways_scrolling(tab)
        is_open_to_everybody(tab)
    stranger = open_tab(f"{cloud.url}/?form", size, dark=size == LAPTOP)
    for page in ("/?form", "/signup", "/invite", "/reset", "/s"):
        stranger.page.goto(cloud.url + page)
        stranger.shot(f"cloud-out-{page.strip('/?')}-{size[0]}")
        has_no_sideways_scrolling(stranger)
        is_open_to_everybody(stranger)
    is_quiet(tab)
    is_quiet(stranger)


def test_without_scripts_the_code_of_a_link_is_pasted(cloud: Hosted, open_tab: OpenTab) -> None:
    with Visiting(cloud.url) as other:
        other.join(cloud.invited(), "budi")
    tab = open_tab(f"{cloud.url}/invite", PHONE, script=False)
    tab.page.locator("#code").fill(cloud.invited())
    tab.page.locator("main button").click()
    sign_up(tab, "sari")
    assert path_of(tab) == "/sites/rumah/"
