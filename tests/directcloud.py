"""A cloud that an edge in the same process asks about its content: the cloud's own functions answer, without HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from cloud import comparing
from cloud.ingest import QUESTIONS
from store.database import Database
from store.history import FOREVER_MS


@dataclass
class DirectCloud:
    """Answers as cloud/ingest.py does, and lists the questions by their path."""

    db: Callable[[], Database]
    site: int
    now_ms: int = FOREVER_MS
    asked: list[str] = field(default_factory=list)

    def ask(self, path: str, body: bytes, encoding: str | None = None) -> bytes:
        self.asked.append(path)
        if path == "/api/v1/mends":
            assert encoding == "gzip"
            return comparing.mend(self.db(), self.site, body, self.now_ms)
        return QUESTIONS[path](self.db(), self.site, orjson.loads(body))
