"""The code of a pairing that waits: who sees it, what ends it, and that nothing stays of one that was denied."""

from io import StringIO
from typing import Any

import pytest
from pairinghouse import Home

from cloud import pairing
from edge import waiting
from edge.paired import Paired
from edge.ramfile import RamFile
from pages.condition import PairingWait

pytest_plugins = ("conftest_pairing",)


def test_while_it_waits_the_lan_page_can_show_the_code_and_never_the_device_code(home: Home) -> None:
    ram = RamFile(home.data_dir, waiting.NAME)
    seen: list[tuple[PairingWait | None, dict[str, Any]]] = []

    def look() -> bool:
        seen.append((waiting.read(ram, 0), ram.read() or {}))
        return home.decide("rumah")

    assert home.commands(look).pair(home.cloud.url) == 0
    ((waits, fields),) = seen
    assert waits is not None
    assert waits.user_code in home.said.getvalue()
    assert waits.link == f"{home.cloud.url}/pair?code={waits.user_code}"
    assert set(fields) == {"user_code", "page", "link", "until_mono_ms"}
    assert ram.read() is None


def test_a_terminal_shows_the_code_as_a_square_too(home: Home) -> None:
    class Terminal(StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    home.said = Terminal()
    assert home.pair() == 0
    assert home.said.getvalue().count("\u2580") > 50


def test_a_file_that_a_killed_command_left_ends_by_itself(home: Home) -> None:
    ram = RamFile(home.data_dir, waiting.NAME)
    waiting.tell(
        ram, PairingWait("BCDF-GHJK", "https://a.example/pair", "https://a.example/pair", 600_000), 5_000
    )
    assert [waiting.read(ram, at) is not None for at in (5_000, 604_999, 605_000)] == [True, True, False]


def test_a_pairing_that_is_denied_given_up_or_never_confirmed_keeps_nothing(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "PENDING_MS", 30_000)
    assert home.pair(None) == 1
    assert "was denied" in capsys.readouterr().err
    assert home.commands(lambda: True).pair(home.cloud.url) == 1
    assert "given up" in capsys.readouterr().err
    assert home.commands(lambda: False).pair(home.cloud.url) == 1
    assert "nobody confirmed" in capsys.readouterr().err
    assert home.commands(lambda: False).pair("http://cloud.example") == 2
    assert "unencrypted" in capsys.readouterr().err
    assert home.commands(lambda: False).pair("https://127.0.0.1:9") == 1
    assert "no connection" in capsys.readouterr().err
    assert list(Paired(home.data_dir).folder.iterdir()) == []
