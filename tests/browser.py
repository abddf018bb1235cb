"""Real headless Chromium for the tests of pages: every request, console message and error is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Chromium's own errands would look like requests of ours.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ARTIFACTS = Path(__file__).with_name("artifacts")
PHONE, LAPTOP = (360, 800), (1280, 900)


@dataclass
class Tab:
    """A page with what happened in it: hosts asked, console messages above a note, errors of scripts."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def shot(self, name: str, whole: bool = True) -> Path:
        ARTIFACTS.mkdir(exist_ok=True)
        (ARTIFACTS / ".gitignore").write_text("*\n")
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=whole)
        return path


OpenTab = Callable[..., Tab]


def is_quiet(tab: Tab) -> None:
    assert tab.said == []
    assert tab.hosts == {"127.0.0.1"}


def has_no_sideways_scrolling(tab: Tab) -> None:
    wide = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


def is_open_to_everybody(tab: Tab) -> None:
    """No violation of WCAG 2.1, levels A and AA, that axe-core can find."""
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(tab.page, options=rules).response["violations"]
    said = [(each["id"], [node["html"][:120] for node in each["nodes"]][:4]) for each in found]
    assert not said, said
