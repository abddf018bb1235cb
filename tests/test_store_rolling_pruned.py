"""Rolling where rows are pruned: what goes keeps its rollups, and a seal makes those of an hour without rows."""

from pathlib import Path
from typing import Any

from madeparts import HOUR_MS, Twin
from retained import GARAGE, hourly
from retained import Edge as PrunedEdge
from rolled import roll

from metering.quantity import DAY_MS
from metering.rollup import MINUTE_MS, QUARTER_MS
from store.part import Hole, Part
from store.rollups import Rollups
from store.sealed import SealedHours


def test_what_is_pruned_keeps_its_rollups(tmp_path: Path) -> None:
    edge = PrunedEdge(tmp_path)
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 41), channels=2)))
    roll(edge.twin)
    number = edge.twin.layout.meters.find(GARAGE) or 0
    widths = (MINUTE_MS, QUARTER_MS, HOUR_MS, DAY_MS)
    before = [Rollups(edge.db).read(number, width_ms, 0, 2**62) for width_ms in widths]
    edge.prune_all()
    assert edge.twin.seqs() == []
    roll(edge.twin)
    assert [Rollups(edge.db).read(number, width_ms, 0, 2**62) for width_ms in widths] == before
    edge.db.close()


def test_what_was_never_rolled_is_rolled_before_it_is_pruned(tmp_path: Path) -> None:
    folders = [tmp_path / "pruned", tmp_path / "kept"]
    for folder in folders:
        folder.mkdir()
    edge, other = map(PrunedEdge, folders)
    for each in (edge, other):
        each.twin.take(Part("garage", 7, 0, hourly(range(1, 41), channels=2)))
    edge.prune_all()
    for each in (edge, other):
        roll(each.twin)
    number = edge.twin.layout.meters.find(GARAGE) or 0
    for width_ms in (MINUTE_MS, QUARTER_MS, HOUR_MS, DAY_MS):
        here, there = (Rollups(each.db).read(number, width_ms, 0, 2**62) for each in (edge, other))
        assert here == there != []
    edge.db.close()
    other.db.close()


def test_a_seal_without_rows_is_an_hour_without_minutes(tmp_path: Path) -> None:
    edge, cloud = PrunedEdge(tmp_path), Twin(tmp_path, "cloud")
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    edge.prune_all()
    seals: list[Any] = SealedHours(edge.db).between(1, 1, 8, 100)
    holes = [Hole(1, 8, "policy", seals[0].hour * HOUR_MS, seals[-1].hour * HOUR_MS)]
    cloud.take(Part("garage", 7, 0, holes=holes, sealed=tuple(seals)))
    roll(edge.twin)
    roll(cloud)
    number = cloud.layout.meters.find(GARAGE) or 0
    ours, theirs = (
        [(r.start_ms, r.sums, r.way) for r in Rollups(db).read(number, HOUR_MS, 0, 2**62)]
        for db in (edge.db, cloud.db)
    )
    assert ours == theirs != []
    assert Rollups(cloud.db).read(number, MINUTE_MS, 0, 2**62) == []
    assert [r.sums for r in Rollups(cloud.db).read(number, DAY_MS, 0, 2**62)] == [
        r.sums for r in Rollups(edge.db).read(number, DAY_MS, 0, 2**62)
    ]
    edge.db.close()
    cloud.db.close()


def test_a_seal_that_comes_behind_a_part_of_its_hour_makes_it_whole(tmp_path: Path) -> None:
    edge, cloud = PrunedEdge(tmp_path), Twin(tmp_path, "cloud")
    rows = hourly(range(1, 5))
    edge.twin.take(Part("garage", 7, 0, rows))
    cloud.take(Part("garage", 7, 0, rows[:2]))
    roll(cloud)
    edge.prune_all()
    seals = SealedHours(edge.db).between(1, 1, 4, 100)
    hole = Hole(3, 4, "policy", rows[2][2], rows[3][2])
    cloud.take(Part("garage", 7, 2, holes=[hole], sealed=tuple(seals)))
    roll(edge.twin)
    roll(cloud)
    number = cloud.layout.meters.find(GARAGE) or 0
    hours = [Rollups(db).read(number, HOUR_MS, 0, 2**62)[0].sums for db in (edge.db, cloud.db)]
    assert hours[0] == hours[1]
    edge.db.close()
    cloud.db.close()
