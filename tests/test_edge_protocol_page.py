"""The protocol page tells the truth: its examples are the golden lines, its tables those of the code."""

import re
from pathlib import Path

import pytest
from goldenlines import golden_lines

from edge.field import Number
from edge.line import FIELDS
from metering.gap import CAUSES

PAGE = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text()


def section(heading: str) -> str:
    """The text below a heading, up to the next heading of the same depth."""
    depth = heading.split()[0]
    return re.split(rf"\n{depth} ", PAGE.split(f"\n{heading}", 1)[1], maxsplit=1)[0]


def test_the_examples_are_the_golden_lines() -> None:
    examples = re.findall(r"```text\n(.*)\n```", section("## Lines"))
    assert sorted(examples) == sorted(raw.decode() for raw, _ in golden_lines())


@pytest.mark.parametrize("tag", FIELDS)
def test_a_table_names_the_fields_of_its_line_with_their_ranges(tag: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*?) ?\|", section(f"### {tag}:"), re.MULTILINE)
    expected = [
        (field.name, f"{field.least}…{field.most}" if isinstance(field, Number) else "")
        for field in FIELDS[tag]
    ]
    assert rows == expected


def test_every_cause_has_one_deciding_rule() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", section("## Causes of gaps"), re.MULTILINE)
    assert sorted(cause for cause, _ in rows) == sorted(CAUSES)
