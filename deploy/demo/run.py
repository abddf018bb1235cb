"""Starts a whole Kembar on one machine: two virtual devices, the edge's three processes, the hosted site.

For looking and trying: `make run`. It needs the standard library only, keeps what it makes in .run/ and knows
the programs by their command lines alone.
"""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
STATE = ROOT / ".run"
PROGRAMS = Path(sys.executable).parent
LAN, HOSTED, LINES = ("127.0.0.1", 8480), ("127.0.0.1", 8490), ("127.0.0.1", 8485)
Port = tuple[socket.SocketKind, str, tuple[str, int]]
PORTS: tuple[Port, ...] = (
    (socket.SOCK_STREAM, "TCP", LAN),
    (socket.SOCK_STREAM, "TCP", HOSTED),
    (socket.SOCK_DGRAM, "UDP", LINES),
)
SITE = "rumah"

LOOK_S = 0.2  # how often the processes are looked at
SLOW_S = 60  # without both pages for so long, something is wrong and is said
END_S = 15  # a process that was asked to end and has not by then is killed
LAST_WORDS_S = 1  # for what a process wrote before it ended
PAUSE_S, PAUSE_MOST_S = 1.0, 30.0  # before a process that died starts again; it doubles
STEADY_S = 60  # one that ran for so long starts again after the shortest pause

EDGE = """\
[edge]
name = "rumah"
data_dir = "edge"
timezone = "Asia/Jakarta"
clock = "trust"

[[link]]
url = "udp://{lines}"

[pages]
listen = "{lan}"

[[cloud]]
url = "http://{hosted}"
token_file = "token"
"""

CLOUD = """\
[cloud]
listen = "{hosted}"
database = "sqlite:///cloud/cloud.db"

[[site]]
name = "{site}"
title = "Rumah percobaan"
token_file = "token"
public = true
"""

say_lock = threading.Lock()


def say(who: str, line: str) -> None:
    with say_lock:
        print(f"{who:<13} | {line}", flush=True)


@dataclass(slots=True)
class Child:
    """One process that is kept running; every line it writes is repeated with its name before it."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[str] | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    pause_s: float = PAUSE_S
    reader: threading.Thread = field(default_factory=threading.Thread)

    def look(self, now_s: float) -> None:
        if self.process is None:
            if now_s >= self.start_at_s:
                self._start(now_s)
        elif (code := self.process.poll()) is not None:
            self._died(code, now_s)

    def _start(self, now_s: float) -> None:
        # A session of its own: Ctrl-C reaches this program alone, which then ends the others in order.
        self.process = subprocess.Popen(
            self.command,
            cwd=STATE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.started_s = now_s
        self.reader = threading.Thread(target=self._repeat, args=(self.process,), daemon=True)
        self.reader.start()

    def _repeat(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                say(self.name, line.rstrip())

    def _died(self, code: int, now_s: float) -> None:
        self.reader.join(LAST_WORDS_S)
        self.pause_s = PAUSE_S if now_s - self.started_s >= STEADY_S else self.pause_s
        how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        say(self.name, f"ended by itself {how}; it starts again in {self.pause_s:g} s")
        self.process, self.start_at_s = None, now_s + self.pause_s
        self.pause_s = min(2 * self.pause_s, PAUSE_MOST_S)

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self, until_s: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(self.name, f"did not end within {END_S} s; it is killed")
            self.process.kill()
            self.process.wait()
        self.reader.join(LAST_WORDS_S)


def children() -> list[Child]:
    edge, sync, cloud = (str(PROGRAMS / f"kembar-{name}") for name in ("edge", "sync", "cloud"))
    edge_file, cloud_file = str(STATE / "edge.toml"), str(STATE / "cloud.toml")
    return [
        Child("cloud", [cloud, "serve", "--config", cloud_file]),
        Child("edge collect", [edge, "collect", "--config", edge_file]),
        Child("edge serve", [edge, "serve", "--config", edge_file]),
        Child("sync", [sync, "run", "--config", edge_file]),
        Child("garage", device(edge, "garage", 3)),
        Child("dapur", device(edge, "dapur", 1)),
    ]


def device(edge: str, name: str, channels: int) -> list[str]:
    to = "udp://{}:{}".format(*LINES)
    # Its memory outlives it, as a board's does: boot number and energy counters go on where they were.
    memory = f"{name}.eeprom"
    return [edge, "simulate", "--to", to, "--device", name, "--channels", str(channels), "--state", memory]


def write_settings(state: Path) -> None:
    """Files that are there already stay: they may have been changed by hand, and the token must not."""
    state.mkdir(exist_ok=True)
    places = {"lan": LAN, "hosted": HOSTED, "lines": LINES}
    words = {name: "{}:{}".format(*place) for name, place in places.items()}
    contents = {
        "token": secrets.token_urlsafe(32) + "\n",
        "edge.toml": EDGE.format(**words),
        "cloud.toml": CLOUD.format(site=SITE, **words),
    }
    for name, content in contents.items():
        path = state / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(content)


def ports_in_use(wanted: Sequence[Port] = PORTS) -> list[str]:
    taken = []
    for kind, name, address in wanted:
        with socket.socket(socket.AF_INET, kind) as attempt:
            if kind == socket.SOCK_STREAM:
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(address)
            except OSError as error:
                taken.append(f"{name} port {address[1]} on {address[0]}: {error.strerror}")
    return taken


def answers(address: tuple[str, int]) -> bool:
    """Whether /healthz answers at all; a cloud that still waits for its first rows answers 503."""
    try:
        with urllib.request.urlopen("http://{}:{}/healthz".format(*address), timeout=1):
            return True
    except urllib.error.HTTPError as answer:
        answer.close()
        return True
    except OSError:
        return False


def tell_when_ready(stop: threading.Event) -> None:
    begun_s = time.monotonic()
    slow_told = False
    while not stop.wait(LOOK_S):
        silent = [name for name, address in (("LAN", LAN), ("hosted", HOSTED)) if not answers(address)]
        if not silent:
            for line in ("", *addresses(), "  Ctrl-C ends everything; the readings stay in .run/", ""):
                say("kembar", line)
            return
        if not slow_told and time.monotonic() - begun_s > SLOW_S:
            slow_told = True
            say(
                "kembar",
                f"after {SLOW_S} s there is no answer yet from: {', '.join(silent)}; see the lines above",
            )


def addresses() -> list[str]:
    return [
        "  LAN page     http://{}:{}".format(*LAN),
        "  hosted page  http://{}:{}".format(*HOSTED),
    ]


def keep_running(all_of_them: Sequence[Child], stop: threading.Event, now: Callable[[], float]) -> None:
    while not stop.wait(LOOK_S):
        for child in all_of_them:
            child.look(now())


def end_all(all_of_them: Sequence[Child]) -> None:
    until_s = time.monotonic() + END_S
    # First what sends, last what receives: what is on its way still arrives.
    for child in reversed(all_of_them):
        child.ask_to_end()
    for child in reversed(all_of_them):
        child.end(until_s)
    say("kembar", "everything has ended")


def main() -> int:
    if taken := ports_in_use():
        print(
            "Kembar cannot start here; something else (another `make run`?) uses:",
            *taken,
            sep="\n  ",
            file=sys.stderr,
        )
        return 1
    write_settings(STATE)
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    started = children()
    threading.Thread(target=tell_when_ready, args=(stop,), daemon=True).start()
    try:
        keep_running(started, stop, time.monotonic)
    finally:
        end_all(started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
