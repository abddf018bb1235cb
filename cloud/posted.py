"""What an edge posted, read and ready to be taken: a batch, or the newest values while somebody looks."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from cloud import latest
from cloud.asides import Asides, asides, asking, read
from cloud.asked import Asked
from cloud.connections import Connections
from cloud.intake import BatchOffer, Taken
from cloud.reply import Reply
from cloud.sites import HostedSite
from cloud.together import take_alone
from store.database import Database, Question
from sync.answer import Answer
from sync.batch import Batch

# A row goes with all others in one statement. What is looked up one by one takes two round trips or more.
ROW_WEIGHT, PART_WEIGHT, LOOKED_UP_WEIGHT = 1, 10, 20
# What others may be made to wait for: an hour of a reading every 4 s, or a minute of a dozen meters.
LIGHT_MOST = 1_000
# A batch that is longer, packed, is not even read before it is its turn: unpacked it may have megabytes.
LIGHT_MOST_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class Posted(ABC):
    """An offer (cloud/together.py). To read one raises a Rejection. `is_light`: others may be made to wait for it."""

    is_light = True

    def __init__(self, connections: Connections, site: HostedSite, now_ms: int) -> None:
        self._connections, self._now_ms = connections, now_ms
        self.site, self.key = site.number, site.key

    @property
    def _db(self) -> Database:
        """Of this moment: another one when the last one broke."""
        return self._connections.mine()

    @abstractmethod
    def questions(self) -> Sequence[Question[Any]]: ...

    @abstractmethod
    def store(self, answers: Sequence[Any]) -> Any: ...

    @abstractmethod
    def alone(self) -> Any:
        """What was taken, by itself; raises what speaks against it."""

    @abstractmethod
    def reply(self, taken: Any) -> Reply:
        """What its edge is told, once that is on disk."""


class PostedBatch(Posted):
    def __init__(self, connections: Connections, site: HostedSite, asked: Asked, now_ms: int) -> None:
        super().__init__(connections, site, now_ms)
        self._body = asked.body("gzip")
        self._offer: BatchOffer | None = None
        self._batch = self._read() if len(self._body) <= LIGHT_MOST_BYTES else None
        self.is_light = self._batch is not None and weight(self._batch) <= LIGHT_MOST

    def questions(self) -> Sequence[Question[Any]]:
        self._offer = self._made()
        return self._offer.questions()

    def store(self, answers: Sequence[Any]) -> Taken:
        assert self._offer is not None
        return self._offer.store(answers)

    def alone(self) -> Taken:
        return self._made().alone()

    def reply(self, taken: Taken) -> Reply:
        if taken.refused:
            why = taken.refused[0].why
            log.warning("site %s: %d readings refused: %s", self.key, len(taken.refused), why)
        beside = taken.beside or asides(self._db, self.site, self._now_ms)
        status = 200 if taken.applied else 409
        return Reply(beside.beside(Answer(taken.cursors, tuple(taken.refused))).encode(), status)

    def _read(self) -> Batch:
        return Batch.decode(self._body, self._now_ms)

    def _made(self) -> BatchOffer:
        return BatchOffer(self._db, self.site, self._batch or self._read(), self._now_ms)


def weight(batch: Batch) -> int:
    """How much longer a batch makes a transaction for others."""
    looked_up = sum(
        len(some) for part in batch.parts for some in (part.holes, part.fills, part.fill_holes, part.sealed)
    )
    return ROW_WEIGHT * batch.rows + PART_WEIGHT * len(batch.parts) + LOOKED_UP_WEIGHT * looked_up


class PostedLatest(Posted):
    def __init__(self, connections: Connections, site: HostedSite, asked: Asked, now_ms: int) -> None:
        super().__init__(connections, site, now_ms)
        self._values = latest.read_latest(asked.json(), now_ms)

    def questions(self) -> Sequence[Question[Any]]:
        return [asking(self.site)]

    def store(self, answers: Sequence[Any]) -> Asides:
        latest.keep(self._db, self.site, self._values)
        return read(self._db, self.site, answers[0], self._now_ms)

    def alone(self) -> Asides:
        return take_alone(self._db, self) if self._values else asides(self._db, self.site, self._now_ms)

    def reply(self, taken: Asides) -> Reply:
        return Reply(taken.beside(Answer({})).encode())
