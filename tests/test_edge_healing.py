"""The commands that compare with a cloud and bring back what it has, over real HTTP, with and without a collector."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hosted import TOKEN, Hosted, hosted
from madeparts import HOUR_MS, NOW_MS, row, rows

from edge import healing
from edge.main import main as edge_main
from edge.returned import Returned
from edge.sole import sole_writer
from edge.sync_main import main as sync_main
from metering.reading import Meter
from process.service import CannotGoOn
from store.by_stream import RowsByStream
from store.confirmed import Confirmed
from store.database import Database
from store.history import History
from store.part import Hole, Part
from store.receiver import Receiver
from store.retention import Retention
from store.sqlite import open_database

SETTINGS = """\
[edge]
name = "rumah"
data_dir = "{name}"
timezone = "Asia/Jakarta"

[[link]]
url = "udp://127.0.0.1:0"

[[cloud]]
url = "{url}"
token = "{token}"
"""
# Not of this month, so that only `--days all` sees them whatever the present is.
OLD_MS = NOW_MS - 400 * 24 * HOUR_MS
PARTS = [
    Part("garage", 7, 0, rows([1, 2, 3]), [Hole(4, 5, "sensor", NOW_MS + 3000, NOW_MS + 6000)]),
    Part("garage", 7, 5, rows([6])),
    Part("cellar", 8, 0, [row(1, OLD_MS, channel=2)]),
]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


def settings(folder: Path, url: str, name: str = "edge", token: str = TOKEN) -> str:
    (folder / f"{name}.toml").write_text(SETTINGS.format(name=name, url=url, token=token))
    (folder / name).mkdir(exist_ok=True)
    return str(folder / f"{name}.toml")


@contextmanager
def card(folder: Path, name: str = "edge") -> Iterator[Database]:
    with closing(open_database(folder / name / "kembar.sqlite", "edge")) as db:
        yield db


def record(db: Database, *parts: Part) -> None:
    with db.write():
        for part in parts:
            assert Receiver(db, RowsByStream(db)).receive(part).applied


def held(db: Database, meter: str = "garage/1") -> list[int]:
    return [r[1] for r in History(db, RowsByStream(db)).rows(Meter.parse(meter), None, None)]


def test_equal_twins_are_said_to_be_equal(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    with card(tmp_path) as db:
        record(db, *PARTS)
    assert cloud.batch(*PARTS).status_code == 200
    assert sync_main(["verify", "--config", config, "--days", "all"]) == 0
    assert "all of it: 5 of 5 equal, 0 quarantined" in capsys.readouterr().out


def test_a_difference_is_mended_on_both_sides_and_then_all_is_equal(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    with card(tmp_path) as db, cloud.database() as there:
        record(db, *PARTS)
        cloud.batch(*PARTS)
        db.execute("UPDATE readings SET voltage_mv = 1 WHERE seq = 2")
        there.execute("DELETE FROM readings WHERE seq = 3")
        assert sync_main(["verify", "--config", config, "--days", "all"]) == 0
        said = capsys.readouterr().out
        assert "5 of 5 equal" in said
        assert "mended: 1 here, 1 there" in said
        assert db.execute("SELECT voltage_mv FROM readings WHERE seq = 2").fetchall() == [(225_700,)]
        assert there.execute("SELECT count(*) FROM readings").fetchone() == (5,)


def test_a_contradiction_is_shown_and_the_exit_code_tells(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    with card(tmp_path) as db:
        record(db, Part("garage", 7, 0, [row(1), row(2, volts=1)]))
    cloud.batch(Part("garage", 7, 0, rows([1, 2])))
    assert sync_main(["verify", "--config", config, "--days", "all"]) == 1
    said = capsys.readouterr().out
    assert "1 of 2 equal" in said
    assert "conflict garage boot 7 seq 2: here [" in said


@pytest.mark.parametrize("command", ["verify", "restore"])
def test_what_was_pruned_here_is_equal_and_stays_away(
    tmp_path: Path, cloud: Hosted, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    cloud.batch(*PARTS)
    with card(tmp_path) as db:
        record(db, *PARTS)
        retention, nobody = Retention(db), Confirmed(db, ())
        for hour in retention.hours(10**6, 10):
            retention.prune(hour, nobody)
        if command == "verify":
            assert sync_main(["verify", "--config", config, "--days", "all"]) == 0
        else:
            assert edge_main(["restore", "--config", config, "--from-cloud"]) == 0
        said = capsys.readouterr().out
        assert "all of it: 5 of 5 equal" in said
        assert "mended" not in said
        assert (held(db), held(db, "cellar/2")) == ([], [])


def test_a_new_card_is_refilled_from_the_cloud(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    cloud.batch(*PARTS)
    assert edge_main(["restore", "--config", config, "--from-cloud"]) == 0
    assert "all of it: 5 of 5 equal" in capsys.readouterr().out
    with card(tmp_path) as db:
        assert (held(db), held(db, "cellar/2")) == ([1, 2, 3, 6], [1])
        gaps = History(db, RowsByStream(db)).gaps(None, None)
        assert [(gap.from_seq, gap.to_seq, gap.cause) for gap in gaps if gap.records] == [(4, 5, "sensor")]


def test_while_a_collector_runs_it_takes_the_parcels(tmp_path: Path, cloud: Hosted) -> None:
    config = settings(tmp_path, cloud.url)
    cloud.batch(*PARTS)
    stop = threading.Event()

    def collect() -> None:
        with sole_writer(tmp_path / "edge"), card(tmp_path) as db:
            began.set()
            while not stop.wait(0.01):
                Returned(db).take([])

    began = threading.Event()
    collector = threading.Thread(target=collect)
    collector.start()
    try:
        assert began.wait(10)
        assert edge_main(["restore", "--config", config, "--from-cloud", cloud.url]) == 0
    finally:
        stop.set()
        collector.join()
    with card(tmp_path) as db:
        assert held(db) == [1, 2, 3, 6]


def test_a_collector_that_takes_nothing_is_told(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healing, "PATIENCE_S", 0.3)
    config = settings(tmp_path, cloud.url)
    cloud.batch(*PARTS)
    with sole_writer(tmp_path / "edge"):
        assert edge_main(["restore", "--config", config, "--from-cloud"]) == 1
    assert "parcels wait and kembar-edge collect does not take them" in capsys.readouterr().err


def test_a_second_collector_is_refused(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    with (
        sole_writer(tmp_path / "edge"),
        pytest.raises(CannotGoOn, match="another kembar-edge collect writes"),
        sole_writer(tmp_path / "edge"),
    ):
        pass


def test_a_wrong_token_is_told_and_an_unknown_cloud_too(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url, token="a-token-that-nobody-knows")
    assert sync_main(["verify", "--config", config]) == 1
    assert "HTTP 401" in capsys.readouterr().err
    assert sync_main(["verify", "--config", config, "--cloud", "https://other.example"]) == 2
    assert "not in the settings" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        sync_main(["verify", "--config", config, "--days", "0"])


def test_status_tells_how_the_twins_compare_and_what_was_refused_with_its_reason(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    recent = [
        row(1, time.time_ns() // 1_000_000 - 2 * HOUR_MS),
        row(2, time.time_ns() // 1_000_000 - HOUR_MS),
    ]
    with card(tmp_path) as db:
        record(db, Part("garage", 7, 0, recent))
        cloud.batch(Part("garage", 7, 0, recent[:1], [Hole(2, 2, "refused")]))
        db.execute("INSERT INTO clouds (url, amended) VALUES (?, 0)", (cloud.url,))
        db.execute("INSERT INTO withheld (cloud, stream, seq, why, at_ms) VALUES (1, 1, 2, 'too blue', 5)")
        assert sync_main(["verify", "--config", config]) == 0
        capsys.readouterr()
        sync_main(["status", "--config", config])
    said = capsys.readouterr().out
    assert "  30 days: 1 of 2 equal, 1 quarantined\n" in said
    assert "  refused garage boot 7 seq 2: too blue\n" in said


def test_refused_rows_travel_again_after_retry(
    tmp_path: Path, cloud: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, cloud.url)
    with card(tmp_path) as db:
        record(db, Part("garage", 7, 0, rows([1, 2])))
        db.execute("INSERT INTO clouds (url, amended) VALUES (?, 0)", (cloud.url,))
        db.execute("INSERT INTO withheld (cloud, stream, seq, why, at_ms) VALUES (1, 1, 2, 'no', 5)")
        cloud.batch(Part("garage", 7, 0, rows([1]), [Hole(2, 2, "refused")]))
        assert sync_main(["retry", "--config", config]) == 0
        assert "1 refused readings will be sent once more" in capsys.readouterr().out
        assert db.execute("SELECT from_seq, to_seq FROM amends").fetchall() == [(2, 2)]
        assert db.execute("SELECT count(*) FROM withheld").fetchone() == (0,)
