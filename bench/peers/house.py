"""A house to compare: one peer's sender and server, as the measurements handle them, whoever's they are."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metering.reading import Row


@dataclass(frozen=True, slots=True)
class Held:
    """Which readings a server holds, by seq; those it holds more than once also stand in `doubled`."""

    readings: frozenset[int]
    doubled: frozenset[int]


class House(Protocol):
    """The sender holds the queue; it speaks to the port `entry`, behind which a line leads to `server`."""

    entry: int
    server: int
    # What the producer was told is taken; the producer's thread alone writes it.
    acknowledged: set[int]

    def record(self, count: int) -> None:
        """The first readings of bench/shaped.py on disk without a server; the sender is stopped afterwards."""

    def start(self) -> None:
        """Start the sender; it may take a while until it takes readings."""

    def kill(self) -> None:
        """Kill -9 of all that holds readings at the sender's."""

    def serve(self) -> None:
        """Start the server; returns when it answers."""

    def offer(self, rows: Sequence[Row]) -> None:
        """The producer's turn, on its own thread: hand over these, hear what is acknowledged."""

    def arrived(self) -> int:
        """About how many readings the server has; cheap, for a look many times a second."""

    def first_s(self) -> float | None:
        """When the first reading came, on the monotonic clock, where that can be told apart."""

    def held(self) -> Held:
        """Exactly what the server has, when all is quiet."""


class Peer(Protocol):
    """One row of the table."""

    key: str
    name: str
    # What is on disk when a reading is acknowledged, and what the server has on disk when it answers.
    durability: str
    backlog: int

    def version(self) -> str:
        """Raises Missing."""

    def house(self, folder: Path) -> AbstractContextManager[House]:
        """Nothing runs yet; at its end everything that runs is ended."""
