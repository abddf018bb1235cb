"""Parcels as the collector takes them: what one cloud gave back reaches the others, and a spoilt one harms nobody."""

import pytest
from comparedtwins import Twins
from madeparts import NOW_MS, rows

from edge.anchors import Anchors
from edge.boots import Boot
from edge.dating import Dating
from edge.stream import DeviceStream
from store.backlog import Backlog
from store.confirmed import Confirmed
from store.part import Hole, Part
from sync.batch import Batch

pytest_plugins = ("conftest_twins",)

OTHER = "https://second.example"


def test_what_a_card_gets_back_from_one_cloud_travels_on_to_another(both: Twins) -> None:
    """It may have passed these numbers as gaps; pruning must not think that it has them."""
    second = both.clouds.number(OTHER)
    both.cloud.take(Part("garage", 7, 0, rows([1, 2, 3, 6]), [Hole(4, 5, "sensor", NOW_MS, NOW_MS)]))
    both.account(everything=True)
    both.collect()
    stream = both.edge.receiver.streams.all()[0]
    both.clouds.note(second, {stream.id: 6}, 0, NOW_MS)  # it was told of gaps alone
    both.verify()
    both.collect()
    assert Confirmed(both.edge.db, [OTHER]).missing(stream.id, 1, 6) != []
    amended, _upto = Backlog(both.edge.db, second).amended(0, {stream.id: 6})
    assert sorted(row[0] for each in amended for row in each.part.fills) == [1, 2, 3, 6]


def test_with_one_cloud_nothing_travels_back_to_where_it_came_from(both: Twins) -> None:
    both.cloud.take(Part("garage", 7, 0, rows([1, 2])))
    both.heal(everything=True)
    assert both.edge.db.execute("SELECT count(*) FROM amends").fetchone() == (0,)


@pytest.mark.parametrize(
    "body",
    [
        b"not a batch",
        Batch([Part("garage", 7, 0, holes=[Hole(1, 2, "sensor"), Hole(5, 6, "sensor")])]).encode(),
    ],
)
def test_a_parcel_that_cannot_be_read_is_thrown_away_and_the_next_one_taken(both: Twins, body: bytes) -> None:
    both.edge.take(Part("garage", 7, 0, rows([1]), [Hole(2, 2, "elsewhere")]))
    both.parcels.leave([body, Batch([Part("garage", 7, 0, fills=rows([2]))]).encode()])
    assert both.collect() == 2
    assert both.edge.seqs() == [1, 2]


def test_a_boot_that_is_not_on_disk_yet_is_not_moved_under_its_records(both: Twins) -> None:
    """It would take the other end of its stream for the work of another process."""
    boot = Boot("garage", DeviceStream("garage", 7, 500, 499), Dating(Anchors()))
    both.parcels.leave([Batch([Part("garage", 7, 0, holes=[Hole(1, 450, "elsewhere")])]).encode()])
    assert both.returned.take([boot]) is None
    assert both.parcels.waiting() == 1
