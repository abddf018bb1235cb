"""The fixture of the tests about clocks: a house whose Pi may show any time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from clocked import ClockedHouse

MakeHouse = Callable[..., ClockedHouse]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeHouse]:
    with ExitStack() as stack:

        def one(**how: Any) -> ClockedHouse:
            house = ClockedHouse(tmp_path, **how)
            stack.callback(house.close)
            return house

        yield one
