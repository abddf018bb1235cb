"""Reads tests/golden/lines.txt: golden lines and what they mean.

It does not use edge/line.py's tables: the meanings are an account of their own.
"""

from pathlib import Path

from edge import line

PATH = Path(__file__).parent / "golden" / "lines.txt"

KINDS: dict[type, str] = {
    line.Reading: "reading",
    line.NoReading: "no-reading",
    line.Hello: "hello",
    line.Earlier: "earlier",
    line.Ack: "ack",
    line.Beacon: "beacon",
    line.Refused: "refused",
}
MEASURED = [
    "voltage_mv",
    "current_ma",
    "power_mw",
    "energy_wh",
    "frequency_mhz",
    "power_factor_milli",
    "alarm",
]


def golden_lines() -> list[tuple[bytes, str]]:
    """(line without its end, its meaning) in the order of the file."""
    texts = [text for text in PATH.read_text().splitlines() if text and not text.startswith("#")]
    return [
        (raw.encode(), meaning.removeprefix("= "))
        for raw, meaning in zip(texts[::2], texts[1::2], strict=True)
    ]


def meaning_of(found: line.Line | line.Garbled) -> str:
    """A decoded line in the words of the golden file."""
    if isinstance(found, line.Garbled):
        return f"garbled: {found.why}"
    return " ".join([KINDS[type(found)], *fields_of(found)])


def fields_of(found: line.Line) -> list[str]:
    if isinstance(found, line.Reading):
        measured = zip(MEASURED, found.values, strict=True)
        return [*named(found, "device boot seq uptime_ms channel"), *(f"{k}={shown(v)}" for k, v in measured)]
    if isinstance(found, line.Refused):
        return named(found, "device boot seq")
    return named(found, " ".join(found.__slots__))


def named(found: line.Line, names: str) -> list[str]:
    return [f"{name}={getattr(found, name)}" for name in names.split()]


def shown(value: int | None) -> str:
    return "-" if value is None else str(value)
