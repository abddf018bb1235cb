"""Which edge a device talks to, and from which address it therefore believes an answer.

No sockets: addresses are plain values. The firmware keeps the same rules.
"""

from edge.line import Beacon

Address = tuple[str, int]
# The other end of a serial cable has no address; nobody else can speak on it.
SERIAL: Address = ("", 0)

# Two group commits of the edge and their answers fit into it: a living edge is never left for its double.
MOVE_AFTER_MS = 30_000


class Home:
    """An address set by hand never moves; one found by beacon follows the edge of that name."""

    def __init__(self, by_hand: Address | None) -> None:
        self.address = by_hand
        self._by_hand = by_hand is not None
        self._name: str | None = None
        self._answered_ms = 0

    def answered(self, uptime_ms: int) -> None:
        self._answered_ms = uptime_ms

    def hear_beacon(self, beacon: Beacon, sender: Address, uptime_ms: int) -> None:
        """A first beacon gives the edge's name; later ones move only to another address of that name."""
        found = sender[0], beacon.port
        # A beacon from where the device is at home is no answer, and does not put off the move.
        if self._by_hand or self._name not in (None, beacon.edge) or found == self.address:
            return
        if self._name is None or uptime_ms - self._answered_ms >= MOVE_AFTER_MS:
            self._name, self.address = beacon.edge, found
            self._answered_ms = uptime_ms
