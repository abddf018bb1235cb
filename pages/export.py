"""Readings as streamed CSV or JSON, in base units or as the stored integers.

Rows come from History in pages of its key, so an export of years holds little memory and no lock.
"""

from collections.abc import Callable, Iterator, Sequence
from threading import BoundedSemaphore
from typing import Any

import orjson

from metering.quantity import QUANTITIES
from metering.reading import Meter
from store.history import History

# An export occupies a thread and the card for as long as its reader likes; the live page needs the others.
EXPORTS_AT_ONCE = 2
RETRY_AFTER_S = 30
# Rows written together: fewer, larger pieces for the socket.
PIECE_ROWS = 1_000

_SCALES = [quantity.scale for quantity in QUANTITIES]
Row = tuple[Any, ...]
Span = tuple[int | None, int | None]


def fields(raw: bool) -> list[str]:
    """meter, boot, seq, taken_ms and one name per quantity."""
    return ["meter", "boot", "seq", "taken_ms", *(q.column if raw else q.base for q in QUANTITIES)]


def base_values(values: Sequence[int | None]) -> list[float | int | None]:
    """Stored integers in V, A, W, Wh, Hz; missing stays None."""
    return [
        value if value is None or scale == 1 else value / scale
        for value, scale in zip(values, _SCALES, strict=True)
    ]


def csv(history: History, meters: Sequence[Meter], span: Span, raw: bool) -> Iterator[bytes]:
    """Header and rows; a missing value is an empty field."""
    yield ",".join(fields(raw)).encode() + b"\n"
    for meter in meters:
        start = meter.key + ","
        for piece in _pieces(history.rows(meter, *span)):
            yield "".join(start + _csv_row(row, raw) for row in piece).encode()


def _csv_row(row: Row, raw: bool) -> str:
    shown = row if raw else (*row[:3], *base_values(row[3:]))
    return ",".join(["" if value is None else str(value) for value in shown]) + "\n"


def json(history: History, meters: Sequence[Meter], span: Span, raw: bool) -> Iterator[bytes]:
    """{"readings": [{...}, ...]} with the same names as the CSV's header."""
    names = fields(raw)
    yield b'{"readings":['
    comma = b""
    for meter in meters:
        for piece in _pieces(history.rows(meter, *span)):
            yield comma + b",".join(orjson.dumps(_named(names, meter, row, raw)) for row in piece)
            comma = b","
    yield b"]}"


def _named(names: Sequence[str], meter: Meter, row: Row, raw: bool) -> dict[str, Any]:
    values = row[3:] if raw else base_values(row[3:])
    return dict(zip(names, (meter.key, *row[:3], *values), strict=True))


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == PIECE_ROWS:
            yield piece
            piece = []
    if piece:
        yield piece


class Slots:
    """A bounded number of exports at once."""

    def __init__(self, most: int = EXPORTS_AT_ONCE) -> None:
        self._free = BoundedSemaphore(most)

    def take(self) -> Callable[[], None] | None:
        """The function that gives the slot back, or None when all are taken."""
        return self._free.release if self._free.acquire(blocking=False) else None
