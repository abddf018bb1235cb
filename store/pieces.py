"""Pieces: which stretches of a range are read from which rollups, and which from the rows themselves; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metering.energy import HOUR_MS
from metering.quantity import DAY_MS


@dataclass(frozen=True, slots=True)
class Piece:
    """[from_ms, to_ms) is read from rollups of width_ms, or from rows where that is None."""

    from_ms: int
    to_ms: int
    width_ms: int | None


def pieces(
    from_ms: int, to_ms: int, width_ms: int | None, stale: Sequence[int], days: Sequence[tuple[int, int]] = ()
) -> list[Piece]:
    """The range in order, without overlap and as few pieces as possible.

    `width_ms`: of the rollups that may be read, a divisor of an hour; None: none may. `stale`: the beginnings of the
    hours whose rollups are not to be read, in order. `days`: the whole days [from, to) that may be read by the day, in
    order; no stale hour lies in them.
    """
    found: list[Piece] = []
    at_ms = from_ms
    for low, high in _runs(day for day in days if day[0] >= from_ms and day[1] <= to_ms):
        _add(found, _by_hour(at_ms, low, width_ms, stale))
        _add(found, [Piece(low, high, DAY_MS)])
        at_ms = high
    _add(found, _by_hour(at_ms, to_ms, width_ms, stale))
    return found


def _runs(days: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Days that follow each other as one stretch: of ten years there are thousands."""
    run: tuple[int, int] | None = None
    for low, high in days:
        if run and run[1] == low:
            run = run[0], high
            continue
        if run:
            yield run
        run = low, high
    if run:
        yield run


def _by_hour(from_ms: int, to_ms: int, width_ms: int | None, stale: Sequence[int]) -> Iterator[Piece]:
    """The same without days."""
    first = to_ms if width_ms is None else min(-(-from_ms // width_ms) * width_ms, to_ms)
    last = first if width_ms is None else max(to_ms // width_ms * width_ms, first)
    yield Piece(from_ms, first, None)
    for hour_ms in stale:
        low, high = max(hour_ms, first), min(hour_ms + HOUR_MS, last)
        if low < high:
            yield Piece(first, low, width_ms)
            yield Piece(low, high, None)
            first = high
    yield Piece(first, last, width_ms)
    yield Piece(last, to_ms, None)


def _add(found: list[Piece], more: Iterator[Piece] | list[Piece]) -> None:
    """Without the empty ones, and each joined to the one before where both are of one kind."""
    for piece in more:
        if piece.from_ms >= piece.to_ms:
            continue
        if found and found[-1].width_ms == piece.width_ms:
            piece = Piece(found.pop().from_ms, piece.to_ms, piece.width_ms)
        found.append(piece)
