"""JSON Schemas (2020-12) of what the HTTP API takes and gives."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


def nullable(schema: Json) -> Json:
    return {"oneOf": [schema, {"type": "null"}]}


def one_of(choices: Sequence[str], usual: str | None = None) -> Json:
    schema: Json = {"type": "string", "enum": list(choices)}
    return schema | {"default": usual} if usual else schema


def number(least: float, most: float, usual: float) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most, "default": usual}


def real(least: float, most: float, usual: float) -> Json:
    return number(least, most, usual) | {"type": "number"}


def _object(**properties: Json) -> Json:
    """All of them are there, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


BOOLEAN: Json = {"type": "boolean"}
BACKGROUND: Json = {
    "type": "string",
    "pattern": r"^(transparent|blur|green|#[0-9a-fA-F]{6}|blur:\d{1,3}(\.\d{1,3})?"
    r"|picture:[A-Za-z0-9_-]{1,64})$",
    "description": "transparent, blur, blur:RADIUS in pixels, green, #RRGGBB, or picture:ID of one "
    "of the backgrounds of GET /settings.",
}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TEXT: Json = {"type": "string"}
_PATH: Json = {"type": "string", "format": "uri-reference"}
_SIZE: Json = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
PROBLEM = _object(type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT)
PICTURE = _object(
    status={"const": "success"},
    id=_TEXT,
    result_url=_PATH,
    matte_url=_PATH,
    width=_COUNT,
    height=_COUNT,
    seconds={"type": "number", "minimum": 0},
    cached=BOOLEAN,
    scaled_from=nullable(_SIZE)
    | {"description": "The size at which it was matted, where that is less than its own."},
    doubts={"type": "array", "items": _TEXT},
)
CLIP = _object(
    id=_TEXT,
    status=one_of(("queued", "running", "done", "failed", "cancelled")),
    frames_done=_COUNT,
    frames_total=nullable(_COUNT),
    fps=nullable({"type": "number"}),
    result_url=nullable(_PATH),
    error=nullable(_TEXT),
    expires=nullable({"type": "string", "format": "date-time"}),
)
_CASE = {
    "id": _TEXT,
    "kind": _TEXT,
    "reason": _TEXT,
    "created": {"type": "string", "format": "date-time"},
}
HARD_CASE = _object(**_CASE)
HARD_CASES = _object(
    kept=BOOLEAN | {"description": "Whether this server keeps any."},
    cases={
        "type": "array",
        "items": _object(**_CASE, bytes=_COUNT, picture_url=_PATH, matte_url=nullable(_PATH)),
    },
)
BEGUN = _object(id=_TEXT, status={"const": "queued"}, url=_PATH, events_url=_PATH)
