"""Virtual devices over a real UDP socket and a real pty, against a tiny edge that stores and answers."""

import argparse
import csv
import os
import select
import socket
import subprocess
import sys
import termios
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from edge.bootnumber import first_boot, next_boot
from edge.decoder import LineDecoder
from edge.devicelink import PtyDeviceLink, UdpDeviceLink
from edge.eeprom import Eeprom
from edge.line import Ack, Earlier, Garbled, Hello, Line, NoReading, Reading, encode
from edge.simulate import add_arguments, run

Stored = dict[tuple[str, int, int], Reading | NoReading]


class TinyEdge:
    """Stores every record; answers whatever is said of a boot with the end of its unbroken run."""

    def __init__(self) -> None:
        self.stored: Stored = {}
        self.cursors: Counter[tuple[str, int]] = Counter()
        self.hellos: list[Hello] = []
        self.garbled = 0

    def hear(self, lines: Iterable[Line | Garbled]) -> Iterable[bytes]:
        for line in lines:
            if isinstance(line, Hello):
                self.hellos.append(line)
            if isinstance(line, Garbled):
                self.garbled += 1
            if isinstance(line, Reading | NoReading):
                self.stored[line.device, line.boot, line.seq] = line
            if isinstance(line, Reading | NoReading | Hello | Earlier):
                yield encode(Ack(line.device, line.boot, self._cursor(line)))

    def _cursor(self, line: Reading | NoReading | Hello | Earlier) -> int:
        boot = (line.device, line.boot)
        while (*boot, self.cursors[boot] + 1) in self.stored:
            self.cursors[boot] += 1
        return self.cursors[boot]


def arguments(*texts: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(texts)


def serve_udp(edge: TinyEdge, listener: socket.socket, simulated: Future[int]) -> int:
    while not simulated.done():
        if select.select([listener], [], [], 0.05)[0]:
            datagram, sender = listener.recvfrom(2048)
            decoder = LineDecoder()
            for answer in edge.hear(decoder.feed(datagram) + decoder.end()):
                listener.sendto(answer, sender)
    return simulated.result()


def simulate_udp(*texts: str) -> tuple[TinyEdge, int]:
    edge = TinyEdge()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener, ThreadPoolExecutor(1) as pool:
        listener.bind(("127.0.0.1", 0))
        to = f"udp://127.0.0.1:{listener.getsockname()[1]}"
        simulated = pool.submit(run, arguments("--to", to, *texts), threading.Event())
        return edge, serve_udp(edge, listener, simulated)


def produced_in(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def identities(rows: list[dict[str, str]]) -> list[tuple[str, int, int]]:
    return [(row["device"], int(row["boot"]), int(row["seq"])) for row in rows]


def test_every_record_arrives_over_udp_as_it_was_produced(tmp_path: Path) -> None:
    path = tmp_path / "produced.csv"
    edge, code = simulate_udp("--seconds", "0.5", "--rate", "200", "--produced", str(path), "--channels", "4")
    rows = produced_in(path)
    assert code == 0
    assert 80 <= len(rows) <= 200
    assert identities(rows) == list(edge.stored)
    assert {row["channel"] for row in rows} == {"1", "2", "3", "4"}
    for row in rows:
        stored = edge.stored[row["device"], int(row["boot"]), int(row["seq"])]
        assert isinstance(stored, Reading)
        assert [row[name] for name in list(row)[3:5]] == [str(stored.uptime_ms), str(stored.channel)]
        assert [row[name] for name in list(row)[5:12]] == [str(value) for value in stored.values]
    assert edge.hellos[0].interval_ms == 20


def test_all_faults_together_cost_no_record(tmp_path: Path) -> None:
    path = tmp_path / "produced.csv"
    edge, code = simulate_udp(
        "--seconds", "2.5", "--rate", "100", "--produced", str(path),
        "--drop", "0.1", "--duplicate", "--reorder", "--corrupt",
        "--reboot-every", "1", "--timeouts", "0.1", "--device", "garage", "--device", "shed",
    )  # fmt: skip
    assert code == 0
    assert sorted(identities(produced_in(path))) == sorted(edge.stored)
    assert len({(device, boot) for device, boot, _ in edge.stored}) == 6
    assert any(isinstance(record, NoReading) for record in edge.stored.values())
    assert edge.garbled > 0


def test_every_record_arrives_over_a_pty(tmp_path: Path) -> None:
    edge, path = TinyEdge(), tmp_path / "produced.csv"
    texts = ("--pty", "--seconds", "0.5", "--rate", "200", "--produced", str(path))
    with ThreadPoolExecutor(1) as pool, redirect_stdout(StringIO()) as out:
        simulated = pool.submit(run, arguments(*texts), threading.Event())
        while "\n" not in out.getvalue() and not simulated.done():
            wait([simulated], timeout=0.01)
        port = os.open(out.getvalue().split()[1], os.O_RDWR | os.O_NOCTTY)
        decoder = LineDecoder()
        while not simulated.done():
            if select.select([port], [], [], 0.05)[0]:
                for answer in edge.hear(decoder.feed(os.read(port, 4096))):
                    os.write(port, answer)
        os.close(port)
    assert simulated.result() == 0
    assert identities(produced_in(path)) == list(edge.stored)
    assert edge.garbled == 0


def test_without_an_edge_it_gives_up_after_the_linger(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        to = f"udp://127.0.0.1:{deaf.getsockname()[1]}"
        code = run(
            arguments("--to", to, "--seconds", "0.1", "--linger", "0.1", "--rate", "100"), threading.Event()
        )
    assert code == 1


def test_it_ends_with_0_as_soon_as_it_is_told_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    assert run(arguments(), stop) == 0


def test_a_killed_process_starts_again_under_a_new_boot_and_keeps_its_counters(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    path = tmp_path / "produced.csv"
    code = (
        "import argparse, threading; from edge.simulate import add_arguments, run\n"
        "parser = argparse.ArgumentParser(); add_arguments(parser)\n"
        "run(parser.parse_args(), threading.Event())"
    )
    common = ["--state", str(state), "--produced", str(path), "--rate", "1000", "--speed", "1000"]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        subprocess.Popen(
            [sys.executable, "-c", code, "--to", f"udp://127.0.0.1:{port_of(listener)}", *common],
            cwd=Path(__file__).parent.parent,
        ) as process,
    ):
        heard = 0
        while heard < 200:
            heard += listener.recv(2048).count(b"R1,")
        process.kill()
    before = produced_in(path)
    edge, ended = simulate_udp("--seconds", "0.2", *common)
    after = produced_in(path)[len(before) :]
    assert ended == 0
    assert len(before) >= 200
    assert int(after[0]["boot"]) == int(before[-1]["boot"]) + 1
    assert identities(after) == list(edge.stored)
    newest_wh = max(int(row["energy_wh"]) for row in before if row["channel"] == "1")
    assert newest_wh > 0
    assert int(next(row["energy_wh"] for row in after if row["channel"] == "1")) in (newest_wh, newest_wh + 1)


def port_of(listener: socket.socket) -> int:
    listener.bind(("127.0.0.1", 0))
    listener.settimeout(30)
    return int(listener.getsockname()[1])


def test_a_boot_number_counts_starts_below_a_drawn_upper_half() -> None:
    draw = Random(1).randrange
    first = first_boot(draw)
    assert first & 0xFFFF == 1
    assert next_boot(first, draw) == first + 1
    assert next_boot(first | 0xFFFF, draw) >> 16 != first >> 16


def test_a_board_without_memory_is_another_board_each_time() -> None:
    boots = {Eeprom(None).start("garage") >> 16 for _ in range(5)}
    assert len(boots) > 1


def test_a_full_serial_line_loses_whole_lines_and_no_halves() -> None:
    link, line = PtyDeviceLink(), encode(Ack("garage", 7, 123_456))
    port = os.open(link.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    # A terminal holds some ten KB; the system may move what is in it while it is being filled.
    sent = 0
    while link.is_clear():
        link.send(line)
        sent += 1
        assert sent < 1_000_000
    for _ in range(10):
        link.send(line)
    decoder = LineDecoder()
    lines = []
    while not link.is_clear() or select.select([port], [], [], 0)[0]:
        lines += decoder.feed(os.read(port, 4096))
    os.close(port)
    link.close()
    assert len(lines) > 10
    assert set(lines) == {Ack("garage", 7, 123_456)}


def test_the_pty_is_a_terminal_that_changes_no_byte() -> None:
    link = PtyDeviceLink()
    port = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    lflag = termios.tcgetattr(port)[3]
    os.close(port)
    link.close()
    assert not lflag & (termios.ECHO | termios.ICANON)


def test_nobody_listening_on_udp_is_no_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        port = port_of(unused)
    link = UdpDeviceLink("127.0.0.1", port)
    for _ in range(3):
        link.send(b"x\n")
        assert link.hear() == []
    link.close()


@pytest.mark.parametrize(
    "texts",
    [("--to", "http://127.0.0.1:8485"), ("--to", "udp://127.0.0.1"), ("--device", "Garage"),
     ("--drop", "1.5"), ("--channels", "17"), ("--rate", "0"), ("--clock-error", "0.1"), ("--pty", "--to", "udp://127.0.0.1:1")],
)  # fmt: skip
def test_a_wrong_argument_is_wrong_usage(texts: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        arguments(*texts)
    assert refused.value.code == 2


def test_the_default_is_the_collector_of_this_machine() -> None:
    assert arguments().to == ("127.0.0.1", 8485)
