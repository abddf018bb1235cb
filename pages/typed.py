"""Numbers as people type them into a form, in the language of the page: 1.234,5 or 1,234.5; exact, no floats."""

import re
from decimal import Decimal

from pages.words import Words

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# Longer than any value that a register can represent.
_MOST_CHARACTERS = 24


class NotANumber(ValueError):
    """The text is no number; it has no message, since only the page knows what to say."""


def typed_number(text: str, words: Words, scale: int) -> int | None:
    """The small units of a number typed in base units; None for nothing. Raises NotANumber.

    A single separator that the language does not use for decimals is one all the same where it groups no thousands:
    231.5 in Indonesian is what somebody with an English keyboard means.
    """
    plain = re.sub(r"[\s\u00a0\u202f]", "", text).replace("\u2212", "-")
    if plain in ("", "—", "-"):
        return None
    if len(plain) > _MOST_CHARACTERS:
        raise NotANumber
    decimal, group = words("number.decimal"), words("number.group")
    if decimal not in plain and not _groups(plain, group):
        decimal, group = group, decimal
    if plain.count(decimal) > 1 or (group in plain and not _groups(plain.split(decimal)[0], group)):
        raise NotANumber
    number = plain.replace(group, "").replace(decimal, ".")
    if not _NUMBER.fullmatch(number):
        raise NotANumber
    small = Decimal(number) * scale
    if small != small.to_integral_value():
        small = small.quantize(Decimal(1))
    return int(small)


def _groups(text: str, group: str) -> bool:
    """Whether the separators in it stand where thousands do, at least one of them."""
    return re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", text) is not None
