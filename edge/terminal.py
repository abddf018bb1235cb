"""What commands say on a terminal: a bar for work that takes a while, figures in groups, mistakes in words."""

import sys
from collections.abc import Callable
from typing import TextIO

from process.service import EXIT_FAILED, EXIT_USAGE, CannotGoOn
from process.settings import SettingsMistakes
from store.database import Unopenable

WIDTH = 30


class ProgressBar:
    """`tell` as often as one likes; `end` leaves the line free for what is printed next. Nothing without a terminal."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._shown = out.isatty()
        self._last = ""

    def tell(self, part: float, words: str) -> None:
        """`part` of the work, 0 to 1, is done."""
        done = round(WIDTH * min(max(part, 0.0), 1.0))
        line = f"[{'#' * done}{'.' * (WIDTH - done)}] {100 * min(max(part, 0.0), 1.0):3.0f} %  {words}"
        if self._shown and line != self._last:
            self._out.write(f"\r{line}{' ' * max(0, len(self._last) - len(line))}")
            self._out.flush()
            self._last = line

    def end(self) -> None:
        if self._shown and self._last:
            self._out.write(f"\r{' ' * len(self._last)}\r")
            self._out.flush()
            self._last = ""


def grouped(number: int) -> str:
    """2 592 000, which both of our languages read."""
    return f"{number:,}".replace(",", " ")


def alike(span: str, equal: int, rows: int, quarantined: int) -> str:
    """How the twins compare over a span; `rows` that either has, without those in quarantine."""
    total = grouped(rows + quarantined)
    return f"{span}: {grouped(equal)} of {total} equal, {grouped(quarantined)} quarantined"


def answered(command: Callable[[], int]) -> int:
    """The exit code of a command that answers and ends; what keeps it from answering is said in words."""
    try:
        return command()
    except SettingsMistakes as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except (Unopenable, CannotGoOn) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
