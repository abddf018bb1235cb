"""A whole house of real processes in a temporary folder: settings, ports, both read APIs.

Starting and killing is processes.py; judging what came out is outcome.py.
"""

import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import requests
from faultproxy import FaultProxy
from outcome import Exports
from processes import START_S, Program, TooSlow, command, free_port, wait_until

SITE = "rumah"
# The health tells how far behind the cloud was at its last answer: rows committed since are not in it.
LAST_ROWS_S, LOOK_EVERY_S = 20.0, 0.5
# A commit is at most 10 s away, an answer that was missed 2 s more, a pause of the uplink some seconds.
SETTLE_S = 90.0
ANSWER_S = 30.0

EDGE = """\
[edge]
name = "rumah"
data_dir = "edge"
timezone = "Asia/Jakarta"
clock = "trust"

[[link]]
url = "{link}"

[pages]
listen = "127.0.0.1:{lan}"

[[cloud]]
url = "http://127.0.0.1:{cloud}"
token_file = "token"
"""

CLOUD = """\
[cloud]
listen = "127.0.0.1:{cloud}"
database = "sqlite:///cloud/cloud.db"

[[site]]
name = "rumah"
token_file = "token"
"""

READY = {"collect": "collecting from", "serve": "serving on", "sync": "replaying to", "cloud": "serving on"}


class RealHouse:
    """collect, serve, sync and cloud of one house; devices are the test's affair (`device`)."""

    def __init__(
        self,
        folder: Path,
        link: str | None = None,
        line_seed: int | None = None,
        edge_inside: Sequence[str] = (),
        cloud_inside: Sequence[str] = (),
    ) -> None:
        """With a `line_seed` the edge reaches the cloud through `line`, which is clear until told otherwise.

        `edge_inside`, `cloud_inside`: words before each command of the edge, and of the cloud.
        """
        self.folder = folder
        self.lines = free_port(socket.SOCK_DGRAM)
        self.lan, self.hosted = free_port(), free_port()
        self.token = secrets.token_urlsafe(32)
        self.environ = {"RUNTIME_DIRECTORY": str(folder / "run")}
        (folder / "run").mkdir()
        self._opened = ExitStack()
        self._line = None
        if line_seed is not None:
            self._line = self._opened.enter_context(FaultProxy(self.hosted, Random(line_seed)))
        self._write_settings(link or f"udp://127.0.0.1:{self.lines}")
        edge, cloud = folder / "edge.toml", folder / "cloud.toml"
        self.collect = self.program(
            "collect", [*edge_inside, *command("kembar-edge", "collect", "--config", edge)]
        )
        self.serve = self.program("serve", [*edge_inside, *command("kembar-edge", "serve", "--config", edge)])
        self.sync = self.program("sync", [*edge_inside, *command("kembar-sync", "run", "--config", edge)])
        self.cloud = self.program(
            "cloud", [*cloud_inside, *command("kembar-cloud", "serve", "--config", cloud)]
        )
        self.servers = (self.collect, self.serve, self.sync, self.cloud)
        self._session = self._opened.enter_context(requests.Session())
        self._session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def _write_settings(self, link: str) -> None:
        (self.folder / "token").touch(mode=0o600)
        (self.folder / "token").write_text(self.token + "\n")
        there = self._line.port if self._line else self.hosted
        (self.folder / "edge.toml").write_text(EDGE.format(link=link, lan=self.lan, cloud=there))
        (self.folder / "cloud.toml").write_text(CLOUD.format(cloud=self.hosted))

    @property
    def line(self) -> FaultProxy:
        assert self._line, "this house has no line_seed: its edge speaks to the cloud directly"
        return self._line

    def program(self, name: str, argv: Sequence[str]) -> Program:
        """Not started yet; whatever still runs at the end of the test is killed."""
        return self._opened.enter_context(Program(name, argv, self.folder, self.environ))

    def device(self, name: str, *options: str | Path, to: int | None = None) -> Program:
        """A virtual device over UDP, whose records are listed in <name>.csv."""
        where = ("--to", f"udp://127.0.0.1:{to or self.lines}", "--device", name)
        memory = ("--state", f"{name}.eeprom", "--produced", f"{name}.csv")
        return self.program(name, command("kembar-edge", "simulate", *where, *memory, *options))

    def start(self, *programs: Program) -> None:
        """All at once, as after a power cut; returns when each says that it is ready."""
        for program in programs:
            program.start()
        for program in programs:
            self.wait_ready(program)

    def wait_ready(self, program: Program) -> None:
        program.wait_for(READY[program.name], START_S)

    def get(self, path: str, cloud: bool = False, headers: dict[str, str] | None = None) -> requests.Response:
        """`path` below the read API of the edge or of the cloud's site."""
        base = f"{self.hosted}/api/v1/sites/{SITE}" if cloud else f"{self.lan}/api/v1"
        usual = self._bearer() if cloud else {}
        return self._session.get(
            f"http://127.0.0.1:{base}{path}", headers={**usual, **(headers or {})}, timeout=ANSWER_S
        )

    def ask(self, path: str, cloud: bool = False) -> Any:
        answer = self.get(path, cloud)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        return answer.json()

    def export(self, cloud: bool = False) -> str:
        answer = self.get("/readings?format=csv&raw=1", cloud)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        return answer.text

    def exports(self) -> Exports:
        """Both twins as they are now."""
        return Exports(
            self.export(),
            self.export(cloud=True),
            self.ask("/gaps")["gaps"],
            self.ask("/gaps", cloud=True)["gaps"],
            (self.ask("/health"), self.ask("/health", cloud=True)),
        )

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        """To the cloud's intake, with the token unless the headers say otherwise."""
        usual = {"Content-Type": "application/json", **self._bearer(), **(headers or {})}
        return self._session.post(
            f"http://127.0.0.1:{self.hosted}{path}", body, headers=usual, timeout=ANSWER_S
        )

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def settle(self, seconds: float = SETTLE_S, undated: int = 0) -> float:
        """Until nothing waits at the edge and the cloud has confirmed everything; how long it took.

        `undated`: so many rows may wait for a date that nobody will tell.
        """
        rested_s = wait_until(lambda: self._waiting(undated) == "", seconds, lambda: self._waiting(undated))
        with suppress(TooSlow):  # a difference that stays is for the outcome to tell
            rested_s += wait_until(self._are_equal, LAST_ROWS_S, str, LOOK_EVERY_S)
        return rested_s

    def _are_equal(self) -> bool:
        """Whether both have the same rows; those without a date do not travel."""
        edge, cloud = (
            [line for line in self.export(side).splitlines() if line.split(",")[3]] for side in (False, True)
        )
        return edge == cloud

    def _waiting(self, undated: int) -> str:
        """What is still on its way, in words; "" when nothing is."""
        health = self.ask("/health")
        edge, (cloud,) = health["edge"], health["clouds"]
        found = {
            "rows in RAM": edge["waiting_rows"],
            "rows without a date": max(0, edge["undated_rows"] - undated),
            "rows the cloud lacks": max(0, cloud["backlog_rows"] - undated),
            "cloud": "" if cloud["state"] == "ok" else f"{cloud['state']} {cloud['reason']}",
        }
        return ", ".join(f"{what}: {count}" for what, count in found.items() if count != 0 and count != "")
