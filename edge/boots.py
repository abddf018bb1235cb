"""Boots: one start of a device with its stream, its dating and what its hellos told.

The boot number on the wire has 32 bits. A device that restarts under a number it already used (its EEPROM
wore out) gets a new stream all the same: the number of such restarts stands above the 32 bits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from edge.dating import Dating
from edge.line import Hello, Reading
from edge.stream import DeviceStream
from metering.quantity import DAY_MS

WIRE_BITS = 32
WIRE_MASK: int = 2**WIRE_BITS - 1
# An uptime this far below the last one is a restart; less is a hello that was overtaken on the way.
RESTART_MS = 10_000
# Two minutes of hellos give the next boot a rate.
FINAL_AFTER_MS = 150_000
# A device ends its older boots itself, all but four. Numbers beyond this are made up.
MOST_OPEN = 64
# Boots kept in RAM per source: the running one, four earlier ones it may still hold, and some that ended.
MOST_IN_RAM = 12
# Below every date minus its seq.
NO_FLOOR_MS = -(2**40)


class Sender(Protocol):
    """Where an answer to a line goes: the address or the serial port it came from."""

    def send(self, data: bytes) -> None: ...


@dataclass(slots=True)
class Boot:
    """One (source, boot). A date is never below floor_ms + seq, so that every missing seq has room."""

    name: str
    stream: DeviceStream
    dating: Dating
    met: bool = False  # on disk
    ended: bool = False
    ended_on_disk: bool = False
    uptime_ms: int = 0
    dropped: int = 0  # by the last hello
    floor_ms: int = NO_FLOOR_MS
    undated: bool = False
    complete_to: int | None = None  # the newest record an S1 announced
    hello: Hello | None = None
    heard_mono_ms: int = 0
    ended_mono_ms: int = 0
    answered_mono_ms: int = -(10**9)
    sender: Sender | None = None
    fills: dict[int, Reading] = field(default_factory=dict)
    hole_mono_ms: int | None = None  # since when a record waits behind a hole

    @property
    def wire_boot(self) -> int:
        return self.stream.boot & WIRE_MASK

    @property
    def upper(self) -> int:
        """The half of the number that tells boards of one name apart."""
        return self.wire_boot >> 16

    @property
    def dirty(self) -> bool:
        ends = self.met and self.ended != self.ended_on_disk
        return self.stream.dirty or bool(self.fills) or self.dating.anchors.fresh or ends

    @property
    def over(self) -> bool:
        """Nothing more of it will come: it ended, or everything its S1 announced is on disk."""
        return self.ended or (self.complete_to is not None and self.stream.cursor >= self.complete_to)

    @property
    def idle(self) -> bool:
        """Whether RAM may forget it: it is over, and all of it is on disk and dated."""
        return self.over and not self.dirty and not self.undated

    def restarted(self, hello: Hello) -> bool:
        return hello.uptime_ms < self.uptime_ms - RESTART_MS

    def end(self, now_mono_ms: int) -> None:
        self.stream.end(self.complete_to or 0)
        self.ended = True
        self.ended_mono_ms = now_mono_ms

    def free_floor(self, own_ms: int) -> None:
        """A date after tomorrow was given by a clock that was years ahead; what follows is not held up by it.

        No receiver takes such a date, and the boot could go on for years.
        """
        if self.floor_ms + self.stream.cursor > own_ms + DAY_MS:
            self.floor_ms, self.dating.guessed = NO_FLOOR_MS, True

    def revive(self) -> None:
        """It says hello, so it is not over: a board that was taken out with its power kept, and put back."""
        self.ended = self.dating.final = False


class Boots:
    """The boots in RAM, by source and number on the wire."""

    def __init__(self, boots: Iterable[Boot]) -> None:
        self._boots: dict[tuple[str, int], Boot] = {}
        self._retired: list[Boot] = []
        for boot in boots:
            self.add(boot)

    def find(self, source: str, wire_boot: int) -> Boot | None:
        return self._boots.get((source, wire_boot))

    def add(self, boot: Boot) -> None:
        key = (boot.stream.source, boot.wire_boot)
        before = self._boots.get(key)
        if before is not None:
            # A restart under a used number: the lines of that number are the new boot's from now on.
            self._retired.append(before)
        self._boots[key] = boot
        same = [b for b in self._boots.values() if b.stream.source == boot.stream.source]
        idle = [b for b in same if b.idle and b is not boot]
        for gone in idle[: max(0, len(same) - MOST_IN_RAM)]:
            del self._boots[gone.stream.source, gone.wire_boot]
        self._retired = [b for b in self._retired if not b.idle]

    def full(self, source: str) -> bool:
        """Whether a source has as many boots that are not over as a device never has."""
        return sum(1 for b in self.all() if b.stream.source == source and not b.over) >= MOST_OPEN

    def in_use(self, source: str) -> bool:
        """Whether a record of this source is on disk, or here and on its way there."""
        return any(b.met or b.stream.pending for b in self.all() if b.stream.source == source)

    def forget(self, source: str) -> None:
        """A source that has nothing here leaves: names that are only said must not fill the RAM."""
        self._boots = {key: boot for key, boot in self._boots.items() if key[0] != source}

    def all(self) -> list[Boot]:
        """Every boot, also those whose number a restart has taken over but which are not all on disk."""
        return [*self._boots.values(), *self._retired]

    def settle_rate(self, boot: Boot, now_mono_ms: int) -> None:
        """Give a boot that ended before its rate was known the rate of another boot of its board.

        What cannot be dated well then, when the next boot had time to show its rate, never can.
        """
        if boot.ended:
            boot.dating.prior_rate = boot.dating.prior_rate or self.rate_of(
                boot.stream.source, boot.wire_boot
            )
            boot.dating.final = now_mono_ms - boot.ended_mono_ms >= FINAL_AFTER_MS

    def rate_of(self, source: str, wire_boot: int) -> float | None:
        """The rate of the board's clock, from the newest boot of it that has one."""
        same = [b for b in self.all() if b.stream.source == source and b.wire_boot >> 16 == wire_boot >> 16]
        rates = [
            rate for b in sorted(same, key=lambda b: b.wire_boot) if (rate := b.dating.rate()) is not None
        ]
        return rates[-1] if rates else None

    def older(self, boot: Boot) -> list[Boot]:
        """Boots of the same source that came before it: lower starts of the board, or another board's."""
        return [b for b in self.all() if b.stream.source == boot.stream.source and precedes(b, boot)]


def precedes(one: Boot, other: Boot) -> bool:
    """Whether `one` is an earlier boot of the same meters than `other`; starts are counted in 16 bits."""
    if one is other:
        return False
    if one.wire_boot >> 16 != other.wire_boot >> 16:
        return one.heard_mono_ms <= other.heard_mono_ms
    ahead = (other.wire_boot - one.wire_boot) & 0xFFFF
    return 0 < ahead < 0x8000 or (ahead == 0 and one.stream.boot < other.stream.boot)
