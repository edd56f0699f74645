"""Words of an OpenAPI document: forms, answers, problems."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
ANY_TIME = {
    400: "The request cannot be read.",
    401: "The server wants its token.",
    403: "Another site's page, a name that is not this server's, or a host that is not allowed.",
}
"""What may be wrong with any request."""
WITH_BODY = ANY_TIME | {
    408: "The body did not arrive in time.",
    413: "The file is larger than is taken.",
    415: "The body is no form, or the file none of the kinds that are taken.",
    422: "A field, or the file, makes no sense; the detail says which and what is wanted.",
    503: "The server is full: try again after Retry-After seconds.",
}
"""And with one that sends a file."""
GONE = {404: "There is no such thing, or it has expired."}


def form(fields: Json, *, closed: bool) -> Json:
    file = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    schema: Json = {"type": "object", "properties": {"file": file, **fields}, "required": ["file"]}
    if closed:
        schema["additionalProperties"] = False
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def problems(statuses: Mapping[int, str]) -> Json:
    return {str(status): _problem(said, status) for status, said in statuses.items()}


def answer(name: str, said: str) -> Json:
    return {"description": said, "content": {"application/json": {"schema": _refers(name)}}}


def headers(*names: str) -> Json:
    return {name: {"schema": {"type": "string"}} for name in names}


def in_path(name: str, pattern: str) -> Json:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _problem(said: str, status: int) -> Json:
    content = {"application/problem+json": {"schema": _refers("Problem")}}
    told: Json = {"description": said, "content": content}
    if status in (401, 503):
        told["headers"] = headers("WWW-Authenticate" if status == 401 else "Retry-After")
    return told


def _refers(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
