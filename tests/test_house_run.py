"""What `make run` starts: processes kept running, ended for certain, with settings that hold."""

import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo import run

from cloud.settings import CloudSettings
from edge.settings import EdgeSettings
from process.settings import read_settings

WAIT_S = 20
FOR_EVER = "import signal; signal.pause()"


@pytest.fixture
def child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[run.Child]:
    monkeypatch.setattr(run, "STATE", tmp_path)
    made = run.Child("name", [sys.executable, "-c", request.param])
    yield made
    if made.process:
        made.process.kill()
        made.process.wait(WAIT_S)
        made.reader.join(WAIT_S)


def die(child: run.Child, now_s: float) -> None:
    assert child.process
    child.process.wait(WAIT_S)
    child.reader.join(WAIT_S)
    child.look(now_s)


@pytest.mark.parametrize("child", ["print('one'); raise SystemExit(3)"], indirect=True)
def test_a_process_that_dies_is_told_and_starts_again_after_a_pause(
    child: run.Child, capsys: pytest.CaptureFixture[str]
) -> None:
    child.look(now_s=100.0)
    die(child, now_s=100.5)
    assert capsys.readouterr().out.splitlines() == [
        "name          | one",
        "name          | ended by itself with exit code 3; it starts again in 1 s",
    ]
    child.look(now_s=101.4)
    assert child.process is None
    child.look(now_s=101.5)
    die(child, now_s=102.0)
    assert "it starts again in 2 s" in capsys.readouterr().out


@pytest.mark.parametrize("child", [FOR_EVER], indirect=True)
def test_a_process_that_was_killed_is_told_by_the_signals_name(
    child: run.Child, capsys: pytest.CaptureFixture[str]
) -> None:
    child.look(now_s=0.0)
    assert child.process
    child.process.kill()
    die(child, now_s=run.STEADY_S + 1)
    assert "ended by itself by SIGKILL; it starts again in 1 s" in capsys.readouterr().out


@pytest.mark.parametrize("child", [FOR_EVER], indirect=True)
def test_a_process_that_does_not_listen_is_killed(
    child: run.Child, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a process inherits what is ignored
    child.look(now_s=0.0)
    signal.signal(signal.SIGTERM, heard)
    child.ask_to_end()
    child.end(until_s=time.monotonic() + 0.1)
    assert child.process
    assert child.process.returncode == -signal.SIGKILL
    assert "it is killed" in capsys.readouterr().out


def test_the_settings_it_writes_are_right_and_stay_as_they_are(tmp_path: Path) -> None:
    run.write_settings(tmp_path)
    edge = read_settings(tmp_path / "edge.toml", EdgeSettings, secrets=True)
    cloud = read_settings(tmp_path / "cloud.toml", CloudSettings, secrets=True)
    token = edge.cloud[0].read_token()
    assert cloud.site[0].read_token() == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    run.write_settings(tmp_path)
    assert read_settings(tmp_path / "edge.toml", EdgeSettings, secrets=True).cloud[0].read_token() == token


@pytest.mark.parametrize(("kind", "name"), [(socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")])
def test_a_port_in_use_is_told(kind: socket.SocketKind, name: str) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        address = other.getsockname()
        assert run.ports_in_use([(kind, name, address)]) == [
            f"{name} port {address[1]} on 127.0.0.1: Address already in use"
        ]
    assert run.ports_in_use([(kind, name, address)]) == []
