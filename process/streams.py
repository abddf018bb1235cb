"""Streams: answers that are made while they are sent, each by a thread of its own, so many at once."""

from __future__ import annotations

import logging
import socket
from threading import Thread

from process.outgoing import Answer

log = logging.getLogger(__name__)


class Streams:
    """`answer_s`: how long a caller may take for each piece."""

    def __init__(self, most: int, answer_s: float) -> None:
        self._most, self._answer_s = most, answer_s
        self._threads: list[Thread] = []

    def count(self) -> int:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return len(self._threads)

    def has_room(self) -> bool:
        return self.count() < self._most

    def begin(self, to: socket.socket, answer: Answer) -> None:
        """The socket is closed at the end, and the answer too."""
        self._threads.append(Thread(target=self._send, args=(to, answer), daemon=True))
        self._threads[-1].start()

    def _send(self, to: socket.socket, answer: Answer) -> None:
        try:
            to.settimeout(self._answer_s)
            to.sendall(answer.head)
            for piece in answer.rest or ():
                to.sendall(piece)
        except OSError as error:
            log.debug("an answer was not taken: %s", error)
        except Exception:
            log.exception("an answer broke off")
        finally:
            with to:
                answer.close()
