"""Energy between values of a meter's own counter, with resets, wraps and exchanged meters recognised.

The counter is the truth: energy used while no readings arrived is in the next difference, so a total
stays right across gaps. Pure arithmetic, no clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# PZEM-004T v3 datasheet: energy 0 ... 9999.99 kWh, so the counter starts again at 10 000 kWh.
WRAP_WH = 10_000_000
# The 100 A model at its greatest measurable power (datasheet: 23 kW).
RATED_POWER_W = 23_000
# The counter moves in steps of 1 Wh, so two readings may differ by one step more than the energy between.
STEP_WH = 1
HOUR_MS = 3_600_000
# A counter value that was read longer than this before or after a gap says too little about it.
REACH_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Step:
    """Energy that was used up to at_ms since the value before, and what happened to the counter."""

    at_ms: int
    wh: int
    event: str | None
    before_wh: int
    after_wh: int


def differences(counters: Iterable[tuple[int, int]], rated_power_w: int = RATED_POWER_W) -> Iterator[Step]:
    """Steps between (at_ms, energy_wh) pairs in order of measurement.

    event None: plain use. "wrap": over the top of the counter. "reset": it began again at 0, what it shows
    now was used since. "exchange": another meter's counter; the energy between is not known and counts 0.
    """
    before: tuple[int, int] | None = None
    for at_ms, wh in counters:
        if before is not None:
            yield step(before, (at_ms, wh), rated_power_w)
        before = (at_ms, wh)


def across(
    before: tuple[int, int] | None, after: tuple[int, int] | None, rated_power_w: int = RATED_POWER_W
) -> int | None:
    """Wh that the counter moved between its last (at_ms, energy_wh) before a gap and the first one after it.

    It bounds what was used inside the gap: with a reset it is what was used since, and None where another meter's
    counter follows or one of the two is not known.
    """
    if before is None or after is None:
        return None
    moved = step(before, after, rated_power_w)
    return None if moved.event == "exchange" else moved.wh


def step(before: tuple[int, int], after: tuple[int, int], rated_power_w: int = RATED_POWER_W) -> Step:
    """What happened between two (at_ms, energy_wh) that follow each other."""
    most_wh = rated_power_w * max(0, after[0] - before[0]) // HOUR_MS + STEP_WH
    used, event = _used(before[1], after[1], most_wh)
    return Step(after[0], used, event, before[1], after[1])


def _used(before_wh: int, after_wh: int, most_wh: int) -> tuple[int, str | None]:
    if after_wh >= before_wh:
        plain = after_wh - before_wh
        return (plain, None) if plain <= most_wh else (0, "exchange")
    over_the_top = WRAP_WH - before_wh + after_wh
    if 0 <= over_the_top <= most_wh:
        return over_the_top, "wrap"
    return (after_wh, "reset") if after_wh <= most_wh else (0, "exchange")
