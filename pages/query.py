"""What a request asks for: parameters read, checked and refused with a sentence; nothing is guessed.

No bottle here: a query is a plain mapping.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from metering.reading import Meter
from pages.span import BadTime, parse_ms

# Longer than any key, time or word that can be meant.
MOST_CHARACTERS = 200
# A message names a few of the known meters, not hundreds.
MOST_NAMED = 12


class Refused(Exception):
    """A request that is answered with `status` and {"error", "message"}."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


class Query:
    """The parameters of one request; one that the route does not know is refused, as a typing mistake."""

    def __init__(self, given: Mapping[str, str], known: Sequence[str], zone: ZoneInfo) -> None:
        for name, value in given.items():
            if name not in known:
                short, names = name[:40], ", ".join(known) or "none"
                raise Refused(400, short, f"parameter {short!r} is not known; known: {names}")
            if len(value) > MOST_CHARACTERS:
                raise Refused(400, name, f"{name} is longer than {MOST_CHARACTERS} characters")
        self._given = given
        self._zone = zone

    def text(self, name: str) -> str | None:
        return self._given.get(name) or None

    def meter(self, meters: Sequence[Meter]) -> Meter:
        """The meter asked for; it must be named and known."""
        key = self.text("meter")
        named = ", ".join(meter.key for meter in meters[:MOST_NAMED]) or "none yet"
        if key is None:
            raise Refused(400, "meter", f"meter is missing; known: {named}")
        for meter in meters:
            if meter.key == key:
                return meter
        raise Refused(404, "meter", f"meter {key!r} is not known; known: {named}")

    def time(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_ms(text, self._zone)
        except BadTime as error:
            raise Refused(400, name, f"{name}={error}") from error

    def span(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """[from, to) with these defaults; it must not be empty."""
        asked_from, asked_to = self.time("from"), self.time("to")
        low = from_ms if asked_from is None else asked_from
        high = to_ms if asked_to is None else asked_to
        if low >= high:
            raise Refused(400, "from", f"from={low} is not before to={high}")
        return low, high

    def open_span(self) -> tuple[int | None, int | None]:
        """[from, to) where a side that is left out is open."""
        low, high = self.time("from"), self.time("to")
        if low is not None and high is not None and low >= high:
            raise Refused(400, "from", f"from={low} is not before to={high}")
        return low, high

    def word(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        word = self.text(name) or default
        if word is None:
            raise Refused(400, name, f"{name} is missing; expected one of {', '.join(allowed)}")
        if word not in allowed:
            raise Refused(400, name, f"{name}={word!r} is not one of {', '.join(allowed)}")
        return word

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise Refused(400, name, f"{name}={text!r} is not a whole number from {least} to {most}")
        return int(text)
