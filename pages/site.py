"""One site as the pages see it: its name, zone, rows, newest values and condition, all as callables.

No SQL and no sockets here: edge and cloud put theirs in.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from metering.profile import Profile
from metering.reading import Meter
from pages.condition import Condition
from store.history import History

Twin = Literal["edge", "cloud"]


class NotSaved(Exception):
    """What a person entered could not be kept; the message says why."""


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A meter's newest value that may not be in the history yet; values in QUANTITIES order, small units.

    `estimated`: taken_ms is a guess, the record has no date yet.
    """

    meter: Meter
    boot: int
    seq: int
    taken_ms: int
    values: tuple[int | None, ...]
    interval_ms: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """`key` is "" on the edge. `history` lends a reader for one request; `watch` says somebody looks now.

    `save` keeps what people say of a meter, or raises NotSaved; None where nothing can be changed.
    """

    key: str
    name: str
    zone: ZoneInfo
    twin: Twin
    history: Callable[[], AbstractContextManager[History]]
    live: Callable[[], Sequence[LiveValue]]
    condition: Callable[[], Condition]
    watch: Callable[[], None] = lambda: None
    save: Callable[[Meter, Profile], None] | None = None
