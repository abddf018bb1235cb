"""The documents say what the programs do: every setting, every command, every option."""

import importlib
from pathlib import Path

import describe
import pytest
from house import ROOT

PAGES = describe.pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_tables_of_a_page_are_what_the_code_says(page: Path) -> None:
    before = page.read_text(encoding="utf-8")
    assert describe.filled(before, describe.texts()) == before, "make tables brings it up to date"


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("ARCHITECTURE.md", "modules"),
        ("docs/settings.md", "edge-settings"),
        ("docs/settings.md", "cloud-settings"),
        ("docs/commands.md", "kembar-edge"),
        ("docs/commands.md", "kembar-sync"),
        ("docs/commands.md", "kembar-cloud"),
    ],
)
def test_every_table_has_its_place(page: str, marker: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count(f"<!-- {marker} -->") == text.count(f"<!-- /{marker} -->") == 1


@pytest.mark.parametrize("program", describe.PROGRAMS)
def test_every_command_and_option_says_what_it_is_for(program: str) -> None:
    parser = describe.parser_of(describe.PROGRAMS[program])
    for name, command in describe.commands(program, parser):
        assert command.description, f"{name} has no description"
        silent = [action.dest for action in command._actions if not action.help and not action.choices]
        assert silent == [], f"{name} has arguments without help"


@pytest.mark.parametrize("marker", describe.SETTINGS)
def test_every_setting_says_what_it_has_to_be(marker: str) -> None:
    module, model = describe.SETTINGS[marker]
    table = describe.settings_table(getattr(importlib.import_module(module), model))
    assert "|  |" not in table
