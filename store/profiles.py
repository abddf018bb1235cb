"""Profiles of a site's meters: read from the changes that hold, and written as a change of the process that asks."""

from metering.profile import Profile
from metering.reading import Meter
from store.changes import Changes
from store.database import Database
from store.receiver import Readings, Receiver

KIND = "meter"


class Profiles:
    """Of one site."""

    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._site = site
        self._changes = Changes(db, site)

    def all(self) -> dict[Meter, Profile]:
        """Every meter that somebody has said something of."""
        found = {}
        for key, value in self._changes.all(KIND).items():
            try:
                found[Meter.parse(key)] = Profile.read(value)
            except ValueError:  # a key to which a newer program gives a meaning
                continue
        return found

    def write(self, readings: Readings, writer: tuple[str, int], meter: Meter, profile: Profile) -> None:
        """Keep a profile as a change of the stream `writer` (source, boot), in its own transaction."""
        receiver = Receiver(self._db, readings, self._site)
        with self._db.write(self._site):
            receiver.receive(self._changes.next_part(*writer, KIND, profile.value(), meter.key))
