"""Replies to edges: JSON with a status, and which failure is told as what (docs/protocol.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import bottle
import orjson

from store import faults
from sync.rejection import BadRows, Rejection

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

# How long an edge leaves a cloud alone whose disk is full or whose database is held.
STORAGE_RETRY_S = 30
# What 401 says: how to prove who one is.
BEARER = ("WWW-Authenticate", "Bearer")

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, start: StartResponse) -> list[bytes]:
        """As PEP 3333 wants it."""
        said = f"{self.status} {HTTPStatus(self.status).phrase}"
        length = str(len(self.body))
        start(said, [("Content-Type", "application/json"), ("Content-Length", length), *self.headers])
        return [self.body]

    def for_bottle(self) -> bottle.HTTPResponse:
        """For a route among the pages."""
        return bottle.HTTPResponse(
            self.body, self.status, [("Content-Type", "application/json"), *self.headers]
        )


# One that is still to be worked out.
Later = Callable[[], Reply]


def refusal(status: int, word: str, message: str, *headers: tuple[str, str]) -> Reply:
    return Reply(orjson.dumps({"error": word, "message": message}), status, headers)


def stranger() -> Reply:
    message = "this token is not known here; pair the edge again or correct it"
    return refusal(401, "token", message, BEARER)


def replied(key: str, work: Callable[[], T]) -> T | Reply:
    """What `work` gives, or what its failure is told as; `key` is the site's, for the log."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - `failed` logs it
        return failed(key, error)


def failed(key: str, error: Exception) -> Reply:
    """What an edge is told of it, and the log. In each case nothing was taken, or the edge finds out that it was."""
    if isinstance(error, Rejection):
        log.warning("site %s: refused with %d: %s", key, error.status, error)
        return refusal(error.status, error.word, str(error))
    if isinstance(error, faults.CONTRADICTION):
        log.error("site %s: the database contradicts a batch: %s", key, error)
        return refusal(BadRows.status, BadRows.word, f"nothing was taken: {error}")
    if isinstance(error, faults.UNAVAILABLE):
        log.error("site %s: the database does not take a batch: %s", key, error)
        retry = ("Retry-After", str(STORAGE_RETRY_S))
        return refusal(503, "storage", f"nothing was taken: {error}", retry)
    log.error("site %s: a request failed", key, exc_info=error)
    return refusal(500, "failed", "this request failed; the log says why")
