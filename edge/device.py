"""A virtual device: numbers records, keeps them until they are acknowledged, says what a real one would say.

No sockets, no clock, no chance: the same calls give the same lines. Whoever drives it carries its
datagrams and tells it the time since its start (uptime). docs/protocol.md gives the rules it keeps.
"""

from collections.abc import Mapping

from edge.homing import Address, Home
from edge.line import Ack, Beacon, Earlier, Garbled, Hello, Line, NoReading, Reading, encode
from edge.ring import Record, Ring

HELLO_EVERY_MS = 1_000
# Longer than the edge's group commit of 10 s, so that a healthy edge is never sent anything twice.
PAUSE_LEAST_MS = 15_000
PAUSE_MOST_MS = 60_000
# The edge may repeat an answer five times a second; a run of the whole ring takes about this long.
RUN_EVERY_MS = 2_000
# Half of what an Ethernet shield's socket holds, and far below what is fragmented.
DATAGRAM_BYTES_MOST = 512
# One call never floods the receiver's socket buffer: 8 KiB.
DATAGRAMS_PER_CALL = 16
FIRMWARE = "sim-1"
FREE_RAM_BYTES = 5_000

# The values of one reading in QUANTITIES order, or the word that says why there are none.
Sample = tuple[int | None, ...] | str
Datagram = list[bytes]


class VirtualDevice:
    def __init__(
        self,
        name: str,
        boot: int,
        *,
        capacity: int = 4096,
        interval_ms: int = 1000,
        edge: Address | None = None,
    ) -> None:
        self.name = name
        self.interval_ms = interval_ms
        self.home = Home(edge)
        self._ring = Ring(name, boot, capacity)
        self._started("power")

    def _started(self, reset_cause: str) -> None:
        self._reset_cause = reset_cause
        self._missed: dict[int, int] = {}
        self._hello_due_ms = 0
        self._pause_ms = PAUSE_LEAST_MS
        self._resend_due_ms: int | None = None
        self._run_ms: int | None = None
        self.home.answered(0)

    @property
    def boot(self) -> int:
        return self._ring.current.number

    def held(self) -> list[Record]:
        """Records not yet acknowledged, oldest first, `lost` ones included."""
        return self._ring.held()

    def tick(self, uptime_ms: int, samples: Mapping[int, Sample]) -> list[Record]:
        """One record for each channel's sample, all scheduled for this uptime; returns what it recorded."""
        return [self._record(uptime_ms, channel, sample) for channel, sample in samples.items()]

    def _record(self, uptime_ms: int, channel: int, sample: Sample) -> Record:
        identity = (self.name, self.boot, self._ring.current.last_seq + 1, uptime_ms, channel)
        record: Record
        if isinstance(sample, str):
            self._missed[channel] = self._missed.get(channel, 0) + 1
            record = NoReading(*identity, sample, self._missed[channel])
        else:
            self._missed.pop(channel, None)
            record = Reading(*identity, sample)
        self._ring.add(record)
        return record

    def lines_to_send(self, uptime_ms: int) -> list[Datagram]:
        """The datagrams that are due now; a hello stands at the front of a datagram of its own."""
        hello = [self._hello(uptime_ms)] if uptime_ms >= self._hello_due_ms else []
        if self._resend_due_ms is not None and uptime_ms >= self._resend_due_ms and not self._resending():
            self._resend(uptime_ms)
            self._resend_due_ms = None
            self._pause_ms = min(self._pause_ms * 2, PAUSE_MOST_MS)
        running = self._resending()
        records = self._records_to_send()
        if records and (running or self._resend_due_ms is None):
            # The pause counts from the end of a run, and is not put off by new records.
            self._resend_due_ms = uptime_ms + self._pause_ms
        return hello + records

    def _hello(self, uptime_ms: int) -> Datagram:
        self._hello_due_ms = uptime_ms + HELLO_EVERY_MS
        ring, earlier = self._ring, self._ring.earlier
        hello = Hello(
            self.name, self.boot, uptime_ms, FIRMWARE, self._reset_cause, FREE_RAM_BYTES, len(ring),
            ring.current.oldest, self.interval_ms, ring.current.dropped, 0, ring.capacity, len(earlier),
        )  # fmt: skip
        named = [Earlier(self.name, b.number, b.oldest, b.last_seq, b.dropped) for b in earlier]
        return [encode(hello), *map(encode, named)]

    def _records_to_send(self) -> list[Datagram]:
        """At most DATAGRAMS_PER_CALL full datagrams, from where sending stopped the last time."""
        datagrams: list[Datagram] = []
        room = 0
        for boot in self._ring.boots:
            while record := boot.next_to_send():
                line = encode(record)
                if len(line) > room:
                    if len(datagrams) == DATAGRAMS_PER_CALL:
                        return datagrams
                    datagrams.append([])
                    room = DATAGRAM_BYTES_MOST
                datagrams[-1].append(line)
                room -= len(line)
                boot.mark_sent(record.seq)
        return datagrams

    def _resending(self) -> bool:
        return any(boot.resending for boot in self._ring.boots)

    def _resend(self, uptime_ms: int) -> None:
        """Start a run from the oldest record."""
        self._run_ms = uptime_ms
        for boot in self._ring.boots:
            boot.resend()

    def hear(self, line: Line | Garbled, sender: Address, uptime_ms: int) -> None:
        """An answer or a beacon; whatever else is said, or said by somebody else, is ignored."""
        if isinstance(line, Beacon):
            self.home.hear_beacon(line, sender, uptime_ms)
        if isinstance(line, Ack) and line.device == self.name and sender == self.home.address:
            self._hear_ack(line, uptime_ms)

    def _hear_ack(self, ack: Ack, uptime_ms: int) -> None:
        boot = self._ring.boot(ack.boot)
        if boot is None or ack.seq > boot.sent_seq:
            return  # It acknowledges what it cannot have: forged, or meant for another life.
        self.home.answered(uptime_ms)
        if ack.seq > boot.acked_seq:
            boot.acknowledge(ack.seq)
            # A current boot that gets on must not put off what an earlier one waits for.
            if not any(other.unanswered for other in self._ring.boots if other is not boot):
                self._pause_ms = PAUSE_LEAST_MS
                self._resend_due_ms = uptime_ms + PAUSE_LEAST_MS if boot.unanswered else None
        elif ack.seq == boot.acked_seq < boot.sent_seq and self._may_run_again(uptime_ms):
            self._resend(uptime_ms)

    def _may_run_again(self, uptime_ms: int) -> bool:
        if self._resending():
            return False
        return self._run_ms is None or uptime_ms - self._run_ms >= RUN_EVERY_MS

    def reboot(self, boot: int, reset_cause: str = "watchdog") -> None:
        """A restart that keeps the RAM: what is unacknowledged stays, under its own boot; uptime is 0."""
        self._ring.start(boot)
        self._started(reset_cause)

    def power_off(self) -> None:
        """The power goes and the RAM with it; the next call is reboot(…, "power")."""
        self._ring.clear()
