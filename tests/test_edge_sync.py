"""The command kembar-sync as its threads run it: real database, HTTP and cloud, and what it tells others."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hosted import TOKEN, Hosted, hosted

from edge import status, sync_main, sync_worker
from edge.ramfile import RamFile
from edge.returned import Returned
from edge.settings import House
from edge.sync_worker import ALIVE_EVERY_S, CloudWorker, Telling
from metering.profile import Profile
from metering.reading import Meter
from store.by_stream import RowsByStream
from store.database import Database
from store.part import Part
from store.profiles import Profiles
from store.receiver import Receiver
from store.sqlite import open_database
from sync.progress import Progress

NOW_MS = time.time_ns() // 1_000_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
PATIENCE_S = 20.0


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An edge's folder; what its processes tell each other stays in the test's own."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    folder = tmp_path / "edge"
    folder.mkdir()
    return folder


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


def record(data_dir: Path, low: int, high: int) -> None:
    with closing(open_database(data_dir / "kembar.sqlite", "edge")) as db, db.write():
        rows = [(seq, 1, NOW_MS - 86_400_000 + seq, *VALUES) for seq in range(low, high + 1)]
        Receiver(db, RowsByStream(db)).receive(Part("garage", 7, low - 1, rows))


def arrived(cloud: Hosted) -> int:
    with cloud.database() as db:
        return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; other processes and threads set the pace."""
    deadline_s = time.monotonic() + PATIENCE_S
    waiting = threading.Event()
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to that"
        waiting.wait(0.02)


def _house(data_dir: Path) -> House:
    return House(name="rumah", data_dir=data_dir, timezone="Asia/Jakarta")


class Worker:
    """A cloud worker with a stop."""

    def __init__(self, data_dir: Path, url: str, token: str = TOKEN) -> None:
        self.stop, self.ram = threading.Event(), RamFile(data_dir, "sync")
        self.worker = CloudWorker(url, token, _house(data_dir), Telling(self.ram), self.stop, first=True)

    def __enter__(self) -> "Worker":
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.worker.join()

    def told(self) -> Progress | None:
        fields = self.ram.read()
        return Progress(**fields["clouds"][0]) if fields else None

    def state(self) -> str:
        told = self.told()
        return told.state if told else ""


def test_a_backlog_and_what_follows_it_arrive(data_dir: Path, cloud: Hosted) -> None:
    record(data_dir, 1, 5_000)
    with Worker(data_dir, cloud.url) as worker:
        until(lambda: arrived(cloud) == 5_000)
        record(data_dir, 5_001, 5_010)
        until(lambda: arrived(cloud) == 5_010)
        until(lambda: worker.state() == "ok")
    assert worker.worker.error is None


def test_a_cloud_that_was_away_is_caught_up_with(data_dir: Path, tmp_path: Path) -> None:
    record(data_dir, 1, 100)
    with hosted(tmp_path / "cloud.db") as cloud:
        address = cloud.url.removeprefix("http://")
    with Worker(data_dir, cloud.url) as worker:
        until(lambda: worker.state() == "offline")
        with hosted(tmp_path / "cloud.db", address) as cloud:
            until(lambda: arrived(cloud) == 100)


def test_a_wrong_token_is_told_and_withholds_nothing(data_dir: Path, cloud: Hosted) -> None:
    record(data_dir, 1, 100)
    with Worker(data_dir, cloud.url, "not-the-token-of-it") as worker:
        until(lambda: worker.state() == "not-admitted")
        told = worker.told()
    assert told is not None
    assert (told.refused_rows, told.backlog_rows) == (0, 100)
    assert "this token is not known" in (told.reason or "")


def test_live_values_travel_while_somebody_looks(data_dir: Path, cloud: Hosted) -> None:
    meter: dict[str, Any] = {
        "source": "garage", "channel": 1, "boot": 7, "seq": 51, "taken_ms": NOW_MS, "interval_ms": 1000,
        "estimated": False, "values": [*VALUES],
    }  # fmt: skip
    RamFile(data_dir, "live").write({"at_ms": NOW_MS, "meters": [meter]})
    cloud.get("/api/v1/sites/rumah/latest")
    with Worker(data_dir, cloud.url):
        until(lambda: [m["seq"] for m in cloud.get("/api/v1/sites/rumah/latest")["meters"]] == [51])
        RamFile(data_dir, "live").write({"at_ms": NOW_MS, "meters": [{**meter, "seq": 52}]})
        until(lambda: [m["seq"] for m in cloud.get("/api/v1/sites/rumah/latest")["meters"]] == [52])


def test_a_long_pause_does_not_look_like_a_worker_that_is_gone(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ram, now_s = RamFile(data_dir, "sync"), [100.0]
    monkeypatch.setattr(sync_worker, "monotonic", lambda: now_s[0])
    telling = Telling(ram)
    telling.tell(Progress("https://cloud.example", "offline", 7))
    ram.remove()
    telling.alive()
    assert ram.read() is None
    now_s[0] += ALIVE_EVERY_S
    telling.alive()
    told = ram.read()
    assert told is not None
    assert told["clouds"][0]["state"] == "offline"


def settings(folder: Path, data_dir: Path, url: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(
        f'[edge]\nname = "rumah"\ndata_dir = "{data_dir}"\ntimezone = "Asia/Jakarta"\n'
        f'[[link]]\nurl = "udp://127.0.0.1:8485"\n[[cloud]]\nurl = "{url}"\ntoken = "{TOKEN}"\n'
    )
    return path


def test_status_tells_one_line_per_cloud(
    data_dir: Path, cloud: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["status", "--config", str(settings(tmp_path, data_dir, cloud.url))]
    assert sync_main.main(asked) == 1
    assert "kembar-edge collect has not run yet" in capsys.readouterr().err
    record(data_dir, 1, 100)
    assert sync_main.main(asked) == 1
    assert "nothing was ever sent there" in capsys.readouterr().out
    with Worker(data_dir, cloud.url) as worker:
        until(lambda: worker.state() == "ok")
        assert sync_main.main(asked) == 0
        assert f"{cloud.url}: ok, 0 readings behind" in capsys.readouterr().out
    RamFile(data_dir, "sync").remove()
    assert sync_main.main(asked) == 1
    assert "kembar-sync run is not running" in capsys.readouterr().out


def test_status_tells_what_is_behind_how_fast_it_goes_and_how_long_it_takes(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(data_dir, 1, 10)
    url = "https://cloud.example"
    told = Progress(url, "catching-up", 123_456, 84_000, 1_795_168_800_000, 0, None, 2)
    Telling(RamFile(data_dir, "sync")).tell(told)
    assert sync_main.main(["status", "--config", str(settings(tmp_path, data_dir, url))]) == 0
    assert capsys.readouterr().out == (
        f"{url}: catching-up, 123 456 readings behind, 84 000/s, about 2 s left,"
        " last answer 2026-11-20 10:00:00 UTC, 0 refused\n"
    )


@pytest.mark.parametrize(
    ("left_s", "said"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "120 min"), (7_201, "3 h"), (172_800, "2 d")],
)
def test_a_time_left_is_told_in_its_largest_unit(left_s: int, said: str) -> None:
    assert f"about {said} left" in status._line(Progress("https://cloud.example", left_s=left_s))


def test_a_ram_file_is_replaced_whole_and_belongs_to_one_folder(data_dir: Path, tmp_path: Path) -> None:
    here = RamFile(data_dir, "live")
    assert here.read() is None
    here.write({"n": 1})
    here.write({"n": 2})
    assert here.read() == {"n": 2}
    assert RamFile(tmp_path / "another", "live").read() is None
    assert RamFile(data_dir / ".." / "edge", "live").read() == {"n": 2}
    here.remove()
    assert here.read() is None


def test_without_a_runtime_directory_it_lies_in_shared_memory(tmp_path: Path) -> None:
    file = RamFile(tmp_path, "live", {})
    file.write({"n": 1})
    assert len(list(Path("/dev/shm").glob("kembar-*-live.json"))) >= 1
    file.remove()


def test_a_link_that_somebody_left_is_not_written_through(data_dir: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    here = RamFile(data_dir, "live")
    here.write({"n": 1})
    (written,) = tmp_path.glob("kembar-*-live.json")
    written.with_name(f"{written.name}.{os.getpid()}").symlink_to(victim)
    here.write({"n": 2})
    assert (here.read(), victim.read_text()) == ({"n": 2}, "mine")


def test_a_name_given_at_the_cloud_comes_home_and_one_given_at_home_stays(
    data_dir: Path, cloud: Hosted
) -> None:
    record(data_dir, 1, 10)
    path, garage = data_dir / "kembar.sqlite", Meter("garage", 1)

    def names(db: Database, site: int = 0) -> str:
        return Profiles(db, site).all().get(garage, Profile()).name

    def home() -> str:
        with closing(open_database(path, "edge")) as db:
            Returned(db).take([])  # what the collector does between two turns of its loop
            return names(db)

    def there() -> str:
        with cloud.database() as db:
            return names(db, 1)

    with Worker(data_dir, cloud.url):
        until(lambda: arrived(cloud) == 10)
        answer = cloud.form("/sites/rumah/meter?meter=garage/1", name="Garasi")
        assert answer.status_code == 303
        record(data_dir, 11, 12)  # the answer to a batch tells of it
        until(lambda: home() == "Garasi")
        with closing(open_database(path, "edge")) as db:
            Profiles(db).write(RowsByStream(db), ("~rumah.pages", 1), garage, Profile(name="Bengkel"))
        until(lambda: there() == "Bengkel")
        assert home() == "Bengkel"
