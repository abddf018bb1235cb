"""Evidence: what a cloud tells of its content, so that an edge can compare: streams, gaps, digests, rows.

Questions and answers as JSON and back; what follows from them is decided in sync/verify.py and sync/accounts.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from metering.reading import CHANNEL, SEQ, Meter, Row
from store.comparisons import Proof
from store.digest import Held, HeldRow, HourDigest
from store.part import CHANGES, READINGS, Hole
from store.streams import Stream
from sync.columns import BadColumns, decode_columns, encode_rows
from sync.rejection import BadShape
from sync.shape import VERSION, change, flag, hole, listed, name, natural, spoken, table

# Streams, and gaps of one stream, in an answer; with what lies between them they fit into one part.
MOST_STREAMS = 1_000
MOST_CHANGES = 1_000
MOST_GAPS = 9_000
# Hours in one question: a year of three meters would be 26 000 digests, more than one answer shall hold.
MOST_HOURS = 24 * 31
# Rows that a cloud hashes for one answer: about two seconds of a small host's processor.
MOST_DIGESTED_ROWS = 1_000_000
# Rows in one answer, and in one post of rows to mend.
MOST_ROWS = 20_000
_HEX = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about whole hours or a stretch of time of one source; columns are those that the asker knows."""

    from_ms: int
    to_ms: int
    columns: tuple[str, ...] = COLUMNS
    source: str = ""
    proof: Proof | None = None

    def encode(self) -> bytes:
        fields: dict[str, Any] = {
            "v": VERSION, "from_ms": self.from_ms, "to_ms": self.to_ms, "columns": self.columns,
        }  # fmt: skip
        if self.source:
            fields["source"] = self.source
        if self.proof and self.proof.at_ms is not None:
            p = self.proof
            fields["proof"] = [p.days, p.rows, p.equal, p.quarantined, p.conflicts, p.at_ms]
        return orjson.dumps(fields)

    @classmethod
    def read(cls, value: Any) -> "Asked":
        """Raises BadShape."""
        fields = table(value, "question")
        spoken(fields.get("v"), "question")
        columns = tuple(str(each) for each in listed(fields.get("columns", list(COLUMNS)), "columns"))
        if not columns:
            raise BadShape("columns: at least one expected")
        if unknown := set(columns) - set(COLUMNS):
            raise BadShape(f"columns: {', '.join(sorted(unknown))[:80]} not known here")
        from_ms, to_ms = natural(fields.get("from_ms"), "from_ms"), natural(fields.get("to_ms"), "to_ms")
        if not 0 <= to_ms - from_ms <= MOST_HOURS * HOUR_MS:
            raise BadShape(f"from_ms ... to_ms: at most {MOST_HOURS} hours expected")
        source = name(fields["source"], "source") if "source" in fields else ""
        return cls(from_ms, to_ms, columns, source, _proof(fields.get("proof")))


def _proof(value: Any) -> Proof | None:
    if value is None:
        return None
    numbers = [natural(each, "proof") for each in listed(value, "proof")]
    if len(numbers) != 6:
        raise BadShape("proof: [days, rows, equal, quarantined, conflicts, at_ms] expected")
    return Proof(*numbers)


def tell_digests(digests: Iterable[HourDigest], upto_ms: int) -> bytes:
    told = [[d.meter.source, d.meter.channel, d.hour_ms, d.rows, d.digest] for d in digests]
    return orjson.dumps({"v": VERSION, "upto_ms": upto_ms, "digests": told})


def read_digests(body: bytes) -> tuple[list[HourDigest], int]:
    """Digests and up to where they go; raises BadShape."""
    fields = _answer(body)
    found = [_digest(listed(each, "digest")) for each in listed(fields.get("digests"), "digests")]
    return found, natural(fields.get("upto_ms"), "upto_ms")


def _digest(fields: list[Any]) -> HourDigest:
    if len(fields) != 5 or not isinstance(fields[4], str) or len(fields[4]) != _HEX:
        raise BadShape("digest: [source, channel, hour_ms, rows, 32 hex digits] expected")
    meter = Meter(name(fields[0], "source"), natural(fields[1], "channel", least=1))
    return HourDigest(meter, natural(fields[2], "hour_ms"), natural(fields[3], "rows"), fields[4])


def tell_rows(held: Held, upto_ms: int) -> bytes:
    rows = sorted(
        ((boot, row.channel, seq, row) for (boot, seq), row in held.rows.items()), key=itemgetter(0, 1, 2)
    )
    parts = [
        [boot, encode_rows([(seq, channel, row.taken_ms, *row.values) for _boot, channel, seq, row in group])]
        for boot, group in groupby(rows, key=itemgetter(0))
    ]
    return orjson.dumps({"v": VERSION, "upto_ms": upto_ms, "damaged": held.damaged, "boots": parts})


def read_rows(body: bytes) -> tuple[Held, int]:
    """The intact rows that a cloud holds, and up to when they go; raises BadShape."""
    fields = _answer(body)
    rows: dict[tuple[int, int], HeldRow] = {}
    for each in listed(fields.get("boots"), "boots"):
        boot, columns = listed(each, "boot")
        for seq, channel, taken_ms, *values in _rows(columns):
            rows[natural(boot, "boot"), seq] = HeldRow(channel, taken_ms, tuple(values))
    return Held(rows, natural(fields.get("damaged"), "damaged")), natural(fields.get("upto_ms"), "upto_ms")


def _rows(columns: Any) -> Iterable[tuple[Any, ...]]:
    try:
        return zip(*decode_columns(table(columns, "columns")), strict=True)
    except BadColumns as error:
        raise BadShape(str(error)) from error


@dataclass(frozen=True, slots=True)
class StreamPage:
    """Some of a cloud's streams (their local numbers are 0), where the next page begins, and the time of all rows."""

    streams: list[Stream]
    next_id: int | None
    span_ms: tuple[int, int] | None

    def encode(self) -> bytes:
        told = [[s.source, s.boot, s.kind, s.first, s.cursor, s.uncertain] for s in self.streams]
        return orjson.dumps({"v": VERSION, "streams": told, "next": self.next_id, "span_ms": self.span_ms})

    @classmethod
    def read(cls, body: bytes) -> "StreamPage":
        fields = _answer(body)
        found = [_stream(listed(each, "stream")) for each in listed(fields.get("streams"), "streams")]
        next_id, span_ms = fields.get("next"), fields.get("span_ms")
        first_ms, last_ms = (0, 0) if span_ms is None else [natural(each, "span_ms") for each in span_ms]
        return cls(
            found,
            None if next_id is None else natural(next_id, "next"),
            None if span_ms is None else (first_ms, last_ms),
        )


def _stream(fields: list[Any]) -> Stream:
    if len(fields) != 6 or fields[2] not in (READINGS, CHANGES):
        raise BadShape("stream: [source, boot, kind, first, cursor, uncertain] expected")
    boot, first, cursor = (natural(fields[place], "stream") for place in (1, 3, 4))
    return Stream(0, name(fields[0], "source"), boot, fields[2], first, cursor, flag(fields[5], "uncertain"))


def tell_holes(holes: Iterable[Hole], upto_seq: int) -> bytes:
    told = [[h.from_seq, h.to_seq, h.cause, h.from_ms, h.to_ms] for h in holes]
    return orjson.dumps({"v": VERSION, "upto_seq": upto_seq, "holes": told})


def read_holes(body: bytes) -> tuple[list[Hole], int]:
    """The gaps of one stream in order, and up to which seq they are complete."""
    fields = _answer(body)
    return [hole(each) for each in listed(fields.get("holes"), "holes")], natural(
        fields.get("upto_seq"), "upto_seq"
    )


def tell_changes(rows: Iterable[tuple[Any, ...]]) -> bytes:
    told = [[*row[:4], orjson.Fragment(row[4])] for row in rows]
    return orjson.dumps({"v": VERSION, "changes": told})


def read_changes(body: bytes) -> list[tuple[int, str, str, int, str]]:
    """Changes of one stream in order, as store.part.Part takes them."""
    return [change(each) for each in listed(_answer(body).get("changes"), "changes")]


@dataclass(frozen=True, slots=True)
class MendedThere:
    """What became of rows that were sent to mend a cloud; those `beyond` its cursors are still on their way."""

    changed: int
    beyond: int
    other_dates: Mapping[tuple[str, int, int], int]
    conflicts: frozenset[tuple[str, int, int]]
    refused: Mapping[tuple[str, int, int], str]

    def encode(self) -> bytes:
        fields: dict[str, Any] = {"v": VERSION, "changed": self.changed, "beyond": self.beyond}
        fields["other_dates"] = [[*key, taken_ms] for key, taken_ms in self.other_dates.items()]
        fields["conflicts"] = sorted(self.conflicts)
        fields["refused"] = [[*key, why] for key, why in self.refused.items()]
        return orjson.dumps(fields)

    @classmethod
    def read(cls, body: bytes) -> "MendedThere":
        fields = _answer(body)
        dates = {
            _key(each[:3]): natural(each[3], "taken_ms") for each in listed(fields["other_dates"], "dates")
        }
        conflicts = frozenset(_key(each) for each in listed(fields["conflicts"], "conflicts"))
        refused = {_key(each[:3]): str(each[3]) for each in listed(fields["refused"], "refused")}
        changed, beyond = (natural(fields[name], name) for name in ("changed", "beyond"))
        return cls(changed, beyond, dates, conflicts, refused)


def _key(fields: list[Any]) -> tuple[str, int, int]:
    return name(fields[0], "source"), natural(fields[1], "boot"), natural(fields[2], "seq")


def by_boot(rows: Mapping[tuple[int, int], HeldRow], most: int) -> Iterable[tuple[int, list[Row]]]:
    """Rows in ROW_FIELDS order, at most `most` of one boot that follow each other, as (boot, rows).

    Each list is ordered by channel, then seq, as it packs best.
    """
    for boot, group in groupby(sorted(rows.items()), key=lambda each: each[0][0]):
        whole = [(seq, row.channel, row.taken_ms, *row.values) for (_boot, seq), row in group]
        for begin in range(0, len(whole), most):
            yield boot, sorted(whole[begin : begin + most], key=itemgetter(CHANNEL, SEQ))


def _answer(body: bytes) -> dict[str, Any]:
    try:
        fields = table(orjson.loads(body), "answer")
    except orjson.JSONDecodeError as error:
        raise BadShape(f"the answer is not JSON: {error}") from error
    spoken(fields.get("v"), "answer")
    return fields
