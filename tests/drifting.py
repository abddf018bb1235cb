"""A device whose clock drifts and a Pi whose clock starts anew and steps, for tests of anchors and dates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from edge.anchors import Anchors
from edge.clock import Instant
from edge.dating import Dating

OWN_MS = 1_795_168_800_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@dataclass
class Device:
    """A device whose clock runs `error` too fast, heard by a Pi that starts eras and steps its own clock."""

    error: float = 0.0
    delay_ms: Callable[[], float] = lambda: 2
    now_ms: float = 0.0  # true time since the device started
    era: str = "era-1"
    era_began_ms: float = 0.0
    known: bool = True
    step_ms: int = 0  # how wrong our own clock is
    dating: Dating = field(default_factory=lambda: Dating(Anchors()))

    @property
    def uptime_ms(self) -> int:
        return int(self.now_ms * (1 + self.error))

    def at(self, late_ms: float = 0) -> Instant:
        own_ms = OWN_MS + round(self.now_ms + late_ms) + self.step_ms
        return Instant(
            round(self.now_ms + late_ms - self.era_began_ms), own_ms if self.known else None, self.era
        )

    def run(self, ms: int, hellos: bool = True) -> None:
        for _ in range(ms // 1000):
            self.now_ms += 1000
            if hellos:
                self.dating.hello(self.uptime_ms, self.at(self.delay_ms()))

    def reboot_of_the_pi(self, known: bool) -> None:
        """The anchors that were on disk are all that is left."""
        self.era, self.era_began_ms, self.known = "era-2", self.now_ms, known
        self.dating = Dating(Anchors(self.dating.anchors.kept), self.dating.rate())

    def wrong_by(self, ago_ms: int = 0) -> float | None:
        """How wrong the date of what was measured ago_ms ago is."""
        uptime_ms = int((self.now_ms - ago_ms) * (1 + self.error))
        taken_ms = self.dating.date(uptime_ms)
        return None if taken_ms is None else abs(taken_ms - OWN_MS - (self.now_ms - ago_ms))


def jitter(seed: int = 1) -> Callable[[], float]:
    """1 ms and a little, now and then much more, as a busy network has it."""
    random = Random(seed)
    return lambda: 1 + random.expovariate(1 / 4) + (random.uniform(50, 2_000) if random.random() < 0.1 else 0)
