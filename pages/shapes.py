"""The shape of every answer of the read API as JSON Schema: exactly these properties, null where missing."""

from metering.quantity import QUANTITIES
from pages.schema import (
    BOOL,
    INT,
    INT_OR_NULL,
    MS,
    MS_OR_NULL,
    NUMBER,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    Shape,
    array,
    or_null,
    record,
)
from pages.shapes_health import CAUSE_SUMS, HEALTH, SYNC

ERROR = record(
    {
        "error": {"type": "string", "description": "What is wrong: a parameter's name, or a word"},
        "message": TEXT,
    }
)
PULSE = record({"ok": BOOL, "lag_s": NUMBER, "lag_rows": INT, "reason": TEXT_OR_NULL})
_VALUES = record({q.base: or_null("number", description=q.unit or "no unit") for q in QUANTITIES})
_RECORDS: Shape = {"type": "object", "description": "Records by cause", "additionalProperties": INT}
_LEDGER_SUMS: Shape = {
    "produced": INT,
    "stored": INT,
    "explained": _RECORDS,
    "unexplained": {"type": "integer", "description": "Neither stored nor in a gap"},
    "twice": {"type": "integer", "description": "Stored and in a gap, or stored twice"},
    "estimated": {"type": "integer", "description": "Beside produced: about how many died in silences"},
    "silent_ms": INT,
}
ANSWERS: dict[str, Shape] = {
    "meters": record(
        {
            "meters": array(
                record(
                    {
                        "meter": TEXT,
                        "source": TEXT,
                        "channel": INT,
                        "first_ms": MS_OR_NULL,
                        "last_ms": MS_OR_NULL,
                        "name": TEXT,
                        "room": TEXT_OR_NULL,
                        "phase": TEXT_OR_NULL,
                        "colour": INT,
                        "limits": {
                            "type": "object",
                            "description": "[low, high] in base units by column; null: no limit on that side",
                            "additionalProperties": array(NUMBER_OR_NULL),
                        },
                    }
                )
            )
        }
    ),
    "latest": record(
        {
            "now_ms": MS,
            "timezone": TEXT,
            "sync": SYNC,
            "meters": array(
                record(
                    {
                        "meter": TEXT,
                        "boot": INT,
                        "seq": INT,
                        "taken_ms": MS_OR_NULL,
                        "age_ms": INT_OR_NULL,
                        "stale": BOOL,
                        "estimated": BOOL,
                        "interval_ms": INT,
                        "today_wh": INT_OR_NULL,
                        "values": _VALUES,
                        "judged": {
                            "type": "object",
                            "description": "Quantities beyond or near a limit, by name; empty while it is stale",
                            "additionalProperties": record(
                                {
                                    "verdict": {"enum": ["over", "under", "near-over", "near-under"]},
                                    "limit": NUMBER,
                                }
                            ),
                        },
                    }
                )
            ),
        }
    ),
    "series": record(
        {
            "meter": TEXT,
            "quantity": TEXT,
            "unit": TEXT,
            "from_ms": MS,
            "to_ms": MS,
            "bucket_ms": INT,
            "t": array(MS),
            "mean": array(or_null("number")),
            "min": array(or_null("number")),
            "max": array(or_null("number")),
            "gaps": array(record({"from_ms": MS, "to_ms": MS, "cause": TEXT_OR_NULL})),
        }
    ),
    "energy": record(
        {
            "meter": TEXT,
            "period": TEXT,
            "timezone": TEXT,
            "buckets": array(
                record(
                    {
                        "from_ms": MS,
                        "to_ms": MS,
                        "energy_wh": INT_OR_NULL,
                        "readings": INT,
                    }
                )
            ),
            "events": array(
                record(
                    {
                        "at_ms": MS,
                        "kind": {"type": "string", "enum": ["reset", "wrap", "exchange"]},
                        "before_wh": INT,
                        "after_wh": INT,
                    }
                )
            ),
        }
    ),
    "gaps": record(
        {
            "gaps": array(
                record(
                    {
                        "source": TEXT,
                        "boot": INT,
                        "from_seq": INT,
                        "to_seq": INT,
                        "cause": TEXT,
                        "from_ms": MS_OR_NULL,
                        "to_ms": MS_OR_NULL,
                        "estimated_records": or_null(
                            "integer", description="In a silence: about how many, at the pace before it"
                        ),
                        "energy_wh": or_null(
                            "object",
                            description="What each meter's counter moved across it; null: not looked up",
                            additionalProperties=INT_OR_NULL,
                        ),
                    }
                )
            ),
            "by_cause": CAUSE_SUMS,
            "next": or_null("string", description="`after` of the request for the gaps that follow"),
        }
    ),
    "ledger": record(
        {
            "from_ms": MS,
            "to_ms": MS,
            "hours": array(
                record(
                    {
                        "source": TEXT,
                        "hour_ms": {**MS_OR_NULL, "description": "Begin of the UTC hour; null: no date"},
                        "meters": {
                            "type": "object",
                            "description": "Stored rows by meter",
                            "additionalProperties": INT,
                        },
                        **_LEDGER_SUMS,
                    }
                )
            ),
            "totals": record(_LEDGER_SUMS),
        }
    ),
    "health": HEALTH,
    "readings": record(
        {
            "readings": array(
                {
                    "type": "object",
                    "description": "every quantity by its base name, or its stored one with raw=1",
                    "properties": {"meter": TEXT, "boot": INT, "seq": INT, "taken_ms": MS_OR_NULL},
                    "required": ["meter", "boot", "seq", "taken_ms"],
                    "additionalProperties": or_null("number"),
                }
            )
        }
    ),
}
