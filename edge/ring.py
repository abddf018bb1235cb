"""What a device holds in its memory until the edge has it: a bounded ring of records, boot by boot.

Pure memory: no lines, no timing, no sending order beyond "oldest first". edge/device.py decides when.

1. Within a boot the held records are a run of seqs without a hole; before it at most one `lost`.
2. When the ring is full the oldest record goes, of the oldest boot first, and `lost` grows at its end.
3. `lost` takes the seq of the newest dropped record and needs no place in the ring.
"""

from collections import deque

from edge.line import LOST, NO_CHANNEL, NoReading, Reading

# S1 lines that fit into one datagram beside their H1, and what a Mega's EEPROM can name.
EARLIER_BOOTS_MOST = 4

Record = Reading | NoReading


class HeldBoot:
    """The records of one boot that the edge has not acknowledged."""

    def __init__(self, device: str, number: int) -> None:
        self.device = device
        self.number = number
        self.records: deque[Record] = deque()
        self.lost: NoReading | None = None
        self.dropped = 0
        self.last_seq = 0
        self.next_seq = 1  # the next one to be sent; going back to the oldest makes a resend
        self.sent_seq = 0  # the highest one sent since the device started
        self.acked_seq = 0

    @property
    def oldest(self) -> int:
        """The oldest seq held; last_seq + 1 when nothing is."""
        if self.lost:
            return self.lost.seq
        return self.records[0].seq if self.records else self.last_seq + 1

    def __bool__(self) -> bool:
        return bool(self.records or self.lost)

    def held(self) -> list[Record]:
        return [*([self.lost] if self.lost else []), *self.records]

    def add(self, record: Record) -> None:
        self.records.append(record)
        self.last_seq = record.seq

    def drop_oldest(self) -> None:
        gone = self.records.popleft()
        self.dropped += 1
        count = self.lost.count + 1 if self.lost else 1
        self.lost = NoReading(self.device, self.number, gone.seq, gone.uptime_ms, NO_CHANNEL, LOST, count)

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to seq; a `lost` that has grown beyond it stays whole."""
        self.acked_seq = seq
        self.next_seq = max(self.next_seq, seq + 1)
        while self.records and self.records[0].seq <= seq:
            self.records.popleft()
        if self.lost and self.lost.seq <= seq:
            self.lost = None

    @property
    def resending(self) -> bool:
        """Going once more through what has been sent before."""
        return bool(self) and self.next_seq <= self.sent_seq

    @property
    def unanswered(self) -> bool:
        """Something that was sent has not been acknowledged."""
        return bool(self) and self.oldest <= self.sent_seq

    @property
    def unsaid(self) -> int:
        """What is lost when this boot is forgotten.

        Of one of which nothing was ever acknowledged nobody may have heard, nor of what it has given up.
        """
        lost = self.lost.count if self.lost else 0
        return len(self.records) + (lost if self.acked_seq else self.dropped)

    def resend(self) -> None:
        self.next_seq = self.oldest

    def next_to_send(self) -> Record | None:
        if self.lost and self.lost.seq >= self.next_seq:
            return self.lost
        if not self.records or self.next_seq > self.last_seq:
            return None
        return self.records[self.next_seq - self.records[0].seq]

    def mark_sent(self, seq: int) -> None:
        self.next_seq = seq + 1
        self.sent_seq = max(self.sent_seq, seq)


class Ring:
    """At most `capacity` records of this boot and of the ones before."""

    def __init__(self, device: str, boot: int, capacity: int) -> None:
        self.capacity = capacity
        self.boots = [HeldBoot(device, boot)]

    @property
    def current(self) -> HeldBoot:
        return self.boots[-1]

    @property
    def earlier(self) -> list[HeldBoot]:
        """Earlier boots of which something is held, oldest first."""
        return [boot for boot in self.boots[:-1] if boot]

    def __len__(self) -> int:
        return sum(len(boot.records) for boot in self.boots)

    def held(self) -> list[Record]:
        return [record for boot in self.boots for record in boot.held()]

    def add(self, record: Record) -> None:
        self.current.add(record)
        if len(self) > self.capacity:
            next(boot for boot in self.boots if boot.records).drop_oldest()

    def boot(self, number: int) -> HeldBoot | None:
        return next((boot for boot in self.boots if boot.number == number), None)

    def start(self, number: int) -> None:
        """A new boot begins; of the earlier ones the newest four are kept and will be sent again.

        What the others held counts as dropped by the new one, because no line can name it any more.
        """
        begun = HeldBoot(self.current.device, number)
        holding = [boot for boot in self.boots if boot]
        kept = holding[-EARLIER_BOOTS_MOST:]
        begun.dropped = sum(boot.unsaid for boot in holding[:-EARLIER_BOOTS_MOST])
        for boot in kept:
            boot.resend()
            boot.sent_seq = 0
        self.boots = [*kept, begun]

    def clear(self) -> None:
        """The power went: what was in RAM is gone."""
        self.boots = [HeldBoot(self.current.device, self.current.number)]
