"""The check that a stored row carries: 23 bits over its own values, to tell a row that the disk changed.

An SQL expression, so that it is worked out where the row is written, without a second look at it in Python. It is no
proof between the twins (that is the digest): it only says which side still holds what it once stored.
Rows of a database older than the check have none (NULL): they count as intact.
"""

from collections.abc import Sequence

from metering.quantity import COLUMNS

# The largest prime that SQLite stores in three bytes: two different rows share a check once in eight million.
_PRIME = 8_388_593
# Distinct primes. The sum stays below 2^63: seq and counters lie below 2^53, dates below 2^43, all others below 2^40.
_WEIGHTS = (131, 90_001, 99_991, 60_013, 70_001, 127, 50_021, 80_021, 30_011, 20_011)
# What stands for a missing value: no register reaches it, and it is neither 0 nor that of another column.
_MISSING = 2**40
_PLACE_WEIGHT = 65_537

# Of some rows: another one when any of them came, went or changed. Rows older than the check are only counted.
PRINT = "count(*), coalesce(sum(seq), 0), coalesce(sum(row_check), 0)"


def row_check_sql(place: str, seq: str, taken_ms: str, values: Sequence[str] = COLUMNS) -> str:
    """The check as an SQL expression over columns or marks; `place` is what this twin calls the channel."""
    # The fallback is never taken; it makes the place as wide as the sum is, which PostgreSQL does not do by itself.
    terms = [f"coalesce({place}, {_MISSING}) * {_PLACE_WEIGHT}", f"{seq} * {_WEIGHTS[0]}"]
    weighed = zip((taken_ms, *values), _WEIGHTS[1:], strict=False)
    terms += [
        f"coalesce({value}, {_MISSING + number}) * {weight}" for number, (value, weight) in enumerate(weighed)
    ]
    return f"({' + '.join(terms)}) % {_PRIME}"


def intact_sql(place: str) -> str:
    """Whether a stored row still matches its check, as an SQL expression that gives 1 or 0."""
    return f"CASE WHEN row_check <> {row_check_sql(place, 'seq', 'taken_ms')} THEN 0 ELSE 1 END"
