"""Bodies of requests, as far as they are wanted."""

import asyncio
import json
from typing import Any

from aiohttp import web

from stream.server.problems import Problem

BODY_SECONDS = 5.0
"""In which a body has to arrive."""
JSON_BYTES = SDP_BYTES = 64 * 1024
LARGEST_JSON_OFFER = 2 * SDP_BYTES


async def read_body(request: web.Request, limit: int, *content_types: str) -> bytes:
    """At most `limit` bytes of one of the types; Problem 400, 408, 413 or 415 otherwise."""
    if content_types and request.content_type not in content_types:
        raise Problem(415, f"Send {' or '.join(content_types)}.")
    if (request.content_length or 0) > limit:
        raise Problem(413, f"At most {limit} bytes are taken here.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _up_to(request, limit)
    except TimeoutError:
        raise Problem(408, "The body did not arrive in time.") from None
    except ConnectionError:
        raise Problem(400, "The body broke off.") from None


async def _up_to(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise Problem(413, f"At most {limit} bytes are taken here.")
    return bytes(body)


async def read_json(request: web.Request, limit: int = JSON_BYTES) -> dict[str, Any]:
    """A JSON object; Problem 400 if it is none."""
    return parse_json(await read_body(request, limit, "application/json"))


def parse_json(text: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem(400, "This is not JSON.") from None
    if not isinstance(value, dict):
        raise Problem(400, "A JSON object is wanted.")
    return value


async def read_text(request: web.Request, content_type: str) -> str:
    """UTF-8 text such as SDP; Problem 400 if it is none."""
    try:
        return (await read_body(request, SDP_BYTES, content_type)).decode()
    except UnicodeDecodeError:
        raise Problem(400, "This is not UTF-8.") from None
