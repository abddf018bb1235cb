"""The comparison with one cloud, put together: what is here, questions to what is there, and parcels between."""

from collections.abc import Callable

from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.comparisons import Comparisons
from store.database import Database
from store.digest import Content
from store.gaps import Gaps
from store.parcels import Parcels
from store.sealed import SealedHours
from store.streams import Streams
from sync.accounts import Accounts, Ledger
from sync.verify import Ask, Here, Verify


class Comparison:
    """Used by one thread. `first`: the first cloud in the settings, whose dates stand."""

    def __init__(self, db: Database, url: str, cloud: Ask, now_ms: Callable[[], int], first: bool) -> None:
        clouds = Clouds(db)
        number = clouds.number(url)
        self.url = url
        self.streams = Streams(db)
        self.parcels = Parcels(db)
        self.comparisons = Comparisons(db, number)
        self._ledger, self._cloud = Ledger(self.streams, Gaps(db), self.parcels), cloud
        here = Here(
            Content(RowsByStream(db), sealed=SealedHours(db).find),
            self.comparisons,
            self.parcels,
            lambda: {stream.source for stream in self.streams.all()},
            lambda from_ms, to_ms: clouds.withheld_rows(number, from_ms, to_ms),
            lambda refused: clouds.refuse(number, refused, now_ms()),
        )
        self.verify = Verify(here, cloud, now_ms, dates_stand=first)

    def accounts(self, everything: bool = False) -> Accounts:
        return Accounts(self._ledger, self._cloud, everything)
