"""The pages of accounts over HTTP: who gets in by what, what a form must carry, what each role is shown."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from engines import AddressOf
from hosted import Hosted, hosted
from madeparts import row
from visiting import PASSWORD, Visiting, secret_of

from cloud.access import Role
from cloud.desk import Rules
from cloud.tries import FREE, MOST_AT_ONCE
from cloud.visitors import SESSION_COOKIE, SHARE_COOKIE
from store.part import Part

Browser = Callable[[], Visiting]
FORMS = ["/login", "/logout", "/invite", "/reset", "/s", "/account", "/new", "/signup"]
FORMS += ["/sites/rumah/people", "/sites/rumah/shares", "/sites/rumah/meter?meter=garage/1"]


@pytest.fixture
def cloud(address_of: AddressOf) -> Iterator[Hosted]:
    with hosted(address_of("cloud"), rules=Rules(open_signup=True)) as here:
        yield here


@pytest.fixture
def browser(cloud: Hosted) -> Iterator[Browser]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(Visiting(cloud.url))


@pytest.fixture
def owner(cloud: Hosted, browser: Browser) -> Visiting:
    sari = browser()
    assert sari.join(cloud.invited(), "Sari@contoh.id").headers["Location"] == "/sites/rumah/"
    return sari


def member(owner: Visiting, browser: Browser, name: str, role: Role) -> Visiting:
    """One whom the owner invited to rumah."""
    invited = owner.submit("/sites/rumah/people", way="invite", about=name, role=role.value)
    new = browser()
    assert new.join(secret_of(invited), name).status_code == 303
    return new


def test_an_invited_owner_sees_the_home_and_its_pages(owner: Visiting) -> None:
    for page in ("", "people", "shares", "log", "meters", "health"):
        assert owner.see(f"/sites/rumah/{page}").status_code == 200
    assert 'href="/sites/rumah/people"' in owner.see("/sites/rumah/").text
    assert owner.see("/sites/kos/").status_code == 303


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_was_not_made_for_this_browser_is_refused(
    owner: Visiting, browser: Browser, path: str
) -> None:
    foreign = browser().csrf()
    for csrf in ("", "0" * 64, foreign):
        assert owner.submit_as_it_is(path, csrf=csrf, way="make", label="x", days=7).status_code == 403
    assert owner.see("/sites/rumah/people").status_code == 200, "still logged in"
    assert "in force" not in owner.see("/sites/rumah/shares").text


def test_a_form_of_another_origin_is_refused(owner: Visiting) -> None:
    csrf = owner.csrf()
    owner.headers["Origin"] = "https://evil.example"
    assert owner.submit_as_it_is("/logout", csrf=csrf).status_code == 403


def test_a_login_has_a_new_secret_and_logging_out_ends_it(owner: Visiting, browser: Browser) -> None:
    first = owner.cookies[SESSION_COOKIE]
    assert owner.log_in("sari@CONTOH.id").status_code == 303
    assert owner.cookies[SESSION_COOKIE] != first
    held = owner.cookies[SESSION_COOKIE]
    assert owner.submit("/logout").status_code == 303
    for old in (first, held):
        thief = browser()
        thief.cookies.set(SESSION_COOKIE, old)
        assert thief.see("/sites/rumah/").status_code == 303


def test_wrong_and_unknown_names_are_answered_alike(owner: Visiting, browser: Browser) -> None:
    other = browser()
    said = [other.log_in(name, "wrong password") for name in ("sari@contoh.id", "nobody@contoh.id")]
    assert [one.status_code for one in said] == [403, 403]
    bodies = [one.text.replace("nobody@contoh.id", "sari@contoh.id") for one in said]
    assert bodies[0] == bodies[1]


def test_after_wrong_passwords_there_is_a_pause(owner: Visiting, browser: Browser) -> None:
    other = browser()
    codes = [other.log_in("sari@contoh.id", "wrong password").status_code for _ in range(FREE)]
    paused = other.log_in("sari@contoh.id")
    assert (codes, paused.status_code) == ([403] * FREE, 429)
    assert int(paused.headers["Retry-After"]) == 30


@pytest.mark.parametrize("role", [Role.VIEWER, Role.INSTALLER])
def test_who_is_no_owner_neither_sees_nor_does_what_owners_do(
    owner: Visiting, browser: Browser, role: Role
) -> None:
    other = member(owner, browser, "budi", role)
    assert other.see("/sites/rumah/").status_code == 200
    assert 'href="/sites/rumah/people"' not in other.see("/sites/rumah/").text
    for path in ("people", "shares", "log"):
        assert other.see(f"/sites/rumah/{path}").status_code == 403
    for path, way in (("people", "invite"), ("people", "remove"), ("shares", "make")):
        answer = other.submit(f"/sites/rumah/{path}", way=way, about="x", role="owner", account=1, days=7)
        assert answer.status_code == 403
    assert other.see("/sites/kos/").status_code == 303


def test_a_role_that_is_taken_is_gone_with_the_next_request(owner: Visiting, browser: Browser) -> None:
    other = member(owner, browser, "budi", Role.VIEWER)
    assert owner.submit("/sites/rumah/people", way="remove", account=2).status_code == 303
    assert other.see("/sites/rumah/").status_code == 303
    assert other.see("/api/v1/sites/rumah/latest").status_code == 401
    assert owner.submit("/sites/rumah/people", way="remove", account=1).status_code == 409, "the last owner"


def test_somebody_who_has_an_account_accepts_with_it(
    owner: Visiting, browser: Browser, cloud: Hosted
) -> None:
    secret = cloud.invited(2, Role.VIEWER)
    assert "kos" in owner.submit("/invite", code=secret).text
    assert owner.submit("/invite", code=secret, way="accept").headers["Location"] == "/sites/kos/"
    assert owner.submit("/invite", code=secret, way="accept").status_code == 404, "used"
    again, other = cloud.invited(2, Role.VIEWER), browser()
    assert (
        other.submit(
            "/invite", code=again, way="login", login="sari@contoh.id", password="wrong password"
        ).status_code
        == 403
    )
    found = other.submit("/invite", code=again, way="login", login="sari@contoh.id", password=PASSWORD)
    assert found.headers["Location"] == "/sites/kos/"


def test_a_name_that_is_taken_uses_no_invitation_up(owner: Visiting, browser: Browser, cloud: Hosted) -> None:
    secret, other = cloud.invited(), browser()
    assert other.join(secret, "SARI@contoh.id").status_code == 409
    assert other.join(secret, "budi", "short").status_code == 422
    assert other.join(secret, "budi").status_code == 303


def test_a_share_link_shows_one_home_and_lets_nothing_be_changed(
    owner: Visiting, browser: Browser, cloud: Hosted
) -> None:
    made = owner.submit("/sites/rumah/shares", way="make", label="Bu Ani", days=7)
    assert made.headers["Referrer-Policy"] == "no-referrer"
    assert "<svg" in made.text
    secret, guest = secret_of(made), browser()
    assert guest.see("/s").headers["Referrer-Policy"] == "no-referrer"
    assert guest.submit("/s", code=secret).headers["Location"] == "/sites/rumah/"
    assert guest.see("/sites/rumah/").status_code == 200
    assert guest.see("/api/v1/sites/rumah/meters").status_code == 200
    assert guest.see("/sites/kos/").status_code == 303
    for path in ("people", "shares", "log"):
        assert guest.see(f"/sites/rumah/{path}").status_code == 403
    assert guest.submit("/sites/rumah/shares", way="make", label="x", days=7).status_code == 403
    assert secret not in owner.see("/sites/rumah/shares").text
    assert owner.submit("/sites/rumah/shares", way="revoke", share=1).status_code == 303
    assert guest.see("/sites/rumah/").status_code == 303
    assert guest.see("/api/v1/sites/rumah/latest").status_code == 401
    assert guest.submit("/s", code=secret).status_code == 404
    log = owner.see("/sites/rumah/log?lang=en").text
    assert all(
        said in log for said in ("Link made", "Link opened", "Link revoked", "Bu Ani", "Sari@contoh.id")
    )


def test_logging_out_ends_what_a_share_link_opened(owner: Visiting, browser: Browser) -> None:
    guest, thief = browser(), browser()
    guest.submit("/s", code=secret_of(owner.submit("/sites/rumah/shares", way="make", label="x", days=7)))
    thief.cookies.set(SHARE_COOKIE, guest.cookies[SHARE_COOKIE])
    assert thief.see("/sites/rumah/").status_code == 200
    guest.submit("/logout")
    assert thief.see("/sites/rumah/").status_code == 303


def test_who_was_invited_does_not_learn_of_any_number_of_names(
    owner: Visiting, browser: Browser, cloud: Hosted
) -> None:
    secret, other = cloud.invited(), browser()
    codes = [other.join(secret, "sari@contoh.id").status_code for _ in range(MOST_AT_ONCE + 1)]
    assert set(codes[:10]) == {409}
    assert codes[-1] == 429


def test_an_owner_makes_a_link_for_a_member_of_his_homes_alone(
    owner: Visiting, browser: Browser, cloud: Hosted
) -> None:
    other = member(owner, browser, "budi", Role.VIEWER)
    secret = secret_of(owner.submit("/sites/rumah/people", way="reset", account=2))
    fresh = browser()
    assert fresh.submit("/reset", code=secret, new="short").status_code == 422
    assert fresh.submit("/reset", code=secret, new="a new password").status_code == 303
    assert fresh.submit("/reset", code=secret, new="a newer password").status_code == 422
    assert other.see("/sites/rumah/").status_code == 303, "logged out by it"
    assert fresh.log_in("budi", "a new password").status_code == 303
    assert fresh.submit("/invite", code=cloud.invited(2, Role.VIEWER), way="accept").status_code == 303
    assert owner.submit("/sites/rumah/people", way="reset", account=2).status_code == 403


def test_changing_the_password_ends_other_sessions_and_each_can_be_ended(
    owner: Visiting, browser: Browser
) -> None:
    phone, laptop = browser(), browser()
    for one in (phone, laptop):
        one.log_in("sari@contoh.id")
    assert phone.submit("/account", way="others").status_code == 303
    assert laptop.see("/sites/rumah/").status_code == 303
    laptop.log_in("sari@contoh.id")
    assert (
        laptop.submit("/account", way="password", old="wrong password", new="a new password").status_code
        == 403
    )
    assert laptop.submit("/account", way="password", old=PASSWORD, new="a new password").status_code == 303
    assert laptop.see("/sites/rumah/").status_code == 200
    assert phone.see("/sites/rumah/").status_code == 303


def test_an_account_makes_a_home_that_every_process_knows_at_once(owner: Visiting, cloud: Hosted) -> None:
    with hosted(cloud.address) as second:
        other = Visiting(second.url)
        other.cookies.set(SESSION_COOKIE, owner.cookies[SESSION_COOKIE])
        at = owner.submit("/new", title="Rumah Nenek").headers["Location"]
        assert "Rumah Nenek" in other.see(at).text
        assert at in other.see("/?form").text
        other.close()


def test_open_sign_up_makes_an_account_and_closed_one_does_not(browser: Browser, tmp_path: Path) -> None:
    new = browser()
    assert new.submit("/signup", login="dewi", new=PASSWORD).status_code == 303
    assert "dewi" in new.see("/account").text
    with (
        hosted(tmp_path / "closed.db", rules=Rules(own_sites=False)) as closed,
        Visiting(closed.url) as other,
    ):
        assert other.see("/signup").status_code == 404
        assert other.submit("/signup", login="dewi", new=PASSWORD).status_code == 404
        other.join(closed.invited(0, None), "dewi")
        assert other.submit("/new", title="x").status_code == 404


def test_an_owner_names_meters_with_a_form_of_this_browser(owner: Visiting, cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, [row(1)]))
    path = "/sites/rumah/meter?meter=garage/1"
    assert 'name="csrf"' in owner.see(path).text
    assert owner.submit(path, name="Garasi").status_code == 303
    assert "Garasi" in owner.see(path).text
