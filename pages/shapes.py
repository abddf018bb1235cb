"""The shape of every answer of the read API as JSON Schema: exactly these properties, null where missing."""

from typing import Any

from metering.gap import CAUSES
from metering.quantity import QUANTITIES

Shape = dict[str, Any]


def _object(properties: Shape) -> Shape:
    """An object that has exactly these properties."""
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def _or_null(kind: str, **more: Any) -> Shape:
    return {"type": [kind, "null"], **more}


_INT: Shape = {"type": "integer"}
_NUMBER: Shape = {"type": "number"}
_TEXT: Shape = {"type": "string"}
_BOOL: Shape = {"type": "boolean"}
_MS: Shape = {"type": "integer", "description": "ms since 1970, UTC"}
_MS_OR_NULL: Shape = {"type": ["integer", "null"], "description": "ms since 1970, UTC"}
_INT_OR_NULL = _or_null("integer")
_TEXT_OR_NULL = _or_null("string")

ERROR = _object(
    {
        "error": {"type": "string", "description": "What is wrong: a parameter's name, or a word"},
        "message": _TEXT,
    }
)
PULSE = _object({"ok": _BOOL, "lag_s": _NUMBER, "lag_rows": _INT, "reason": _TEXT_OR_NULL})
_VALUES = _object({q.base: _or_null("number", description=q.unit or "no unit") for q in QUANTITIES})
_CAUSE_SUMS: Shape = {
    "type": "object",
    "description": "By cause; known words: " + ", ".join(CAUSES),
    "additionalProperties": _object({"gaps": _INT, "records": _INT, "ms": _INT}),
}
_RECORDS: Shape = {"type": "object", "description": "Records by cause", "additionalProperties": _INT}
_LEDGER_SUMS: Shape = {
    "produced": _INT,
    "stored": _INT,
    "explained": _RECORDS,
    "unexplained": {"type": "integer", "description": "Neither stored nor in a gap"},
    "twice": {"type": "integer", "description": "Stored and in a gap, or stored twice"},
    "estimated": {"type": "integer", "description": "Beside produced: about how many died in silences"},
    "silent_ms": _INT,
}
_SYNC = _object(
    {
        "state": {
            "type": "string",
            "description": (
                "ok, catching-up, offline, not-admitted, off, alone; on the cloud fresh, silent, never"
            ),
        },
        "backlog_rows": _INT_OR_NULL,
        "last_ms": _MS_OR_NULL,
        "share_percent": _INT,
    }
)
_PROOF: Shape = {
    "days": _INT, "rows": _INT, "equal": _INT, "quarantined": _INT, "conflicts": _INT, "at_ms": _MS_OR_NULL,
}  # fmt: skip
_CLOCK: Shape = {"type": "string", "enum": ["ntp", "rtc", "trust", "machine", "unknown"]}
_SIDES: Shape = {
    "devices": _list(
        _object(
            {
                "source": _TEXT,
                "boot": _INT,
                "last_heard_ms": _MS_OR_NULL,
                "last_seq": _INT_OR_NULL,
                "queued": _INT_OR_NULL,
                "state": {"type": "string", "enum": ["live", "silent"]},
                "firmware": _TEXT_OR_NULL,
                "reset_cause": _TEXT_OR_NULL,
            }
        )
    ),
    "edge": _object(
        {
            "last_ms": _MS_OR_NULL,
            "seq": _INT_OR_NULL,
            "waiting_rows": _INT_OR_NULL,
            "undated_rows": _INT_OR_NULL,
            "garbled_lines": _INT_OR_NULL,
            "refused_lines": _INT_OR_NULL,
            "conflicts": _INT_OR_NULL,
            "clock": _CLOCK,
            "notices": _list(_object({"kind": _TEXT, "fields": {"type": "object"}})),
            "clock_steps": {
                **_list(_object({"at_ms": _MS, "by_ms": _INT_OR_NULL, "source": _CLOCK})),
                "type": ["array", "null"],
                "description": "When the clock was corrected, newest first; by_ms null: the time became known",
            },
        }
    ),
    "clouds": _list(
        _object(
            {
                "url": _TEXT,
                "state": {"type": "string", "enum": ["ok", "catching-up", "offline", "not-admitted", "off"]},
                "last_ack_ms": _MS_OR_NULL,
                "backlog_rows": _INT_OR_NULL,
                "refused_rows": _INT,
                "reason": _TEXT_OR_NULL,
                "seq": _INT_OR_NULL,
                "rows_per_s": _INT_OR_NULL,
                "left_s": _or_null("integer", description="About how long until nothing is behind"),
                "proof": {**_object(_PROOF), "type": ["object", "null"]},
            }
        )
    ),
}
ANSWERS: dict[str, Shape] = {
    "meters": _object(
        {
            "meters": _list(
                _object(
                    {
                        "meter": _TEXT,
                        "source": _TEXT,
                        "channel": _INT,
                        "first_ms": _MS_OR_NULL,
                        "last_ms": _MS_OR_NULL,
                    }
                )
            )
        }
    ),
    "latest": _object(
        {
            "now_ms": _MS,
            "timezone": _TEXT,
            "sync": _SYNC,
            "meters": _list(
                _object(
                    {
                        "meter": _TEXT,
                        "boot": _INT,
                        "seq": _INT,
                        "taken_ms": _MS_OR_NULL,
                        "age_ms": _INT_OR_NULL,
                        "stale": _BOOL,
                        "estimated": _BOOL,
                        "interval_ms": _INT,
                        "today_wh": _INT_OR_NULL,
                        "values": _VALUES,
                    }
                )
            ),
        }
    ),
    "series": _object(
        {
            "meter": _TEXT,
            "quantity": _TEXT,
            "unit": _TEXT,
            "from_ms": _MS,
            "to_ms": _MS,
            "bucket_ms": _INT,
            "t": _list(_MS),
            "mean": _list(_or_null("number")),
            "min": _list(_or_null("number")),
            "max": _list(_or_null("number")),
            "gaps": _list(_object({"from_ms": _MS, "to_ms": _MS, "cause": _TEXT_OR_NULL})),
        }
    ),
    "energy": _object(
        {
            "meter": _TEXT,
            "period": _TEXT,
            "timezone": _TEXT,
            "buckets": _list(
                _object(
                    {
                        "from_ms": _MS,
                        "to_ms": _MS,
                        "energy_wh": _INT_OR_NULL,
                        "readings": _INT,
                    }
                )
            ),
            "events": _list(
                _object(
                    {
                        "at_ms": _MS,
                        "kind": {"type": "string", "enum": ["reset", "wrap", "exchange"]},
                        "before_wh": _INT,
                        "after_wh": _INT,
                    }
                )
            ),
        }
    ),
    "gaps": _object(
        {
            "gaps": _list(
                _object(
                    {
                        "source": _TEXT,
                        "boot": _INT,
                        "from_seq": _INT,
                        "to_seq": _INT,
                        "cause": _TEXT,
                        "from_ms": _MS_OR_NULL,
                        "to_ms": _MS_OR_NULL,
                        "estimated_records": _or_null(
                            "integer", description="In a silence: about how many, at the pace before it"
                        ),
                        "energy_wh": _or_null(
                            "object",
                            description="What each meter's counter moved across it; null: not looked up",
                            additionalProperties=_INT_OR_NULL,
                        ),
                    }
                )
            ),
            "by_cause": _CAUSE_SUMS,
            "next": _or_null("string", description="`after` of the request for the gaps that follow"),
        }
    ),
    "ledger": _object(
        {
            "from_ms": _MS,
            "to_ms": _MS,
            "hours": _list(
                _object(
                    {
                        "source": _TEXT,
                        "hour_ms": {**_MS_OR_NULL, "description": "Begin of the UTC hour; null: no date"},
                        "meters": {
                            "type": "object",
                            "description": "Stored rows by meter",
                            "additionalProperties": _INT,
                        },
                        **_LEDGER_SUMS,
                    }
                )
            ),
            "totals": _object(_LEDGER_SUMS),
        }
    ),
    "health": _object(
        {
            "now_ms": _MS,
            "twin": {"type": "string", "enum": ["edge", "cloud"]},
            "timezone": _TEXT,
            **_SIDES,
            "sync": _SYNC,
            "gaps": _object(
                {
                    "from_ms": _MS,
                    "to_ms": _MS,
                    "by_cause": _CAUSE_SUMS,
                    "unexplained": _INT,
                    "unexplained_ms": _INT,
                    "recorded_ms": _INT,
                    "watched_ms": _INT,
                }
            ),
            "ledger": _list(
                _object(
                    {
                        "source": _TEXT,
                        "produced": _INT,
                        "stored": _INT,
                        "explained": _INT,
                        "unexplained": _INT,
                        "twice": _INT,
                        "estimated": _INT,
                    }
                )
            ),
        }
    ),
    "readings": _object(
        {
            "readings": _list(
                {
                    "type": "object",
                    "description": "every quantity by its base name, or its stored one with raw=1",
                    "properties": {"meter": _TEXT, "boot": _INT, "seq": _INT, "taken_ms": _MS_OR_NULL},
                    "required": ["meter", "boot", "seq", "taken_ms"],
                    "additionalProperties": _or_null("number"),
                }
            )
        }
    ),
}
