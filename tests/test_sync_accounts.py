"""A card that lacks what the cloud has: accounted for as gaps first, filled with the cloud's rows then."""

import pytest
from comparedtwins import Twins
from madeparts import NOW_MS, row, rows

from store.changes import TIMEZONE, Changes
from store.part import Hole, Part
from sync.accounts import covered

pytest_plugins = ("conftest_twins",)

SENSOR = Hole(4, 5, "sensor", NOW_MS + 3_000, NOW_MS + 6_000)


def test_a_new_card_is_refilled_with_rows_gaps_and_dates(both: Twins) -> None:
    both.cloud.take(
        Part("garage", 7, 0, rows([1, 2, 3, 6]), [SENSOR]), Part("cellar", 8, 9, [row(10)], first=10)
    )
    assert both.account() == 0  # nothing of this house's own is lacking
    assert both.heal(everything=True)[0].equal == 5
    assert both.equal()
    assert both.edge.gaps() == both.cloud.gaps() == [SENSOR]
    (stream,) = [s for s in both.edge.receiver.streams.all() if s.source == "cellar"]
    assert (stream.first, stream.cursor) == (10, 10)


def test_while_it_is_refilled_every_number_is_a_row_or_a_gap(both: Twins) -> None:
    both.cloud.take(Part("garage", 7, 0, rows([1, 2, 3, 6]), [SENSOR]))
    both.account(everything=True)
    both.collect()
    assert both.edge.gaps() == [Hole(1, 3, "elsewhere"), SENSOR, Hole(6, 6, "elsewhere")]


def test_a_restored_card_gets_its_lost_future(both: Twins) -> None:
    """Of a boot that it knows and of one that began after its image was taken."""
    both.take(Part("garage", 7, 0, rows([1, 2])))
    both.cloud.take(
        Part("garage", 7, 2, rows([3, 6]), [SENSOR]), Part("garage", 8, 0, [row(1, NOW_MS + 9_000)])
    )
    assert both.account() == 2
    both.heal()
    assert both.equal()
    assert both.edge.gaps() == [SENSOR]


def test_a_stream_that_was_met_late_begins_where_the_cloud_knows_it_to_begin(both: Twins) -> None:
    both.cloud.take(Part("garage", 7, 0, rows([1, 2, 3])))
    both.edge.take(Part("garage", 7, 2, rows([3]), first=3))
    both.heal()
    assert both.equal()
    assert both.edge.gaps() == []


def test_numbers_elsewhere_get_the_cause_that_the_cloud_knows(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, rows([1, 2, 3, 6]), [Hole(4, 5, "elsewhere")]))
    both.cloud.take(Part("garage", 7, 0, rows([1, 2, 3, 6]), [SENSOR]))
    both.heal()
    assert both.edge.gaps() == [SENSOR]
    assert both.account() == 0


def test_what_this_house_knows_better_stays(both: Twins) -> None:
    """Its own cause, and records that it has and the cloud has not."""
    both.edge.take(Part("garage", 7, 0, rows([1, 2, 3]), [Hole(4, 5, "device-memory")]))
    both.cloud.take(Part("garage", 7, 0, rows([1, 2]), [Hole(3, 5, "elsewhere")]))
    both.heal()
    assert both.edge.gaps() == [Hole(4, 5, "device-memory")]
    assert both.equal()


def test_a_stream_with_more_gaps_than_an_answer_holds_comes_in_pieces(
    both: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.comparing.MOST_GAPS", 3)
    seqs = range(1, 60, 2)
    both.cloud.take(
        Part("garage", 7, 0, rows(seqs), [Hole(seq + 1, seq + 1, "sensor", seq, seq) for seq in seqs])
    )
    both.heal(everything=True)
    assert both.equal()
    assert both.edge.gaps() == both.cloud.gaps()


def test_what_was_set_elsewhere_or_in_an_earlier_life_comes(
    both: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.comparing.MOST_CHANGES", 2)
    zones = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]
    for zone in zones:
        both.cloud.take(Changes(both.cloud.db, both.cloud.site).next_part("~rumah", 5, TIMEZONE, zone))
    both.edge.take(Changes(both.edge.db).next_part("~rumah", 6, TIMEZONE, "Asia/Pontianak"))
    both.cloud.take(Part("attic", 7, 0, [row(1)]))
    assert both.account() == 1, "of a device that was never here nothing comes uncalled"
    both.collect()
    assert both.edge.history.timezone() == zones[-1]
    assert both.account() == 0


def test_streams_beyond_a_page_are_accounted_for_too(both: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.comparing.MOST_STREAMS", 2)
    both.cloud.take(*(Part("garage", boot, 0, [row(1, NOW_MS + boot)]) for boot in range(1, 8)))
    both.heal(everything=True)
    assert both.equal()


def test_a_cover_names_every_number_once() -> None:
    holes = [Hole(1, 2, "sensor"), Hole(5, 9, "refused")]
    assert list(covered(holes, 1, 7)) == [
        Hole(2, 2, "sensor"), Hole(3, 4, "elsewhere"), Hole(5, 7, "refused"),
    ]  # fmt: skip
    assert list(covered([], 4, 6)) == [Hole(5, 6, "elsewhere")]
