"""Who sees which house: public ones everybody, others who showed the token, nobody learns which there are."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosted import OTHER_TOKEN, PUBLIC_TOKEN, SITES, TOKEN, Hosted, hosted
from madeparts import row
from visiting import Visiting

from cloud.connections import connections_to
from cloud.login import COOKIE, MOST_SITES, Login, signing_key
from cloud.sites import HostedSite, Sites, SiteSetting
from cloud.tries import MOST_AT_ONCE
from store.part import Part

KEY = b"k" * 32


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


@pytest.fixture
def browser(cloud: Hosted) -> Iterator[Visiting]:
    with Visiting(cloud.url) as session:
        yield session


def test_a_public_house_needs_no_login(browser: Visiting, cloud: Hosted) -> None:
    assert browser.see("/sites/balai/").status_code == 200
    assert browser.see("/api/v1/sites/balai/meters").status_code == 200


@pytest.mark.parametrize("key", ["rumah", "there-is-none"])
@pytest.mark.parametrize("page", ["", "health", "history", "nothing-here"])
def test_a_hidden_house_is_answered_like_one_that_does_not_exist(
    browser: Visiting, cloud: Hosted, key: str, page: str
) -> None:
    answer = browser.see(f"/sites/{key}/{page}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/?next=/sites/{key}/{page}")
    for path in ("meters", "latest", "readings?format=csv", "nothing-here"):
        answer = browser.see(f"/api/v1/sites/{key}/{path}")
        assert (answer.status_code, answer.json()["error"]) == (401, "login")


def test_who_may_only_look_changes_nothing(browser: Visiting, cloud: Hosted) -> None:
    for token in (TOKEN, PUBLIC_TOKEN):
        cloud.batch(Part("garage", 7, 0, [row(1)]), token=token)
    path = "/sites/balai/meter?meter=garage/1"
    assert browser.see(path).status_code == 200
    assert " disabled" in browser.see(path).text
    assert cloud.form(path, None, name="x").status_code == 403
    assert cloud.form(path, TOKEN, name="x").status_code == 403, "another house's token"
    assert cloud.form(path, PUBLIC_TOKEN, name="Balai desa").status_code == 303
    assert "Balai desa" in browser.see(path).text
    assert cloud.form("/sites/rumah/meter?meter=garage/1", None, name="x").status_code == 303, "to the login"
    browser.enter(TOKEN)
    assert browser.submit("/sites/rumah/meter?meter=garage/1", name="Ibu").status_code == 303
    assert "Ibu" in browser.see("/sites/rumah/meter?meter=garage/1").text


def test_a_program_with_the_bearer_token_may_look_and_not_name(browser: Visiting, cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, [row(1)]))
    bearer, csrf = {"Authorization": f"Bearer {TOKEN}"}, browser.csrf()
    answer = browser.post(
        f"{cloud.url}/sites/rumah/meter?meter=garage/1",
        {"csrf": csrf, "name": "x"},
        headers=bearer,
        timeout=20,
    )
    assert answer.status_code == 403


def test_a_token_opens_its_house_and_no_other(browser: Visiting, cloud: Hosted) -> None:
    answer = browser.enter(f" {TOKEN}\n", "/sites/rumah/history")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sites/rumah/history")
    assert browser.see("/sites/rumah/").status_code == 200
    assert browser.see("/api/v1/sites/rumah/latest").status_code == 200
    assert browser.see("/sites/kos/").status_code == 303


def test_a_browser_remembers_several_houses_until_it_leaves(browser: Visiting, cloud: Hosted) -> None:
    browser.enter(TOKEN)
    browser.enter(OTHER_TOKEN)
    front = browser.see("/").text
    assert all(f'href="/sites/{key}/"' in front for key in ("rumah", "kos", "balai"))
    browser.submit("/logout")
    assert browser.see("/sites/rumah/").status_code == 303


def test_the_only_house_one_may_see_is_opened_at_once(browser: Visiting, cloud: Hosted) -> None:
    answer = browser.see("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sites/balai/")
    assert 'name="token"' in browser.see("/?form").text


@pytest.mark.parametrize(
    "going_on", ["https://evil.example/", "//evil.example", "/sites/kos/", "/logout", "/sites/rumah/\r\nX: y"]
)
def test_a_login_leads_nowhere_but_into_its_own_house(
    browser: Visiting, cloud: Hosted, going_on: str
) -> None:
    assert browser.enter(TOKEN, going_on).headers["Location"] == "/sites/rumah/"


def test_what_was_asked_for_comes_back_escaped(browser: Visiting, cloud: Hosted) -> None:
    page = browser.see('/?next="><script>alert(1)</script>').text
    assert "<script>alert" not in page


def test_the_cookie_is_for_this_server_alone(browser: Visiting, cloud: Hosted) -> None:
    said = browser.enter(TOKEN).headers["Set-Cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    assert "secure" not in said
    browser.headers["X-Forwarded-Proto"] = "https"
    assert "; secure" in browser.enter(TOKEN).headers["Set-Cookie"].lower()


def test_a_form_on_a_foreign_page_cannot_log_in(browser: Visiting, cloud: Hosted) -> None:
    browser.headers["Origin"] = "https://evil.example"
    assert browser.enter(TOKEN).status_code == 403
    assert COOKIE not in browser.cookies


def test_wrong_tokens_are_told_and_soon_slowed_down_but_the_right_one_opens(
    browser: Visiting, cloud: Hosted
) -> None:
    answers = [browser.enter(f"wrong-{n}") for n in range(MOST_AT_ONCE + 1)]
    assert [answer.status_code for answer in answers] == [403] * MOST_AT_ONCE + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert 'role="alert"' in answers[0].text
    assert browser.enter(TOKEN).status_code == 303
    assert browser.enter("still-a-wrong-token").status_code == 429


def test_the_bearer_token_reads_its_own_house_and_no_other(browser: Visiting, cloud: Hosted) -> None:
    assert browser.see("/api/v1/sites/rumah/meters", TOKEN).status_code == 200
    assert browser.see("/api/v1/sites/kos/meters", TOKEN).status_code == 401
    assert browser.see("/api/v1/sites/rumah/meters", "wrong").status_code == 401


def test_a_long_form_is_refused(browser: Visiting, cloud: Hosted) -> None:
    assert browser.enter("x" * 30_000).status_code == 413


def test_the_front_page_speaks_both_languages(browser: Visiting, cloud: Hosted) -> None:
    assert 'lang="id"' in browser.see("/?form&lang=id").text
    assert "Log in with the token" in browser.see("/?form&lang=en").text


def login(tmp_path: Path, settings: list[SiteSetting], key: bytes = KEY) -> tuple[Login, Sites]:
    connections = connections_to(f"sqlite:///{tmp_path / 'sites.db'}")
    try:
        found = Sites(settings, connections)
    finally:
        connections.close()
    return Login(found, key), found


def site_of(sites: Sites, key: str) -> HostedSite:
    site = sites.by_key(key)
    assert site is not None
    return site


def test_a_new_token_ends_what_was_remembered(tmp_path: Path) -> None:
    before, sites = login(tmp_path, SITES)
    cookie = before.opened(None, site_of(sites, "rumah"))
    assert [site.key for site in before.opened_sites(cookie)] == ["rumah"]
    after, _ = login(tmp_path, [SiteSetting("rumah", "a-new-token-of-the-house")])
    assert after.opened_sites(cookie) == []


@pytest.mark.parametrize("cookie", ["", "x", "eyJydW1haCI6IngifQ.aaaa.bbbb", "." * 5000])
def test_a_cookie_that_was_not_signed_here_opens_nothing(tmp_path: Path, cookie: str) -> None:
    here, sites = login(tmp_path, SITES)
    elsewhere, _ = login(tmp_path, SITES, b"another key of thirty-two bytes.")
    assert here.opened_sites(cookie) == []
    assert here.opened_sites(elsewhere.opened(None, site_of(sites, "rumah"))) == []


def test_a_cookie_stays_within_its_size(tmp_path: Path) -> None:
    here, sites = login(tmp_path, [SiteSetting(f"site-{n}", f"the-token-of-site-{n}") for n in range(99)])
    cookie = None
    for site in sites.all():
        cookie = here.opened(cookie, site)
    assert cookie is not None
    assert len(cookie) < 4096
    assert len(here.opened_sites(cookie)) == MOST_SITES


def test_a_site_keeps_its_number_and_two_cannot_share_a_token(tmp_path: Path) -> None:
    _, first = login(tmp_path, SITES)
    _, again = login(tmp_path, SITES[::-1])
    assert {s.key: s.number for s in first.all()} == {s.key: s.number for s in again.all()}
    with pytest.raises(ValueError, match="same token"):
        login(tmp_path, [SiteSetting("a", TOKEN), SiteSetting("b", TOKEN)])


def test_the_signing_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "login.key")
    assert (len(key), signing_key(tmp_path / "login.key")) == (32, key)
    assert stat.S_IMODE((tmp_path / "login.key").stat().st_mode) == 0o600
    (tmp_path / "login.key").write_bytes(b"")
    with pytest.raises(ValueError, match="cut off"):
        signing_key(tmp_path / "login.key")
