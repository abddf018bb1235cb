"""Every step of every write transaction fails once, in each way: nothing acknowledged is lost, nothing doubled.

A story is told once on a sound disk, which counts its steps; then twice for each step: the power goes there, or the
disk refuses, in each of the three ways by turns. The end has to be the same: what was acknowledged is on disk, and both
twins hold the same.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from failingdisk import REFUSALS, FailingDisk, PowerCut
from sim import ram
from stories import STORIES, End

# A refusal lasts for some steps, so that the next attempt fails as well; a power cut comes once.
LASTS = 3
# How often a story may be begun anew.
MOST_STARTS = 5


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=ram()) as name:
        yield Path(name)


def told(story: str, folder: Path, disk: FailingDisk) -> End:
    """The story to its end, whatever the disk does."""
    folder.mkdir()
    telling = STORIES[story](folder, disk)
    for _ in range(MOST_STARTS):
        try:
            telling.tell()
            return telling.end()
        except (PowerCut, sqlite3.OperationalError):
            telling.crash()
    raise AssertionError(f"not told after {MOST_STARTS} starts")


@pytest.mark.parametrize("story", STORIES)
def test_a_power_cut_at_any_step_changes_nothing_in_the_end(folder: Path, story: str) -> None:
    sound = FailingDisk()
    end = told(story, folder / "sound", sound)
    assert {"begin", "write", "before commit", "after commit"} == set(sound.steps)
    for at, step in enumerate(sound.steps, 1):
        assert told(story, folder / str(at), FailingDisk(PowerCut, at)) == end, f"step {at}, {step}"


@pytest.mark.parametrize("story", STORIES)
def test_a_refusal_at_any_step_changes_nothing_in_the_end(folder: Path, story: str) -> None:
    sound = FailingDisk()
    end = told(story, folder / "sound", sound)
    for at, step in enumerate(sound.steps, 1):
        disk = FailingDisk(REFUSALS[at % len(REFUSALS)], at, LASTS)
        assert told(story, folder / str(at), disk) == end, f"{disk.fault()} at step {at}, {step}"
