"""The table of the ledger on the page "health": each device's day as texts, without HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pages.figures import Figures
from pages.last_day import DeviceSum, together
from pages.words import Words


@dataclass(frozen=True, slots=True)
class LedgerRow:
    device: str
    produced: str
    stored: str
    explained: str
    unexplained: str
    is_short: bool


@dataclass(frozen=True, slots=True)
class LedgerTable:
    """`whole` is the sum where there are several devices; `note` names what the columns cannot show."""

    rows: list[LedgerRow]
    whole: LedgerRow | None
    note: str


def ledger_table(devices: Sequence[DeviceSum], words: Words, figures: Figures) -> LedgerTable | None:
    if not devices:
        return None
    whole = together(devices)
    beside = (("health.twice", whole.twice), ("health.estimated", whole.estimated))
    notes = [words.counted(key, n, figures.count(n)) for key, n in beside if n]
    last = replace(_row(whole, figures), device=words("health.sum")) if len(devices) > 1 else None
    return LedgerTable([_row(device, figures) for device in devices], last, " ".join(notes))


def _row(device: DeviceSum, figures: Figures) -> LedgerRow:
    return LedgerRow(
        device.source,
        figures.count(device.produced),
        figures.count(device.stored),
        figures.count(device.explained),
        figures.count(device.unexplained),
        device.unexplained != 0,
    )
