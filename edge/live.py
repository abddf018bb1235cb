"""The newest value of each meter, in RAM: what pages show before it is on disk."""

from dataclasses import dataclass

from edge.boots import Boot
from edge.clock import Instant
from edge.line import Reading
from metering.reading import Meter

DEFAULT_INTERVAL_MS = 1_000
# 64 devices with 16 channels; names that are only said once make way for those that go on.
MOST_METERS = 1_024


@dataclass(frozen=True, slots=True)
class Value:
    """The newest reading of a meter. `taken_ms` None: our own clock shows nothing either."""

    meter: Meter
    boot: int
    seq: int
    uptime_ms: int
    taken_ms: int | None
    interval_ms: int
    estimated: bool
    heard_mono_ms: int
    values: tuple[int | None, ...]


class Live:
    def __init__(self) -> None:
        self._newest: dict[Meter, Value] = {}
        self.changed = False

    def show(self, boot: Boot, line: Reading, at: Instant) -> None:
        """Take a reading if it is newer than what is shown; a backlog that is caught up is not."""
        meter = Meter(boot.stream.source, line.channel)
        shown = self._newest.get(meter)
        if shown and shown.boot == boot.stream.boot and shown.seq >= line.seq:
            return
        boot.dating.pass_time(at)
        taken_ms = boot.dating.date(line.uptime_ms)
        estimated = taken_ms is None
        if taken_ms is None:
            taken_ms = boot.dating.estimate(line.uptime_ms, at)
        if shown and shown.boot != boot.stream.boot and (shown.taken_ms or 0) > (taken_ms or 0):
            return
        self._newest[meter] = Value(
            meter,
            boot.stream.boot,
            line.seq,
            line.uptime_ms,
            taken_ms,
            (boot.hello and boot.hello.interval_ms) or DEFAULT_INTERVAL_MS,
            estimated,
            at.mono_ms,
            line.values,
        )
        self.changed = True
        if len(self._newest) > MOST_METERS:
            oldest = min(self._newest.values(), key=lambda value: value.heard_mono_ms)
            del self._newest[oldest.meter]

    def values(self) -> list[Value]:
        return list(self._newest.values())
