"""A bad network in miniature: loses, repeats, reorders and damages datagrams.

No sockets; chance comes from the random generator it is given, so a seed repeats it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Faults:
    """How likely each fault is, per datagram: 0 never, 1 always."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0


class Mischief:
    def __init__(self, faults: Faults, random: Random) -> None:
        self._faults = faults
        self._random = random
        self._held_back: list[bytes] = []

    def passed_on(self, datagrams: Iterable[bytes]) -> Iterator[bytes]:
        """What arrives; a reordered datagram comes after the next one, perhaps of a later call."""
        for datagram in datagrams:
            if self._happens(self._faults.drop):
                continue
            if self._happens(self._faults.corrupt):
                datagram = self._damaged(datagram)
            if not self._held_back and self._happens(self._faults.reorder):
                self._held_back.append(datagram)
                continue
            yield from [datagram] * (2 if self._happens(self._faults.duplicate) else 1)
            yield from self._held_back
            self._held_back.clear()

    def arrives(self) -> bool:
        """Whether one thing that was said in the other direction gets through."""
        return not self._happens(self._faults.drop)

    def _happens(self, likelihood: float) -> bool:
        return self._random.random() < likelihood

    def _damaged(self, datagram: bytes) -> bytes:
        """One bit flipped, or the end cut off."""
        at = self._random.randrange(len(datagram))
        if self._random.random() < 0.5:
            return datagram[:at]
        flipped = bytes([datagram[at] ^ 1 << self._random.randrange(8)])
        return datagram[:at] + flipped + datagram[at + 1 :]
