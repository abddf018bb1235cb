"""One virtual device that is started again and again, and what became of each of its boots."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outcome import Boot, produced
from processes import Program


@dataclass
class DeviceLives:
    """One device, started again and again; `anchored`: the edge had time to learn its clock."""

    name: str
    program: Callable[[float, bool], Program]
    listed: Path
    running: Program | None = None
    begun_s: float = 0.0
    ends_s: float = 0.0
    calm: bool = False
    anchored: bool = False
    whole: set[Boot] = field(default_factory=set)
    # Boots of lives that were killed, with what had been acknowledged by then.
    cut: dict[Boot, int] = field(default_factory=dict)

    def begin(self, seconds: float, calm: bool) -> None:
        """`calm`: it does not restart by itself, so that the edge can learn the rate of its clock."""
        self.running, self.anchored, self.calm = self.program(seconds, calm).start(), False, calm
        self.begun_s = time.monotonic()
        self.ends_s = self.begun_s + seconds

    def lives(self) -> bool:
        """A life that ended by itself has handed over everything."""
        if self.running is not None and not self.running.runs():
            assert self.running.code == 0, (
                f"{self.name} ended with {self.running.code}: {self.running.said()}"
            )
            self.running, self.whole = None, self.boots() - self.cut.keys()
        return self.running is not None

    def kill(self, acknowledged: Mapping[Boot, int]) -> None:
        assert self.running
        self.running.kill()
        self.running = None
        # Boots of earlier lives stay as they were: what a later boot ends is acknowledged to nobody.
        self.cut |= {boot: acknowledged.get(boot, 0) for boot in self.boots() - self.whole - self.cut.keys()}

    def boots(self) -> set[Boot]:
        return {key[:2] for key in produced(self.listed)} if self.listed.exists() else set()
