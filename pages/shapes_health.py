"""The shape of the read API's answer about a site's condition, as JSON Schema: devices, Pi, clouds, gaps."""

from metering.gap import CAUSES
from pages.schema import (
    INT,
    INT_OR_NULL,
    MS,
    MS_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    Shape,
    array,
    or_null,
    record,
)

CAUSE_SUMS: Shape = {
    "type": "object",
    "description": "By cause; known words: " + ", ".join(CAUSES),
    "additionalProperties": record({"gaps": INT, "records": INT, "ms": INT}),
}
SYNC = record(
    {
        "state": {
            "type": "string",
            "description": (
                "ok, catching-up, offline, not-admitted, off, alone; on the cloud fresh, silent, never"
            ),
        },
        "backlog_rows": INT_OR_NULL,
        "last_ms": MS_OR_NULL,
        "share_percent": INT,
    }
)
_PROOF: Shape = {
    "days": INT, "rows": INT, "equal": INT, "quarantined": INT, "conflicts": INT, "at_ms": MS_OR_NULL,
}  # fmt: skip
_CLOCK: Shape = {"type": "string", "enum": ["ntp", "rtc", "trust", "machine", "unknown"]}
_SIDES: Shape = {
    "devices": array(
        record(
            {
                "source": TEXT,
                "boot": INT,
                "last_heard_ms": MS_OR_NULL,
                "last_seq": INT_OR_NULL,
                "queued": INT_OR_NULL,
                "state": {"type": "string", "enum": ["live", "silent"]},
                "firmware": TEXT_OR_NULL,
                "reset_cause": TEXT_OR_NULL,
            }
        )
    ),
    "edge": record(
        {
            "last_ms": MS_OR_NULL,
            "seq": INT_OR_NULL,
            "waiting_rows": INT_OR_NULL,
            "undated_rows": INT_OR_NULL,
            "garbled_lines": INT_OR_NULL,
            "refused_lines": INT_OR_NULL,
            "conflicts": INT_OR_NULL,
            "clock": _CLOCK,
            "notices": array(record({"kind": TEXT, "fields": {"type": "object"}})),
            "clock_steps": {
                **array(record({"at_ms": MS, "by_ms": INT_OR_NULL, "source": _CLOCK})),
                "type": ["array", "null"],
                "description": "When the clock was corrected, newest first; by_ms null: the time became known",
            },
            "version": TEXT_OR_NULL,
            "unsent_rows": INT_OR_NULL,
        }
    ),
    "clouds": array(
        record(
            {
                "url": TEXT,
                "state": {"type": "string", "enum": ["ok", "catching-up", "offline", "not-admitted", "off"]},
                "last_ack_ms": MS_OR_NULL,
                "backlog_rows": INT_OR_NULL,
                "refused_rows": INT,
                "reason": TEXT_OR_NULL,
                "seq": INT_OR_NULL,
                "rows_per_s": INT_OR_NULL,
                "left_s": or_null("integer", description="About how long until nothing is behind"),
                "proof": {**record(_PROOF), "type": ["object", "null"]},
            }
        )
    ),
}
HEALTH = record(
    {
        "now_ms": MS,
        "twin": {"type": "string", "enum": ["edge", "cloud"]},
        "timezone": TEXT,
        **_SIDES,
        "sync": SYNC,
        "gaps": record(
            {
                "from_ms": MS,
                "to_ms": MS,
                "by_cause": CAUSE_SUMS,
                "unexplained": INT,
                "unexplained_ms": INT,
                "recorded_ms": INT,
                "watched_ms": INT,
            }
        ),
        "ledger": array(
            record(
                {
                    "source": TEXT,
                    "produced": INT,
                    "stored": INT,
                    "explained": INT,
                    "unexplained": INT,
                    "twice": INT,
                    "estimated": INT,
                }
            )
        ),
    }
)
