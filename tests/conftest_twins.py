"""Twins on real databases: one of either layout (`twin`), two that compare (`both`), two with a replay (`replayed`)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from comparedtwins import Twins, twins
from madeparts import Twin
from replayed import Clock, Cloud, Edge, House


@pytest.fixture(params=["edge", "cloud"])
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, request.param)
    with closing(made.db):
        yield made


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Twins]:
    with twins(tmp_path) as made:
        yield made


@pytest.fixture
def replayed(tmp_path: Path) -> Iterator[House]:
    edge, cloud = Edge(tmp_path / "edge.sqlite"), Cloud(tmp_path / "cloud.db")
    with closing(edge.db), closing(cloud.db):
        yield House(edge, cloud, Clock())
