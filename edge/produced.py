"""The list of every record that virtual devices made, as CSV, to compare with what arrived.

`lost` records are not in it: they stand for records that are.
"""

from pathlib import Path
from typing import TextIO

from edge.line import MEASURED, NoReading
from edge.ring import Record

HEADER = ("device", "boot", "seq", "uptime_ms", "channel", *(field.name for field in MEASURED), "cause")


class Produced:
    """Appends; a record is in the file before it is sent, so whatever arrives anywhere is listed."""

    def __init__(self, path: Path) -> None:
        # Line buffered: a kill of this process tears no line that has been sent.
        self._file: TextIO = path.open("a", buffering=1, encoding="ascii")
        if path.stat().st_size == 0:
            self._file.write(",".join(HEADER) + "\n")

    def append(self, record: Record) -> None:
        identity = (record.device, record.boot, record.seq, record.uptime_ms, record.channel)
        if isinstance(record, NoReading):
            row = (*identity, *[None] * len(MEASURED), record.cause)
        else:
            row = (*identity, *record.values, None)
        self._file.write(",".join("" if value is None else str(value) for value in row) + "\n")

    def close(self) -> None:
        self._file.close()
