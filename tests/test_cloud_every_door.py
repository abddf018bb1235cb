"""Tenants kept apart: every route of the hosted site asked as every kind of visitor, over HTTP at the real server."""

from collections.abc import Iterator
from pathlib import Path

import doors
import pytest
from doors import DOORS, HOME, NO_HOME, OF_A_HOME, STRANGERS, VISITORS, Asker
from hosted import OTHER_TOKEN, Hosted, hosted
from madeparts import row
from visiting import secret_of

from cloud.access import ALLOWED, BY_SHARE, BY_TOKEN, Role
from cloud.pairing import Pairings
from cloud.shares import Shares
from cloud.tokens import Tokens
from pages.app import wall_ms
from store.part import Part


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosted(tmp_path_factory.mktemp("doors") / "cloud.db") as here:
        yield here


@pytest.fixture(scope="module")
def asking(cloud: Hosted) -> Iterator[dict[str, Asker]]:
    with doors.askers(cloud) as made:
        yield made


def test_every_route_is_in_the_table_and_nothing_else(cloud: Hosted) -> None:
    assert {(door.method, door.path) for door in DOORS} == cloud.routes
    assert len(DOORS) == len(cloud.routes)


def test_every_answer_is_what_the_policy_says_and_what_the_page_says(tmp_path: Path) -> None:
    with hosted(tmp_path / "cloud.db") as fresh:
        found = doors.seen(fresh)
    wrong = {
        (door.name, who.name): (door.expected(who), found[door.name, who.name])
        for door in DOORS
        for who in VISITORS
        if door.expected(who) != found[door.name, who.name]
    }
    assert wrong == {}
    page = doors.PAGE.read_text("utf-8")
    assert doors.filled(page, doors.table(found)) == page, "make roles brings it up to date"


def test_the_policy_of_the_table_is_that_of_the_program() -> None:
    acts = {who.name: who.acts for who in VISITORS}
    assert {role: {act.value for act in ALLOWED[role]} for role in Role} == {
        role: set(acts[role]) for role in Role
    }
    assert {act.value for act in BY_SHARE} == acts["share link"]
    assert {act.value for act in BY_TOKEN} == acts["typed token"]


@pytest.mark.parametrize("name", STRANGERS)
def test_a_home_of_others_is_answered_like_one_that_does_not_exist(
    asking: dict[str, Asker], name: str
) -> None:
    stranger = asking[name]
    for door in OF_A_HOME:
        there, nowhere = stranger.ask(door), stranger.ask(door, NO_HOME)
        assert doors.plain(there, HOME) == doors.plain(nowhere, NO_HOME), door.name
        assert "Rumah Ibu" not in there.text


@pytest.mark.parametrize("name", STRANGERS)
def test_a_head_request_and_a_longer_path_tell_no_more(asking: dict[str, Asker], name: str) -> None:
    stranger = asking[name]
    for path in ("/sites/KEY/", "/sites/KEY/nothing-here", "/api/v1/sites/KEY", "/api/v1/sites/KEY/latest/x"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST"):
            both = [
                doors.plain(
                    stranger.request(method, stranger.url + path.replace("KEY", key), allow_redirects=False),
                    key,
                )
                for key in (HOME, NO_HOME)
            ]
            assert both[0] == both[1], (method, path)


def test_a_form_that_names_a_home_of_others_is_answered_like_one_of_no_home(
    cloud: Hosted, asking: dict[str, Asker]
) -> None:
    other = asking["owner elsewhere"]
    with cloud.database() as db:
        code = Pairings(Tokens(wall_ms), wall_ms).start(db, "pi", "1", "").user_code
    for path, fields in (
        ("/account", {"way": "leave"}),
        ("/pair", {"way": "confirm", "code": code}),
        ("/login", {"login": "x", "password": "x"}),
    ):
        both = [
            doors.plain(other.submit(path, **fields, site=key, next=f"/sites/{key}/"), key)
            for key in (HOME, NO_HOME)
        ]
        assert both[0] == both[1], path


def test_an_owner_elsewhere_moves_nothing_by_the_numbers_of_this_home(
    cloud: Hosted, asking: dict[str, Asker]
) -> None:
    owner, other = asking["owner"], asking["owner elsewhere"]
    invitation = secret_of(owner.submit(f"/sites/{HOME}/people", way="invite", about="x", role="viewer"))
    before = state(cloud)
    for number in range(1, 12):
        for page, way, field in (
            ("people", "revoke", "invitation"), ("people", "role", "account"), ("people", "remove", "account"),
            ("people", "reset", "account"), ("shares", "revoke", "share"), ("edges", "revoke", "token"),
        ):  # fmt: skip
            if (field, number) not in OWN:
                fields: dict[str, str | int] = {"way": way, field: number, "role": "viewer"}
                other.submit(f"/sites/kos/{page}", **fields)
    assert state(cloud) == before
    assert invitation not in other.see("/sites/kos/people").text


# What belongs to the other home itself: its owner's account cannot be removed, its share and its token may go.
OWN = {("share", 2), ("token", 2)}


def state(cloud: Hosted) -> list[object]:
    """Who may what at HOME, with whatever could be taken away or made of it."""
    with cloud.database() as db:
        return [
            db.execute(query).fetchall()
            for query in (
                "SELECT account, site, role FROM members ORDER BY account, site",
                "SELECT id, used_ms FROM invitations WHERE site = 1 ORDER BY id",
                "SELECT id, revoked_ms FROM shares WHERE site = 1 ORDER BY id",
                "SELECT id, revoked_ms FROM tokens WHERE site = 1 ORDER BY id",
                "SELECT account FROM resets",
            )
        ]


def test_what_a_token_of_another_home_sends_stays_there(cloud: Hosted, asking: dict[str, Asker]) -> None:
    with cloud.database() as db:
        before = db.execute("SELECT count(*), max(taken_ms) FROM readings WHERE site = 1").fetchone()
        assert cloud.batch(Part("garage", 7, 0, [row(1), row(2)]), token=OTHER_TOKEN).status_code == 200
        assert db.execute("SELECT count(*), max(taken_ms) FROM readings WHERE site = 1").fetchone() == before
        assert db.execute("SELECT count(*) FROM readings WHERE site = 2").fetchone()[0] == 2
    assert cloud.post("/api/v1/streams/cursors", b'[["garage",7]]').json()["cursors"] == [["garage", 7, 1]]


@pytest.mark.parametrize("name", STRANGERS)
def test_no_list_names_a_home_of_others(asking: dict[str, Asker], name: str) -> None:
    for path in ("/?form", "/account", "/new", "/pair", f"/pair?code={HOME}"):
        assert "Rumah Ibu" not in asking[name].see(path).text
        assert f"/sites/{HOME}/" not in asking[name].see(path).text


def test_what_is_taken_is_gone_with_the_next_request_for_every_page(
    cloud: Hosted, asking: dict[str, Asker]
) -> None:
    """The last test: it takes from all of them what they had."""
    guest, edge, owner = asking["share link"], asking["paired edge"], asking["owner"]
    with cloud.database() as db:
        (share,) = Shares(db, wall_ms()).open(1)[:1]
        account = db.execute("SELECT id FROM accounts WHERE login = 'the-viewer'").fetchone()[0]
        token = db.execute("SELECT id FROM tokens WHERE site = 1").fetchone()[0]
    owner.submit(f"/sites/{HOME}/shares", way="revoke", share=share.id)
    owner.submit(f"/sites/{HOME}/people", way="remove", account=account)
    owner.submit(f"/sites/{HOME}/edges", way="revoke", token=token)
    for one in (guest, edge, asking["viewer"]):
        for door in OF_A_HOME:
            assert doors.plain(one.ask(door), HOME) == doors.plain(one.ask(door, NO_HOME), NO_HOME)
