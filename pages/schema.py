"""Small pieces of JSON Schema, of which the shapes of the read API are put together."""

from typing import Any

Shape = dict[str, Any]


def record(properties: Shape) -> Shape:
    """An object that has exactly these properties."""
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def array(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def or_null(kind: str, **more: Any) -> Shape:
    return {"type": [kind, "null"], **more}


INT: Shape = {"type": "integer"}
NUMBER: Shape = {"type": "number"}
TEXT: Shape = {"type": "string"}
BOOL: Shape = {"type": "boolean"}
MS: Shape = {"type": "integer", "description": "ms since 1970, UTC"}
MS_OR_NULL: Shape = {"type": ["integer", "null"], "description": "ms since 1970, UTC"}
INT_OR_NULL = or_null("integer")
TEXT_OR_NULL = or_null("string")
NUMBER_OR_NULL = or_null("number")
