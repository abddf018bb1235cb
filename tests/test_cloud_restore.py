"""Restoring a backup: what is damaged or foreign is refused, and what differs is told of each home."""

from contextlib import closing
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from accountmaking import NOW_MS
from engines import sqlite_address
from homefilling import filled

from cloud.archive import CONTENT, MANIFEST, Manifest, Unreadable, opened
from cloud.backup import back_up
from cloud.main import parser
from cloud.restore import Wish, put_back
from process.service import CannotGoOn, Running
from store.opening import open_cloud
from store.sqlite import open_database

LATER_MS = NOW_MS + 60_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    address = sqlite_address(tmp_path / "first.db")
    with closing(open_cloud(address)) as db:
        filled(db)
    back_up(address, tmp_path / "backup", NOW_MS)
    return tmp_path / "backup"


def test_a_backup_is_its_owners_alone(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


def read(file: Path) -> tuple[Manifest, bytes] | str:
    """What a backup holds, or why it cannot be read."""
    try:
        with opened(file) as archive:
            return archive.manifest, b"".join(archive.pieces())
    except Unreadable as error:
        return str(error)


@pytest.mark.parametrize("place_in_1000", [0, 1, 250, 500, 750, 990, 999])
def test_a_damaged_backup_is_refused_or_is_the_same(file: Path, place_in_1000: int) -> None:
    whole, damaged = read(file), bytearray(file.read_bytes())
    damaged[len(damaged) * place_in_1000 // 1000] ^= 0x10
    file.write_bytes(damaged)
    found = read(file)
    assert found == whole or str(file) in str(found)[: len(str(file))]


@pytest.mark.parametrize("content", [b"", b"nothing of ours", None])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(Unreadable, match="is no backup"), opened(tmp_path / "file"):
        pass


def rewritten(file: Path, content: bytes | None = None, **changed: object) -> None:
    """The backup with another content, or other words in its manifest, and everything else in order."""
    with ZipFile(file) as zipped:
        manifest = Manifest.model_validate_json(zipped.read(MANIFEST))
        content = zipped.read(CONTENT) if content is None else content
    manifest = manifest.model_copy(update={"sha256": sha256(content).hexdigest(), **changed})
    with ZipFile(file, "w") as zipped:
        zipped.writestr(CONTENT, content)
        zipped.writestr(MANIFEST, manifest.model_dump_json())


def commanded(tmp_path: Path, *words: str | Path) -> None:
    (tmp_path / "cloud.toml").write_text('[cloud]\ndatabase = "sqlite:///new/cloud.db"\n')
    asked = parser().parse_args([*map(str, words), "--config", str(tmp_path / "cloud.toml")])
    asked.work(asked, Running({}))


def test_restore_says_of_each_home_what_it_found(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commanded(tmp_path, "restore", "--from", file)
    said = capsys.readouterr().out
    assert "rumah: 397 readings, 3 explained, 0 unexplained: as in the backup\n" in said
    assert "nobody is logged in" in said
    assert "  rumah\tpi\tpaired " in said
    with pytest.raises(CannotGoOn, match="2 sites and 1 accounts already"):
        commanded(tmp_path, "restore", "--from", file)
    commanded(tmp_path, "backup", "--to", tmp_path / "another")
    assert "2 sites, 397 readings, 1 accounts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM readings WHERE seq = 3", "meter garage/1: 395 readings"),
        ("UPDATE readings SET power_mw = power_mw + 1 WHERE seq = 300", "1 of them damaged"),
        ("DELETE FROM gaps", "with 0 in gaps instead of 400 with 3"),
        (
            "UPDATE changes SET value = '\"UTC\"'",
            "kos: 0 readings, 0 explained, 0 unexplained: DIFFERS: changes",
        ),
        ("DELETE FROM members", "table members: 0 rows instead of 1"),
        ("UPDATE accounts SET login = 'eve'", "table accounts: other rows"),
    ],
)
def test_a_difference_is_told_and_ends_it_with_1(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str], damage: str, told: str
) -> None:
    with opened(file) as archive:
        (tmp_path / "copy.db").write_bytes(b"".join(archive.pieces()))
    with closing(open_database(tmp_path / "copy.db", "cloud")) as db:
        db.execute(damage)
        db.execute("PRAGMA journal_mode = DELETE").fetchone()
    rewritten(file, (tmp_path / "copy.db").read_bytes())
    with pytest.raises(CannotGoOn, match="1 of 3 are not as the backup lists them"):
        commanded(tmp_path, "restore", "--from", file)
    assert told in capsys.readouterr().out


def test_a_log_that_an_earlier_database_left_is_never_taken_for_that_of_the_restored_one(
    tmp_path: Path, file: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "cloud.db-wal").write_bytes(b"pages of another database")
    with pytest.raises(CannotGoOn, match=r"cloud\.db-wal belongs to a database that is not there"):
        commanded(tmp_path, "restore", "--from", file)


def test_what_a_later_version_made_is_refused(tmp_path: Path, file: Path) -> None:
    rewritten(file, migrations=["m001_cloud", "m999_later"])
    with pytest.raises(CannotGoOn, match="m999_later"):
        commanded(tmp_path, "restore", "--from", file)
    assert not (tmp_path / "new" / "cloud.db").exists()


def test_a_backup_goes_back_into_the_engine_it_came_from(file: Path) -> None:
    with opened(file) as archive, pytest.raises(CannotGoOn, match="a backup of sqlite"):
        put_back(archive, "postgresql:///kembar", Wish(LATER_MS))


def test_a_backup_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match=r"cloud\.db"):
        commanded(tmp_path, "backup", "--to", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
