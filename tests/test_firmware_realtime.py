"""The command that runs the simulated board in real time: a pseudo-terminal, UDP sockets, commands from a pipe."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import serial
from firmwarehouse import sketch
from house import ROOT
from processes import Program, wait_until

from edge.beacon import PORT as BEACON_PORT
from edge.decoder import LineDecoder
from edge.line import Beacon, Hello, Line, encode

WAIT_S = 20.0


@pytest.fixture
def board(tmp_path: Path, need: Callable[[str], str]) -> Iterator[Callable[..., Program]]:
    program = sketch(need)
    started: list[Program] = []

    def start(*arguments: str) -> Program:
        command = [sys.executable, str(ROOT / "tests/realtime_mega.py"), str(program), *arguments]
        started.append(Program("board", command, tmp_path, {"PYTHONPATH": str(ROOT)}).start())
        started[-1].wait_for("running", WAIT_S)
        return started[-1]

    yield start
    for each in started:
        if each.runs():
            each.kill()


def report(board: Program) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(board.said().splitlines()[-1])
    return told


def fresh(lines: list[Line], boots: list[int]) -> list[Hello]:
    """The hellos of another start than those."""
    return [line for line in lines if isinstance(line, Hello) and line.boot not in boots]


def test_over_the_pseudo_terminal_it_speaks_lines_and_opening_it_resets_it(
    board: Callable[..., Program], tmp_path: Path
) -> None:
    made = board(
        "--pty", str(tmp_path / "tty"), "--eeprom", str(tmp_path / "eeprom"), "--said", str(tmp_path / "said")
    )
    boots: list[int] = []
    for _ in range(2):
        decoder, lines = LineDecoder(), list[Line]()
        with serial.serial_for_url(str(tmp_path / "tty"), 115200, timeout=0.1) as port:
            ends = time.monotonic() + WAIT_S
            # What was under way when the port was opened is of the start before.
            while not fresh(lines, boots) and time.monotonic() < ends:
                lines += [line for line in decoder.feed(port.read(512)) if isinstance(line, Line)]
        made.wait_for("port opened\nport closed\n" * (len(boots) + 1), WAIT_S)
        boots.append(fresh(lines, boots)[0].boot)
        assert fresh(lines, boots[:-1])[0].uptime_ms < 3000
    assert boots[1] == boots[0] + 1
    made.stop()
    told = report(made)
    assert told["misuse"] == {}
    assert told["overruns"] == [0, 0, 0, 0]
    assert (tmp_path / "said").read_text().startswith("1,")
    assert (tmp_path / "eeprom").read_bytes() != b"\xff" * 4096


def test_over_udp_it_finds_its_edge_and_a_command_resets_it(
    board: Callable[..., Program], tmp_path: Path
) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as edge,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as beacon,
    ):
        edge.bind(("127.0.0.1", 0))
        edge.settimeout(0.2)
        beacon.bind(("127.0.0.1", 0))
        beacon.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        board("--chip", "5500", "--beacons", "--control", str(tmp_path / "control"))
        said, lines = encode(Beacon("home", edge.getsockname()[1])), list[Line]()

        def hello_but(boot: int) -> bool:
            beacon.sendto(said, ("127.255.255.255", BEACON_PORT))
            with suppress(TimeoutError):
                lines.extend(line for line in LineDecoder().feed(edge.recv(2048)) if isinstance(line, Line))
            return any(line.boot != boot for line in lines if isinstance(line, Hello))

        wait_until(lambda: hello_but(0), WAIT_S, lambda: str(lines))
        first = next(line for line in lines if isinstance(line, Hello))
        with (tmp_path / "control").open("w") as control:
            print("reset", file=control)
        wait_until(lambda: hello_but(first.boot), WAIT_S, lambda: str(lines))


def test_signals_reset_it_and_end_it(board: Callable[..., Program], tmp_path: Path) -> None:
    said = tmp_path / "said"
    made = board("--chip", "5100", "--said", str(said))
    os.kill(made.pid, signal.SIGUSR1)
    os.kill(made.pid, signal.SIGUSR2)
    wait_until(lambda: said.exists() and said.stat().st_size > 0, WAIT_S, made.said)
    made.stop()
    told = report(made)
    assert told["resets"] == 3, "power on, reset pin, power on again"
    assert told["worst_pass_ms"] < 10
