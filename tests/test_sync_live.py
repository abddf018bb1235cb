"""The live post: only while somebody looks, only what is new."""

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from sync.answer import Answer
from sync.live import RENEW_EVERY_S, Live, Watched


@dataclass
class Post:
    watch_s: int = 45
    bodies: list[Any] = field(default_factory=list)

    def latest(self, body: bytes) -> Answer:
        self.bodies.append(orjson.loads(body))
        return Answer({}, (), self.watch_s)


class Setting:
    """A live post with everything around it in reach."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.post = Post()
        self.meters = [meter(1, 5), meter(2, 6)]
        self.watched = Watched(lambda: self.now_s)
        self.live = Live(lambda: {"meters": self.meters}, self.post, self.watched, lambda: self.now_s)


def meter(channel: int, seq: int) -> dict[str, Any]:
    return {"source": "garage", "channel": channel, "boot": 7, "seq": seq}


@pytest.fixture
def at() -> Setting:
    return Setting()


def test_nothing_is_posted_while_nobody_looks(at: Setting) -> None:
    assert not at.live.step()
    assert at.post.bodies == []


def test_who_looks_gets_every_meter_then_only_what_is_new(at: Setting) -> None:
    at.watched.told(45)
    assert at.live.step()
    at.meters[1] = meter(2, 8)
    assert at.live.step()
    assert not at.live.step()
    assert [[m["seq"] for m in body["meters"]] for body in at.post.bodies] == [[5, 6], [8]]
    assert at.post.bodies[0]["v"] == 1


def test_it_goes_on_as_long_as_the_answers_say_so(at: Setting) -> None:
    at.watched.told(45)
    for _ in range(10):
        at.now_s += RENEW_EVERY_S
        assert at.live.step()
    at.post.watch_s = 0
    at.now_s += RENEW_EVERY_S
    assert at.live.step()
    at.meters[0] = meter(1, 99)
    assert not at.live.step()


def test_who_looks_again_gets_every_meter_again(at: Setting) -> None:
    at.watched.told(1)
    at.live.step()
    at.watched.told(0)
    at.live.step()
    at.watched.told(45)
    at.live.step()
    assert len(at.post.bodies[-1]["meters"]) == 2


def test_a_collector_that_wrote_nothing_yet_is_no_mistake(at: Setting) -> None:
    at.watched.told(45)
    live = Live(lambda: None, at.post, at.watched, lambda: at.now_s)
    assert live.step()
    assert at.post.bodies == [{"v": 1, "meters": []}]
