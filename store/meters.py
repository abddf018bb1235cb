"""Meters and their local numbers: a meter appears by itself with its first reading, for ever."""

from metering.reading import Meter
from store.database import Database, Question


class Meters:
    """Local numbers of the meters of one site.

    A transaction that is rolled back takes the numbers it gave with it, and the next meter gets them again: so only
    the database knows when one may be remembered (Database.lasting).
    """

    def __init__(self, db: Database, site: int) -> None:
        self._db = db
        self._site = site
        self._ahead: dict[Meter, int | None] = {}

    def number(self, source: str, channel: int) -> int:
        """The meter's number, made when it is met for the first time (inside a write transaction)."""
        held = self.find(Meter(source, channel))
        if held is not None:
            return held
        return self._db.insert_id(
            "INSERT INTO meters (site, source, channel) VALUES (?, ?, ?) RETURNING id",
            (self._site, source, channel),
        )

    def find(self, meter: Meter) -> int | None:
        return self._db.lasting(("meter", self._site, meter), lambda: self._look_up(meter))

    def is_held(self, meter: Meter) -> bool:
        """Whether `find` costs nothing."""
        return self._db.is_held(("meter", self._site, meter))

    def finding(self, meter: Meter) -> Question[int | None]:
        return Question(
            "SELECT max(id) FROM meters WHERE site = ? AND source = ? AND channel = ?",
            (self._site, meter.source, meter.channel),
            lambda answer: answer.fetchone()[0],
        )

    def found_ahead(self, meter: Meter, number: int | None) -> None:
        """What the next `find` of it gives: the caller has asked already, in the transaction that goes on."""
        self._ahead[meter] = number

    def _look_up(self, meter: Meter) -> int | None:
        if meter in self._ahead:
            return self._ahead.pop(meter)
        return self._db.ask(self.finding(meter))

    def all(self) -> list[Meter]:
        """Every meter of the site, by source, then channel."""
        return list(self._db.remembered(("meters", self._site), lambda: self._db.ask(self.asking())))

    def asking(self) -> Question[tuple[Meter, ...]]:
        """What `all` asks."""
        return Question(
            "SELECT source, channel FROM meters WHERE site = ? ORDER BY source, channel",
            (self._site,),
            lambda rows: tuple(Meter(source, channel) for source, channel in rows),
        )

    def of(self, source: str) -> list[Meter]:
        """The meters of one source, by channel."""
        return [meter for meter in self.all() if meter.source == source]
