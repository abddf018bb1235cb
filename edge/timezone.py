"""The house's time zone, told to the clouds as a change whenever the setting differs from what holds."""

from store.by_stream import RowsByStream
from store.changes import TIMEZONE, Changes
from store.database import Database
from store.receiver import Receiver

# No device can be called so: a source with a tilde in front is one of our own processes.
OWN = "~"


def tell_timezone(db: Database, edge: str, timezone: str, start_ns: int) -> None:
    """Write the zone if it is new, in a stream of this start; start_ns is a number that does not recur."""
    changes = Changes(db)
    if changes.current(TIMEZONE) != timezone:
        # Below 2**53, which every JSON reader keeps exactly.
        part = changes.next_part(f"{OWN}{edge}", start_ns // 1_000_000, TIMEZONE, timezone)
        with db.write():
            Receiver(db, RowsByStream(db)).receive(part)
