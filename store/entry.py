"""An entry of the ledger: one device in one hour, what it numbered and what became of that; and a book of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from metering.energy import HOUR_MS
from store.silence import Span, silences


class Counted(NamedTuple):
    """Rows of one stream, hour (None: not dated) and channel; `twice` of them are accounted for a second time."""

    stream: int
    hour_ms: int | None
    channel: int
    rows: int
    twice: int


class Life(NamedTuple):
    """One boot, which numbered first ... end - 1; the times of its dated rows and of its first and last gap."""

    id: int
    source: str
    boot: int
    first: int
    end: int
    first_ms: int | None
    last_ms: int | None
    gap_ms: int | None
    gap_end_ms: int | None

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """From the first to the last instant that is known of it."""
        begins = [ms for ms in (self.first_ms, self.gap_ms) if ms is not None]
        ends = [ms for ms in (self.last_ms, self.gap_end_ms) if ms is not None]
        return (min(begins), max(ends)) if begins and ends else None


@dataclass(slots=True)
class Entry:
    """One device in one UTC hour; hour_ms None: what has no date yet, or never gets one.

    `meters`: stored rows by meter. `twice`: rows that lie in a gap or are there twice. `estimated` records died
    unnumbered in silences of silent_ms; they are beside what was produced.
    """

    source: str
    hour_ms: int | None
    produced: int = 0
    meters: dict[str, int] = field(default_factory=dict)
    explained: dict[str, int] = field(default_factory=dict)
    twice: int = 0
    estimated: int = 0
    silent_ms: int = 0

    @property
    def stored(self) -> int:
        return sum(self.meters.values())

    @property
    def unexplained(self) -> int:
        """Records that are neither stored nor in a gap; below 0 where more is stored than was ever numbered."""
        return self.produced - self.stored - sum(self.explained.values()) + self.twice

    @property
    def adds_up(self) -> bool:
        return not self.unexplained and not self.twice

    def number(self, produced: int, explained: Mapping[str, int]) -> None:
        self.produced += produced
        for cause, records in explained.items():
            self.explained[cause] = self.explained.get(cause, 0) + records

    def count(self, rows: Counted) -> None:
        key = f"{self.source}/{rows.channel}"
        self.meters[key] = self.meters.get(key, 0) + rows.rows
        self.twice += rows.twice


class Book:
    """The entries of some hours while they are written."""

    def __init__(self, lives: Sequence[Life]) -> None:
        self._lives = {life.id: life for life in lives}
        self._entries: dict[tuple[str, int | None], Entry] = {}

    def entry(self, life: Life, hour_ms: int | None) -> Entry:
        return self._at(life.source, hour_ms)

    def count(self, rows: Counted) -> None:
        if rows.stream in self._lives:
            self.entry(self._lives[rows.stream], rows.hour_ms).count(rows)

    def silences(self, from_ms: int, to_ms: int) -> None:
        """The time between boots, hour by hour, with its share of what it is estimated to lack."""
        for source, begin_ms, end_ms, estimated in _silences(self._lives.values()):
            first_ms = max(begin_ms // HOUR_MS * HOUR_MS, from_ms)
            for hour_ms in range(first_ms, min(end_ms, to_ms), HOUR_MS):
                low, high = max(begin_ms, hour_ms) - begin_ms, min(end_ms, hour_ms + HOUR_MS) - begin_ms
                entry, whole_ms = self._at(source, hour_ms), end_ms - begin_ms
                entry.silent_ms += high - low
                entry.estimated += estimated * high // whole_ms - estimated * low // whole_ms

    def sorted(self) -> list[Entry]:
        return sorted(self._entries.values(), key=lambda entry: (entry.hour_ms or 0, entry.source))

    def _at(self, source: str, hour_ms: int | None) -> Entry:
        return self._entries.setdefault((source, hour_ms), Entry(source, hour_ms))


def _silences(lives: Iterable[Life]) -> Iterator[tuple[str, int, int, int]]:
    """(source, from_ms, to_ms, estimated records) of the silences between boots."""
    spans = [
        Span(life.source, life.boot, life.first_ms, life.last_ms, life.end - life.first)
        for life in lives
        if life.first_ms is not None and life.last_ms is not None
    ]
    for gap in silences(spans):
        assert gap.from_ms is not None
        assert gap.to_ms is not None
        yield gap.source, gap.from_ms, gap.to_ms, gap.estimated or 0
