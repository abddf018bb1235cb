"""How many rows the next batch may have: about a second of the line, fewer while refused rows are sought."""

# Cut, packed and on its way, such batches take 12 MB; a cloud takes larger ones, but they are no faster.
MOST_ROWS = 8_000
# A first batch that even a poor mobile line (5 kB/s) carries in about a second.
START_ROWS = 2_000
# Smaller batches would be mostly headers; only the search for refused rows goes below.
LEAST_ROWS = 100
GOAL_S = 1.0


class Pace:
    def __init__(self) -> None:
        self._line_rows = START_ROWS
        self._most_rows = MOST_ROWS
        self._search_rows: int | None = None

    @property
    def rows(self) -> int:
        return self._line_rows if self._search_rows is None else self._search_rows

    @property
    def searching(self) -> bool:
        """Rows of a batch were refused as a whole: send one part at a time until they stand alone."""
        return self._search_rows is not None

    def took(self, rows: int, seconds: float) -> None:
        """A batch arrived. A small one says nothing of the line: its time is the way there and back."""
        if self._search_rows is not None:
            self._search_rows *= 2
            if self._search_rows >= self._line_rows:
                self._search_rows = None
        elif rows >= self._line_rows:
            fitting = round(rows * GOAL_S / max(seconds, 0.001))
            self._line_rows = _bounded(min(fitting, 2 * self._line_rows), self._most_rows)

    def lost(self) -> None:
        """A batch did not arrive; perhaps the line is too slow for it."""
        self._line_rows = _bounded(self._line_rows // 2, self._most_rows)

    def too_large(self, rows: int) -> None:
        """The cloud takes no batch of this size; it will not be tried again."""
        self._most_rows = max(1, rows // 2)
        self._line_rows = min(self._line_rows, self._most_rows)
        if self._search_rows is not None:
            self._search_rows = min(self._search_rows, self._most_rows)

    def refused(self, rows: int) -> None:
        self._search_rows = max(1, min(rows, self.rows) // 2)


def _bounded(rows: int, most: int) -> int:
    return min(max(rows, LEAST_ROWS), most)
