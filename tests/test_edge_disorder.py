"""Whatever order a device's lines come in, each commit covers first to head once, and nothing is made up."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.line import Reading
from edge.stream import DeviceStream, Place
from store.part import Part


class AnyOrder(RuleBasedStateMachine):
    """Whatever a device says in whatever order: rows and holes of each commit cover it exactly, once."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = DeviceStream("garage", 7, 1, 0)
        self.on_disk: set[int] = set()
        self.sent: set[int] = set()
        self.passed = 0  # the highest seq that the device gave up

    @rule(seq=st.integers(1, 40))
    def send(self, seq: int) -> None:
        place = self.stream.take(Reading("garage", 7, seq, 1000 * seq, 1, (None,) * 7))
        if place is not Place.ON_DISK:
            self.sent.add(seq)

    @rule(seq=st.integers(1, 30), count=st.integers(1, 30))
    def lose(self, seq: int, count: int) -> None:
        self.stream.lost(max(1, seq - count + 1), seq)
        self.passed = max(self.passed, seq)

    @rule(seq=st.integers(1, 30), dropped=st.integers(0, 10))
    def hold_from(self, seq: int, dropped: int) -> None:
        self.stream.oldest(seq, dropped)
        self.passed = max(self.passed, seq - 1)

    @rule(newest=st.integers(0, 40))
    def end(self, newest: int) -> None:
        self.stream.end(newest)
        self.passed = max([self.passed, newest, *self.sent])

    @rule()
    def commit(self) -> None:
        here = self.stream
        rows = [(seq,) for seq in here.pending if here.cursor < seq <= here.head]
        part = Part("garage", 7, here.cursor, rows, here.holes)
        part.check_cover()
        assert part.last_seq == here.head
        assert not {seq for (seq,) in rows} & self.on_disk, "stored twice"
        self.on_disk |= {seq for (seq,) in rows}
        here.committed(here.head)

    @invariant()
    def the_head_never_falls_behind_the_cursor(self) -> None:
        assert self.stream.cursor <= self.stream.head

    @invariant()
    def nothing_is_passed_that_was_neither_sent_nor_given_up(self) -> None:
        for seq in range(1, self.stream.head + 1):
            assert seq in self.sent or seq <= self.passed

    @invariant()
    def everything_sent_up_to_the_head_is_kept_or_on_disk(self) -> None:
        here = self.stream
        kept = set(here.pending) | self.on_disk
        assert {seq for seq in self.sent if here.cursor < seq <= here.head} <= kept


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
