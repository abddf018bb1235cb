"""The Pi's clock in words: where its time comes from, what waits for it, and how it was corrected last."""

from collections.abc import Sequence

from pages.condition import ClockStep, EdgeSide
from pages.figures import UNKNOWN, Figures
from pages.words import Words

Fact = tuple[str, str]


def clock_facts(edge: EdgeSide, words: Words, figures: Figures) -> list[Fact]:
    waits = edge.undated_rows
    rows = UNKNOWN if waits is None else words.counted("health.rows", waits, figures.count(waits))
    return [
        (words("health.source"), words(f"health.clock_{edge.clock}")),
        (words("health.undated"), rows),
        (words("health.zone"), figures.zone.key),
        *_steps(edge.clock_steps or (), words, figures),
    ]


def _steps(steps: Sequence[ClockStep], words: Words, figures: Figures) -> list[Fact]:
    """The last correction, and since when the time has been known after a start without it."""
    found: dict[str, str] = {}
    for step in steps:
        at = f"{figures.year_date(step.at_ms)}, {figures.clock(step.at_ms)}"
        if step.by_ms is None:
            found.setdefault("health.known_since", at)
        else:
            by = f"{'-' if step.by_ms < 0 else '+'}{figures.brief(abs(step.by_ms))}"
            found.setdefault("health.corrected", words("health.corrected_by", by=by, at=at))
    return [(words(name), said) for name, said in found.items()]
