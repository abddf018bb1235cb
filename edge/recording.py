"""A real recording of six PZEM-004T sensors, replayed endlessly, with the energy counter that it lacks.

No clock: the caller says how much recorded time has passed. edge/recorded/README.md tells the origin.
"""

import csv
import gzip
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from edge.counter import EnergyCounter

FILE = "pzem004t_ompm_6meters_30min.csv.gz"
# The sensor's alarm threshold is 23 kW as delivered; nothing in the recording comes near.
NO_ALARM = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """What one sensor measured, in the small units of metering.quantity."""

    voltage_mv: int
    current_ma: int
    power_mw: int
    frequency_mhz: int
    power_factor_milli: int

    def values(self, energy_wh: int) -> tuple[int | None, ...]:
        """In QUANTITIES order."""
        measured = (self.voltage_mv, self.current_ma, self.power_mw, energy_wh)
        return (*measured, self.frequency_mhz, self.power_factor_milli, NO_ALARM)


@dataclass(frozen=True, slots=True)
class Track:
    """One meter's moments, each from its time (since the recording's start) to the next one's."""

    times_ms: tuple[int, ...]
    moments: tuple[Moment, ...]
    length_ms: int

    def at(self, recorded_ms: int) -> Moment:
        """What the sensor last measured by then; the recording repeats for ever."""
        return self.moments[bisect_right(self.times_ms, recorded_ms % self.length_ms) - 1]


@cache
def tracks() -> tuple[Track, ...]:
    """All meters of the recording, meter 1 first."""
    text = gzip.decompress((files("edge") / "recorded" / FILE).read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines()))
    start_ms, end_ms = int(rows[0]["time_ms_rebuilt"]), int(rows[-1]["time_ms_rebuilt"])
    return tuple(
        track([row for row in rows if row["meter"] == meter], start_ms, end_ms - start_ms + 1)
        for meter in sorted({row["meter"] for row in rows})
    )


def track(rows: list[dict[str, str]], start_ms: int, length_ms: int) -> Track:
    # A meter whose first row is missing starts with its second one, a little early.
    times_ms = (0, *(int(row["time_ms_rebuilt"]) - start_ms for row in rows[1:]))
    return Track(times_ms, tuple(map(moment, rows)), length_ms)


def moment(row: dict[str, str]) -> Moment:
    columns = ("voltage_V", "current_A", "power_W", "frequency_Hz", "pf")
    return Moment(*(int(Decimal(row[column]) * 1000) for column in columns))


class Sensor:
    """The sensor of one channel: what it would answer if asked now, counter included."""

    def __init__(self, channel: int, energy_wh: int = 0) -> None:
        recorded = tracks()
        self._track = recorded[(channel - 1) % len(recorded)]
        # A seventh sensor repeats the first one's load, but not at the same moment.
        self._shift_ms = (channel - 1) // len(recorded) * self._track.length_ms // 3
        self.counter = EnergyCounter(energy_wh)
        self._counted_ms: int | None = None

    def measure(self, recorded_ms: int) -> tuple[int | None, ...]:
        """The values in QUANTITIES order at this recorded time; it must not run backwards."""
        now = self._track.at(recorded_ms + self._shift_ms)
        since_ms = 0 if self._counted_ms is None else recorded_ms - self._counted_ms
        self._counted_ms = recorded_ms
        return now.values(self.counter.add(now.power_mw, since_ms))
