"""Pages that were warmed answer a first look without reading a day of rows."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from filled_house import NOW_MS, FilledHouse

from pages.view import KEPT_MS, View
from store.by_stream import RowsByStream
from store.history import History
from store.sqlite import open_reader

pytest_plugins = ("conftest_pages",)

# What a look reads in any case: the newest rows.
LITTLE = 0.1


@dataclass
class Watched:
    """A house that counts the hundreds of steps SQLite takes for it."""

    house: FilledHouse
    steps: int = 0

    def view(self) -> View:
        return View(replace(self.house.site(), history=self.history), self.house.now_ms)

    @contextmanager
    def history(self) -> Iterator[History]:
        with closing(open_reader(self.house.path)) as db:
            db.conn.set_progress_handler(self._count, 100)
            yield History(db, RowsByStream(db))

    def _count(self) -> None:
        self.steps += 1

    def looks(self, view: View) -> int:
        """The steps of a look at each page."""
        before = self.steps
        with view.site.history() as history:
            view.latest.of(history, view.now_ms())
            view.overview(history, view.now_ms())
            view.account(history, view.now_ms())
        return self.steps - before


@pytest.fixture
def watched(house_of_three: FilledHouse) -> Watched:
    house_of_three.frozen = True
    return Watched(house_of_three)


def test_a_first_look_after_warming_reads_no_day_of_rows(watched: Watched) -> None:
    cold = watched.looks(watched.view())
    warmed = watched.view()
    warmed.warm()
    assert watched.looks(warmed) < LITTLE * cold


def test_what_a_job_keeps_warm_lasts_until_the_job_is_very_late(watched: Watched) -> None:
    view = watched.view()
    view.warm()
    watched.house.still_ms += KEPT_MS["edge"] - 1
    soon = watched.looks(view)
    watched.house.still_ms += 1
    assert soon < LITTLE * watched.looks(view)


def test_warming_shows_what_came_since(watched: Watched) -> None:
    view = watched.view()
    view.warm()
    watched.house.still_ms += 60_000
    view.warm()
    with view.site.history() as history:
        assert view.account(history, view.now_ms()).to_ms == NOW_MS + 60_000
        assert view.overview(history, view.now_ms()).at_ms == NOW_MS + 60_000
