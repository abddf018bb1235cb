"""A person at the serial monitor of the simulated board is told what is so, and what they type happens."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from firmwarehouse import sketch
from firmwareverdict import PASS_MOST_US
from mega import Mega
from pzem_model import IDLE, Pzem, PzemLine

from edge.decoder import LineDecoder
from edge.line import Ack, Garbled, Hello, NoReading, encode

# A remark and a line of 160 bytes take 25 ms; a command that asks all sensors asks each for up to half a second.
ANSWER_S = 3.0


class Person:
    """At the USB serial port of a board without an Ethernet shield; nobody else is on the line."""

    def __init__(self, program: Path) -> None:
        self.mega = Mega(program)
        self.sensors = [Pzem(seed=uart) for uart in (1, 2, 3)]
        self.lines = [PzemLine(self.mega, uart, [self.sensors[uart - 1]]) for uart in (1, 2, 3)]
        self.mega.devices[0] = self
        self.remarks: list[str] = []
        self.hello: Hello | None = None
        self.garbled: list[Garbled] = []
        self.missed: list[NoReading] = []
        self._decoder = LineDecoder()

    def hear(self, _: int, data: bytes) -> None:
        for raw in data.split(b"\n"):
            if raw.startswith(b"#"):
                self.remarks.append(raw.decode("ascii"))
        for line in self._decoder.feed(data):
            if isinstance(line, Hello):
                self.hello = line
            elif isinstance(line, Garbled):
                self.garbled.append(line)
            elif isinstance(line, NoReading):
                self.missed.append(line)

    def types(self, line: str) -> list[str]:
        """What is remarked to it."""
        before = len(self.remarks)
        self.mega.say(0, line.encode() + b"\n", self.mega.now_us)
        self.mega.run(ANSWER_S)
        return self.remarks[before:]


@pytest.fixture
def person(need: Callable[[str], str]) -> Iterator[Person]:
    person = Person(sketch(need))
    with closing(person.mega):
        person.mega.run(8)
        yield person


def test_a_new_board_says_one_thing_unasked(person: Person) -> None:
    assert person.remarks == ["# Kembar 0.1.0, kembar: type help"]


def test_show_tells_the_settings_and_the_state(person: Person) -> None:
    shown = person.types("show")
    assert {"# device=kembar", "# sensors=1,2,3", "# watchdog=on", "# edge=auto"} <= set(shown)
    assert {
        "# link in use: USB serial, no W5100 or W5500 answers",
        "# channel 2 (UART 2, address 1): reads well",
    } <= set(shown)
    assert any(
        line.startswith("# running for 0 d 00:00:") and line.endswith("last reset: power") for line in shown
    )
    assert person.hello is not None
    assert f"# boot {person.hello.boot}" in shown


def test_every_remark_lies_between_whole_lines(person: Person) -> None:
    for command in ("show", "help", "test", "show") * 3:
        person.types(command)
    assert person.garbled == []


def test_test_says_what_is_wrong_with_each_sensor(person: Person) -> None:
    person.sensors[1].address = 9
    person.sensors[2].mains(False, person.mega.now_us)
    told = person.types("test")
    assert told == [
        "# channel 1 (UART 1, address 1): 225.7 V, 0.108 A, 24.4 W, 0.038 kWh, 50.0 Hz, PF 1.00",
        "# channel 2 (UART 2, address 1): silent, but a sensor with another address answers",
        "#   to read that one type: set sensors=1,2:9,3",
        "# channel 3 (UART 3, address 1): silent",
        "#   is its mains side on? Without mains it never answers",
        "#   is its 5 V side fed? 5V and GND of the Mega",
        "#   TX and RX swapped? Its TX goes to pin 15, its RX to pin 14",
        "# test: 1 of 3 sensors answer well",
    ]


def test_a_setting_is_kept_and_the_board_starts_again_under_it(person: Person) -> None:
    assert person.hello is not None
    before = person.hello.boot
    assert person.types("set device=garage") == [
        "# saved; the board starts again",
        "# Kembar 0.1.0, garage: type help",
    ]
    assert (person.hello.device, person.hello.boot) == ("garage", before + 1)
    assert person.hello.reset_cause == "restart"
    person.mega.power_cycle(1.0)
    person.mega.run(3)
    assert (person.hello.device, person.hello.boot) == ("garage", before + 2)


def test_a_mistake_is_told_and_changes_nothing(person: Person) -> None:
    kept = person.mega.eeprom()
    assert person.types("set ip=192.168.1.999") == [
        "# ip=192.168.1.999: expected four numbers 0 to 255, such as 192.168.1.177"
    ]
    assert person.mega.eeprom() == kept


def test_the_address_of_a_sensor_is_changed_and_read_back(person: Person) -> None:
    answers = [person.types(line)[-1] for line in ("address 2", "go", "7", "yes")]
    assert answers == [
        "# then type go (anything else stops)",
        "# the sensor on UART 2 has address 1. Type its new address, 1 to 247",
        "# change address 1 to 7? Type yes",
        "# to read it type: set sensors=1,2:7,3",
    ]
    assert person.sensors[1].address == 7


def test_the_energy_counter_of_a_channel_is_reset_after_yes(person: Person) -> None:
    counter = {0: 9_000_000, 1: 0}
    sensor = person.sensors[1]
    sensor.measure = lambda _: (*IDLE[:3], counter[sensor.energy_resets], *IDLE[4:])
    person.types("reset-energy 2")
    assert sensor.energy_resets == 0
    assert person.types("yes") == ["# channel 2 (UART 2, address 1): done, it counts 0.000 kWh"]
    assert [each.energy_resets for each in person.sensors] == [0, 1, 0]


def test_nothing_is_obeyed_while_an_edge_speaks(person: Person) -> None:
    person.mega.say(0, encode(Ack("reset-energy", 1, 1)), person.mega.now_us)
    assert person.types("set device=evil") == person.types("show") == []
    person.mega.run(10)
    assert "# device=kembar" in person.types("show")


def test_no_command_costs_a_tick_or_a_slow_pass(person: Person) -> None:
    for command in ("test", "show", "help", "address 1", "go", "5", "no", "reset-energy 3", "no", "set ip=1"):
        person.types(command)
    # Nobody acknowledges, so the first records come again and again; those were settling.
    assert [line for line in person.missed if line.cause != "settling"] == []
    assert person.mega.counts.worst_awake_us <= PASS_MOST_US
