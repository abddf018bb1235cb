"""The crew of `kembar-sync run` under a clock moved by hand: who is hired, who leaves, what is told meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.crew import LOOK_EVERY_S, Crew
from edge.known import Known, KnownCloud
from edge.paired import PairedMistake
from edge.ramfile import RamFile
from edge.sync_worker import Telling
from sync.progress import Progress

URL, OTHER = "https://cloud.example", "https://other.example"


@dataclass
class Fake:
    """A worker that ends when the test lets it."""

    url: str
    token: str
    first: bool
    error: BaseException | None = None
    stopped: bool = False
    alive: bool = False

    def start(self) -> None:
        self.alive = True

    def stop(self) -> None:
        self.stopped = True

    def is_alive(self) -> bool:
        return self.alive

    def join(self) -> None:
        assert self.stopped
        self.alive = False


@dataclass
class Office:
    """What the edge knows, and everybody who was ever hired."""

    folder: Path
    tokens: dict[str, str | PairedMistake] = field(default_factory=dict)
    mistakes: list[PairedMistake] = field(default_factory=list)
    hired: list[Fake] = field(default_factory=list)
    now_s: float = 100.0

    def __post_init__(self) -> None:
        self.ram = RamFile(self.folder, "sync", {"RUNTIME_DIRECTORY": str(self.folder)})
        self.telling = Telling(self.ram)
        self.crew = Crew(self.known, self.hire, self.telling)

    def known(self) -> Known:
        def reading(token: str | PairedMistake) -> Callable[[], str]:
            def read() -> str:
                if isinstance(token, PairedMistake):
                    raise token
                return token

            return read

        clouds = [
            KnownCloud(url, True, reading(token), place == 0)
            for place, (url, token) in enumerate(self.tokens.items())
        ]
        return Known(tuple(clouds), tuple(self.mistakes))

    def hire(self, cloud: KnownCloud, token: str, _telling: Telling) -> Fake:
        self.hired.append(Fake(cloud.url, token, cloud.first))
        return self.hired[-1]

    def look(self) -> None:
        self.now_s += LOOK_EVERY_S
        self.crew.look(self.now_s)

    def told(self) -> list[tuple[Any, ...]]:
        fields = self.ram.read() or {"clouds": []}
        return [(each["url"], each["state"], each["reason"]) for each in fields["clouds"]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_cloud_that_is_paired_while_it_runs_gets_its_worker_at_the_next_look(office: Office) -> None:
    office.look()
    office.tokens[URL] = "t"
    office.crew.look(office.now_s + LOOK_EVERY_S - 0.01)
    assert office.hired == []
    office.look()
    office.look()
    assert office.hired == [Fake(URL, "t", first=True, alive=True)]


def test_with_another_token_the_next_worker_begins_when_the_last_is_gone(office: Office) -> None:
    office.tokens[URL] = "old"
    office.look()
    office.tokens[URL] = "new"
    office.look()
    office.look()
    (old,) = office.hired
    assert old.stopped
    old.alive = False
    office.look()
    assert [each.token for each in office.hired] == ["old", "new"]
    assert not office.hired[1].stopped


def test_an_unpaired_cloud_is_told_of_until_its_worker_is_gone(office: Office) -> None:
    office.tokens[URL] = "t"
    office.look()
    office.telling.tell(Progress(URL, "ok"))
    office.tokens.clear()
    office.look()
    assert [each[0] for each in office.told()] == [URL]
    office.hired[0].alive = False
    office.look()
    assert office.told() == []
    assert not office.crew.failed


def test_a_mistake_costs_its_own_cloud_the_worker_is_logged_once_and_shown_while_it_lasts(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.tokens |= {URL: "t", OTHER: "u"}
    office.look()
    office.tokens[OTHER] = PairedMistake("a", "the token is damaged: pair again")
    for _ in range(3):
        office.look()
    ours, other = office.hired
    assert (ours.stopped, other.stopped) == (False, True)
    other.alive = False
    office.look()
    assert office.told() == [(OTHER, "off", "the token is damaged: pair again")]
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
        f"nothing is sent to {OTHER}: the token is damaged: pair again"
    ]
    office.tokens[OTHER] = "v"
    office.look()
    assert office.told() == []
    assert [each.token for each in office.hired] == ["t", "u", "v"]


def test_a_file_that_names_no_cloud_is_shown_by_its_own_name(office: Office) -> None:
    office.mistakes.append(PairedMistake("paired/0a.json", "not ours"))
    office.look()
    assert office.told() == [("paired/0a.json", "off", "not ours")]
    office.mistakes.clear()
    office.look()
    assert office.told() == []


def test_a_worker_that_ended_by_a_mistake_ends_the_process_and_all_are_waited_for(office: Office) -> None:
    office.tokens |= {URL: "t", OTHER: "u"}
    office.look()
    assert (office.crew.size, office.crew.failed) == (2, False)
    office.hired[1].error = ValueError("mistake in the program")
    assert office.crew.failed
    office.crew.end()
    assert [(each.stopped, each.alive) for each in office.hired] == [(True, False), (True, False)]
