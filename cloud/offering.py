"""Offering: what edges post at the same time is taken together, and each of them gets its own reply.

What spoils it for the others is found out by taking each alone: that costs time, and never anybody's readings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloud.asked import Asked
from cloud.connections import Connections
from cloud.posted import Posted, PostedBatch, PostedLatest
from cloud.reply import Later, Reply, failed, replied, stranger
from cloud.sites import HostedSite, Sites
from cloud.together import take_together
from store import faults
from sync.rejection import Rejection

BATCHES, LATEST = "/api/v1/batches", "/api/v1/latest"

log = logging.getLogger(__name__)

_KINDS: Mapping[str, Callable[[Connections, HostedSite, Asked, int], Posted]] = {
    BATCHES: PostedBatch,
    LATEST: PostedLatest,
}

# What makes a transaction of several fail in the ordinary run of things.
_EXPECTED: tuple[type[Exception], ...] = (Rejection, *faults.ANY)


class Offering:
    """Answers posts to BATCHES and LATEST. Safe for threads."""

    def __init__(self, sites: Sites, connections: Connections, now_ms: Callable[[], int]) -> None:
        self._sites, self._connections, self._now_ms = sites, connections, now_ms

    def replies(self, several: Sequence[Asked]) -> Sequence[Reply | Later]:
        """To each, in their order; never raises. Later: one that has to be taken alone, when that is called."""
        try:
            sites = self._sites.by_bearers([asked.bearer for asked in several])
            read = [self._read(asked, site) for asked, site in zip(several, sites, strict=True)]
            taken = self._taken_together([each for each in read if isinstance(each, Posted)])
            return [each if isinstance(each, Reply) else self._told(each, taken) for each in read]
        except Exception as error:  # noqa: BLE001 - `failed` logs it
            return [failed("?", error)] * len(several)
        finally:
            self._connections.give_back()

    def _read(self, asked: Asked, site: HostedSite | None) -> Posted | Reply:
        if site is None:
            return stranger()
        return replied(site.key, lambda: _KINDS[asked.path](self._connections, site, asked, self._now_ms()))

    def _taken_together(self, posted: Sequence[Posted]) -> dict[Posted, Any]:
        """What was taken of them; of several from one site the first."""
        offers = {each.site: each for each in reversed(posted) if each.is_light}
        if len(offers) < 2:
            return {}
        try:
            taken = take_together(self._connections.mine(), list(offers.values()))
        except _EXPECTED as error:
            log.info("what %d sites offer is taken one by one: %s", len(offers), error)
            return {}
        except Exception:
            log.exception("what %d sites offer is taken one by one", len(offers))
            return {}
        return {offers[site]: what for site, what in taken.items()}

    def _told(self, posted: Posted, taken: Mapping[Posted, Any]) -> Reply | Later:
        if posted in taken:
            return replied(posted.key, lambda: posted.reply(taken[posted]))

        def alone() -> Reply:
            try:
                return replied(posted.key, lambda: posted.reply(posted.alone()))
            finally:
                self._connections.give_back()

        return alone
