"""Why a cloud takes nothing of a batch: each reason with its HTTP status, its word and a sentence.

Rows that are refused one by one are no rejection: the rest of their batch is taken (see sync/batch.py).
"""

from typing import ClassVar


class Rejection(ValueError):
    """The message says what was found and what was expected."""

    status: ClassVar[int] = 400
    word: ClassVar[str] = "batch"


class BadCompression(Rejection):
    """Not gzip, cut off, or followed by something else."""

    word = "gzip"


class BadShape(Rejection):
    """Not the JSON of a batch."""

    word = "shape"


class WrongVersion(Rejection):
    word = "version"


class OverSize(Rejection):
    """One of the bounds of a batch: bytes, rows, parts, meters."""

    status = 413
    word = "size"


class WrongEncoding(Rejection):
    """The body came in another encoding than gzip or as another type than JSON."""

    status = 415
    word = "encoding"


class BadRows(Rejection):
    """Rows that cannot even be refused one by one; the sender finds them by sending less."""

    status = 422
    word = "rows"


class ClocksApart(Rejection):
    """A date was refused and the two clocks differ: nothing is taken, because the date may be right."""

    word = "clock"
