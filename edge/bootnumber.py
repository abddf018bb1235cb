"""The 32-bit number of one start of a device, which must not recur.

The upper half tells boards with the same name apart; the lower half counts starts. Keeping it is the
device's EEPROM's business.
"""

from collections.abc import Callable

HALF = 0x1_0000

# A number in 0..limit-1, as random.Random.randrange gives it.
Draw = Callable[[int], int]


def first_boot(draw: Draw) -> int:
    """The first start of a board whose EEPROM holds nothing."""
    return draw(HALF) * HALF + 1


def next_boot(boot: int, draw: Draw) -> int:
    """The start after this one; a board that has started 65 535 times draws a new upper half."""
    return first_boot(draw) if boot % HALF == HALF - 1 else boot + 1
