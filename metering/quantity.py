"""The one table of quantities: names, units, small units and limits.

Columns, API, pages and exports follow from it. A limit is what a register can represent, not what is
plausible: 4-7 % of real PZEM-004T rows have power > 0 with current = 0 (below its start threshold).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The PZEM-004T's registers (datasheet): voltage u16 x 0.1 V, current and power u32 x 1 mA and 0.1 W,
# frequency u16 x 0.1 Hz. Power is signed because other meters measure both directions.
U16 = 0xFFFF
U32 = 0xFFFFFFFF
# The largest integer that every JSON reader keeps exactly (RFC 8259, section 6).
MOST_EXACT = 2**53 - 1

TAKEN_MS_LEAST = 1_577_836_800_000  # 2020-01-01T00:00:00Z: no reading of ours can be older
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measured quantity: `column` holds integers of the small unit, `base` = column / scale in `unit`."""

    name: str
    column: str
    base: str
    unit: str
    scale: int
    least: int
    most: int

    def complaint(self, value: int) -> str | None:
        """What is wrong with a stored integer, or None when the register can represent it."""
        if self.least <= value <= self.most:
            return None
        return f"{self.column}={value} outside [{self.least}, {self.most}]"


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("voltage", "voltage_mv", "voltage_v", "V", 1000, 0, U16 * 100),
    Quantity("current", "current_ma", "current_a", "A", 1000, -U32, U32),
    Quantity("power", "power_mw", "power_w", "W", 1000, -U32 * 100, U32 * 100),
    Quantity("energy", "energy_wh", "energy_wh", "Wh", 1, 0, MOST_EXACT),
    Quantity("frequency", "frequency_mhz", "frequency_hz", "Hz", 1000, 0, U16 * 100),
    Quantity("power_factor", "power_factor_milli", "power_factor", "", 1000, -1000, 1000),
    Quantity("alarm", "alarm", "alarm", "", 1, 0, 1),
)
COLUMNS: tuple[str, ...] = tuple(q.column for q in QUANTITIES)
BY_COLUMN: dict[str, Quantity] = {q.column: q for q in QUANTITIES}
BY_NAME: dict[str, Quantity] = {q.name: q for q in QUANTITIES}


def complaints(values: Sequence[int | None]) -> Iterator[str]:
    """What is wrong with one row's values, in QUANTITIES order; missing (None) is never wrong."""
    for quantity, value in zip(QUANTITIES, values, strict=True):
        if value is not None and (said := quantity.complaint(value)):
            yield said


def taken_complaint(taken_ms: int, now_ms: int) -> str | None:
    """A date must lie in 2020 ... tomorrow (UTC, ms); None when it does."""
    if TAKEN_MS_LEAST <= taken_ms <= now_ms + DAY_MS:
        return None
    return f"taken_ms={taken_ms} outside [{TAKEN_MS_LEAST}, {now_ms + DAY_MS}] (2020 ... tomorrow)"
