"""What the device's ring makes of boots that it can no longer name."""

from edge.line import NoReading
from edge.ring import Ring


def tick(ring: Ring, count: int) -> None:
    for _ in range(count):
        seq = ring.current.last_seq + 1
        ring.add(NoReading("garage", ring.current.number, seq, 1000 * seq, 1, "timeout", seq))


def boots(ring: Ring, *numbers: int) -> None:
    for number in numbers:
        ring.start(number)
        tick(ring, 1)


def test_what_a_forgotten_boot_held_and_had_dropped_unheard_counts_as_dropped_by_the_new_one() -> None:
    ring = Ring("garage", 7, capacity=20)
    tick(ring, 25)
    boots(ring, 8, 9, 10, 11)
    assert ring.boots[0].dropped == 9
    assert ring.current.dropped == 0
    ring.start(12)
    assert (ring.boots[0].number, ring.current.dropped) == (8, 25)


def test_what_was_acknowledged_of_a_forgotten_boot_is_not_dropped() -> None:
    ring = Ring("garage", 7, capacity=20)
    tick(ring, 25)
    ring.boots[0].acknowledge(10)
    boots(ring, 8, 9, 10, 11)
    ring.start(12)
    assert ring.current.dropped == 15


def test_a_boot_that_holds_nothing_is_forgotten_at_no_cost() -> None:
    ring = Ring("garage", 7, capacity=20)
    boots(ring, 8, 9, 10, 11)
    ring.start(12)
    ring.start(13)
    assert ring.current.dropped == 0
