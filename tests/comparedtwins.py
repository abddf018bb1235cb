"""An edge and a cloud on real databases that compare without HTTP: the cloud's own functions answer."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from directcloud import DirectCloud
from madeparts import HOUR_MS, NOW_MS, Twin

from edge.returned import Returned
from metering.reading import Row
from store.clouds import Clouds
from store.comparisons import Compared, Comparisons
from store.digest import Content
from store.gaps import Gaps
from store.parcels import Parcels
from store.part import Part
from store.sealed import SealedHours
from sync.accounts import Accounts, Ledger
from sync.verify import Here, Verify

BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS
# All hours of these tests are over.
LATER_MS = BEGIN_MS + 100 * HOUR_MS
# Parcels in one test; more would be a loop.
MOST_PARCELS = 1_000


class Twins:
    def __init__(self, folder: Path) -> None:
        self.edge, self.cloud = Twin(folder, "edge"), Twin(folder, "cloud")
        self.asked = DirectCloud(lambda: self.cloud.db, self.cloud.site)
        db = self.edge.db
        self.clouds = Clouds(db)
        self.number = self.clouds.number("https://cloud.example")
        self.comparisons = Comparisons(db, self.number)
        self.parcels = Parcels(db)
        self.returned = Returned(db)

    def take(self, *parts: Part) -> None:
        """On both sides."""
        self.edge.take(*parts)
        self.cloud.take(*parts)

    def verify(
        self, from_ms: int = BEGIN_MS, to_ms: int = BEGIN_MS + HOUR_MS, first: bool = True
    ) -> list[Compared]:
        content = Content(self.edge.layout, sealed=SealedHours(self.edge.db).find)
        here = Here(
            content,
            self.comparisons,
            self.parcels,
            lambda: {stream.source for stream in self.edge.receiver.streams.all()},
            lambda from_ms, to_ms: self.clouds.withheld_rows(self.number, from_ms, to_ms),
            lambda refused: self.clouds.refuse(self.number, refused, NOW_MS),
        )
        verify = Verify(here, self.asked, lambda: LATER_MS, dates_stand=first)
        return [hour for stretch in verify.hours(from_ms, to_ms) for hour in stretch]

    def account(self, everything: bool = False) -> int:
        ledger = Ledger(self.edge.receiver.streams, Gaps(self.edge.db), self.parcels)
        return Accounts(ledger, self.asked, everything).settle()

    def collect(self) -> int:
        """Let the collector take every parcel; how many there were."""
        for count in range(MOST_PARCELS):
            if self.returned.take([]) is None:
                return count
        raise AssertionError("parcels without end")

    def heal(self, everything: bool = False) -> list[Compared]:
        """All of it: account, take, compare, take, and compare once more."""
        self.account(everything)
        self.collect()
        self.verify()
        self.collect()
        return self.verify()

    def rows(self, twin: Twin) -> dict[str, list[Row]]:
        return {
            meter.key: [tuple(row) for row in twin.history.rows(meter, None, None)]
            for meter in twin.history.meters()
        }

    def equal(self) -> bool:
        return self.rows(self.edge) == self.rows(self.cloud)


@contextmanager
def twins(folder: Path) -> Iterator[Twins]:
    made = Twins(folder)
    with closing(made.edge.db), closing(made.cloud.db):
        yield made
