"""Times and ranges as requests write them: ISO 8601 or ms, [from, to).

Pure: the present is an argument.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from metering.calendar import day_of, ms_of

# A plus sign in a query string arrives as a space: 2026-11-19T00:00:00+07:00 is meant.
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")
_MS = re.compile(r"-?\d{1,15}$")
# Days and months begin and end inside datetime's range in every zone.
LEAST_YEAR, MOST_YEAR = 2, 9998


class BadTime(ValueError):
    """A time or range that cannot be meant; the message says what was expected."""


def parse_ms(text: str, zone: ZoneInfo) -> int:
    """UTC ms of ISO 8601 (without an offset: in the zone) or of plain ms; at most 1 ms is cut off."""
    try:
        ms = int(text) if _MS.match(text) else _ms_of_iso(text, zone)
        if not LEAST_YEAR <= day_of(ms, zone).year <= MOST_YEAR:
            raise ValueError("year")
    except (ValueError, OverflowError) as error:
        raise BadTime(
            f"{text!r} is not a time of the years {LEAST_YEAR} to {MOST_YEAR}; "
            "expected ISO 8601 such as 2026-11-19T14:30 or ms since 1970"
        ) from error
    return ms


def _ms_of_iso(text: str, zone: ZoneInfo) -> int:
    at = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
    return ms_of(at if at.tzinfo else at.replace(tzinfo=zone))
