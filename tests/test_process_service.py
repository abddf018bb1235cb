"""A process' start and end, with real signals, real sockets and real exit codes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.service import Running

ROOT = Path(__file__).parents[1]
START_S = 20  # for a Python to start on a busy machine


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(START_S)
        yield listening


def start(body: str, **environ: str) -> subprocess.Popen[str]:
    """A real process that calls run() with the body as its work."""
    program = f"import sys\nfrom process.service import *\ndef work(running):\n {body}\nsys.exit(run(work))"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environ},
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate(timeout=START_S)[1]
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_work_and_the_exit_code_is_0(
    systemd: socket.socket, number: signal.Signals
) -> None:
    process = start("running.ready('on watch'); running.stop.wait()", NOTIFY_SOCKET=systemd.getsockname())
    assert systemd.recv(1000) == b"READY=1\nSTATUS=on watch"
    process.send_signal(number)
    code, said = ended(process)
    assert (code, systemd.recv(1000)) == (0, b"STOPPING=1")
    assert "INFO on watch" in said


def test_what_cannot_go_on_ends_with_one_sentence_and_1() -> None:
    code, said = ended(start("raise CannotGoOn('the disk is full; free some of it')"))
    assert code == 1
    assert said.strip().endswith("ERROR the disk is full; free some of it")
    assert "Traceback" not in said


def test_a_mistake_in_the_program_ends_with_its_trace_and_1() -> None:
    code, said = ended(start("1 / 0"))
    assert code == 1
    assert "ZeroDivisionError" in said


def test_a_mistake_in_the_settings_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("[edge]\nname = 'A B'\n")
    body = "from pathlib import Path; from process.settings import Table, read_settings; "
    code, said = ended(start(body + f"read_settings(Path({str(tmp_path / 'edge.toml')!r}), Table)"))
    assert code == 2
    assert "edge.toml: 1 to correct\n  [edge] = a table: no such key" in said
    assert "Traceback" not in said


def test_the_journal_gets_no_time_because_it_writes_its_own() -> None:
    assert ended(start("running.ready('here')", JOURNAL_STREAM="8:1"))[1] == "INFO here\n"


def test_the_watchdog_is_told_four_times_in_the_time_it_allows(systemd: socket.socket) -> None:
    now = [100.0]
    told = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "8000000"}
    running = Running(told, clock=lambda: now[0])
    heard = []
    systemd.setblocking(False)
    for now[0] in (100.0, 101.9, 102.0, 102.1, 103.9, 104.1):
        running.alive()
        try:
            heard.append((now[0], systemd.recv(100)))
        except BlockingIOError:
            continue
    assert heard == [(102.0, b"WATCHDOG=1"), (104.1, b"WATCHDOG=1")]


def test_a_watchdog_meant_for_another_process_is_left_alone(systemd: socket.socket) -> None:
    now = [0.0]
    told = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    running = Running(told, clock=lambda: now[0])
    now[0] = 50.0
    running.alive()
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


def test_an_abstract_socket_is_reached_by_its_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(b"\0kembar-test-%d" % os.getpid())
        listening.settimeout(START_S)
        Running({"NOTIFY_SOCKET": f"@kembar-test-{os.getpid()}"}).stopping()
        assert listening.recv(100) == b"STOPPING=1"


def test_a_systemd_that_has_gone_ends_nothing(tmp_path: Path) -> None:
    Running({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("here")
