"""Pairing as a cloud does it: codes, decisions, tokens given once, exchanged, revoked; a clock moved by hand."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from engines import AddressOf
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud import pairing
from cloud.pairing import ALPHABET, Busy, Pairings, TooManyTries, Unfit, entered
from cloud.secret import digest_of
from cloud.tokens import FIRST_USE_MS, MOST_LIVE, NOTE_EVERY_MS, Grant, Tokens, TooMany
from store.database import Database
from store.opening import open_cloud

SITE, OTHER_SITE, ACCOUNT = 1, 2, 7


class Desk:
    """A cloud's pairings and tokens under a clock that the test moves."""

    def __init__(self, db: Database) -> None:
        self.db, self.now_ms = db, 1_800_000_000_000
        self.tokens = Tokens(lambda: self.now_ms)
        self.pairings = Pairings(self.tokens, lambda: self.now_ms)

    def start(self, address: str = "192.0.2.7") -> pairing.Started:
        return self.pairings.start(self.db, "rumah", "0.1.0", address)

    def look(self, code: str, account: int = ACCOUNT) -> pairing.Waiting | None:
        return self.pairings.waiting(self.db, code, account, "192.0.2.9")

    def decide(self, started: pairing.Started, site: int | None = SITE) -> bool:
        found = self.look(started.user_code)
        assert found
        with self.db.write():
            return self.pairings.decide(self.db, found.id, site, ACCOUNT)

    def fetch(self, started: pairing.Started, old: str | None = None) -> pairing.Given:
        self.now_ms += 1000 * started.interval_s
        return self.pairings.fetch(self.db, started.device_code, old)

    def refused(self, started: pairing.Started) -> str:
        with pytest.raises(Unfit) as unfit:
            self.fetch(started)
        return unfit.value.word

    def paired(self, site: int = SITE) -> str:
        started = self.start()
        assert self.decide(started, site)
        return self.fetch(started).token

    def site_of(self, token: str) -> int | None:
        return self.tokens.site_of(self.db, digest_of(token))

    def rotated(self, token: str) -> str:
        found = self.tokens.number(self.db, digest_of(token))
        assert found
        with self.db.write():
            return self.tokens.make(self.db, Grant(SITE, "rumah", ACCOUNT, "", replaces=found[0]))[1]


@pytest.fixture
def desk(address_of: AddressOf) -> Iterator[Desk]:
    with closing(open_cloud(address_of("cloud"))) as db:
        yield Desk(db)


def test_an_edge_waits_until_a_person_confirms_and_then_has_a_token_of_that_site(desk: Desk) -> None:
    started = desk.start()
    assert desk.refused(started) == "authorization_pending"
    assert desk.decide(started)
    assert desk.site_of(desk.fetch(started).token) == SITE


def test_a_code_is_eight_letters_that_make_no_word(desk: Desk) -> None:
    code = desk.start().user_code
    assert (len(code), code[4]) == (9, "-")
    assert set(code.replace("-", "")) <= set(ALPHABET)
    assert not set(ALPHABET) & set("AEIOUY")


def test_what_is_on_disk_is_neither_the_device_code_nor_the_token(desk: Desk, tmp_path: Path) -> None:
    started = desk.start()
    desk.decide(started)
    token = desk.fetch(started).token
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert started.device_code.encode() not in kept
    assert token.encode() not in kept


def test_a_denied_pairing_gives_nothing(desk: Desk) -> None:
    started = desk.start()
    assert desk.decide(started, None)
    assert desk.refused(started) == "access_denied"


def test_a_pairing_is_decided_once(desk: Desk) -> None:
    started = desk.start()
    found = desk.look(started.user_code)
    assert found
    assert desk.decide(started, None)
    with desk.db.write():
        assert not desk.pairings.decide(desk.db, found.id, SITE, ACCOUNT)
    assert desk.look(started.user_code) is None
    assert desk.refused(started) == "access_denied"


def test_a_pairing_that_nobody_confirms_in_time_is_over(desk: Desk) -> None:
    started = desk.start()
    found = desk.look(started.user_code)
    assert found
    desk.now_ms += pairing.PENDING_MS
    assert desk.look(started.user_code) is None
    with desk.db.write():
        assert not desk.pairings.decide(desk.db, found.id, SITE, ACCOUNT)
    assert desk.refused(started) == "expired_token"
    desk.now_ms += pairing.KEPT_MS
    desk.start()
    assert desk.refused(started) == "invalid_grant"


def test_who_asks_too_fast_is_told_to_slow_down_and_loses_nothing(desk: Desk) -> None:
    started = desk.start()
    assert desk.refused(started) == "authorization_pending"
    desk.decide(started)
    with pytest.raises(Unfit) as unfit:
        desk.pairings.fetch(desk.db, started.device_code)
    assert unfit.value.word == "slow_down"
    assert desk.site_of(desk.fetch(started).token) == SITE


def test_a_lost_answer_is_fetched_again_and_only_the_last_token_is_good(desk: Desk) -> None:
    started = desk.start()
    desk.decide(started)
    lost, kept = desk.fetch(started).token, desk.fetch(started).token
    assert desk.site_of(lost) is None
    assert desk.site_of(kept) == SITE


def test_after_its_first_use_a_pairing_gives_no_further_token(desk: Desk) -> None:
    started = desk.start()
    desk.decide(started)
    token = desk.fetch(started).token
    assert desk.site_of(token) == SITE
    assert desk.refused(started) == "invalid_grant"
    assert desk.site_of(token) == SITE


def test_a_token_cannot_be_fetched_long_after_the_confirmation(desk: Desk) -> None:
    started = desk.start()
    desk.decide(started)
    desk.now_ms += pairing.FETCH_MS
    assert desk.refused(started) == "expired_token"


def test_pairings_that_wait_are_bounded_by_address_and_in_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MOST_PENDING", pairing.MOST_OF_ADDRESS + 2)
    for _ in range(pairing.MOST_OF_ADDRESS):
        desk.start()
    with pytest.raises(Busy):
        desk.start()
    desk.start("192.0.2.8")
    desk.start("192.0.2.8")
    with pytest.raises(Busy):
        desk.start("192.0.2.8")
    desk.now_ms += pairing.PENDING_MS
    desk.start()


def test_a_house_of_ipv6_is_one_address(desk: Desk) -> None:
    for n in range(pairing.MOST_OF_ADDRESS):
        desk.pairings.start(desk.db, "rumah", "1", f"2001:db8::{n:x}")
    with pytest.raises(Busy):
        desk.pairings.start(desk.db, "rumah", "1", "2001:db8::ffff")
    desk.pairings.start(desk.db, "rumah", "1", "2001:db8:0:1::1")


def test_an_edge_that_exchanges_its_token_without_end_fills_no_table(desk: Desk) -> None:
    token = desk.paired()
    for _ in range(10):
        assert desk.site_of(token) == SITE
        token = desk.rotated(token)
    assert desk.site_of(token) == SITE
    assert desk.db.execute("SELECT count(*), max(id) FROM tokens").fetchone() == (2, 11)


def test_guesses_are_bounded_and_the_bound_is_in_the_database(desk: Desk) -> None:
    code = desk.start().user_code
    for _ in range(pairing.MOST_TRIES):
        assert desk.look("BBBB-BBBB") is None
    other_process = Desk(desk.db)
    for each in (desk, other_process):
        with pytest.raises(TooManyTries):
            each.look(code)
    assert desk.look(code, account=ACCOUNT + 1)
    desk.now_ms += pairing.TRIES_MS
    assert desk.look(desk.start().user_code)


@pytest.mark.parametrize("typed", ["bcdf-ghjk", " BCDF GHJK ", "bcdfghjk", "BCDF\u2013GHJK"])
def test_a_code_may_be_typed_in_any_way(typed: str) -> None:
    assert entered(typed) == "BCDFGHJK"


@given(st.text())
@settings(max_examples=100)
def test_whatever_is_typed_is_a_short_word_of_the_alphabet(typed: str) -> None:
    assert len(entered(typed)) <= pairing.CODE_CHARS + 1
    assert set(entered(typed)) <= set(ALPHABET)


def test_a_revoked_token_is_refused_at_once(desk: Desk) -> None:
    token = desk.paired()
    assert desk.site_of(token) == SITE
    (listed,) = desk.tokens.of_site(desk.db, SITE)
    with desk.db.write():
        assert desk.tokens.revoke(desk.db, OTHER_SITE, listed.id) is None
        assert desk.tokens.revoke(desk.db, SITE, listed.id) == "rumah"
    assert desk.site_of(token) is None
    assert desk.tokens.of_site(desk.db, SITE) == []


def test_after_a_rotation_both_tokens_are_good_until_the_new_one_is_used(desk: Desk) -> None:
    old = desk.paired()
    new = desk.rotated(old)
    assert desk.site_of(old) == SITE
    assert desk.site_of(new) == SITE
    assert desk.site_of(old) is None


def test_a_rotation_whose_answer_was_lost_may_be_asked_for_again(desk: Desk) -> None:
    old = desk.paired()
    lost, new = desk.rotated(old), desk.rotated(old)
    assert desk.site_of(lost) is None
    assert desk.site_of(old) == SITE
    assert desk.site_of(new) == SITE


def test_a_token_that_is_never_used_ends_and_the_old_one_stays(desk: Desk) -> None:
    old = desk.paired()
    assert desk.site_of(old) == SITE
    new = desk.rotated(old)
    desk.now_ms += FIRST_USE_MS
    assert desk.site_of(new) is None
    assert desk.site_of(old) == SITE


def test_revoking_a_token_ends_the_one_that_waits_in_its_place(desk: Desk) -> None:
    old = desk.paired()
    assert desk.site_of(old) == SITE
    new = desk.rotated(old)
    with desk.db.write():
        desk.tokens.revoke(desk.db, SITE, desk.tokens.of_site(desk.db, SITE)[-1].id)
    assert (desk.site_of(old), desk.site_of(new)) == (None, None)


def test_pairing_anew_gives_the_old_token_up_with_the_first_use_of_the_new_one(desk: Desk) -> None:
    old, started = desk.paired(), desk.start()
    desk.decide(started)
    new = desk.fetch(started, old).token
    assert desk.site_of(old) == SITE
    assert desk.site_of(new) == SITE
    assert desk.site_of(old) is None


def test_pairing_with_another_site_leaves_the_token_of_the_first_one(desk: Desk) -> None:
    old, started = desk.paired(OTHER_SITE), desk.start()
    desk.decide(started)
    assert desk.site_of(desk.fetch(started, old).token) == SITE
    assert desk.site_of(old) == OTHER_SITE


def test_when_a_token_was_used_is_written_once_in_a_while(desk: Desk) -> None:
    token = desk.paired()
    desk.site_of(token)
    first_ms = desk.now_ms
    desk.now_ms += NOTE_EVERY_MS - 1
    assert desk.site_of(token) == SITE
    assert [each.seen_ms for each in desk.tokens.of_site(desk.db, SITE)] == [first_ms]
    desk.now_ms += 1
    assert desk.site_of(token) == SITE
    assert [each.seen_ms for each in desk.tokens.of_site(desk.db, SITE)] == [first_ms + NOTE_EVERY_MS]


def test_a_site_has_so_many_tokens_and_no_more(desk: Desk) -> None:
    grant = Grant(SITE, "rumah", ACCOUNT, "")
    with desk.db.write():
        for _ in range(MOST_LIVE):
            desk.tokens.make(desk.db, grant)
        with pytest.raises(TooMany):
            desk.tokens.make(desk.db, grant)
