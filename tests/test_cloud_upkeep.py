"""The commands migrate and check of kembar-cloud on both engines: what is new, and that every number is accounted for."""

import argparse
from contextlib import closing
from pathlib import Path

import pytest
from engines import AddressOf
from madeparts import NOW_MS, row, rows

from cloud.upkeep import check, migrate
from process.service import CannotGoOn, Running
from store.by_time import RowsByTime
from store.opening import applied, open_cloud, open_without_migrating
from store.part import CHANGES, Hole, Part
from store.receiver import Receiver
from store.tally import tallies

PARTS = (
    Part("garage", 7, 0, rows([1, 2, 3]), [Hole(4, 6, "sensor", NOW_MS + 3000, NOW_MS + 7000)]),
    Part("garage", 7, 6, [row(7)]),
    Part("rumah", 1, 0, [(1, "zone", "", 1, '"Asia/Jakarta"')], kind=CHANGES),
)


@pytest.fixture
def asked(address_of: AddressOf, tmp_path: Path) -> argparse.Namespace:
    """The command line with settings whose database holds one site's readings, a gap and a change."""
    config = tmp_path / "cloud.toml"
    config.write_text(f'[cloud]\ndatabase = "{address_of("cloud")}"\nkey_file = "login.key"\n')
    with closing(open_cloud(address_of("cloud"))) as db, db.write():
        db.execute("INSERT INTO sites (name) VALUES ('rumah')")
        receiver = Receiver(db, RowsByTime(db, 1), 1)
        for part in PARTS:
            receiver.receive(part)
    return argparse.Namespace(config=config)


def damage(address_of: AddressOf, sql: str) -> None:
    with closing(open_cloud(address_of("cloud"))) as db, db.write():
        db.execute(sql)


def test_a_sound_database_comes_out_even(
    asked: argparse.Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    check(asked, Running({}))
    assert capsys.readouterr().out == (
        "rumah: 2 streams, 5 kept, 3 in gaps, 0 uneven\n1 sites, 0 things wrong\n"
    )


@pytest.mark.parametrize(
    ("sql", "kept", "damaged", "missing"),
    [
        ("DELETE FROM readings WHERE seq = 2", 3, 0, 3),
        ("UPDATE readings SET voltage_mv = voltage_mv + 1 WHERE seq = 2", 4, 1, 3),
        ("DELETE FROM gaps", 4, 0, 0),
        ("UPDATE streams SET cursor = cursor + 1 WHERE source = 'garage'", 4, 0, 3),
    ],
)
def test_a_row_that_is_lost_or_changed_and_a_gap_that_is_lost_are_found(
    asked: argparse.Namespace, address_of: AddressOf, sql: str, kept: int, damaged: int, missing: int
) -> None:
    damage(address_of, sql)
    with pytest.raises(CannotGoOn, match="1 streams do not come out even; restore a backup"):
        check(asked, Running({}))
    with closing(open_without_migrating(address_of("cloud"))) as db:
        (bad,) = [tally for tally in tallies(db, 1) if not tally.is_even]
    assert (bad.source, bad.kept, bad.damaged, bad.missing) == ("garage", kept, damaged, missing)


def test_check_neither_makes_nor_migrates_a_database(tmp_path: Path) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text('[cloud]\ndatabase = "sqlite:///none/cloud.db"\n')
    with pytest.raises(CannotGoOn, match="cannot be read"):
        check(argparse.Namespace(config=config), Running({}))
    assert not (tmp_path / "none" / "cloud.db").exists()


def test_migrate_says_what_was_new_and_the_second_time_that_nothing_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text('[cloud]\ndatabase = "sqlite:///cloud.db"\n')
    for _ in range(2):
        migrate(argparse.Namespace(config=config), Running({}))
    first, second = capsys.readouterr().out.splitlines()
    assert "new: m001_streams, " in first
    assert (
        second
        == f"the database is up to date: {applied(f'sqlite:///{tmp_path}/cloud.db')[-1]}; nothing was new"
    )
