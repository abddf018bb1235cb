"""The crew of `kembar-sync run`: one worker for each cloud that the edge knows, hired and let go while it runs.

1. Which clouds there are, and with which token, is looked at every LOOK_EVERY_S; a pairing needs no restart.
2. A cloud has one worker at a time: with another token it gets the next one when the last is gone. Nothing is lost by
   that, since a worker begins by asking the cloud where to go on.
3. A mistake in the files of a pairing costs that cloud its worker, and is told; the others go on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.known import Known, KnownCloud
from edge.sync_worker import Telling
from sync.progress import Progress

# Somebody stands there and waits for the first readings to arrive.
LOOK_EVERY_S = 2.0

log = logging.getLogger(__name__)


class Worker(Protocol):
    """As edge.sync_worker.CloudWorker: it is told to stop, and then ends by itself."""

    error: BaseException | None

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def is_alive(self) -> bool: ...

    def join(self) -> None: ...


Hire = Callable[[KnownCloud, str, Telling], Worker]


@dataclass(frozen=True, slots=True)
class _Post:
    """What a worker was hired for; anything else needs another worker."""

    url: str
    token: str
    first: bool
    advice: str


class Crew:
    """Used by one thread. `clock_s` of `look` only runs forward."""

    def __init__(self, known: Callable[[], Known], hire: Hire, telling: Telling) -> None:
        self._known, self._hire, self._telling = known, hire, telling
        self._workers: dict[str, tuple[_Post, Worker]] = {}
        self._leaving: dict[str, Worker] = {}
        self._mistakes: dict[str, str] = {}
        self._looked_s: float | None = None

    @property
    def size(self) -> int:
        return len(self._workers)

    @property
    def failed(self) -> bool:
        """A worker ended by a mistake in the program: the process had better start anew."""
        return any(worker.error for _post, worker in self._workers.values())

    def look(self, clock_s: float) -> None:
        """Say that we are alive, and every LOOK_EVERY_S compare the clouds known with those that are worked for."""
        self._telling.alive()
        if self._looked_s is None or clock_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = clock_s
            self._compare()

    def end(self) -> None:
        everyone = [*self._leaving.values(), *(worker for _post, worker in self._workers.values())]
        for worker in everyone:
            worker.stop()
        for worker in everyone:
            worker.join()

    def _compare(self) -> None:
        found = self._known()
        mistakes = {mistake.about: str(mistake) for mistake in found.mistakes}
        wanted: dict[str, tuple[KnownCloud, _Post]] = {}
        for cloud in found.clouds:
            try:
                post = _Post(cloud.url, cloud.read_token(), cloud.first, cloud.advice)
            except ValueError as mistake:
                mistakes[cloud.url] = str(mistake)
            else:
                wanted[cloud.url] = (cloud, post)
        self._let_go({url: post for url, (_cloud, post) in wanted.items()})
        self._tell(mistakes)
        for url, (cloud, post) in wanted.items():
            if url not in self._workers and url not in self._leaving:
                self._begin(cloud, post)

    def _let_go(self, wanted: dict[str, _Post]) -> None:
        for url, (post, worker) in list(self._workers.items()):
            if wanted.get(url) != post:
                worker.stop()
                self._leaving[url] = worker
                del self._workers[url]
        for url, worker in list(self._leaving.items()):
            if worker.is_alive():
                continue
            worker.join()
            del self._leaving[url]
            if url not in wanted:
                log.info("nothing is sent to %s any more", url)
                self._telling.forget(url)

    def _begin(self, cloud: KnownCloud, post: _Post) -> None:
        worker = self._hire(cloud, post.token, self._telling)
        worker.start()
        self._workers[post.url] = (post, worker)
        log.info("sending to %s", post.url)

    def _tell(self, mistakes: dict[str, str]) -> None:
        """Each mistake once in the log, and on the pages while it lasts."""
        for about in self._mistakes.keys() - mistakes.keys():
            self._telling.forget(about)
        for about, said in mistakes.items():
            if self._mistakes.get(about) != said:
                log.error("nothing is sent to %s: %s", about, said)
            # Again and again: a worker that is leaving tells of its cloud until its last turn.
            self._telling.tell(Progress(about, "off", reason=said))
        self._mistakes = mistakes
