"""Bad input on a running house: each is refused with a clear word, and a good device goes on all the time.

The tests stand in the order in which they happen to the one house; the last one counts what arrived.
"""

import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator

import orjson
import pytest
from eavesdrop import Eavesdropper
from outcome import Exports, judge, produced
from processes import Program, run_to_end, wait_until
from realhouse import RealHouse

from edge.line import Ack, encode, reading

# The collector is killed in between; 40 s later it knows the rate of the device's clock again.
GOOD = ("--rate", "20", "--seconds", "65", "--linger", "60")
LIFE_S = 120.0
FLOWS_S = 10.0
# An Ethernet shield does less than 10 Mbit/s.
NOISE_S, NOISE_BYTES_PER_S, NOISE_DATAGRAM_BYTES = 10.0, 1_250_000, 512
INVENTED, DEVICES_MOST = 1_000, 64
JSON = "application/json"


class Attacked:
    """The house, what is on its wire, and whether its good device gets through."""

    def __init__(self, house: RealHouse, wire: Eavesdropper, device: Program) -> None:
        self.house, self.wire, self.device = house, wire, device

    def newest(self) -> int:
        """How many readings of the good device the edge has heard."""
        meters = self.house.ask("/latest")["meters"]
        return max((m["seq"] for m in meters if m["meter"].startswith("garage/")), default=0)

    def still_flows(self) -> None:
        before = self.newest()
        wait_until(lambda: self.newest() > before or not self.device.runs(), FLOWS_S, self.house.collect.said)

    def send(self, *datagrams: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for datagram in datagrams:
                stranger.sendto(datagram, ("127.0.0.1", self.house.lines))

    def garbled(self) -> int:
        return int(self.house.ask("/health")["edge"]["garbled_lines"])


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with RealHouse(tmp_path_factory.mktemp("attacked")) as house, Eavesdropper(house.lines) as wire:
        house.start(*house.servers)
        device = house.device("garage", *GOOD, to=wire.port).start()
        here = Attacked(house, wire, device)
        wait_until(lambda: here.newest() > 0, FLOWS_S, house.collect.said)
        yield here


def test_a_datagram_of_60_000_bytes_is_one_garbled_line_or_many_and_no_more(attacked: Attacked) -> None:
    before = attacked.garbled()
    attacked.send(b"R1," + b"9," * 29_990, os.urandom(60_000), b"R1,garage,1,1,1" * 4_000 + b"\n")
    wait_until(lambda: attacked.garbled() >= before + 3, FLOWS_S, attacked.house.collect.said)
    attacked.still_flows()


def test_ten_seconds_of_binary_noise_do_not_stop_a_good_device(attacked: Attacked) -> None:
    noise = [os.urandom(NOISE_DATAGRAM_BYTES) for _ in range(64)]
    end_s = time.monotonic() + NOISE_S
    pause_s = len(noise) * NOISE_DATAGRAM_BYTES / NOISE_BYTES_PER_S

    def make_noise() -> None:
        while time.monotonic() < end_s:
            attacked.send(*noise)
            time.sleep(pause_s)

    before, thread = attacked.newest(), threading.Thread(target=make_noise)
    thread.start()
    try:
        while thread.is_alive() and time.monotonic() < end_s - 1:
            attacked.still_flows()
    finally:
        thread.join()
    assert attacked.newest() > before + NOISE_S
    assert attacked.garbled() > 1_000


def test_a_forged_acknowledgement_is_believed_by_neither_side(attacked: Attacked) -> None:
    attacked.house.collect.kill()
    (stream,) = attacked.wire.acknowledged
    before = len(produced(attacked.house.folder / "garage.csv"))
    attacked.send(encode(Ack(*stream, before)))  # goes nowhere: no collector is there
    # These records are in the device alone, so letting go of them would lose them.
    wait_until(
        lambda: len(produced(attacked.house.folder / "garage.csv")) >= before + 20,
        FLOWS_S,
        attacked.device.said,
    )
    attacked.wire.forge(encode(Ack(*stream, before + 10)), by_stranger=True)
    attacked.wire.forge(encode(Ack(*stream, before + 1_000_000)), by_stranger=False)
    attacked.wire.forge(encode(Ack(stream[0], stream[1] + 1, before)), by_stranger=False)
    attacked.house.start(attacked.house.collect)
    attacked.send(encode(Ack(*stream, before)), encode(Ack("nobody", 7, 7)))
    attacked.still_flows()


def test_a_thousand_invented_devices_leave_room_for_the_one_that_is_there(attacked: Attacked) -> None:
    values = (230_000, 500, 115_000, 1, 50_000, 1_000, 0)
    attacked.send(
        *(encode(reading(f"fake{n}", n << 16 | 1, 1, 1000, 1, *values)) for n in range(1, INVENTED + 1))
    )
    attacked.still_flows()
    wait_until(
        lambda: any(n["kind"] == "too-many" for n in attacked.house.ask("/health")["edge"]["notices"]),
        FLOWS_S,
        lambda: str(attacked.house.ask("/health")["edge"]),
    )
    assert len({m["source"] for m in attacked.house.ask("/meters")["meters"]}) <= DEVICES_MOST
    attacked.still_flows()


def batch(version: int = 1) -> bytes:
    return gzip.compress(orjson.dumps({"v": version, "parts": []}))


BATCHES = "/api/v1/batches"
BOMB = gzip.compress(b'{"v":1,"parts":[' + b" " * 200_000_000 + b"]}", 9)
REFUSED = {
    "another version": (batch(version=2), {}, 400, "version"),
    "a gzip cut short": (batch()[:-9], {}, 400, "gzip"),
    "no gzip at all": (b"R1,garage,1,1", {}, 400, "gzip"),
    "a bomb of 200 MB": (BOMB, {}, 413, "size"),
    "a body of 10 MB": (os.urandom(10_000_000), {}, 413, ""),
    "plain JSON": (b'{"v":1,"parts":[]}', {"Content-Encoding": ""}, 415, "encoding"),
    "a form": (batch(), {"Content-Type": "application/x-www-form-urlencoded"}, 415, "encoding"),
    "a wrong token": (batch(), {"Authorization": "Bearer " + "x" * 43}, 401, "token"),
    "no token": (batch(), {"Authorization": ""}, 401, "token"),
    "JSON of something else": (gzip.compress(b"[1,2,3]"), {}, 400, "shape"),
}


@pytest.mark.parametrize(("body", "headers", "status", "word"), REFUSED.values(), ids=REFUSED)
def test_the_cloud_refuses_in_words(
    attacked: Attacked, body: bytes, headers: dict[str, str], status: int, word: str
) -> None:
    answer = attacked.house.post(BATCHES, body, {"Content-Encoding": "gzip", **headers})
    assert answer.status_code == status, answer.text
    if word:  # a body beyond all bounds is stopped by the server itself, before anybody reads it
        assert answer.json()["error"] == word
        assert len(answer.json()["message"]) > 10
    assert "Traceback" not in answer.text
    assert attacked.house.post(BATCHES, batch(), {"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/readings?format=csv", "/latest"])
def test_a_foreign_host_header_gets_nothing_from_the_lan_page(attacked: Attacked, path: str) -> None:
    for foreign in ("evil.example", "127.0.0.1.evil.example", ""):
        answer = attacked.house.get(path, headers={"Host": foreign})
        assert answer.status_code in (400, 421), answer.text
        assert "garage" not in answer.text
    assert attacked.house.get(path).status_code == 200


def test_a_wrong_or_missing_token_reads_nothing_from_the_cloud(attacked: Attacked) -> None:
    for token in ("", "Bearer " + "x" * 43):
        answer = attacked.house.get("/readings?format=csv", cloud=True, headers={"Authorization": token})
        assert answer.status_code in (401, 403, 404)
        assert "garage" not in answer.text


SETTINGS = {
    "an unknown key": (
        'name = "rumah"',
        'name = "rumah"\ncolour = "red"',
        2,
        ("[edge] colour", "no such key"),
    ),
    "a data_dir that is a file": ('data_dir = "edge"', 'data_dir = "token"', 2, ("[edge] data_dir", "token")),
    "a data_dir nobody can make": ('data_dir = "edge"', 'data_dir = "/proc/kembar"', 2, ("[edge] data_dir",)),
    "nothing wrong but the port in use": (
        'data_dir = "edge"',
        'data_dir = "another"',
        1,
        ("udp://127.0.0.1", "in use"),
    ),
    "a folder that another one writes into": ("", "", 1, ("another kembar-edge collect writes into", "edge")),
}


@pytest.mark.parametrize(("old", "new", "code", "words"), SETTINGS.values(), ids=SETTINGS)
def test_collect_ends_with_a_clear_message_over(
    attacked: Attacked, old: str, new: str, code: int, words: tuple[str, ...]
) -> None:
    folder = attacked.house.folder
    settings = folder / "second.toml"
    settings.write_text((folder / "edge.toml").read_text().replace(old, new))
    argv = [*attacked.house.collect.argv[:-1], str(settings)]
    ended, said = run_to_end(argv, folder, attacked.house.environ)
    assert ended == code, said
    for word in words:
        assert word in said
    assert "Traceback" not in said
    attacked.still_flows()


def test_a_port_in_use_is_told_by_the_lan_server_and_the_cloud(attacked: Attacked) -> None:
    for program in (attacked.house.serve, attacked.house.cloud):
        ended, said = run_to_end(program.argv, attacked.house.folder, attacked.house.environ)
        assert ended == 1, said
        assert "another program already uses this port" in said
        assert "Traceback" not in said


def test_after_all_this_everything_the_good_device_measured_is_on_both_sides(attacked: Attacked) -> None:
    assert attacked.device.wait(LIFE_S) == 0
    attacked.house.settle(undated=DEVICES_MOST)  # nobody says when the invented ones measured
    outcome = judge(only_good(attacked.house.exports()), produced(attacked.house.folder / "garage.csv"))
    assert outcome.well, outcome
    assert outcome.arrived == outcome.produced > 500
    for program in attacked.house.servers:
        assert program.runs()
        assert "Traceback" not in program.log.read_text()


def only_good(exports: Exports) -> Exports:
    """What invented devices brought is not looked at."""
    csvs = [
        "\n".join(line for line in side.splitlines() if line.startswith(("garage/", "meter,")))
        for side in (exports.edge_csv, exports.cloud_csv)
    ]
    gaps = [[g for g in side if g["source"] == "garage"] for side in (exports.edge_gaps, exports.cloud_gaps)]
    return Exports(csvs[0], csvs[1], gaps[0], gaps[1], exports.healths)
