"""Backups of the hosted site: one state while it is served, back as they were; nothing that was revoked revives."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from accountmaking import NOW_MS
from engines import AddressOf, Made
from homefilling import filled, take
from madeparts import row, rows
from replayed import CELLAR, GARAGE, House, assert_twins

from cloud.archive import opened
from cloud.backup import back_up
from cloud.holdings import BY_SITE, COUNTED, WHOLE, counted
from cloud.letting_go import LEFT_OUT
from cloud.restore import Found, Wish, put_back
from cloud.secret import digest_of
from cloud.sites import numbers_of
from cloud.tokens import Tokens
from process.service import CannotGoOn
from store import postgres_dump, sqlite_copy
from store.changes import Changes
from store.opening import open_cloud, sqlite_path
from store.part import CHANGES, Hole, Part
from store.sqlite import open_database

pytest_plugins = ("conftest_twins",)

LATER_MS = NOW_MS + 60_000


def restored(address: str, file: Path, tokens_too: bool = False) -> Found:
    with opened(file) as archive:
        return put_back(archive, address, Wish(LATER_MS, tokens_too))


def test_everything_comes_back_but_what_lets_somebody_in(address_of: AddressOf, tmp_path: Path) -> None:
    address, file = address_of("first"), tmp_path / "backup"
    with closing(open_cloud(address)) as db:
        secrets = filled(db)
        made = back_up(address, file, NOW_MS)
    assert (made.ended.sessions, made.ended.shares, made.ended.invitations) == (1, 1, 1)
    back = address_of("back")
    found = restored(back, file)
    assert not any(found.differences.values())
    rumah = next(site for site in found.holdings.sites if site.name == "rumah")
    assert (rumah.rows, rumah.explained, rumah.unexplained) == (397, 3, 0)
    with closing(open_cloud(back)) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in LEFT_OUT] == [0] * 8
        assert counted(db).sites == made.holdings.sites
        token = digest_of(secrets["token"])
        assert Tokens(lambda: LATER_MS).site_of(db, token) == 1 + (rumah.name > "rumah")
        assert [(each.site, each.edge) for each in found.tokens] == [("rumah", "pi")]
        assert [e for (e,) in db.execute("SELECT act FROM audit ORDER BY id DESC LIMIT 2")] == [
            "restored"
        ] * 2
        # New homes and streams get numbers that nobody has.
        numbers_of(db, ["baru"])
        take(db, 1, Part("garage", 8, 0, [row(1)]))
    another = address_of("another")
    assert restored(another, file, tokens_too=True).tokens == []
    with closing(open_cloud(another)) as db:
        assert Tokens(lambda: LATER_MS).site_of(db, token) is None


def test_a_backup_is_one_state_though_readings_come_in_meanwhile(
    address_of: AddressOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "STEP_PAGES", 10)
    address, file, seq = address_of("first"), tmp_path / "backup", [0]
    with closing(open_cloud(address)) as db:
        site = numbers_of(db, ["rumah"])["rumah"]
        take(db, site, Part("garage", 7, 0, rows(range(1, 5_000))))

        def meanwhile() -> None:
            seq[0] += 1
            take(db, site, Part("garage", 8, seq[0] - 1, [row(seq[0])]))

        back_up(address, file, NOW_MS, meanwhile)
        assert seq[0] > (10 if sqlite_path(address) else 0)
        found = restored(address_of("back"), file)
        assert not any(found.differences.values())
        assert [site.unexplained for site in found.holdings.sites] == [0]
        assert counted(db).sites != found.holdings.sites


def test_a_backup_that_is_stopped_leaves_nothing_behind(address_of: AddressOf, tmp_path: Path) -> None:
    address, file = address_of("first"), tmp_path / "there" / "backup"
    file.parent.mkdir()
    with closing(open_cloud(address)) as db:
        filled(db)

    def stop() -> None:
        raise CannotGoOn("stopped")

    with pytest.raises(CannotGoOn):
        back_up(address, file, NOW_MS, stop)
    assert list(file.parent.iterdir()) == []


def test_a_database_in_use_is_left_alone(address_of: AddressOf, tmp_path: Path) -> None:
    address, file = address_of("first"), tmp_path / "backup"
    with closing(open_cloud(address)) as db:
        filled(db)
        back_up(address, file, NOW_MS)
        before = counted(db)
        with opened(file) as archive, pytest.raises(CannotGoOn, match="2 sites and 1 accounts already"):
            put_back(archive, address, Wish(LATER_MS))
        assert counted(db) == before


def test_an_empty_database_that_is_there_is_filled(address_of: AddressOf, tmp_path: Path) -> None:
    address, empty, file = address_of("first"), address_of("empty"), tmp_path / "backup"
    with closing(open_cloud(address)) as db:
        filled(db)
    made = back_up(address, file, NOW_MS)
    with closing(open_cloud(empty)) as before, opened(file) as archive:
        assert not any(put_back(archive, empty, Wish(LATER_MS)).differences.values())
        assert counted(before).sites == made.holdings.sites


@pytest.fixture
def postgres(postgresql: Made) -> Iterator[str]:
    with postgresql.addresses() as address_of:
        yield address_of("first")


def test_a_missing_pg_dump_is_told_with_what_to_do(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_named: None)
    with pytest.raises(postgres_dump.DumpFailed, match="apt-get install postgresql-client"):
        back_up(postgres, tmp_path / "backup", NOW_MS)
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_fails_is_told_in_its_own_words(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho half of it\necho the disk is worn out >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_args, **_named: str(program))
    with pytest.raises(postgres_dump.DumpFailed, match="pg_dump ended with 3: the disk is worn out"):
        back_up(postgres, tmp_path / "backup", NOW_MS)
    assert not (tmp_path / "backup").exists()


def test_every_table_is_counted_or_left_out_on_purpose(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "cloud.db", "cloud")) as db:
        found = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%'"
        )
        assert sorted(name for (name,) in found) == sorted((*BY_SITE, *WHOLE, *COUNTED, *LEFT_OUT))


def test_a_cloud_that_went_back_in_time_is_refilled_by_its_edge(replayed: House, tmp_path: Path) -> None:
    """What came after the backup, what filled a gap that it has, a stream that it does not know, what people said."""
    replayed.edge.grow(GARAGE, 50, (Hole(10, 19, "link", NOW_MS, NOW_MS + 9),))
    replayed.settle(replay := replayed.replay())
    back_up(f"sqlite:///{replayed.cloud.path}", tmp_path / "backup", NOW_MS)
    replayed.edge.take(Part(*GARAGE, 50, fills=[row(12), row(13)]))
    replayed.edge.grow(GARAGE, 300)
    replayed.edge.grow(CELLAR, 20)
    # Said on a page of the cloud, fetched by the edge.
    replayed.edge.take(
        Part("~cloud", 5, 0, [(1, "profile", "garage/1", 1, '{"name":"Garasi"}')], kind=CHANGES)
    )
    replayed.settle(replay)
    assert_twins(replayed)
    with opened(tmp_path / "backup") as archive:
        put_back(archive, f"sqlite:///{tmp_path}/back.db", Wish(LATER_MS))
    replayed.cloud.db.close()
    replayed.cloud.db = open_database(tmp_path / "back.db", "cloud")
    with closing(replayed.cloud.db):
        replayed.edge.grow(CELLAR, 21)
        # The edge went on all the time; it learns of it from the answer to its next batch.
        replayed.settle(replay)
        assert_twins(replayed)
        assert Changes(replayed.cloud.db, replayed.cloud.site).current("profile", "garage/1") == {
            "name": "Garasi"
        }
