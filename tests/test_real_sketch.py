"""The compiled sketch in real time against the real collector: the edge's export is what the sensors said.

Over USB and over Ethernet at once; in the middle the Mega is reset and the collector killed.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from firmwarehouse import sketch
from house import ROOT
from processes import START_S, Program, wait_until
from realhouse import RealHouse

CHANNELS = 3
# Six of them are settling after each start of the board.
TICKS_OF_A_LIFE = 9
LIFE_S = 60.0
# The last commit of the collector is 10 s away.
COMMITTED_S = 30.0
# A sensor that appeared is not believed for 5 s.
SETTLING_TICKS = 6
Values = tuple[int, ...]


@dataclass
class Board:
    """A simulated Mega with its sensors and a house of its own."""

    folder: Path
    link: str
    program: Path
    starts: int = 0
    house: RealHouse = field(init=False)
    mega: Program = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        port = self.folder / "ttyMega"
        self.house = RealHouse(self.folder, str(port) if self.link == "usb" else None)
        wire = ["--pty", str(port)] if self.link == "usb" else ["--chip", self.link]
        files = ["--control", str(self.control), "--said", str(self.folder / "said"), "--recorded"]
        script = [sys.executable, str(ROOT / "tests/realtime_mega.py"), str(self.program)]
        environ = {"PYTHONPATH": str(ROOT)}
        self.mega = Program("board", [*script, *wire, *files], self.folder, environ).start()
        self.mega.wait_for("running", START_S)

    @property
    def control(self) -> Path:
        return self.folder / "control"

    def order(self, command: str) -> None:
        with self.control.open("w") as pipe:
            print(command, file=pipe)

    def connect(self) -> None:
        """Over USB, opening the port resets the board; over Ethernet it is told its edge, and starts again."""
        self.house.start(self.house.collect, self.house.serve)
        if self.link != "usb":
            self.order(f"type set edge=192.168.1.2:{self.house.lines}")
        self.starts += 1

    def reset(self) -> None:
        self.order("reset")
        self.starts += 1

    def kill_collector(self) -> None:
        self.house.collect.kill()
        self.house.start(self.house.collect)
        self.starts += self.link == "usb"

    def live_on(self) -> None:
        enough = self.heard() + TICKS_OF_A_LIFE * CHANNELS
        wait_until(lambda: self.heard() >= enough, LIFE_S, self.mega.said)

    def heard(self) -> int:
        """How often a sensor has been asked."""
        said = self.folder / "said"
        return len(said.read_text().splitlines()) if said.exists() else 0

    def finish(self) -> None:
        """The board stops; the collector commits what it has heard."""
        self.mega.stop()
        ask = self.house.ask
        wait_until(lambda: ask("/health")["edge"]["waiting_rows"] == 0, COMMITTED_S, self.house.collect.said)
        self.house.collect.stop()


def said(board: Board) -> dict[int, list[Values]]:
    """By channel, in the order of time, what its sensor answered."""
    found: dict[int, list[Values]] = {channel: [] for channel in range(1, CHANNELS + 1)}
    for channel, _at_us, _lie, *values in csv.reader((board.folder / "said").read_text().splitlines()):
        found[int(channel)].append(tuple(map(int, values)))
    return found


def stored(board: Board) -> dict[int, list[Values]]:
    """By channel, in the order of (boot, seq), what the edge exports."""
    rows = list(csv.reader(board.house.export().splitlines()))[1:]
    found: dict[int, list[Values]] = {channel: [] for channel in range(1, CHANNELS + 1)}
    for meter, _boot, _seq, _taken_ms, *values in sorted(rows, key=lambda row: (int(row[1]), int(row[2]))):
        found[int(meter.rpartition("/")[2])].append(tuple(int(value) for value in values[:7]))
    return found


def left_over(all_of: Sequence[Values], some: Sequence[Values]) -> int | None:
    """How many of all_of are not in some, which holds the others in their order; None when it does not."""
    rest: Iterator[Values] = iter(all_of)
    return len(all_of) - len(some) if all(each in rest for each in some) else None


def judge(board: Board) -> None:
    answered, arrived = said(board), stored(board)
    left = {channel: left_over(answered[channel], arrived[channel]) for channel in answered}
    assert None not in left.values(), (
        f"the export has readings that no sensor gave, or in another order: {left}"
    )
    gaps = board.house.ask("/gaps")["gaps"]
    assert {gap["cause"] for gap in gaps} <= {"sensor", "device-off"}
    settling = sum(gap["to_seq"] - gap["from_seq"] + 1 for gap in gaps if gap["cause"] == "sensor")
    assert all(gap["to_seq"] < gap["from_seq"] for gap in gaps if gap["cause"] == "device-off"), gaps
    # At a reset and at the end, one answer of each sensor may not have become a record yet.
    unrecorded = sum(filter(None, left.values())) - settling
    assert 0 <= unrecorded <= CHANNELS * (board.starts + 1), (left, gaps)
    assert settling <= SETTLING_TICKS * CHANNELS * (board.starts + 1), gaps
    assert all(len(each) > 2 * (TICKS_OF_A_LIFE - SETTLING_TICKS) for each in arrived.values()), arrived


@pytest.fixture
def boards(tmp_path: Path, need: Callable[[str], str]) -> Iterator[list[Board]]:
    program = sketch(need)
    made = [Board(tmp_path / link, link, program) for link in ("usb", "5500")]
    yield made
    for board in made:
        if board.mega.runs():
            board.mega.kill()
        board.house.__exit__(None, None, None)


def test_a_reset_and_a_killed_collector_cost_no_reading(boards: list[Board]) -> None:
    for step in (
        Board.connect,
        Board.live_on,
        Board.reset,
        Board.live_on,
        Board.kill_collector,
        Board.live_on,
    ):
        for board in boards:
            step(board)
    for board in boards:
        board.finish()
    for board in boards:
        judge(board)
        told = json.loads(board.mega.said().splitlines()[-1])
        assert told["misuse"] == {}
        assert told["overruns"][1:] == [0, 0, 0], "a sensor's reply came faster than it was read"
