"""The table of single readings on the page "history": every one as it was measured, in pages of its key."""

from dataclasses import dataclass
from itertools import islice

from metering.quantity import QUANTITIES
from metering.reading import Meter
from pages.faces import Faces
from pages.figures import UNKNOWN, Figures
from pages.history_table import Head
from pages.picked import Picked
from pages.query import Refused
from store.history import History

PAGE_ROWS = 100
# A page is looked for in stretches that grow: the first is enough where there are readings; years without take a dozen.
FIRST_WINDOW_MS, GROWS = 600_000, 4
_SHOWN: tuple[tuple[str, int], ...] = (
    ("power", 1), ("voltage", 1), ("current", 3), ("power_factor", 2), ("frequency", 1), ("energy", 3),
)  # fmt: skip
_PLACES = {quantity.name: place for place, quantity in enumerate(QUANTITIES)}


@dataclass(frozen=True, slots=True)
class Reading:
    """One row: its time to the millisecond, its meter, its values as the sensor gave them."""

    time: str
    meter: str
    colour: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class ReadingsTable:
    heads: list[Head]
    rows: list[Reading]
    has_meter: bool
    first_url: str
    after_url: str


class ReadingsWriter:
    """Writes it in one language, for a site whose pages begin at `home`."""

    def __init__(self, figures: Figures, faces: Faces, home: str) -> None:
        self._t, self._f, self._faces, self._home = figures.words, figures, faces, home

    def table(self, history: History, picked: Picked, after: str) -> ReadingsTable:
        """PAGE_ROWS readings of the stretch behind the key `after`; "" begins with the first."""
        found = _page(history, picked, _key(after))
        rows, more = found[:PAGE_ROWS], len(found) > PAGE_ROWS
        last = rows[-1] if rows else None
        key = f"{last[0]}.{last[2]}.{last[3]}.{picked.meters.index(last[1])}" if last and more else ""
        return ReadingsTable(
            [Head(self._t("table.time"), "", "", ""), *self._meter_head(picked), *self._value_heads(picked)],
            [self._reading(picked, row) for row in rows],
            picked.all_meters,
            self._url(picked) if after else "",
            self._url(picked, after=key) if key else "",
        )

    def _meter_head(self, picked: Picked) -> list[Head]:
        return [Head(self._t("history.meter"), "", "", "", True)] if picked.all_meters else []

    def _value_heads(self, picked: Picked) -> list[Head]:
        units = {"energy": "kWh"} | {q.name: q.unit for q in QUANTITIES if q.name != "energy"}
        return [Head(self._t(f"quantity.{name}"), units[name], "", "") for name, _ in _shown(picked)]

    def _reading(self, picked: Picked, row: tuple[int, Meter, int, int, tuple[int | None, ...]]) -> Reading:
        face = self._faces.of(row[1])
        cells = []
        for name, decimals in _shown(picked):
            quantity, value = QUANTITIES[_PLACES[name]], row[4][_PLACES[name]]
            scale = 1000 if name == "energy" else quantity.scale
            cells.append(UNKNOWN if value is None else self._f.number(value, scale, decimals))
        return Reading(self._f.exact(row[0]), face.name, face.colour, cells)

    def _url(self, picked: Picked, **more: str) -> str:
        return f"{self._home}/history?{picked.query(rows='readings', **more)}#table"


def _shown(picked: Picked) -> list[tuple[str, int]]:
    return [(name, decimals) for name, decimals in _SHOWN if name in (*picked.quantities, "energy")]


def _key(after: str) -> tuple[int, int, int, int] | None:
    """taken_ms, boot, seq and the place of the meter, or Refused."""
    if not after:
        return None
    parts = after.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 17 for part in parts):
        raise Refused(400, "after", f"after={after[:40]!r} is not the end of a page of readings")
    taken_ms, boot, seq, place = map(int, parts)
    return taken_ms, boot, seq, place


def _page(
    history: History, picked: Picked, key: tuple[int, int, int, int] | None
) -> list[tuple[int, Meter, int, int, tuple[int | None, ...]]]:
    """(taken_ms, meter, boot, seq, values) by time, boot, seq and meter: one more than a page, where there are more."""
    at_ms = picked.from_ms if key is None else max(picked.from_ms, key[0])
    found: list[tuple[int, Meter, int, int, tuple[int | None, ...]]] = []
    window_ms = FIRST_WINDOW_MS
    while at_ms < picked.to_ms and len(found) <= PAGE_ROWS:
        to_ms = min(at_ms + window_ms, picked.to_ms)
        some = []
        for place, meter in enumerate(picked.meters):
            rows = history.rows(meter, at_ms, to_ms)
            beyond = (row for row in rows if key is None or (row[2], row[0], row[1], place) > key)
            some += [(row[2], meter, row[0], row[1], tuple(row[3:])) for row in islice(beyond, PAGE_ROWS + 1)]
        found += sorted(some, key=lambda row: (row[0], row[2], row[3], picked.meters.index(row[1])))
        at_ms, window_ms = to_ms, window_ms * GROWS
    return found[: PAGE_ROWS + 1]
