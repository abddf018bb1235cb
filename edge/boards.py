"""Boards: which piece of hardware stands behind a device's name, told by the upper half of its boot numbers.

A new upper half under a known name is either an exchanged board or a second board with the same name. It is
held, unanswered, until that is clear: if the older board says hello meanwhile there are two of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

# Longer than 20 missed hellos of a living board in a row.
HOLD_MS = 20_000
# A house has a handful of devices. Names beyond this are a mistake or an attack; the known ones go on.
MOST_DEVICES = 64
# A board whose EEPROM is worn out draws a new upper half at every start and looks like an exchanged one. Two
# boards that change places, and those that a device may still hold records of, are among the newest.
MOST_BOARDS = 16


@dataclass(slots=True)
class Board:
    """One board: the records it numbers belong to `source`."""

    name: str
    upper: int
    source: str
    heard_ms: int  # monotonic
    stored: bool = False  # on disk, because records of it are


@dataclass(frozen=True, slots=True)
class Meeting:
    """What became of a line's board: known (source), newly adopted, or held (no source yet)."""

    board: Board | None
    event: str | None = None  # "new", "exchanged", "second-board", "too-many"


class Boards:
    """Every board this edge has met."""

    def __init__(
        self,
        known: list[Board],
        in_use: Callable[[str], bool] = lambda _source: False,
        forgotten: Callable[[str], None] = lambda _source: None,
    ) -> None:
        """`in_use`: records of a source are here or on disk; `forgotten` is told which source made room."""
        self._in_use, self._forgotten = in_use, forgotten
        self._known: dict[tuple[str, int], Board] = {}
        self._held: dict[tuple[str, int], int] = {}  # since when, monotonic ms
        for board in known:
            self._put(board)

    def meet(self, name: str, boot: int, hello: bool, now_ms: int) -> Meeting:
        """The board of a line; call it for every line of a device."""
        key = (name, boot >> 16)
        board = self._known.get(key)
        if board:
            board.heard_ms = now_ms
            return Meeting(board, self._second_board(board, now_ms) if hello else None)
        if not any(known == name for known, _upper in self._known):
            return self._adopt(key, name, "new", now_ms)
        self._forget_old_holds(now_ms)
        if now_ms - self._held.setdefault(key, now_ms) < HOLD_MS:
            return Meeting(None)
        return self._adopt(key, name, "exchanged", now_ms)

    def adopt(self, board: Board) -> None:
        """Know a board that records from a cloud told of, unless it has been met."""
        if (board.name, board.upper) not in self._known:
            self._put(board)

    def all(self) -> list[Board]:
        return list(self._known.values())

    def _second_board(self, board: Board, now_ms: int) -> str | None:
        """An older board said hello while a newcomer under its name is held: the newcomer is another one."""
        rivals = [key for key in self._held if key[0] == board.name]
        for key in rivals:
            self._adopt(key, f"{key[0]}~{key[1]:04x}", "second-board", now_ms)
        return "second-board" if rivals else None

    def _adopt(self, key: tuple[str, int], source: str, event: str, now_ms: int) -> Meeting:
        self._held.pop(key, None)
        devices = {board.source for board in self._known.values()}
        if source not in devices and len(devices) >= MOST_DEVICES and not self._make_room():
            return Meeting(None, "too-many")
        board = Board(*key, source, now_ms)
        self._put(board)
        return Meeting(board, event)

    def _put(self, board: Board) -> None:
        """Know a board; of too many under one name the one that was silent longest is forgotten."""
        same = [known for known in self._known.values() if known.source == board.source]
        if len(same) >= MOST_BOARDS:
            self._forget(min(same, key=lambda known: known.heard_ms))
        self._known[board.name, board.upper] = board

    def _make_room(self) -> bool:
        """Drop the device that was silent longest among those that never had a record stored."""
        heard: dict[str, int] = {}
        for board in self._known.values():
            heard[board.source] = max(heard.get(board.source, board.heard_ms), board.heard_ms)
        stored = {board.source for board in self._known.values() if board.stored}
        passing = [source for source in heard.keys() - stored if not self._in_use(source)]
        if not passing:
            return False
        gone = min(passing, key=lambda source: heard[source])
        for board in [known for known in self._known.values() if known.source == gone]:
            self._forget(board)
        self._forgotten(gone)
        return True

    def _forget(self, board: Board) -> None:
        del self._known[board.name, board.upper]

    def _forget_old_holds(self, now_ms: int) -> None:
        """A newcomer that fell silent starts its wait anew; also keeps the number of holds bounded."""
        for key, since in list(self._held.items()):
            if now_ms - since > 2 * HOLD_MS or len(self._held) > MOST_DEVICES:
                del self._held[key]
