"""The virtual device keeps the rules of docs/protocol.md: numbers, keeps, sends, believes."""

import pytest

from edge.decoder import LineDecoder
from edge.device import DATAGRAM_BYTES_MOST, VirtualDevice
from edge.line import Ack, Beacon, Earlier, Garbled, Hello, Line, NoReading, Reading
from edge.ring import EARLIER_BOOTS_MOST

EDGE = ("192.168.1.5", 8485)
VALUES = (225_700, 108, 24_400, 38, 50_000, 1000, 0)


def device(capacity: int = 100, edge: tuple[str, int] | None = EDGE) -> VirtualDevice:
    return VirtualDevice("garage", 7, capacity=capacity, edge=edge)


def said(garage: VirtualDevice, uptime_ms: int) -> list[Line | Garbled]:
    decoder = LineDecoder()
    return [line for datagram in garage.lines_to_send(uptime_ms) for line in decoder.feed(b"".join(datagram))]


def records(lines: list[Line | Garbled]) -> list[tuple[int, int]]:
    return [(line.boot, line.seq) for line in lines if isinstance(line, Reading | NoReading)]


def sends(garage: VirtualDevice, uptime_ms: int) -> list[int]:
    return [seq for _, seq in records(said(garage, uptime_ms))]


def hello(garage: VirtualDevice, uptime_ms: int) -> Hello:
    (found,) = [line for line in said(garage, uptime_ms) if isinstance(line, Hello)]
    return found


def ticks(garage: VirtualDevice, count: int, start_ms: int = 0) -> None:
    for n in range(count):
        garage.tick(start_ms + n, {1: VALUES})


def held(garage: VirtualDevice) -> list[int]:
    return [record.seq for record in garage.held()]


def test_records_are_numbered_from_1_and_carry_the_scheduled_uptime() -> None:
    garage = device()
    first = garage.tick(1000, {1: VALUES, 2: "timeout"})
    second = garage.tick(2000, {1: VALUES, 2: "timeout"})
    assert first[0] == Reading("garage", 7, 1, 1000, 1, VALUES)
    assert first[1] == NoReading("garage", 7, 2, 1000, 2, "timeout", 1)
    assert second[1] == NoReading("garage", 7, 4, 2000, 2, "timeout", 2)


def test_a_new_record_is_sent_once_as_it_comes() -> None:
    garage = device()
    assert sends(garage, 0) == []
    ticks(garage, 2)
    assert sends(garage, 10) == [1, 2]
    ticks(garage, 1)
    assert sends(garage, 20) == [3]
    assert sends(garage, 30) == []


def test_a_hello_comes_first_and_then_every_second() -> None:
    garage = device()
    ticks(garage, 1)
    first = garage.lines_to_send(5)[0]
    assert len(first) == 1
    assert first[0].startswith(b"H1,garage,7,5,")
    assert not any(isinstance(line, Hello) for line in said(garage, 1004))
    assert hello(garage, 1005).queued == 1


def test_what_is_acknowledged_is_forgotten_and_what_is_not_stays() -> None:
    garage = device()
    ticks(garage, 5)
    sends(garage, 10)
    garage.hear(Ack("garage", 7, 3), EDGE, 20)
    assert held(garage) == [4, 5]
    assert hello(garage, 2000).oldest == 4
    garage.hear(Ack("garage", 7, 5), EDGE, 30)
    assert hello(garage, 4000).oldest == 6


@pytest.mark.parametrize(
    ("ack", "sender"),
    [(Ack("garage", 7, 6), EDGE), (Ack("garage", 8, 3), EDGE), (Ack("shed", 7, 3), EDGE),
     (Ack("garage", 7, 3), ("192.168.1.6", 8485)), (Ack("garage", 7, 3), ("192.168.1.5", 9999))],
)  # fmt: skip
def test_a_forged_acknowledgement_is_not_believed(ack: Ack, sender: tuple[str, int]) -> None:
    garage = device()
    ticks(garage, 5)
    sends(garage, 10)
    ticks(garage, 5)
    garage.hear(ack, sender, 20)
    assert len(garage.held()) == 10


def test_silence_is_answered_by_resends_after_15_30_60_and_60_seconds() -> None:
    garage = device()
    ticks(garage, 3)
    sent = [at_s for at_s in range(240) if sends(garage, at_s * 1000) == [1, 2, 3]]
    assert sent == [0, 15, 45, 105, 165, 225]


def test_new_records_do_not_put_off_the_resend() -> None:
    garage = device()
    resent = []
    for at_s in range(20):
        ticks(garage, 1, at_s * 1000)
        resent += [at_s for seq in sends(garage, at_s * 1000) if seq == 1]
    assert resent == [0, 15]


def test_progress_starts_the_pause_afresh() -> None:
    garage = device()
    ticks(garage, 3)
    sends(garage, 0)
    garage.hear(Ack("garage", 7, 1), EDGE, 14_000)
    assert sends(garage, 28_900) == []
    assert sends(garage, 29_000) == [2, 3]


def test_a_boot_that_gets_on_does_not_put_off_what_an_earlier_one_waits_for() -> None:
    garage = device()
    ticks(garage, 2)
    garage.reboot(8)
    said(garage, 0)  # and the datagram with boot 7 is lost
    again: list[tuple[int, int]] = []
    for uptime_ms in range(10_000, 60_000, 10_000):
        ticks(garage, 1, uptime_ms)
        again += [key for key in records(said(garage, uptime_ms)) if key[0] == 7]
        garage.hear(Ack("garage", 8, uptime_ms // 10_000), EDGE, uptime_ms)
    assert again[:2] == [(7, 1), (7, 2)]


def test_a_resend_of_nothing_but_a_lost_record_is_one_resend() -> None:
    garage = device(capacity=3)
    ticks(garage, 2)
    assert sends(garage, 0) == [1, 2]
    ticks(garage, 5, 10)
    assert sends(garage, 15_000) == [4, 5, 6, 7]
    assert sends(garage, 15_001) == []
    assert sends(garage, 30_001) == []


def test_a_repeated_acknowledgement_starts_one_run_per_two_seconds() -> None:
    garage = device()
    ticks(garage, 3)
    sends(garage, 0)
    garage.hear(Ack("garage", 7, 1), EDGE, 100)
    garage.hear(Ack("garage", 7, 1), EDGE, 200)
    assert sends(garage, 200) == [2, 3]
    garage.hear(Ack("garage", 7, 1), EDGE, 2_100)
    assert sends(garage, 2_100) == []
    garage.hear(Ack("garage", 7, 1), EDGE, 2_200)
    assert sends(garage, 2_200) == [2, 3]


def test_a_run_in_progress_is_not_restarted() -> None:
    garage = device(capacity=1000)
    ticks(garage, 500)
    for at_ms in range(0, 100, 10):
        sends(garage, at_ms)
    part = sends(garage, 15_000)
    assert part[0] == 1
    assert len(part) < 500
    garage.hear(Ack("garage", 7, 0), EDGE, 18_000)
    assert sends(garage, 18_000)[0] == part[-1] + 1


def test_datagrams_stay_small_and_a_call_is_bounded() -> None:
    garage = device(capacity=1000)
    ticks(garage, 1000)
    datagrams = garage.lines_to_send(0)
    assert len(datagrams) == 17
    assert max(len(b"".join(datagram)) for datagram in datagrams) <= DATAGRAM_BYTES_MOST


def test_a_full_ring_drops_its_oldest_into_one_growing_lost_record() -> None:
    garage = device(capacity=10)
    ticks(garage, 14)
    assert garage.held()[0] == NoReading("garage", 7, 4, 3, 0, "lost", 4)
    assert held(garage) == [4, *range(5, 15)]
    assert (hello(garage, 0).oldest, hello(garage, 1000).dropped) == (4, 4)
    ticks(garage, 1)
    assert garage.held()[0] == NoReading("garage", 7, 5, 4, 0, "lost", 5)


def test_the_lost_record_stays_until_it_is_acknowledged_as_a_whole() -> None:
    garage = device(capacity=10)
    ticks(garage, 14)
    sends(garage, 0)
    ticks(garage, 2)
    garage.hear(Ack("garage", 7, 4), EDGE, 10)
    assert garage.held()[0] == NoReading("garage", 7, 6, 5, 0, "lost", 6)
    garage.hear(Ack("garage", 7, 6), EDGE, 20)
    assert held(garage) == list(range(7, 17))


def test_a_restart_keeps_the_records_and_names_their_boots() -> None:
    garage = device()
    ticks(garage, 3)
    garage.reboot(8)
    ticks(garage, 1)
    lines = said(garage, 5)
    assert isinstance(lines[0], Hello)
    assert (lines[0].boot, lines[0].reset_cause, lines[0].oldest, lines[0].earlier) == (8, "watchdog", 1, 1)
    assert lines[1] == Earlier("garage", 7, 1, 3)
    assert records(lines) == [(7, 1), (7, 2), (7, 3), (8, 1)]
    garage.hear(Ack("garage", 7, 3), EDGE, 10)
    assert hello(garage, 2000).earlier == 0
    assert held(garage) == [1]


def test_hello_and_its_earlier_lines_share_one_datagram() -> None:
    garage = device()
    for boot in range(8, 12):
        ticks(garage, 1)
        garage.reboot(boot)
    (datagram,) = [d for d in garage.lines_to_send(0) if d[0].startswith(b"H1")]
    assert [line[:2] for line in datagram] == [b"H1", b"S1", b"S1", b"S1", b"S1"]
    assert len(b"".join(datagram)) <= DATAGRAM_BYTES_MOST


def test_only_the_newest_four_earlier_boots_are_kept() -> None:
    garage = device()
    for boot in range(8, 14):
        ticks(garage, 1)
        garage.reboot(boot)
    assert [record.boot for record in garage.held()] == [9, 10, 11, 12]
    assert hello(garage, 0).earlier == EARLIER_BOOTS_MOST


def test_a_full_ring_drops_from_the_oldest_boot_first() -> None:
    garage = device(capacity=5)
    ticks(garage, 4)
    garage.reboot(8)
    ticks(garage, 3)
    assert [(r.boot, r.seq) for r in garage.held()] == [(7, 2), (7, 3), (7, 4), (8, 1), (8, 2), (8, 3)]
    assert garage.held()[0] == NoReading("garage", 7, 2, 1, 0, "lost", 2)
    assert hello(garage, 0).dropped == 0


def test_a_power_cut_empties_the_memory() -> None:
    garage = device()
    ticks(garage, 3)
    garage.power_off()
    garage.reboot(8, "power")
    assert garage.held() == []
    assert hello(garage, 0).earlier == 0


def test_after_a_restart_only_what_was_sent_again_is_believed_to_be_acknowledged() -> None:
    garage = device()
    ticks(garage, 3)
    sends(garage, 0)
    garage.reboot(8)
    garage.hear(Ack("garage", 7, 3), EDGE, 0)
    assert held(garage) == [1, 2, 3]


def test_a_fresh_device_finds_its_edge_by_beacon_and_follows_only_its_name() -> None:
    garage = device(edge=None)
    garage.hear(Beacon("home", 8485), ("192.168.1.5", 8486), 0)
    assert garage.home.address == EDGE
    garage.hear(Beacon("other", 8485), ("192.168.1.9", 8486), 60_000)
    garage.hear(Beacon("home", 8485), ("192.168.1.9", 8486), 29_999)
    assert garage.home.address == EDGE
    garage.hear(Beacon("home", 8485), ("192.168.1.9", 8486), 30_000)
    assert garage.home.address == ("192.168.1.9", 8485)


def test_an_edge_that_only_says_its_name_does_not_put_off_the_move() -> None:
    garage = device(edge=None)
    garage.hear(Beacon("home", 8485), ("192.168.1.5", 8486), 0)
    garage.hear(Beacon("home", 8485), ("192.168.1.5", 8486), 30_000)
    garage.hear(Beacon("home", 8485), ("192.168.1.9", 8486), 30_001)
    assert garage.home.address == ("192.168.1.9", 8485)


def test_an_address_set_by_hand_never_moves() -> None:
    garage = device()
    garage.hear(Beacon("home", 8485), ("192.168.1.9", 8486), 100_000)
    assert garage.home.address == EDGE
