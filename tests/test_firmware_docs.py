"""The page for installers knows every setting, command, cause and message of the sketch, and names no other."""

import re
from pathlib import Path

import pytest
from house import ROOT

SOURCES = ROOT / "firmware/kembar/src"
PAGE = (ROOT / "docs/installers.md").read_text(encoding="utf-8")
TEXT = re.compile(r'KEMBAR_TEXT\(((?:\s*"(?:[^"\\]|\\.)*")+)\s*\)')
# Tags of lines and separators; what is said to nobody in particular.
LINES_ONLY = SOURCES / "logic/linewriter.cpp"


def texts(source: str, function: str = "") -> list[str]:
    """The flash texts of a file, or of one of its functions, in order and without spaces around them."""
    content = (SOURCES / source).read_text(encoding="utf-8")
    if function:
        content = content[content.index(f"{function}(") :]
        content = content[: content.index("\n}\n")]
    return ["".join(re.findall(r'"(.*?)"', found)).strip() for found in TEXT.findall(content)]


def table(heading: str) -> list[str]:
    """What stands in code in the first column of the first table below a heading."""
    below = PAGE[PAGE.index(f"\n{heading}\n") :]
    rows = below[below.index("\n|") :].split("\n\n")[0].splitlines()[3:]
    return [match[1] for row in rows if (match := re.match(r"\| `([^`]+)` \|", row))]


def message_files() -> list[Path]:
    return [path for path in sorted(SOURCES.rglob("*.cpp")) if path != LINES_ONLY]


@pytest.mark.parametrize("path", message_files(), ids=lambda path: path.name)
def test_every_word_that_the_sketch_says_is_on_the_page(path: Path) -> None:
    missing = [text for text in texts(str(path.relative_to(SOURCES))) if text not in PAGE]
    assert missing == []


def test_the_table_of_settings_names_the_keys_in_their_order() -> None:
    assert table("## Settings") == texts("logic/settingtext.cpp", "FlashText key_name")


def test_the_table_of_settings_gives_the_defaults() -> None:
    source = (SOURCES / "logic/settings.cpp").read_text(encoding="utf-8")
    defaults = source[source.index("Settings default_settings") : source.index("return settings;")]
    rows = dict(re.findall(r"\| `(\w+)` \| `([^`]*)` \|", PAGE))
    ip, gateway = re.findall(r"(?:ip|gateway)\[\] = \{([\d, ]+)\}", defaults)
    prefix = re.findall(r"prefix_bits = (\d+)", defaults)[0]
    assert rows["ip"] == f"{ip.replace(', ', '.')}/{prefix}"
    assert rows["gateway"] == gateway.replace(", ", ".")
    assert rows["device"] == re.findall(r'device\[\] = "(.*?)"', defaults)[0]
    assert rows["watchdog"] == {"0": "off", "1": "on"}[re.findall(r"watchdog = (\d)", defaults)[0]]


def test_the_table_of_commands_names_all_of_them() -> None:
    commands = texts("logic/console.cpp", "bool Console::begin")
    assert sorted({row.split(" ")[0] for row in table("## Commands")}) == sorted(commands)


def test_the_table_of_reset_causes_names_all_of_them() -> None:
    assert sorted(table("### Reset causes")) == sorted(
        set(texts("board/retained.cpp", "FlashText reset_cause"))
    )


def test_the_table_of_missing_readings_names_every_cause() -> None:
    causes = [text for text in texts("logic/cause.cpp") if text]
    assert sorted(table("### Why a reading is missing")) == sorted([*causes, "lost"])


def test_every_message_in_a_table_is_one_that_the_sketch_says() -> None:
    """Also after its words were changed in the sources: at least one whole text must be found in it."""
    said = [
        text for path in message_files() for text in texts(str(path.relative_to(SOURCES))) if len(text) > 8
    ]
    headings = ("### Unasked", "### About a sensor", "### About a setting", "### About what was typed")
    rows = [row for heading in headings for row in table(heading)]
    assert len(rows) > 40
    short = {"silent", "sensors: expected …", "channel 1 (UART 1, address 1): 230.1 V, 1.234 A, …"}
    strange = [row for row in rows if row not in short and not any(text in row for text in said)]
    assert strange == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert [link for link in re.findall(r"\]\(#([^)]*)\)", PAGE) if link not in anchors] == []
