"""The live post: the newest value of each meter, sent while somebody looks at the hosted page.

It has its own connection, so days of backlog do not hold it up. What is sent here is not stored as history:
the same readings follow with the batches.
"""

from collections.abc import Callable
from typing import Any, Protocol

import orjson

from sync.answer import Answer
from sync.shape import VERSION

# A value waits here at most so long; with the page's own pause of a second it is seen within two.
PAUSE_S = 0.5
# Even when nothing changes: the answer says whether somebody still looks.
RENEW_EVERY_S = 15.0
MOST_METERS = 256


class Watched:
    """Until when somebody looks; told by every answer, read by the live thread. Safe for threads."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._until_s = clock_s()

    def told(self, watch_s: int) -> None:
        # A single number is replaced in one step, so no lock is needed.
        self._until_s = self._clock_s() + watch_s

    def now(self) -> bool:
        return self._clock_s() < self._until_s


class LivePost(Protocol):
    def latest(self, body: bytes) -> Answer: ...


class Live:
    """`newest` gives what the collector last wrote to RAM, or None."""

    def __init__(
        self,
        newest: Callable[[], dict[str, Any] | None],
        post: LivePost,
        watched: Watched,
        clock_s: Callable[[], float],
        told: Callable[[Answer], None] = lambda _answer: None,
    ) -> None:
        """`told` hears every answer."""
        self._newest, self._post, self._watched, self._clock_s = newest, post, watched, clock_s
        self._told = told
        self._sent: dict[tuple[str, int], tuple[int, int]] = {}
        self._sent_s = clock_s() - RENEW_EVERY_S

    def step(self) -> bool:
        """Send what is new if somebody looks; True when something was sent. Raises a sync.failure.Failure."""
        if not self._watched.now():
            self._sent.clear()
            return False
        meters = (self._newest() or {}).get("meters", [])[:MOST_METERS]
        fresh = [m for m in meters if self._sent.get((m["source"], m["channel"])) != (m["boot"], m["seq"])]
        now_s = self._clock_s()
        if not fresh and now_s - self._sent_s < RENEW_EVERY_S:
            return False
        answer = self._post.latest(orjson.dumps({"v": VERSION, "meters": fresh}))
        self._sent_s = now_s
        self._sent.update({(m["source"], m["channel"]): (m["boot"], m["seq"]) for m in fresh})
        self._watched.told(answer.watch_s)
        self._told(answer)
        return True
