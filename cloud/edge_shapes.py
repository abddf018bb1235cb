"""The bodies that edges send and get as JSON Schema; what they mean stands in docs/protocol.md."""

from cloud.ingest import MOST_ASKED
from cloud.latest import MOST_INTERVAL_MS, MOST_METERS
from metering.quantity import COLUMNS, MOST_EXACT, QUANTITIES
from pages.schema import BOOL, INT, MS, MS_OR_NULL, TEXT, Shape, array, record
from sync import grant as words
from sync.batch import MOST_PARTS
from sync.evidence import MOST_CHANGES, MOST_GAPS, MOST_STREAMS
from sync.shape import MOST_KEY_CHARACTERS, VERSION

_V: Shape = {"const": VERSION}
_NATURAL: Shape = {"type": "integer", "minimum": 0, "maximum": MOST_EXACT}
_FROM_ONE: Shape = {"type": "integer", "minimum": 1, "maximum": MOST_EXACT}
_NAME: Shape = {"type": "string", "pattern": r"^[A-Za-z0-9_.:~@+-]{1,64}$"}
_TIME: Shape = {**_NATURAL, "type": ["integer", "null"], "description": "ms since 1970, UTC"}


def _row(*fields: Shape, said: str = "") -> Shape:
    """An array of exactly these."""
    counted = {"minItems": len(fields), "maxItems": len(fields)}
    return {
        "type": "array",
        "prefixItems": list(fields),
        **counted,
        **({"description": said} if said else {}),
    }


def _open(properties: Shape, required: tuple[str, ...]) -> Shape:
    """An object in which fields of newer versions are passed over."""
    return {"type": "object", "properties": properties, "required": list(required)}


def _most(items: Shape, most: int) -> Shape:
    return {**array(items), "maxItems": most}


_COLUMN: Shape = {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 2}
_READINGS: Shape = {
    "type": "object",
    "description": "By column: step, first value, differences (docs/protocol.md)",
    "properties": dict.fromkeys(("seq", "channel", "taken_ms", *COLUMNS), _COLUMN),
    "additionalProperties": False,
}
_HOLE = _row(_FROM_ONE, _FROM_ONE, _NAME, _TIME, _TIME, said="[from, to, cause, from_ms, to_ms]")
_CHANGE = _row(
    _FROM_ONE, _NAME, {"type": "string", "maxLength": MOST_KEY_CHARACTERS}, _FROM_ONE, {},
    said="[seq, kind, key, rev, value]",
)  # fmt: skip
_PART = _open(
    {
        "source": _NAME,
        "boot": _NATURAL,
        "kind": {"enum": ["readings", "changes"]},
        "prev_seq": _NATURAL,
        "first": _FROM_ONE,
        "uncertain": BOOL,
        "columns": _READINGS,
        "changes": array(_CHANGE),
        "holes": array(_HOLE),
        "fills": _open({"columns": _READINGS, "holes": array(_HOLE)}, ()),
        "sealed": {"type": "array", "items": {"type": "array"}},
    },
    ("source", "boot", "kind", "prev_seq", "holes"),
)
BATCH = _open(
    {"v": _V, "edge": _NAME, "sender": _NAME, "sent_ms": _NATURAL, "parts": _most(_PART, MOST_PARTS)},
    ("v", "parts"),
)
CURSORS = _most(_row(_NAME, _NATURAL, said="[source, boot]"), MOST_ASKED)
LATEST = _open(
    {
        "v": _V,
        "meters": _most(
            _open(
                {
                    "source": _NAME,
                    "channel": _FROM_ONE,
                    "boot": _NATURAL,
                    "seq": _FROM_ONE,
                    "taken_ms": _NATURAL,
                    "interval_ms": {**_NATURAL, "description": f"1 to {MOST_INTERVAL_MS}, else left out"},
                    "estimated": BOOL,
                    "values": _row(*[{"type": ["integer", "null"]}] * len(QUANTITIES)),
                },
                ("source", "channel", "boot", "seq", "taken_ms", "values", "interval_ms"),
            ),
            MOST_METERS,
        ),
    },
    ("v", "meters"),
)
ANSWER: Shape = {
    "type": "object",
    "properties": {
        "cursors": array(_row(TEXT, INT, INT, said="[source, boot, seq]")),
        "refused": array(_row(TEXT, INT, INT, TEXT, said="[source, boot, seq, why]")),
        "watch_s": INT,
        "rivals": array(
            _row({"enum": ["copy", "moved"]}, TEXT, TEXT, MS, said="[kind, about, other, at_ms]")
        ),
        "changes": {**INT, "description": "How many the cloud has made itself; left out where it is none"},
    },
    "required": ["cursors", "refused", "watch_s"],
    "additionalProperties": False,
}
_HOURS: Shape = {
    "v": _V,
    "from_ms": _NATURAL,
    "to_ms": _NATURAL,
    "columns": {**array({"enum": list(COLUMNS)}), "minItems": 1},
}
_STREAM: Shape = {"source": _NAME, "boot": _NATURAL, "after": _NATURAL}
_RECORD = (TEXT, INT, INT)
# By path below /api/v1: what is asked, and what is answered.
QUESTIONS: dict[str, tuple[Shape, Shape]] = {
    "digests": (
        _open({**_HOURS, "proof": _row(*[_NATURAL] * 6)}, ("v", "from_ms", "to_ms")),
        record(
            {
                "v": _V,
                "upto_ms": MS,
                "digests": array(
                    _row(TEXT, INT, MS, INT, TEXT, said="[source, channel, hour, rows, digest]")
                ),
            }
        ),
    ),
    "digests/rows": (
        _open({**_HOURS, "source": _NAME}, ("v", "from_ms", "to_ms", "source")),
        record({"v": _V, "upto_ms": MS, "damaged": INT, "boots": array(_row(INT, _READINGS))}),
    ),
    "streams": (
        _open({"after": _NATURAL}, ()),
        record(
            {
                "v": _V,
                "streams": _most(_row(TEXT, INT, TEXT, INT, INT, BOOL), MOST_STREAMS),
                "next": {"type": ["integer", "null"]},
                "span_ms": {**_row(MS, MS), "type": ["array", "null"]},
            }
        ),
    ),
    "streams/gaps": (
        _open(_STREAM, ("source", "boot")),
        record(
            {
                "v": _V,
                "upto_seq": INT,
                "holes": _most(_row(INT, INT, TEXT, MS_OR_NULL, MS_OR_NULL), MOST_GAPS),
            }
        ),
    ),
    "streams/changes": (
        _open(_STREAM, ("source", "boot")),
        record({"v": _V, "changes": _most(_row(INT, TEXT, TEXT, INT, {}), MOST_CHANGES)}),
    ),
}
MENDED = record(
    {
        "v": _V,
        "changed": INT,
        "beyond": INT,
        "other_dates": array(_row(*_RECORD, MS)),
        "conflicts": array(_row(*_RECORD)),
        "refused": array(_row(*_RECORD, TEXT)),
    }
)
# -------- pairing (RFC 8628)
_CLIENT: Shape = {"const": words.CLIENT_ID}
WISH = _open(
    {
        "client_id": _CLIENT,
        "edge": {"type": "string", "pattern": "^[a-z0-9-]{1,16}$"},
        "version": {"type": "string", "pattern": f"^[!-~]{{1,{words.VERSION_MOST_CHARS}}}$"},
    },
    ("client_id", "edge", "version"),
)
WISHED = record(
    {
        "device_code": TEXT,
        "user_code": TEXT,
        "verification_uri": TEXT,
        "verification_uri_complete": TEXT,
        "expires_in": INT,
        "interval": INT,
    }
)
GRANT = _open(
    {
        "client_id": _CLIENT,
        "grant_type": {"const": words.GRANT_TYPE},
        "device_code": {"type": "string", "minLength": 1},
        "old_token": {**TEXT, "description": "Of the same home: ends when the new one is first used"},
    },
    ("client_id", "grant_type", "device_code"),
)
GRANTED = _open(
    {"access_token": TEXT, "token_type": {"const": "Bearer"}, "site": TEXT, "title": TEXT},
    ("access_token", "token_type"),
)
PAIRING_ERROR = record({"error": TEXT, "error_description": TEXT})
