"""The bulletin: what the collector tells the pages through RAM, without touching the card."""

import logging
from typing import Any

from edge.boots import Boot
from edge.clock import Instant, SystemClock
from edge.collector import Collector
from edge.ramfile import RamFile

log = logging.getLogger(__name__)

# Fast enough for a page that is live within a second, slow enough for 3 % of a Pi's core.
EVERY_MS = 250
# Without news the bulletin is still written, so that a reader sees that the collector is alive.
ALIVE_MS = 2_000


class Bulletin:
    def __init__(self, collector: Collector, clock: SystemClock, ram: RamFile) -> None:
        self._collector, self._clock, self._ram = collector, clock, ram
        self._written_ms = -(10**12)

    def tick(self, at: Instant) -> None:
        """Write if there is news and it is time."""
        live = self._collector.live
        age_ms = at.mono_ms - self._written_ms
        if age_ms >= (EVERY_MS if live.changed else ALIVE_MS):
            self._written_ms, live.changed = at.mono_ms, False
            try:
                self._ram.write(self._fields(at))
            except OSError as error:
                # A RAM disk that is full makes the pages blind, but must not stop the collector.
                if not self._collector.tally.counts["bulletins-failed"]:
                    log.warning("bulletin not written: %s", error)  # once, not four times a second
                self._collector.tally.count("bulletins-failed")

    def _fields(self, at: Instant) -> dict[str, Any]:
        boots, tally = self._collector.registry.boots.all(), self._collector.tally
        return {
            "at_ms": at.own_ms,
            "mono_ms": at.mono_ms,
            "clock": self._clock.source() or "unknown",
            "meters": self._meters(),
            "devices": [_device(boot, at) for boot in boots if boot.hello and not boot.ended],
            "waiting_rows": sum(len(boot.stream.pending) for boot in boots),
            "counts": dict(tally.counts),
            "notices": [{"kind": n.kind, "about": n.about, "at_ms": n.at_ms} for n in tally.notices],
            "disk": tally.disk_trouble,
        }

    def _meters(self) -> list[dict[str, Any]]:
        return [
            {
                "source": value.meter.source,
                "channel": value.meter.channel,
                "boot": value.boot,
                "seq": value.seq,
                "taken_ms": value.taken_ms,
                "interval_ms": value.interval_ms,
                "estimated": value.estimated,
                "values": value.values,
            }
            for value in self._collector.live.values()
            if value.taken_ms is not None
        ]


def _device(boot: Boot, at: Instant) -> dict[str, Any]:
    assert boot.hello
    return {
        "source": boot.stream.source,
        "boot": boot.stream.boot,
        "heard_ago_ms": at.mono_ms - boot.heard_mono_ms,
        "last_seq": boot.stream.head,
        "queued": boot.hello.queued,
        "firmware": boot.hello.firmware,
        "reset_cause": boot.hello.reset_cause,
        "dropped": boot.hello.dropped,
    }
