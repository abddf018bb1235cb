"""PZEM-004T v3 sensors on a line: they answer as the real ones do, and remember what they said and when.

From the data sheet V3.0 (2.3 to 2.8) and field reports. Values come as the edge stores them (metering.quantity), from
a function of the time; what a sensor cannot show is refused by an assertion, so that the truth is exact.
1. While its mains is off a sensor is silent: its meter lives from the mains, only its couplers from the board.
2. In the first 4 s after that it answers values that are wrong under a right CRC (Tasmota, issue 5875).
3. What does not check, or is for another address, is not answered. Two that answer at once spoil each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from mega import Mega

from edge.recording import Sensor

READ_HOLDING, READ_INPUT, WRITE_HOLDING, CALIBRATE, RESET_ENERGY = 0x03, 0x04, 0x06, 0x41, 0x42
EVERYBODY = 0xF8
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_DATA = 1, 2, 3
REQUEST_BYTES = {READ_HOLDING: 8, READ_INPUT: 8, WRITE_HOLDING: 8, RESET_ENERGY: 4, CALIBRATE: 6}
INPUTS, HOLDINGS = 10, (1, 2)
ALARM_W = 2300  # the threshold as delivered of the 10 A model; 23 000 of the 100 A model
LYING_US = 4_000_000
BYTE_US = 1_042  # at 9600 baud

# In QUANTITIES order: mV, mA, mW, Wh, mHz, thousandths, alarm.
Values = tuple[int, int, int, int, int, int, int]
IDLE: Values = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


@dataclass(frozen=True, slots=True)
class Said:
    """A measurement that has left the sensor whole; whether it reached anybody is another matter."""

    at_us: int
    values: Values
    lie: bool


def crc16(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def registers(values: Values) -> list[int]:
    """The ten input registers; of two registers the low one comes first."""
    mv, ma, mw, wh, mhz, thousandths, alarm = values
    assert mv % 100 == mw % 100 == mhz % 100 == thousandths % 10 == 0, f"no sensor can show {values}"
    wide = [half for value in (ma, mw // 100, wh) for half in (value & 0xFFFF, value >> 16)]
    return [mv // 100, *wide, mhz // 100, thousandths // 10, 0xFFFF if alarm else 0]


def recorded(channel: int, energy_wh: int = 0) -> Callable[[int], Values]:
    """What a real sensor measured, from the start of the recording at time 0."""
    sensor = Sensor(channel, energy_wh)

    def measure(at_us: int) -> Values:
        values = sensor.measure(at_us // 1000)
        assert len(values) == 7
        return tuple(value or 0 for value in values)  # type: ignore[return-value]

    return measure


class Pzem:
    """`measure`: values at a time; it is asked in the order of time."""

    def __init__(
        self, address: int = 1, measure: Callable[[int], Values] = lambda _: IDLE, seed: int = 1
    ) -> None:
        self.address, self.measure, self.alarm_w = address, measure, ALARM_W
        self.latency_us = 8_000
        self.said: list[Said] = []
        self.calibrated = False
        self.energy_resets = 0
        self._random = Random(seed)
        self._on_since_us: int | None = -LYING_US

    @property
    def on(self) -> bool:
        return self._on_since_us is not None

    def mains(self, on: bool, now_us: int) -> None:
        """The mains of this sensor comes or goes."""
        self._on_since_us = (self._on_since_us if self.on else now_us) if on else None

    def answer(self, request: bytes, at_us: int) -> bytes | None:
        """The whole reply to a request that checks."""
        if self._on_since_us is None or request[0] not in (self.address, EVERYBODY):
            return None
        told = request[0]
        body = self._body(request, at_us)
        frame = bytes([told, *body])
        return frame + crc16(frame)

    def _body(self, request: bytes, at_us: int) -> bytes:
        function = request[1]
        if function in (READ_INPUT, READ_HOLDING):
            return self._read(function, int.from_bytes(request[2:4]), int.from_bytes(request[4:6]), at_us)
        if function == WRITE_HOLDING:
            return self._write(int.from_bytes(request[2:4]), int.from_bytes(request[4:6]), request)
        if function == RESET_ENERGY:
            self.energy_resets += 1
            return bytes([function])
        self.calibrated = self.calibrated or function == CALIBRATE
        return bytes([function | 0x80, ILLEGAL_FUNCTION])

    def _read(self, function: int, first: int, count: int, at_us: int) -> bytes:
        kept = {1: self.alarm_w, 2: self.address}
        legal = range(INPUTS) if function == READ_INPUT else HOLDINGS
        if count == 0 or first not in legal or first + count - 1 not in legal:
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        shown = self._measured(at_us) if function == READ_INPUT else [0, *kept.values()]
        words = shown[first : first + count]
        return bytes([function, 2 * count]) + b"".join(word.to_bytes(2) for word in words)

    def _measured(self, at_us: int) -> list[int]:
        assert self._on_since_us is not None
        lie = at_us - self._on_since_us < LYING_US
        values = self._lie() if lie else self.measure(at_us)
        self.said.append(Said(at_us, values, lie))
        return registers(values)

    def _lie(self) -> Values:
        """Plausible, and not what was measured: no true value is below 100 V or 10 GWh."""
        draw = self._random.randrange
        return (
            draw(800, 1000) * 100,
            draw(9_000),
            draw(20_000) * 100,
            draw(9_999_990),
            50_000,
            draw(100) * 10,
            0,
        )

    def _write(self, number: int, value: int, request: bytes) -> bytes:
        if number not in HOLDINGS:
            return bytes([WRITE_HOLDING | 0x80, ILLEGAL_ADDRESS])
        if number == 2 and not 1 <= value <= 0xF7:
            return bytes([WRITE_HOLDING | 0x80, ILLEGAL_DATA])
        if number == 1:
            self.alarm_w = value
        else:
            self.address = value
        return request[1:6]


class PzemLine:
    """The sensors on one UART."""

    def __init__(self, mega: Mega, number: int, sensors: Sequence[Pzem]) -> None:
        self._mega, self._number, self.sensors = mega, number, sensors
        self.requests = self.not_understood = 0
        mega.devices[number] = self

    def hear(self, at_us: int, data: bytes) -> None:
        self.requests += 1
        length = REQUEST_BYTES.get(data[1]) if len(data) > 1 else None
        if len(data) != length or crc16(data[:-2]) != data[-2:]:
            self.not_understood += 1
            return
        replies = [
            (at_us + sensor.latency_us, reply)
            for sensor in self.sensors
            if (reply := sensor.answer(data, at_us)) is not None
        ]
        if replies:
            at, together = replies[0][0], replies[0][1]
            for _, other in replies[1:]:
                # The outputs pull the line down: where any says 0 it is 0.
                together = bytes(a & b for a, b in zip(together, other, strict=False))
            self._mega.say(self._number, together, at)
