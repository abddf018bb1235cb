"""A batch: parts of one or more streams on their way from an edge to a cloud, as bytes and back.

Rules of reading one:
1. Every bound is checked before the work it bounds is done.
2. What is malformed rejects the batch (sync/rejection.py); nothing of it is taken.
3. A reading that is impossible is split off with the reason and leaves a hole `refused`; the rest is taken.
4. If it is a date that is impossible, and the sender's clock and ours differ, that is for a person: see rule 2.
Nothing is stored here, and whether the holes cover what they should is the receiver's question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from metering.quantity import MOST_EXACT, taken_complaint
from metering.reading import TAKEN_MS
from store.part import CHANGES, READINGS, Hole, Part
from sync.clocks import apart, both_shown, shown
from sync.columns import BadColumns, decode_columns, encode_rows
from sync.limits import impossible
from sync.packing import pack, unpack
from sync.rejection import BadRows, BadShape, ClocksApart, OverSize
from sync.seals import read_seal, seal_fields
from sync.shape import VERSION, change, flag, hole, listed, name, natural, spoken, table, version

# A second of a slow uplink in the best case; more would hold the cloud's one writer for too long.
MOST_ROWS = 20_000
MOST_HOLES = 20_000
# Less than a megabyte before it is packed; a year of six meters goes in 27 batches.
MOST_SEALED = 2_000
MOST_PARTS = 1_000
MOST_METERS = 256


# What a sender says of itself, each of it optional, and how it is read.
_OF_SENDER: dict[str, Callable[[Any, str], Any]] = {
    "edge": name, "sender": name, "sent_ms": natural, "version": version, "waiting": natural,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BadRow:
    """A reading that was split off; `row` is what came, in ROW_FIELDS order."""

    source: str
    boot: int
    row: tuple[Any, ...]
    why: str

    @property
    def seq(self) -> int:
        return int(self.row[0])


@dataclass(frozen=True, slots=True)
class Batch:
    """`edge` is the sender's name, `sender` this start of it; `refused` rows are already holes in the parts.

    `sent_ms`: what the sender's clock showed; `version`: of the sender's program; `waiting`: how many records wait at
    the sender behind this batch. Each is None if it does not say.
    """

    parts: Sequence[Part] = ()
    edge: str | None = None
    refused: Sequence[BadRow] = ()
    sender: str | None = None
    sent_ms: int | None = None
    version: str | None = None
    waiting: int | None = None

    @property
    def rows(self) -> int:
        return sum(len(part.rows) + len(part.fills) for part in self.parts)

    def encode(self) -> bytes:
        """The bytes of the body; rows want to be ordered by channel, then seq (it packs best)."""
        fields: dict[str, Any] = {"v": VERSION, "parts": [_part_fields(part) for part in self.parts]}
        for key in _OF_SENDER:
            value = getattr(self, key)
            if value is not None:
                fields[key] = value
        return pack(orjson.dumps(fields))

    @classmethod
    def decode(cls, body: bytes, now_ms: int) -> "Batch":
        """The batch of a packed body; raises a Rejection. `now_ms` bounds what may be a date."""
        try:
            fields = table(orjson.loads(unpack(body)), "batch")
        except orjson.JSONDecodeError as error:
            raise BadShape(f"the body is not JSON: {error}") from error
        spoken(fields.get("v"), "batch")
        parts = listed(fields.get("parts"), "parts")
        _check_sizes(parts)
        refused: list[BadRow] = []
        read = [_part(table(part, "part"), now_ms, refused) for part in parts]
        _check_meters(read)
        told = {
            key: look(fields[key], key) for key, look in _OF_SENDER.items() if fields.get(key) is not None
        }
        _check_clocks(refused, told.get("sent_ms"), now_ms)
        return cls(read, refused=refused, **told)


def _part_fields(part: Part) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "source": part.source, "boot": part.boot, "kind": part.kind, "prev_seq": part.prev_seq,
    }  # fmt: skip
    if part.first != 1:
        fields["first"] = part.first
    if part.uncertain:
        fields["uncertain"] = True
    if part.kind == CHANGES:
        fields["changes"] = [[*row[:4], orjson.Fragment(row[4])] for row in part.rows]
    else:
        fields["columns"] = encode_rows(part.rows)
    fields["holes"] = _hole_fields(part.holes)
    if part.fills or part.fill_holes:
        fields["fills"] = {"columns": encode_rows(part.fills), "holes": _hole_fields(part.fill_holes)}
    if part.sealed:
        fields["sealed"] = [seal_fields(seal) for seal in part.sealed]
    return fields


def _hole_fields(holes: Sequence[Hole]) -> list[list[Any]]:
    return [[h.from_seq, h.to_seq, h.cause, h.from_ms, h.to_ms] for h in holes]


def _check_sizes(parts: list[Any]) -> None:
    """Count before anything is worked out: a column's length is seen without reading it."""
    if len(parts) > MOST_PARTS:
        raise OverSize(f"{len(parts)} parts; at most {MOST_PARTS}")
    counts = [_counts(table(part, "part")) for part in parts]
    for what, most, count in (
        ("rows", MOST_ROWS, sum(rows for rows, _, _ in counts)),
        ("holes", MOST_HOLES, sum(holes for _, holes, _ in counts)),
        ("sealed hours", MOST_SEALED, sum(sealed for _, _, sealed in counts)),
    ):
        if count > most:
            raise OverSize(f"{count} {what}; at most {most}")


def _counts(part: dict[str, Any]) -> tuple[int, int, int]:
    """(rows, holes, sealed hours) of one part with its fills."""
    fills = table(part.get("fills", {}), "fills")
    seqs = [listed(table(each.get("columns", {}), "columns").get("seq", []), "seq") for each in (part, fills)]
    changes = listed(part.get("changes", []), "changes")
    rows = sum(max(0, len(seq) - 1) for seq in seqs) + len(changes)
    holes = sum(len(listed(each.get("holes", []), "holes")) for each in (part, fills))
    return rows, holes, len(listed(part.get("sealed", []), "sealed"))


def _check_meters(parts: Sequence[Part]) -> None:
    readings = [part for part in parts if part.kind == READINGS]
    meters = {(part.source, row[1]) for part in readings for rows in (part.rows, part.fills) for row in rows}
    meters |= {(part.source, seal.channel) for part in readings for seal in part.sealed}
    if len(meters) > MOST_METERS:
        raise OverSize(f"{len(meters)} meters; at most {MOST_METERS}")


def _check_clocks(refused: Sequence[BadRow], sent_ms: int | None, now_ms: int) -> None:
    """A cloud that woke up in 2020 would quarantine every reading there is."""
    if sent_ms is None or not apart(sent_ms, now_ms):
        return
    for bad in refused:
        taken_ms = bad.row[TAKEN_MS]
        if taken_ms is not None and taken_complaint(taken_ms, now_ms):
            dated = f"{bad.source} boot {bad.boot} seq {bad.seq} is dated {shown(taken_ms)}"
            raise ClocksApart(f"{both_shown(sent_ms, now_ms)} ({dated})")


def _part(fields: dict[str, Any], now_ms: int, refused: list[BadRow]) -> Part:
    source, boot = name(fields.get("source"), "source"), natural(fields.get("boot"), "boot")
    part = Part(
        source,
        boot,
        natural(fields.get("prev_seq"), "prev_seq"),
        holes=[hole(each) for each in listed(fields.get("holes", []), "holes")],
        first=natural(fields.get("first", 1), "first", least=1),
        kind=str(fields.get("kind")),
        uncertain=flag(fields.get("uncertain", False), "uncertain"),
    )
    if part.kind == CHANGES:
        return replace(part, rows=[change(each) for each in listed(fields.get("changes", []), "changes")])
    if part.kind != READINGS:
        raise BadShape(f"kind {part.kind[:20]!r} is not known here; known: {READINGS}, {CHANGES}")
    rows, bad = _rows(part, fields.get("columns", {}), now_ms)
    fills = table(fields.get("fills", {}), "fills")
    filled, bad_fills = _rows(part, fills.get("columns", {}), now_ms)
    refused += [*bad, *bad_fills]
    fill_holes = [hole(each) for each in listed(fills.get("holes", []), "fills.holes")]
    return replace(
        part,
        rows=rows,
        holes=[*part.holes, *map(_refused_hole, bad)],
        fills=filled,
        fill_holes=[*fill_holes, *map(_refused_hole, bad_fills)],
        sealed=tuple(read_seal(each) for each in listed(fields.get("sealed", []), "sealed")),
    )


def _rows(part: Part, fields: Any, now_ms: int) -> tuple[list[tuple[Any, ...]], list[BadRow]]:
    """The rows of columns, and those that are impossible."""
    if not table(fields, "columns"):
        return [], []
    try:
        columns = decode_columns(fields)
    except BadColumns as error:
        raise BadShape(f"{part.source} boot {part.boot}: {error}") from error
    seqs = columns[0]
    if min(seqs) < 1 or max(seqs) > MOST_EXACT:  # type: ignore[type-var, operator]
        raise BadRows(f"{part.source} boot {part.boot}: a seq outside [1, {MOST_EXACT}]")
    bad = impossible(columns, now_ms)
    rows = list(zip(*columns, strict=True))
    if not bad:
        return rows, []
    kept = [row for place, row in enumerate(rows) if place not in bad]
    return kept, [BadRow(part.source, part.boot, rows[place], why) for place, why in bad.items()]


def _refused_hole(bad: BadRow) -> Hole:
    return Hole(bad.seq, bad.seq, "refused")
