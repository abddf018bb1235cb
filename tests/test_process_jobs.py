"""The jobs of a server run at once, again and again, sparingly, and end with it."""

import logging
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, current_thread

import pytest

from process.jobs import Sparing, jobs, paced

WAIT_S = 20
REST = 50


def test_work_that_takes_long_is_done_less_often() -> None:
    now_s, done = [100.0], []

    def work() -> None:
        done.append(now_s[0])
        now_s[0] += 4

    sparing = Sparing(work, REST, lambda: now_s[0])
    sparing()
    for _minute in range(5):
        now_s[0] += 60
        sparing()
    assert done == [100.0, 104.0 + 4 * 60]
    assert done[1] - done[0] >= REST * 4


def test_quick_work_is_done_every_time() -> None:
    done: list[None] = []
    sparing = Sparing(lambda: done.append(None), REST, lambda: 100.0)
    sparing()
    sparing()
    assert len(done) == 2


def test_a_job_is_done_at_once_and_again_in_a_thread_beside_the_requests() -> None:
    threads: SimpleQueue[str] = SimpleQueue()
    with jobs(lambda _stop: threads.put(current_thread().name), every_s=0.05):
        seen = {threads.get(timeout=WAIT_S) for _ in range(3)}
    assert current_thread().name not in seen
    assert not [each for each in seen if "MainThread" in each]


def test_a_job_that_fails_is_told_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    calls: SimpleQueue[None] = SimpleQueue()

    def fail(_stop: Event) -> None:
        calls.put(None)
        raise OSError("the disk is gone")

    with caplog.at_level(logging.INFO), jobs(fail, every_s=0.05):
        for _ in range(3):
            calls.get(timeout=WAIT_S)
    assert "the disk is gone" in caplog.text
    assert {record.levelname for record in caplog.records} == {"ERROR"}


def test_after_each_turn_comes_a_rest_of_so_many_times_its_duration() -> None:
    now_s, rests = [0.0], list[float]()

    class Rest(Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout or 0.0)
            now_s[0] += timeout or 0.0
            return False

    def turns() -> Iterator[int]:
        for turn in range(100):
            now_s[0] += 0.5
            yield turn

    paced(turns(), 3, 10.0, Rest(), lambda: now_s[0])
    assert rests == [1.5] * 5
    assert now_s[0] == 10.5


def test_a_wish_to_stop_ends_a_rest_and_the_turns() -> None:
    stop, turns = Event(), iter(range(5))
    stop.set()
    paced(turns, 1_000, 3_600.0, stop)
    assert next(turns) == 1


def test_jobs_that_go_on_for_long_are_told_to_stop() -> None:
    begun: SimpleQueue[Event] = SimpleQueue()

    def work(stop: Event) -> None:
        begun.put(stop)
        assert stop.wait(WAIT_S)

    with jobs(work, every_s=3_600):
        stop = begun.get(timeout=WAIT_S)
    assert stop.is_set()
