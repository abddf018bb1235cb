"""Accounts, tries and sessions in the database: what is refused, what is paused, what ends."""

from collections.abc import Iterator
from contextlib import closing
from threading import Barrier, Thread

import pytest
from accountmaking import CHEAP, HERE, NOW_MS, added, log_in
from engines import AddressOf
from visiting import PASSWORD

from cloud.access import Role
from cloud.accounts import Accounts, BadLogin, Taken, Wait, login_of
from cloud.passwords import Busy, Passwords, Unfit
from cloud.secret import digest_of
from cloud.sessions import IDLE_MS, LASTS_MS, MOST_OF_ACCOUNT, Sessions
from cloud.sites import numbers_of
from cloud.tries import EACH_MS, FORGOTTEN_MS, FREE, MOST_AT_ONCE, PAUSES_MS, Tries
from process.proxies import network_of
from store.database import Database
from store.opening import open_cloud


@pytest.fixture
def db(address_of: AddressOf) -> Iterator[Database]:
    with closing(open_cloud(address_of("cloud"))) as opened:
        numbers_of(opened, ["rumah", "kos"])
        yield opened


# -------- names and passwords


@pytest.mark.parametrize(
    "typed", ["Sari@Contoh.ID", " sari@contoh.id ", "\uff53ari@contoh.id", "SARI@contoh.id"]
)
def test_a_login_name_is_one_however_it_is_typed(typed: str) -> None:
    assert login_of(typed) == "sari@contoh.id"


@pytest.mark.parametrize("typed", ["", "ab", "x" * 255, "sa\x00ri", "a\nb c", " \u200b "])
def test_what_cannot_be_a_login_name_is_refused(typed: str) -> None:
    with pytest.raises(BadLogin):
        login_of(typed)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("123456789", "short"),
        ("x" * 1025, "long"),
        ("sari@contoh.id", "name"),
        ("SARI@contoh.id", "name"),
        ("password123", "common"),
        ("Bismillah123", "common"),
        ("aaaaaaaaaaaa", "common"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str, why: str) -> None:
    with pytest.raises(Unfit) as unfit:
        CHEAP.check(password, "sari@contoh.id")
    assert unfit.value.why == why


def test_a_name_is_taken_once(db: Database) -> None:
    added(db, "Sari")
    with pytest.raises(Taken):
        added(db, "sARI")


def test_a_hash_of_other_costs_is_made_anew_at_the_next_login(db: Database) -> None:
    account = added(db, "sari")
    dearer = Passwords(2, 16)
    assert Accounts(db, dearer, NOW_MS).log_in("sari", PASSWORD, "", HERE)
    hashed = db.execute("SELECT password FROM accounts WHERE id = ?", (account,)).fetchone()[0]
    assert not dearer.is_old(hashed)
    assert "m=16,t=2" in hashed
    assert PASSWORD not in hashed


def test_no_more_hashes_are_worked_out_at_once_than_there_is_memory_for() -> None:
    one = Passwords(1, 8, at_once=1, wait_s=0)
    with one._slot(), pytest.raises(Busy):
        one.is_right(one.nobodys, PASSWORD)
    assert not one.is_right(one.nobodys, PASSWORD)


# -------- logging in


class Counting(Passwords):
    """Counts the hashes that were compared."""

    def __init__(self) -> None:
        super().__init__(1, 8)
        self.compared: list[str] = []

    def is_right(self, hashed: str, password: str) -> bool:
        self.compared.append(hashed.rpartition("$")[0].rpartition("$")[0])
        return super().is_right(hashed, password)


@pytest.mark.parametrize("password", ["wrong password", "", "x" * 5000, PASSWORD + "x"])
def test_an_unknown_name_does_the_work_of_a_wrong_password_and_gets_its_answer(
    db: Database, password: str
) -> None:
    added(db, "sari")
    counting = Counting()
    accounts = Accounts(db, counting, NOW_MS)
    assert [accounts.log_in(name, password, "", HERE) for name in ("sari", "nobody", "x")] == [None] * 3
    assert len(counting.compared) == 3
    assert len(set(counting.compared)) == 1, "the same costs"


def test_an_unknown_name_is_paused_like_a_known_one(db: Database) -> None:
    added(db, "sari")
    for name in ("sari", "nobody"):
        for n in range(FREE):
            assert log_in(db, name, "wrong password", address=f"198.51.100.{n}") is None
        with pytest.raises(Wait) as wait:
            log_in(db, name, PASSWORD)
        assert wait.value.s == PAUSES_MS[0] // 1000


def test_the_pause_grows_to_a_quarter_of_an_hour_and_the_owner_gets_in_after_it(db: Database) -> None:
    added(db, "sari")
    now_ms, waited = NOW_MS, []
    for n in range(FREE + 12):
        assert log_in(db, "sari", "wrong password", now_ms, f"198.51.100.{n}") is None
        if n >= FREE - 1:
            with pytest.raises(Wait) as wait:
                log_in(db, "sari", PASSWORD, now_ms)
            waited.append(wait.value.s)
            now_ms += wait.value.s * 1000
    assert waited == [*(ms // 1000 for ms in PAUSES_MS), *[900] * (len(waited) - len(PAUSES_MS))]
    assert log_in(db, "sari", PASSWORD, now_ms) is not None
    assert log_in(db, "sari", "wrong password", now_ms) is None, "and begins from nothing"


def test_wrong_passwords_are_forgotten_after_an_hour(db: Database) -> None:
    added(db, "sari")
    for _ in range(FREE - 1):
        log_in(db, "sari", "wrong password")
    later_ms = NOW_MS + FORGOTTEN_MS + 1
    for _ in range(FREE - 1):
        assert log_in(db, "sari", "wrong password", later_ms) is None
    assert log_in(db, "sari", PASSWORD, later_ms)


def test_an_address_has_an_allowance_and_a_house_of_ipv6_is_one_address(db: Database) -> None:
    with db.write():
        tries = Tries(db, NOW_MS)
        for n in range(MOST_AT_ONCE):
            assert tries.wait_ms("2001:db8::1") == 0
            tries.failed(f"2001:db8::{n + 2:x}")
        assert tries.wait_ms("2001:db8::ffff:1") == EACH_MS
        assert tries.wait_ms("2001:db8:0:1::1") == 0
        assert Tries(db, NOW_MS + EACH_MS).wait_ms("2001:db8::1") == 0
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"


def test_wrong_codes_without_end_shut_an_address_out_for_no_longer(db: Database) -> None:
    with db.write():
        for _ in range(200):
            Tries(db, NOW_MS).failed(HERE)
        assert Tries(db, NOW_MS).wait_ms(HERE) > 0
        assert Tries(db, NOW_MS + 2 * EACH_MS).wait_ms(HERE) == 0


def test_tries_of_several_processes_count_together(address_of: AddressOf) -> None:
    passed: list[bool] = []
    open_cloud(address_of("cloud")).close()
    barrier = Barrier(12)

    def one_try() -> None:
        with closing(open_cloud(address_of("cloud"))) as mine:
            barrier.wait()
            with mine.write():
                passed.append(Tries(mine, NOW_MS).begin("sari") == 0)

    threads = [Thread(target=one_try) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == FREE


# -------- sessions


def test_a_session_ends_when_nobody_comes_and_half_a_year_after_it_began(db: Database) -> None:
    account = added(db, "sari", rumah=Role.OWNER)
    secret = log_in(db, "sari", PASSWORD)
    assert secret
    sessions, digests = Sessions(db), [digest_of(secret)]
    (found,) = sessions.open(digests, NOW_MS + IDLE_MS - 1)
    assert (found.account, found.name, dict(found.roles)) == (account, "sari", {1: Role.OWNER})
    assert sessions.open(digests, NOW_MS + IDLE_MS) == []
    for day in range(1, 180):
        sessions.seen(digests, NOW_MS + day * 86_400_000)
    assert sessions.open(digests, NOW_MS + LASTS_MS - 1)
    assert sessions.open(digests, NOW_MS + LASTS_MS) == []


def test_every_login_has_a_secret_of_its_own_and_the_database_none_of_them(db: Database) -> None:
    added(db, "sari")
    first, second = log_in(db, "sari", PASSWORD), log_in(db, "sari", PASSWORD)
    assert first
    assert second
    assert first != second
    kept = str(db.execute("SELECT * FROM sessions").fetchall())
    assert first not in kept
    assert second not in kept


def test_sessions_of_an_account_are_bounded_and_the_oldest_go(db: Database) -> None:
    account = added(db, "sari")
    with db.write():
        for n in range(MOST_OF_ACCOUNT + 3):
            Sessions(db).begin(account, NOW_MS + n)
    listed = Sessions(db).listed(account, NOW_MS + 100)
    assert (len(listed), min(one.made_ms for one in listed)) == (MOST_OF_ACCOUNT, NOW_MS + 3)


def test_a_new_password_ends_every_other_session_and_the_old_password(db: Database) -> None:
    account = added(db, "sari")
    mine, other = log_in(db, "sari", PASSWORD), log_in(db, "sari", PASSWORD)
    assert mine
    assert other
    accounts = Accounts(db, CHEAP, NOW_MS)
    assert not accounts.change(account, "wrong password", "another good one", mine, HERE)
    assert accounts.change(account, PASSWORD, "another good one", mine, HERE)
    assert len(Sessions(db).open([digest_of(mine), digest_of(other)], NOW_MS)) == 1
    assert log_in(db, "sari", PASSWORD) is None
    assert log_in(db, "sari", "another good one")
