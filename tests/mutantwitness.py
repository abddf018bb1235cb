"""What a test run in a copy of the house saw: which tests failed at what, and whether only the copy was imported.

A plugin of pytest (`-p mutantwitness`); it writes what it saw as JSON to the file that KEMBAR_WITNESS names.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("metering", "process", "store", "sync", "pages", "edge", "cloud")
_seen: dict[str, list[list[str]]] = {"passed": [], "failed": [], "skipped": []}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if report.outcome != "passed" or report.when == "call":
        error = call.excinfo
        said = [error.typename, str(error.value).split("\n", 1)[0]] if error else ["", ""]
        _seen[report.outcome].append([item.nodeid, report.when or "", *said])


def pytest_sessionfinish() -> None:
    told = {**_seen, "foreign": foreign(Path.cwd())}
    Path(os.environ["KEMBAR_WITNESS"]).write_text(json.dumps(told))


def foreign(here: Path) -> list[str]:
    """Files of our packages that were imported from elsewhere than the copy."""
    files = [
        str(module.__file__)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in PACKAGES and getattr(module, "__file__", None)
    ]
    return [file for file in files if not Path(file).is_relative_to(here)]
