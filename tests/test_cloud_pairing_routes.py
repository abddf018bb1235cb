"""Pairing over HTTP: what an edge sends and gets, as RFC 8628 and RFC 6749 have it, against the real application."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from engines import AddressOf, sqlite_address
from hosted import TOKEN, Hosted, hosted

from cloud.pairing import INTERVAL_S, MOST_OF_ADDRESS, Pairings
from cloud.tokens import Tokens
from pages.app import wall_ms
from store.opening import open_cloud
from sync import grant as words

WISH = {"client_id": words.CLIENT_ID, "edge": "rumah", "version": "0.1.0"}


@pytest.fixture
def cloud(address_of: AddressOf) -> Iterator[Hosted]:
    with hosted(address_of("cloud")) as here:
        yield here


def form(cloud: Hosted, path: str, token: str | None = None, **fields: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # An empty form too says what it is.
    headers["Content-Type"] = words.FORM
    return requests.post(cloud.url + path, data=fields, headers=headers, timeout=20)


def fetch(cloud: Hosted, device_code: str) -> requests.Response:
    with cloud.database() as db, db.write():  # as if the interval were over
        db.execute("UPDATE pairings SET polled_ms = polled_ms - ?", (1000 * INTERVAL_S,))
    grant = {"client_id": words.CLIENT_ID, "grant_type": words.GRANT_TYPE, "device_code": device_code}
    return form(cloud, words.PAIR_TOKEN, **grant)


def confirmed(cloud: Hosted) -> str:
    """The device code of a pairing that a person has confirmed for the site "rumah"."""
    started = form(cloud, words.PAIR, **WISH).json()
    pairings = Pairings(Tokens(wall_ms), wall_ms)
    with cloud.database() as db:
        (site,) = db.execute("SELECT id FROM sites WHERE name = 'rumah'").fetchone()
        found = pairings.waiting(db, started["user_code"], 1, "")
        assert found
        with db.write():
            assert pairings.decide(db, found.id, site, 1)
    return str(started["device_code"])


def status(cloud: Hosted, token: str) -> int:
    return cloud.post("/api/v1/streams/cursors", b"[]", token).status_code


def test_the_answer_to_a_wish_is_that_of_rfc_8628(cloud: Hosted) -> None:
    answer = form(cloud, words.PAIR, **WISH)
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert told["verification_uri"] == f"{cloud.url}/pair"
    assert told["verification_uri_complete"] == f"{cloud.url}/pair?code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, INTERVAL_S)
    waits = fetch(cloud, told["device_code"])
    assert (waits.status_code, waits.json()["error"]) == (400, "authorization_pending")


def test_a_confirmed_edge_gets_its_token_sends_with_it_exchanges_it_and_gives_it_up(cloud: Hosted) -> None:
    granted = fetch(cloud, confirmed(cloud)).json()
    assert (granted["token_type"], granted["site"], granted["title"]) == ("Bearer", "rumah", "Rumah Ibu")
    old = granted["access_token"]
    assert status(cloud, old) == 200
    new = form(cloud, words.ROTATE, old).json()["access_token"]
    assert [status(cloud, token) for token in (old, new, old)] == [200, 200, 401]
    assert form(cloud, words.REVOKE, new).status_code == 200
    assert status(cloud, new) == 401


def test_a_paired_token_reads_its_own_site_and_no_other_and_changes_nothing(cloud: Hosted) -> None:
    token = fetch(cloud, confirmed(cloud)).json()["access_token"]
    assert cloud.get("/api/v1/sites/rumah/latest", token)["meters"] == []
    headers = {"Authorization": f"Bearer {token}"}
    other = requests.get(f"{cloud.url}/api/v1/sites/kos/latest", headers=headers, timeout=20)
    assert other.status_code == 401


def test_a_token_of_the_settings_is_exchanged_in_the_settings(cloud: Hosted) -> None:
    answer = form(cloud, words.ROTATE, TOKEN)
    assert (answer.status_code, answer.json()["error"]) == (403, "invalid_request")
    assert form(cloud, words.ROTATE, "no-such-token-here").status_code == 401


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        (words.PAIR, {**WISH, "client_id": "other"}, "invalid_client"),
        (words.PAIR, {**WISH, "edge": "Not A Name"}, "invalid_request"),
        (words.PAIR, {**WISH, "version": "9" * 33}, "invalid_request"),
        (
            words.PAIR_TOKEN,
            {"client_id": words.CLIENT_ID, "grant_type": "password"},
            "unsupported_grant_type",
        ),
        (words.PAIR_TOKEN, {"client_id": words.CLIENT_ID, "grant_type": words.GRANT_TYPE}, "invalid_request"),
        (
            words.PAIR_TOKEN,
            {"client_id": words.CLIENT_ID, "grant_type": words.GRANT_TYPE, "device_code": "x"},
            "invalid_grant",
        ),
    ],
)
def test_each_mistake_has_its_word(cloud: Hosted, path: str, fields: dict[str, str], word: str) -> None:
    answer = form(cloud, path, **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, word)


@pytest.mark.parametrize(
    "body", ["client_id=a&client_id=a", "%", "a" * 5_000, "\u00e9", "&".join("abcdefghijkl")]
)
def test_a_body_that_is_no_form_of_ours_is_refused(cloud: Hosted, body: str) -> None:
    answer = requests.post(
        cloud.url + words.PAIR, body.encode(), headers={"Content-Type": words.FORM}, timeout=20
    )
    assert answer.status_code in (400, 413)
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


def test_too_many_wishes_from_one_address_are_told_to_wait(cloud: Hosted) -> None:
    for _ in range(MOST_OF_ADDRESS):
        assert form(cloud, words.PAIR, **WISH).status_code == 200
    answer = form(cloud, words.PAIR, **WISH)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_finding_a_token_reads_one_row_by_the_index(tmp_path: Path) -> None:
    with closing(open_cloud(sqlite_address(tmp_path / "cloud.db"))) as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT id FROM tokens WHERE digest = ?", ("x",)).fetchall()
    assert ["INDEX" in row[3] and "SCAN" not in row[3] for row in plan] == [True]
