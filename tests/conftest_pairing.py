"""What the tests of pairing may ask for; they load it with `pytest_plugins`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hosted import Hosted, hosted
from pairinghouse import Home

from edge import crew, sync_main


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


@pytest.fixture
def home(tmp_path: Path, cloud: Hosted, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An edge that looks for new pairings all the time, and tells in a folder of the test's own."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(crew, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(sync_main, "PULSE_S", 0.02)
    return Home(tmp_path, cloud)
