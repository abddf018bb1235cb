"""Changes, clouds and the quarantine: the small tables, each with a rule of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import NOW_MS, Twin

from store import quarantine
from store.changes import Changes
from store.clouds import Clouds
from store.part import CHANGES, Part
from store.quarantine import MOST_CHARACTERS, Quarantine


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "edge")
    with closing(made.db):
        yield made


def change(source: str, boot: int, rev: int, value: str) -> Part:
    return Part(source, boot, 0, [(1, "timezone", "", rev, f'"{value}"')], kind=CHANGES)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        (change("z", 9, 1, "old"), change("a", 1, 2, "new")),
        (change("a", 9, 2, "old"), change("b", 1, 2, "new")),
        (change("a", 1, 2, "old"), change("a", 2, 2, "new")),
    ],
)
def test_the_higher_rev_wins_and_a_tie_goes_to_the_greater_source_and_boot(
    edge: Twin, loser: Part, winner: Part, turned: bool
) -> None:
    edge.take(*((winner, loser) if turned else (loser, winner)))
    assert Changes(edge.db).current("timezone") == "new"


def test_nobody_set_it_is_none(edge: Twin) -> None:
    assert Changes(edge.db).current("timezone") is None


def test_a_new_value_goes_on_from_the_highest_rev_and_the_own_stream(edge: Twin) -> None:
    changes = Changes(edge.db)
    edge.take(change("other", 1, 7, "old"))
    for value in ("new", "newer"):
        edge.take(changes.next_part("~rumah", 3, "timezone", value))
        assert changes.current("timezone") == value
    rows = edge.db.execute("SELECT stream, seq, rev FROM changes ORDER BY rev").fetchall()
    assert rows == [(1, 1, 7), (2, 1, 8), (2, 2, 9)]


def test_keys_of_one_kind_do_not_disturb_each_other(edge: Twin) -> None:
    changes = Changes(edge.db)
    edge.take(changes.next_part("~rumah", 3, "name", {"id": "dapur"}, "garage/1"))
    edge.take(changes.next_part("~rumah", 3, "name", "kebun", "garage/2"))
    assert changes.current("name", "garage/1") == {"id": "dapur"}
    assert changes.current("name", "garage/2") == "kebun"


def test_a_cloud_keeps_its_number(edge: Twin) -> None:
    clouds = Clouds(edge.db)
    one, other = clouds.number("https://one.example"), clouds.number("https://other.example")
    assert one != other
    assert clouds.number("https://one.example") == one


def test_what_a_cloud_has_is_remembered_for_that_cloud(edge: Twin) -> None:
    clouds = Clouds(edge.db)
    one, other = clouds.number("https://one.example"), clouds.number("https://other.example")
    clouds.note(one, {5: 70}, 3, NOW_MS)
    clouds.note(one, {5: 80, 6: 1}, 4, NOW_MS + 1)
    assert (clouds.acknowledged(one), clouds.amended(one)) == (({5: 80, 6: 1}, NOW_MS + 1), 4)
    assert (clouds.acknowledged(other), clouds.amended(other)) == (({}, None), 0)


def test_rows_kept_back_are_counted_once_and_by_time(edge: Twin) -> None:
    clouds = Clouds(edge.db)
    one = clouds.number("https://one.example")
    clouds.withhold(one, [(1, 2, "a"), (1, 3, "b")], NOW_MS)
    clouds.withhold(one, [(1, 3, "again"), (1, 4, "c")], NOW_MS + 10)
    assert (clouds.withheld(one), clouds.withheld(one, NOW_MS + 10)) == (3, 1)


def test_the_newest_of_the_quarantine_come_first(edge: Twin) -> None:
    kept = Quarantine(edge.db)
    for seq in (1, 2, 3):
        kept.keep("garage", 7, seq, f"raw {seq}", "why", NOW_MS)
    assert [(q.seq, q.raw) for q in kept.newest(2)] == [(3, "raw 3"), (2, "raw 2")]


def test_the_quarantine_is_bounded_and_still_knows_how_many_there_were(
    edge: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 5)
    kept = Quarantine(edge.db)
    for seq in range(1, 9):
        kept.keep("garage", 7, seq, "raw", "why", None)
    assert [q.seq for q in kept.newest(100)] == [8, 7, 6, 5, 4]
    assert kept.count() == 8


def test_one_site_counts_and_shows_only_its_own(tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        one, other = Quarantine(cloud.db, 1), Quarantine(cloud.db, 2)
        for seq in (1, 2, 3):
            one.keep("garage", 7, seq, "raw", "why", None)
        other.keep("garage", 7, 1, "raw", "why", None)
        assert (one.count(), other.count()) == (3, 1)
        assert len(one.newest(9)) == 3


def test_what_is_kept_is_cut(edge: Twin) -> None:
    kept = Quarantine(edge.db)
    kept.keep("garage", 7, 1, "x" * 10_000, "y" * 10_000, None)
    [cut] = kept.newest(1)
    assert (len(cut.raw), len(cut.why)) == (MOST_CHARACTERS, MOST_CHARACTERS)
