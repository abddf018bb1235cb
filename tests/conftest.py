"""What every test may ask for; what one file alone needs stands in that file."""

import os
import shutil
from collections.abc import Callable

import pytest

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
