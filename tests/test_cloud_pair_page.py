"""Confirming an edge by its code: who may, for which home, how often; the page of a home's edges; real Chromium."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from browser import PHONE, OpenTab, has_no_sideways_scrolling, is_open_to_everybody, is_quiet
from hosted import TOKEN, Hosted, hosted
from playwright.sync_api import expect
from visiting import PASSWORD, Visiting, secret_of

from cloud.access import Role
from cloud.desk import Rules
from cloud.pairing import INTERVAL_S, MOST_TRIES
from sync import grant as words

pytest_plugins = ("conftest_pages",)
Browser = Callable[[], Visiting]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


@pytest.fixture
def browser(cloud: Hosted) -> Iterator[Browser]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(Visiting(cloud.url))


@pytest.fixture
def owner(cloud: Hosted, browser: Browser) -> Visiting:
    sari = browser()
    sari.join(cloud.invited(), "sari")
    return sari


def send(cloud: Hosted, path: str, token: str | None = None, **fields: str) -> Any:
    headers = {"Content-Type": words.FORM} | ({"Authorization": f"Bearer {token}"} if token else {})
    return requests.post(cloud.url + path, data=fields, headers=headers, timeout=20).json()


def wish(cloud: Hosted, edge: str = "pi-dapur") -> Any:
    return send(cloud, words.PAIR, client_id=words.CLIENT_ID, edge=edge, version="0.1.0")


def fetch(cloud: Hosted, wished: Any) -> Any:
    with cloud.database() as db, db.write():  # as if the interval were over
        db.execute("UPDATE pairings SET polled_ms = polled_ms - ?", (1000 * INTERVAL_S,))
    grant = {"client_id": words.CLIENT_ID, "grant_type": words.GRANT_TYPE}
    return send(cloud, words.PAIR_TOKEN, device_code=wished["device_code"], **grant)


def works(cloud: Hosted, token: str) -> int:
    return cloud.post("/api/v1/streams/cursors", b"[]", token).status_code


def acts(cloud: Hosted) -> list[tuple[str, str]]:
    with cloud.database() as db:
        return list(
            db.execute("SELECT act, about FROM audit WHERE act <> 'signed-up' ORDER BY id").fetchall()
        )


def test_the_code_goes_along_through_the_login(cloud: Hosted, owner: Visiting, browser: Browser) -> None:
    code, phone = wish(cloud)["user_code"], browser()
    to_login = phone.see(f"/pair?code={code}").headers["Location"]
    assert f'value="/pair?code={code}"' in phone.see(to_login).text
    assert phone.log_in("sari", going_on=f"/pair?code={code}").headers["Location"] == f"/pair?code={code}"
    assert "pi-dapur" in phone.see(f"/pair?code={code}").text
    assert browser().see("/pair").headers["Location"] == "/?next=%2Fpair"


def test_a_confirmed_edge_sends_is_listed_revoked_and_all_is_noted(cloud: Hosted, owner: Visiting) -> None:
    wished = wish(cloud)
    shown = owner.see(f"/pair?code={wished['user_code'].lower().replace('-', ' ')}").text
    assert all(said in shown for said in ("pi-dapur", "0.1.0", "127.0.0.1", wished["user_code"]))
    done = owner.submit("/pair", way="confirm", code=wished["user_code"], site="rumah")
    assert done.headers["Location"] == "/sites/rumah/edges?paired"
    token = fetch(cloud, wished)["access_token"]
    assert works(cloud, token) == 200
    assert "pi-dapur" in owner.see("/sites/rumah/edges").text
    newer = send(cloud, words.ROTATE, token)["access_token"]
    assert works(cloud, newer) == 200
    assert owner.submit("/sites/rumah/edges", way="revoke", token=2).status_code == 303
    assert works(cloud, newer) == 401
    assert "pi-dapur" not in owner.see("/sites/rumah/edges").text
    assert [act for act, _ in acts(cloud)][-3:] == ["paired", "token-rotated", "token-revoked"]
    assert ("paired", "pi-dapur (127.0.0.1)") in acts(cloud)


def test_an_edge_that_gives_its_token_up_is_noted(cloud: Hosted, owner: Visiting) -> None:
    wished = wish(cloud)
    owner.submit("/pair", way="confirm", code=wished["user_code"], site="rumah")
    send(cloud, words.REVOKE, fetch(cloud, wished)["access_token"])
    assert acts(cloud)[-1] == ("unpaired", "pi-dapur")


def test_a_denied_edge_gets_nothing_and_a_code_is_decided_once(cloud: Hosted, owner: Visiting) -> None:
    wished = wish(cloud)
    denied = owner.submit("/pair", way="deny", code=wished["user_code"])
    assert denied.headers["Location"] == "/pair?denied"
    assert fetch(cloud, wished)["error"] == words.DENIED
    again = owner.submit("/pair", way="confirm", code=wished["user_code"], site="rumah")
    assert again.status_code == 404
    assert acts(cloud)[-1] == ("pair-denied", "pi-dapur (127.0.0.1)")


def test_a_new_home_is_made_with_its_edge_or_not_at_all(cloud: Hosted, browser: Browser) -> None:
    dewi, wished = browser(), wish(cloud)
    dewi.join(cloud.invited(0, None), "dewi")
    code = wished["user_code"]
    assert 'name="title"' in dewi.see(f"/pair?code={code}").text
    assert dewi.submit("/pair", way="new", code=code, title=" ").status_code == 422
    made = dewi.submit("/pair", way="new", code=code, title="Rumah Nenek").headers["Location"]
    assert made.startswith("/sites/rumah-nen-")
    assert fetch(cloud, wished)["title"] == "Rumah Nenek"
    assert dewi.submit("/pair", way="new", code=code, title="Once more").status_code == 404
    with cloud.database() as db:
        assert db.execute("SELECT count(*) FROM homes").fetchone()[0] == 1


def test_an_installer_connects_and_a_viewer_a_stranger_and_a_typed_token_do_not(
    cloud: Hosted, owner: Visiting, browser: Browser
) -> None:
    code = wish(cloud)["user_code"]
    for role, may in ((Role.VIEWER, False), (Role.INSTALLER, True)):
        invited = owner.submit("/sites/rumah/people", way="invite", about="x", role=role.value)
        other = browser()
        other.join(secret_of(invited), f"who-{role}")
        assert ('href="/sites/rumah/edges"' in other.see("/sites/rumah/").text) == may
        assert other.see("/sites/rumah/edges").status_code == (200 if may else 403)
        foreign = other.submit("/pair", way="confirm", code=code, site="kos")
        unknown = other.submit("/pair", way="confirm", code=code, site="there-is-none")
        assert foreign.status_code == unknown.status_code == 403
        assert foreign.text == unknown.text
        mine = other.submit("/pair", way="confirm", code=code, site="rumah")
        assert mine.status_code == (303 if may else 403)
    holder = browser()
    holder.enter(TOKEN)
    assert holder.see("/sites/rumah/edges").status_code == 403
    assert holder.submit("/pair", way="confirm", code=code, site="rumah").headers["Location"].startswith("/?")


def test_who_may_make_no_home_is_told_whom_to_ask(tmp_path: Path) -> None:
    with hosted(tmp_path / "closed.db", rules=Rules(own_sites=False)) as closed, Visiting(closed.url) as dewi:
        dewi.join(closed.invited(0, None), "dewi")
        code = wish(closed)["user_code"]
        assert 'name="title"' not in dewi.see(f"/pair?code={code}").text
        assert dewi.submit("/pair", way="new", code=code, title="x").status_code == 404


def test_codes_cannot_be_guessed_for_long(cloud: Hosted, owner: Visiting) -> None:
    codes = [owner.see("/pair?code=BBBB-BBBB").status_code for _ in range(MOST_TRIES + 1)]
    assert codes == [404] * MOST_TRIES + [429]
    code = wish(cloud)["user_code"]
    refused = owner.submit("/pair", way="confirm", code=code, site="rumah")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")


def test_a_form_for_pairing_and_one_for_revoking_carry_their_token(cloud: Hosted, owner: Visiting) -> None:
    for path in ("/pair", "/sites/rumah/edges"):
        assert owner.submit_as_it_is(path, csrf="0" * 64, way="confirm").status_code == 403
        assert owner.submit(path, way="other").status_code == 422


def test_an_edge_elsewhere_is_told_from_one_in_front_of_a_person(cloud: Hosted, owner: Visiting) -> None:
    code = wish(cloud)["user_code"]
    said = "another internet connection"
    assert said not in owner.see(f"/pair?code={code}&lang=en").text
    with cloud.database() as db, db.write():
        db.execute("UPDATE pairings SET address = '203.0.113.9'")
    assert said in owner.see(f"/pair?code={code}&lang=en").text


def test_paired_by_a_person_in_a_real_browser(cloud: Hosted, owner: Visiting, open_tab: OpenTab) -> None:
    owner.submit("/new", title="Rumah Nenek di Bandung")
    wished, tab = wish(cloud), open_tab(f"{cloud.url}/pair", PHONE)
    tab.page.locator("#login").fill("sari")
    tab.page.locator("#password").fill(PASSWORD)
    tab.page.locator("form:has(#login) button").click()
    tab.page.wait_for_url("**/pair")
    tab.shot("cloud-pair-code")
    is_open_to_everybody(tab)
    tab.page.locator("#code").fill(wished["user_code"].lower())
    tab.page.locator("form:has(#code) button").click()
    expect(tab.page.locator(".user-code")).to_have_text(wished["user_code"])
    has_no_sideways_scrolling(tab)
    is_open_to_everybody(tab)
    tab.page.locator("details:has(#title) summary").click()
    tab.shot("cloud-pair-edge")
    tab.page.locator("#site").select_option("rumah")
    tab.page.locator("form:has(#site) button").click()
    tab.page.wait_for_url("**/sites/rumah/edges?paired")
    assert works(cloud, fetch(cloud, wished)["access_token"]) == 200
    tab.page.reload()
    expect(tab.page.locator(".rows li")).to_contain_text("pi-dapur")
    tab.shot("cloud-edges")
    has_no_sideways_scrolling(tab)
    is_open_to_everybody(tab)
    tab.page.locator(".rows button").click()
    expect(tab.page.locator(".rows .note")).to_be_visible()
    assert acts(cloud)[-1][0] == "token-revoked"
    is_quiet(tab)
