"""Sealed hours as they travel, [channel, hour, seq, rows, counters, sums, digest], and back within bounds."""

import re
from typing import Any

from metering.quantity import COLUMNS, MOST_EXACT
from store.digest import DIGEST_BYTES
from store.sealing import MOST_COUNTERS, Counter, Seal, Sum
from sync.limits import MOST_CHANNEL
from sync.rejection import BadShape
from sync.shape import listed, natural, table

# The year 9999, beyond which no date of ours lies.
MOST_HOUR = 70_389_527
_DIGEST = re.compile(rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}")


def seal_fields(seal: Seal) -> list[Any]:
    return [
        seal.channel, seal.hour, seal.seq, seal.rows, seal.counters, dict(seal.sums), seal.digest,
    ]  # fmt: skip


def read_seal(value: Any) -> Seal:
    """The seal of a list as `seal_fields` gives it; raises BadShape."""
    fields = listed(value, "seal")
    if len(fields) != 7:
        raise BadShape("seal: [channel, hour, seq, rows, counters, sums, digest] expected")
    channel, hour = natural(fields[0], "seal channel", least=1), natural(fields[1], "seal hour")
    if channel > MOST_CHANNEL or hour > MOST_HOUR:
        raise BadShape(f"seal: a channel up to {MOST_CHANNEL} and an hour up to {MOST_HOUR} expected")
    if not isinstance(fields[6], str) or not _DIGEST.fullmatch(fields[6]):
        raise BadShape(f"seal digest: {2 * DIGEST_BYTES} hex digits expected")
    seq, rows = natural(fields[2], "seal seq", least=1), natural(fields[3], "seal rows", least=1)
    return Seal(channel, hour, seq, rows, _counters(fields[4]), _sums(fields[5]), fields[6])


def _counters(value: Any) -> tuple[Counter, ...]:
    counters = listed(value, "seal counters")
    if len(counters) > MOST_COUNTERS:
        raise BadShape(f"seal counters: at most {MOST_COUNTERS} expected")
    return tuple(_counter(each) for each in counters)


def _counter(value: Any) -> Counter:
    if len(listed(value, "seal counter")) != 4:
        raise BadShape("seal counter: [boot, seq, taken_ms, energy_wh] expected")
    boot, seq, taken_ms, wh = (natural(each, "seal counter") for each in value)
    return boot, seq, taken_ms, wh


def _sums(value: Any) -> dict[str, Sum]:
    sums = table(value, "seal sums")
    unknown = sorted(set(sums) - set(COLUMNS))
    if unknown:
        # As with columns: a newer sender's quantity is never dropped in silence.
        raise BadShape(f"seal sums: {', '.join(unknown)[:80]} not known here; known: {', '.join(COLUMNS)}")
    return {column: _sum(total, column) for column, total in sums.items()}


def _sum(value: Any, column: str) -> Sum:
    fields = listed(value, f"seal {column}")
    if len(fields) != 4 or any(type(each) is not int or abs(each) > MOST_EXACT for each in fields):
        raise BadShape(f"seal {column}: [values, sum, least, most] as integers up to {MOST_EXACT} expected")
    n, total, least, most = fields
    return n, total, least, most
