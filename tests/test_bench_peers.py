"""The comparison with other systems: what of it can be checked without them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice, pairwise
from pathlib import Path

import pytest
from house import ROOT

from bench.household import free_port
from bench.peers import run
from bench.peers.attack import Survived
from bench.peers.counted import counted
from bench.peers.drain import CaughtUp
from bench.peers.mqtt import PUBACK, PUBLISH, QOS_1, Packet, decode, encode, text
from bench.peers.picture import page
from bench.peers.programs import Missing
from bench.peers.schedule import CALM_S, PAUSE_LEAST_S, SERVER_S, schedule
from bench.peers.table import Result, cells, figures, markdown
from bench.peers.table import text as told
from bench.peers.vmagent import influx_line, seq_of
from bench.shaped import readings
from edge.device import VirtualDevice
from metering.reading import CHANNEL, SEQ, TAKEN_MS

OURS = Result(
    "kembar", "Kembar", "fsync", "1", CaughtUp(1_000, 1_000, 0.5, 2_000, 0.01), Survived(5, 60, 60, 0, 0)
)
THEIRS = Result("other", "Other", "RAM", "2", CaughtUp(500, 400, 2.0, 20_000, 0.1), Survived(5, 60, 50, 7, 3))
GONE = Result("gone", "Gone", "?", missing="no gone (Debian package gone)")
EVERYONE = (OURS, THEIRS, GONE)
PEERS = {peer.key: peer for peer in run.PEERS}


def test_a_seed_gives_the_same_kills_to_everyone() -> None:
    assert schedule(7) == schedule(7)
    assert schedule(7) != schedule(8)


@pytest.mark.parametrize("seed", range(20))
def test_every_kill_finds_a_sender_that_had_time_to_start_and_leaves_calm_before_the_server(
    seed: int,
) -> None:
    plan = schedule(seed)
    assert plan.kills == 5
    assert all(later - earlier >= PAUSE_LEAST_S for earlier, later in pairwise((0.0, *plan.down_s)))
    assert plan.down_s[-1] <= SERVER_S - CALM_S
    assert all(1_000 < sent_bytes < 2 * plan.readings for sent_bytes in plan.draining_bytes)
    assert plan.readings <= VirtualDevice("garage", 1)._ring.capacity


def test_the_table_has_a_row_for_everyone_and_no_number_for_who_is_missing() -> None:
    rows = told(EVERYONE).splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["Kembar", "Other", "Gone"]
    assert cells(THEIRS)[2:9] == ("200", "400 of 500", "50.0", "250.0 µs", "50 of 60", "7", "3")
    assert cells(GONE)[2:] == (*"———————", "no gone (Debian package gone)")
    assert len(markdown(EVERYONE).splitlines()) == 2 + len(EVERYONE)


def test_the_figures_are_flat_and_a_missing_peer_has_none() -> None:
    found = figures(EVERYONE)
    assert found["peer_kembar_readings_per_s"] == 2_000
    assert found["peer_other_wire_bytes_per_reading"] == 50.0
    assert found["peer_other_cpu_us_per_reading"] == 250.0
    assert (found["peer_other_lost"], found["peer_other_doubled"]) == (7, 3)
    assert found["peer_ratio_other"] == 10.0
    assert not [name for name in found if "gone" in name or not name.startswith("peer_")]


def test_the_picture_names_everyone_and_says_why_one_has_no_bar() -> None:
    html = page(EVERYONE, "told")
    assert [each.name in html for each in EVERYONE] == [True, True, True]
    assert html.count('class="bar"') == 4
    assert GONE.missing in html


def test_the_page_names_every_peer_and_has_a_place_for_the_table() -> None:
    shown = run.PAGE.read_text(encoding="utf-8")
    assert [peer.name for peer in run.PEERS if f"| {peer.name} |" not in shown] == []
    assert shown.count(run.BEGIN) == shown.count(run.END) == 1
    assert f"pictures/{run.PICTURE.name}" in shown


def test_the_makefile_installs_what_the_peers_need() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("bench-peers: .venv/test")[2].partition("\n\n")[0]
    assert all(tool in recipe for tool in ("victoria-metrics", "mosquitto", "gateway", "-m bench.peers"))


class _Absent:
    key, name, durability, backlog = "absent", "Absent", "?", 1

    def version(self) -> str:
        raise Missing("no absent")

    @contextmanager
    def house(self, folder: Path) -> Iterator[None]:
        raise AssertionError("a house of somebody who is missing")
        yield


@pytest.mark.parametrize(("under_ci", "code"), [("false", 0), ("true", 1)])
def test_a_missing_peer_is_a_failure_under_ci_only(
    under_ci: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", under_ci)
    monkeypatch.setattr(run, "PEERS", (_Absent(),))
    assert run.main(["--no-files"]) == code
    assert "no absent" in capsys.readouterr().out


def test_a_sample_finds_its_reading_again_by_channel_and_time() -> None:
    for row in islice(readings(), 100):
        assert seq_of(row[CHANNEL] or 0, row[TAKEN_MS] or 0) == row[SEQ]


def test_a_reading_is_six_samples_at_its_time() -> None:
    row = next(readings())
    measurement, fields, time_ns = influx_line(row).split(" ")
    assert (measurement, len(fields.split(","))) == ("pzem,channel=1", 6)
    assert int(time_ns) == (row[TAKEN_MS] or 0) * 1_000_000


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384])
def test_packets_are_decoded_whole_and_byte_by_byte(size: int) -> None:
    message = text("a/b") + (7).to_bytes(2, "big") + b"x" * size
    data = encode(PUBLISH | QOS_1, message) + encode(PUBACK, b"\x01\x02")
    buffer, found = bytearray(), list[Packet]()
    for byte in data:
        buffer.append(byte)
        found += decode(buffer)
    assert found == list(decode(bytearray(data)))
    assert found[0].message() == ("a/b", 7, b"x" * size)
    assert (found[1].kind, found[1].number, bytes(buffer)) == (PUBACK, 0x0102, b"")


def test_the_counted_line_counts_each_way() -> None:
    entry = free_port(socket.SOCK_STREAM)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_answer, args=(server,))
        thread.start()
        with counted(entry, server.getsockname()[1]) as line:
            assert (line.passed, line.first_s.value) == (0, 0.0)
            with socket.create_connection(("127.0.0.1", entry), timeout=10) as client:
                client.sendall(b"12345")
                client.shutdown(socket.SHUT_WR)
                assert client.recv(100) == b"123"
                assert client.recv(100) == b""
            thread.join()
            assert (line.up.value, line.down.value) == (5, 3)
            assert line.first_s.value > 0


def _answer(server: socket.socket) -> None:
    with server.accept()[0] as client:
        while client.recv(100):
            pass
        client.sendall(b"123")
