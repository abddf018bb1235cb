"""The energy counter inside a PZEM-004T: whole watt-hours that survive a power cut of the Arduino.

Counts what it is given; it does not measure and does not know the time.
"""

# The data sheet's range ends at 9999.99 kWh; what comes next is 0.
WRAP_WH = 10_000_000
# 1 Wh in milliwatt x milliseconds: 1000 mW x 3600 s x 1000 ms.
MW_MS_PER_WH = 1000 * 3600 * 1000


class EnergyCounter:
    """Starts at energy_wh and only ever counts up, until it wraps."""

    def __init__(self, energy_wh: int = 0) -> None:
        self.energy_wh = energy_wh
        self._rest_mw_ms = 0

    def add(self, power_mw: int, duration_ms: int) -> int:
        """This power flowed for this long; returns the counter in Wh. The rest below 1 Wh is kept."""
        whole_wh, self._rest_mw_ms = divmod(self._rest_mw_ms + power_mw * duration_ms, MW_MS_PER_WH)
        self.energy_wh = (self.energy_wh + whole_wh) % WRAP_WH
        return self.energy_wh
