"""What every test may ask for; what one file alone needs stands in that file."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engines import ENGINES, AddressOf, Made, made, sqlite_address

# Real processes against real clocks, or fixed ports: beside hard work some of them are late, and nothing is wrong.
# Beside each other they are in time, since most of what they do is wait. The long ones begin first.
ALONE = (
    "test_real_kills",
    "test_real_tiny_disk",
    "test_real_bad_input",
    "test_real_clock_steps",
    "test_real_bad_line",
    "test_real_disk_full",
    "test_real_pty",
    "test_real_sketch",
    "test_real_",
    "test_firmware_realtime",
    "test_house_run",
    "test_house_wheel",
    "test_bench_",
)
OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome")}
# Debian keeps the programs of a PostgreSQL server out of PATH, a folder for each version.
PLACES = {"pg_ctl": "usr/lib/postgresql/*/bin"}


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """`need("chromium")` gives its path; where it is missing the test is skipped, and fails under CI."""

    def find(tool: str) -> str:
        for name in (tool, *OTHER_NAMES.get(tool, ())):
            if path := shutil.which(name):
                return str(path)
        for folder in sorted(Path("/").glob(PLACES[tool])) if tool in PLACES else ():
            if path := shutil.which(tool, path=folder):
                return str(path)
        if os.environ.get("CI") == "true":
            pytest.fail(f"{tool} is not installed, and under CI nothing is skipped", pytrace=False)
        pytest.skip(f"{tool} is not installed")

    return find


@pytest.fixture(scope="session")
def postgresql(need: Callable[[str], str]) -> Iterator[Made]:
    """A PostgreSQL server of this session, started when a test first asks."""
    with made(need("pg_ctl")) as here:
        yield here


@pytest.fixture(params=ENGINES)
def address_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AddressOf]:
    """What takes this runs on both engines: `address_of("cloud")` is a fresh database."""
    if request.param == "sqlite":
        yield lambda name: sqlite_address(tmp_path / f"{name}.db")
    else:
        with request.getfixturevalue("postgresql").addresses() as found:
            yield found


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Who asks for one half alone need not read the files of the other."""
    half = {"alone": True, "not alone": False}.get(config.getoption("markexpr"))
    name = collection_path.stem
    other = half is not None and name.startswith("test_") and name.startswith(ALONE) != half
    return True if other else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that run `alone`, and put them into the order of ALONE; what is not in it stays before them."""
    for item in items:
        if item.path.stem.startswith(ALONE):
            item.add_marker(pytest.mark.alone)
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, begin in enumerate(ALONE) if item.path.stem.startswith(begin)), -1)
