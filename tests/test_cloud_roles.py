"""Roles, invitations, resets, shares, homes and the log: what is refused, what ends, what happens once."""

from collections.abc import Iterator
from contextlib import closing
from threading import Barrier, Thread

import pytest
from accountmaking import CHEAP, HERE, NOW_MS, added, log_in
from engines import AddressOf
from visiting import PASSWORD

from cloud import audit, homes
from cloud.access import Role
from cloud.accounts import Accounts
from cloud.invitations import LASTS_MS as INVITED_MS
from cloud.invitations import Gone, Invitations
from cloud.members import LastOwner, Members
from cloud.resets import NotYours, Resets
from cloud.secret import digest_of
from cloud.sessions import Sessions
from cloud.shares import BadShare, Shares
from cloud.sites import numbers_of
from metering.quantity import DAY_MS
from store.database import Database
from store.opening import open_cloud


@pytest.fixture
def db(address_of: AddressOf) -> Iterator[Database]:
    with closing(open_cloud(address_of("cloud"))) as opened:
        numbers_of(opened, ["rumah", "kos"])
        yield opened


# -------- roles


def test_the_last_owner_stays(db: Database) -> None:
    sari, budi = added(db, "sari", rumah=Role.OWNER), added(db, "budi", rumah=Role.VIEWER)
    with db.write(1):
        members = Members(db, 1, NOW_MS)
        with pytest.raises(LastOwner):
            members.remove(sari, sari)
        with pytest.raises(LastOwner):
            members.give(sari, Role.VIEWER, sari)
        members.give(budi, Role.OWNER, sari)
        assert members.remove(sari, budi)
        with pytest.raises(LastOwner):
            members.remove(budi, budi)


def test_who_is_no_owner_any_more_leaves_no_open_invitation_behind(db: Database) -> None:
    sari, budi = added(db, "sari", rumah=Role.OWNER), added(db, "budi", rumah=Role.OWNER)
    with db.write(1):
        secret = Invitations(db, NOW_MS).make(1, Role.OWNER, "me again", budi)
        Members(db, 1, NOW_MS).remove(budi, sari)
    assert Invitations(db, NOW_MS).find(secret) is None


# -------- links


def test_an_invitation_is_good_once_even_when_two_use_it_at_the_same_time(
    address_of: AddressOf, db: Database
) -> None:
    accounts = [added(db, f"name{n}") for n in range(6)]
    with db.write():
        secret = Invitations(db, NOW_MS).make(1, Role.INSTALLER, "the electrician", None)
    barrier, got = Barrier(6), []

    def accept(account: int) -> None:
        with closing(open_cloud(address_of("cloud"))) as mine:
            barrier.wait()
            try:
                with mine.write(1):
                    got.append(Invitations(mine, NOW_MS).accept(secret, account))
            except Gone:
                got.append(0)

    threads = [Thread(target=accept, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [0, 0, 0, 0, 0, 1]
    assert len(Members(db, 1, NOW_MS).all()) == 1


def test_an_invitation_expires_is_revoked_and_takes_no_role_away(db: Database) -> None:
    sari = added(db, "sari", rumah=Role.INSTALLER)
    invitations = Invitations(db, NOW_MS)
    with db.write(1):
        first = invitations.make(1, Role.VIEWER, "a", sari)
        second = invitations.make(1, Role.OWNER, "b", sari)
        assert Invitations(db, NOW_MS + INVITED_MS).find(first) is None
        assert invitations.accept(first, sari) == 1
        assert Members(db, 1, NOW_MS).role(sari) is Role.INSTALLER
        (held,) = invitations.open(1)
        assert not invitations.revoke(2, held.id, sari), "by another site's owner"
        assert invitations.revoke(1, held.id, sari)
        with pytest.raises(Gone):
            invitations.accept(second, sari)


def test_an_owner_resets_only_who_belongs_to_his_homes_alone(db: Database) -> None:
    owner = added(db, "owner", rumah=Role.OWNER)
    viewer = added(db, "viewer", rumah=Role.VIEWER)
    both = added(db, "both", rumah=Role.VIEWER, kos=Role.VIEWER)
    alone, installer = added(db, "alone"), added(db, "installer", rumah=Role.INSTALLER)
    resets = Resets(db, NOW_MS)
    with db.write():
        for asks, account in ((owner, both), (owner, alone), (owner, owner), (installer, viewer)):
            with pytest.raises(NotYours):
                resets.make(account, asks)
        first = resets.make(viewer, owner)
        secret = resets.make(viewer, owner)
        assert resets.login(first) is None, "a newer link takes the place of an older one"
        assert resets.login(secret) == "viewer"
    old = log_in(db, "viewer", PASSWORD)
    with db.write():
        accounts = Accounts(db, CHEAP, NOW_MS)
        resets.use(secret, CHEAP.hash("a new password"), accounts)
        with pytest.raises(Gone):
            resets.use(secret, CHEAP.hash("a newer password"), accounts)
    assert old
    assert Sessions(db).open([digest_of(old)], NOW_MS) == []
    assert log_in(db, "viewer", "a new password")


def test_a_reset_is_void_when_the_account_has_joined_another_home_since(db: Database) -> None:
    owner, viewer = added(db, "owner", rumah=Role.OWNER), added(db, "viewer", rumah=Role.VIEWER)
    with db.write():
        secret = Resets(db, NOW_MS).make(viewer, owner)
        Members(db, 2, NOW_MS).give(viewer, Role.OWNER, None)
    with db.write(), pytest.raises(Gone):
        Resets(db, NOW_MS).use(secret, "x", Accounts(db, CHEAP, NOW_MS))


def test_a_share_shows_one_home_until_it_expires_or_is_revoked(db: Database) -> None:
    sari = added(db, "sari", rumah=Role.OWNER)
    shares, sessions = Shares(db, NOW_MS), Sessions(db)
    with db.write(1):
        secret = shares.make(1, "Bu Ani", 1, sari)
        site, mine = shares.enter(secret)
        _, other = shares.enter(secret)
    digests = [digest_of(mine), digest_of(other)]
    assert site == 1
    assert [one.shared for one in sessions.open(digests, NOW_MS + DAY_MS - 1)] == [1, 1]
    assert sessions.open(digests, NOW_MS + DAY_MS) == []
    (share,) = shares.open(1)
    assert (share.label, share.opened) == ("Bu Ani", 2)
    with db.write(1):
        assert not shares.revoke(2, share.id, sari), "by another site's owner"
        assert shares.revoke(1, share.id, sari)
        with pytest.raises(Gone):
            shares.enter(secret)
    assert sessions.open(digests, NOW_MS) == []


def test_shares_that_are_over_go_and_their_ids_come_never_again(db: Database) -> None:
    sari, ids = added(db, "sari", rumah=Role.OWNER), []
    shares = Shares(db, NOW_MS)
    for n in range(5):
        with db.write(1):
            shares.enter(shares.make(1, str(n), 1, sari))
            ids.append(shares.open(1)[-1].id)
            assert shares.revoke(1, ids[-1], sari)
    later = Shares(db, NOW_MS + DAY_MS)
    with db.write(1):
        later.make(1, "x", 1, sari)
    assert ids == sorted(set(ids))
    assert db.execute("SELECT count(*), max(id) FROM shares").fetchone() == (2, ids[-1] + 1)
    assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


@pytest.mark.parametrize(("label", "days"), [("", 7), ("x" * 61, 7), ("ok", 0), ("ok", 9999)])
def test_a_share_has_a_name_and_an_end(db: Database, label: str, days: int) -> None:
    with db.write(), pytest.raises(BadShare):
        Shares(db, NOW_MS).make(1, label, days, 1)


def test_an_account_makes_a_bounded_number_of_homes_with_keys_that_tell_nothing(db: Database) -> None:
    sari = added(db, "sari")
    with db.write():
        for _ in range(homes.MOST_OF_ACCOUNT):
            homes.make(db, "Rumah Sari di Bandung", sari, NOW_MS)
    keys = [key for (key,) in db.execute("SELECT s.name FROM sites s JOIN homes h ON h.site = s.id")]
    assert len(set(keys)) == homes.MOST_OF_ACCOUNT
    assert all(len(key) <= 16 and key.startswith("rumah-sar") for key in keys)
    with db.write(), pytest.raises(homes.TooMany):
        homes.make(db, "one more", sari, NOW_MS)


# -------- the log


def test_the_noise_of_one_home_pushes_nothing_of_another_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_OF_GUESTS", 20)
    monkeypatch.setattr(audit, "MOST_OF_ACCOUNT", 10)
    sari = added(db, "sari", rumah=Role.OWNER)
    with db.write():
        audit.note(db, NOW_MS, "share-made", 2, sari, "of the other home")
        audit.note(db, NOW_MS, "share-made", 1, sari, "by its owner")
        for n in range(50):
            audit.note(db, NOW_MS + n, "share-opened", 1, None, str(n), HERE)
            audit.note(db, NOW_MS + n, "login-refused", None, sari, str(n), HERE)
    assert [entry.about for entry in audit.page(db, 2)] == ["of the other home"]
    seen = audit.page(db, 1, most=100)
    assert seen[-1].about == "by its owner", "opening a link without end hides nothing either"
    assert sum(entry.act == "share-opened" for entry in seen) == 20
    assert sum(entry.act == "login-refused" for entry in seen) == 10
    assert (seen[0].who, seen[0].about, seen[0].address) == ("sari", "49", HERE)


def test_what_is_older_than_a_year_and_a_month_goes(db: Database) -> None:
    with db.write():
        audit.note(db, NOW_MS, "share-made", 1, None, "old")
        audit.note(db, NOW_MS + audit.KEPT_MS + 1, "share-made", 1, None, "new")
    assert [entry.about for entry in audit.page(db, 1)] == ["new"]


def test_the_log_is_read_page_by_page(db: Database) -> None:
    with db.write():
        for n in range(5):
            audit.note(db, NOW_MS, "share-made", 1, None, str(n))
    first = audit.page(db, 1, most=3)
    rest = audit.page(db, 1, first[-1].id, most=3)
    assert [entry.about for entry in (*first, *rest)] == ["4", "3", "2", "1", "0"]
