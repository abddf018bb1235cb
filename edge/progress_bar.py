"""A bar on a terminal for work that takes a while; where there is no terminal, nothing."""

import sys
from typing import TextIO

WIDTH = 30


class ProgressBar:
    """`tell` as often as one likes; `end` leaves the line free for what is printed next."""

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
