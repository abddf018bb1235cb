"""A bad link in miniature, and a device that loses nothing over it."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.decoder import LineDecoder
from edge.device import VirtualDevice
from edge.line import Ack, Garbled, Line, NoReading, Reading
from edge.mischief import Faults, Mischief

EDGE = ("192.168.1.5", 8485)
VALUES = (225_700, 108, 24_400, 38, 50_000, 1000, 0)


def test_mischief_does_what_it_is_told() -> None:
    datagrams = [b"a", b"b", b"c"]
    assert list(Mischief(Faults(), Random(1)).passed_on(datagrams)) == datagrams
    assert list(Mischief(Faults(drop=1), Random(1)).passed_on(datagrams)) == []
    assert list(Mischief(Faults(duplicate=1), Random(1)).passed_on([b"a"])) == [b"a", b"a"]
    assert list(Mischief(Faults(reorder=1), Random(1)).passed_on(datagrams)) == [b"b", b"a"]
    assert b"a" not in list(Mischief(Faults(corrupt=1), Random(1)).passed_on([b"a"]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_a_bad_link_to_an_obedient_edge_loses_only_what_the_device_reports_lost(
    seed: int, capacity: int
) -> None:
    random = Random(seed)
    garage, cursor, at_ms = VirtualDevice("garage", 7, capacity=capacity, edge=EDGE), {7: 0, 8: 0}, 0
    stored: set[tuple[int, int]] = set()
    faults = Mischief(Faults(drop=0.3, duplicate=0.2, reorder=0.2, corrupt=0.1), random)

    def receive(line: Line | Garbled) -> None:
        if isinstance(line, Reading | NoReading):
            accounted = line.count if isinstance(line, NoReading) and line.cause == "lost" else 1
            if line.seq - accounted <= cursor[line.boot] < line.seq:
                stored.update((line.boot, seq) for seq in range(line.seq - accounted + 1, line.seq + 1))
                cursor[line.boot] = line.seq
            if random.random() < 0.7:
                garage.hear(Ack("garage", line.boot, cursor[line.boot]), EDGE, at_ms)

    for at_ms in range(0, 600_000, 500):
        if at_ms == 30_000:
            garage.reboot(8)
        if at_ms < 60_000:
            garage.tick(at_ms, {1: VALUES})
        for datagram in faults.passed_on(b"".join(d) for d in garage.lines_to_send(at_ms)):
            decoder = LineDecoder()
            for line in decoder.feed(datagram):
                receive(line)
        if at_ms > 60_000 and not garage.held():
            break
    assert garage.held() == []
    assert stored == {(7, seq) for seq in range(1, 61)} | {(8, seq) for seq in range(1, 61)}
