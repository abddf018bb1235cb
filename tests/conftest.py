"""What every test may ask for; what one file alone needs stands in that file."""

import os
import shutil
from collections.abc import Callable

import pytest

# They build the sketch, take fixed ports or all of a processor: one after the other, beside all others.
ALONE = (
    "test_firmware_",
    "test_real_",
    "test_house_run",
    "test_house_wheel",
    "test_bench_",
    "test_twelve_faults_disk",
)
OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome")}


@pytest.fixture
def need() -> Callable[[str], str]:
    """`need("chromium")` gives its path; where it is missing the test is skipped, and fails under CI."""

    def find(tool: str) -> str:
        for name in (tool, *OTHER_NAMES.get(tool, ())):
            if path := shutil.which(name):
                return str(path)
        if os.environ.get("CI") == "true":
            pytest.fail(f"{tool} is not installed, and under CI nothing is skipped", pytrace=False)
        pytest.skip(f"{tool} is not installed")

    return find


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-n 2 --dist loadgroup` a file's tests stay in one process, those that want to be alone in the same one."""
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        name = item.path.stem
        group = "alone" if name.startswith(ALONE) else name
        item.add_marker(pytest.mark.xdist_group(group))
