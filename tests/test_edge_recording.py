"""The recording is real, whole and endless, and every value of it fits into a line."""

import gzip
from importlib.resources import files

from edge.counter import WRAP_WH, EnergyCounter
from edge.line import Reading, encode
from edge.recording import FILE, Sensor, tracks


def test_a_channel_replays_its_meter_as_recorded() -> None:
    text = gzip.decompress((files("edge") / "recorded" / FILE).read_bytes()).decode()
    first = next(line for line in text.splitlines() if line.split(",")[1:2] == ["1"])
    _, _, load, voltage, current, power, frequency, factor = first.split(",")
    measured = Sensor(1).measure(0)
    assert load == "aggregate"
    assert measured[:3] == tuple(round(float(text) * 1000) for text in (voltage, current, power))
    assert measured[3] == 0
    assert measured[4:] == (round(float(frequency) * 1000), round(float(factor) * 1000), 0)


def test_there_are_six_meters_of_half_an_hour_at_about_1_hz() -> None:
    assert len(tracks()) == 6
    for track in tracks():
        assert 1_750_000 < track.length_ms < 1_850_000
        assert 1500 < len(track.moments) < 2000
        assert list(track.times_ms) == sorted(track.times_ms)


def test_the_recording_starts_again_after_its_end() -> None:
    track = tracks()[3]
    assert track.at(track.length_ms) == track.at(0)
    assert track.at(7 * track.length_ms + 12_345) == track.at(12_345)


def test_it_shows_power_without_current_as_real_sensors_do() -> None:
    assert any(m.power_mw > 0 and m.current_ma == 0 for track in tracks() for m in track.moments)


def test_every_recorded_value_fits_into_a_line() -> None:
    for channel, track in enumerate(tracks(), start=1):
        for moment in set(track.moments):
            encode(Reading("garage", 7, 1, 0, channel, moment.values(energy_wh=12)))


def test_a_sensor_counts_the_energy_that_it_shows() -> None:
    sensor = Sensor(1, energy_wh=500)
    powers = [sensor.measure(at_ms)[2] or 0 for at_ms in range(0, 1_800_000, 1000)]
    assert sensor.counter.energy_wh == 500 + sum(powers[1:]) // 3_600_000


def test_a_seventh_sensor_is_not_a_copy_of_the_first() -> None:
    first, seventh = Sensor(1), Sensor(7)
    assert [first.measure(at) for at in range(0, 60_000, 1000)] != [
        seventh.measure(at) for at in range(0, 60_000, 1000)
    ]


def test_the_counter_counts_whole_watt_hours_and_loses_no_rest() -> None:
    counter = EnergyCounter(WRAP_WH - 2)
    # 100 W for 36 s is one watt-hour.
    counted = [counter.add(100_000, 12_000) for _ in range(9)]
    assert counted == [WRAP_WH - 2] * 2 + [WRAP_WH - 1] * 3 + [0] * 3 + [1]
