"""Forms with one file and some words, as `multipart/form-data`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import BodyPartReader, web

from stream.server.problems import Problem
from stream.server.uploads import MALFORMED

T = TypeVar("T")
PICTURE_SECONDS = 60.0
"""In which a form with a picture has to arrive."""
PAUSE_SECONDS = 30.0
"""In which the next part of any form has to arrive."""
LONGEST_FIELD, MOST_FIELDS = 1024, 32
_ENVELOPE = 64 * 1024
"""Bytes beside the file's own that a form may have."""

Take = Callable[[bytes], Awaitable[None]]
"""Is given the file, piece by piece."""


async def read_picture_form(request: web.Request, limit: int) -> tuple[bytes, dict[str, str]]:
    """The field `file`, at most `limit` bytes, and the others; Problem 400, 408, 413, 415, 422."""
    data = bytearray()

    async def take(piece: bytes) -> None:
        data.extend(piece)

    try:
        async with asyncio.timeout(PICTURE_SECONDS):
            fields = await read_form(request, limit, take)
    except TimeoutError:
        raise _late() from None
    return bytes(data), fields


async def read_form(request: web.Request, limit: int, take: Take) -> dict[str, str]:
    """Hand the field `file` to `take`, and give the others; Problem 400, 408, 413, 415 or 422."""
    if request.content_type != "multipart/form-data":
        raise Problem(415, "Send multipart/form-data.")
    if (request.content_length or 0) > limit + _ENVELOPE:
        raise _too_large(limit)
    try:
        return await _read(request, limit, take)
    except TimeoutError:
        raise _late() from None
    except ConnectionError:
        raise Problem(400, "The upload broke off.") from None
    except MALFORMED:
        raise Problem(400, "This form cannot be read.") from None


async def _read(request: web.Request, limit: int, take: Take) -> dict[str, str]:
    fields: dict[str, str] = {}
    reader, has_file = await request.multipart(), False
    while (part := await _soon(reader.next())) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise Problem(400, "Every field of the form has to have a name and one value.")
        if part.name in fields or (part.name == "file" and has_file):
            raise Problem(422, f"field {part.name[:40]!r}: is there twice.")
        if part.name == "file":
            has_file = await _hand_over(part, limit, take)
        elif len(fields) == MOST_FIELDS:
            raise Problem(422, f"At most {MOST_FIELDS} fields are taken.")
        else:
            fields[part.name] = await _text(part)
    if not has_file:
        raise Problem(422, "The form has to have a field named file, with the file's content.")
    return fields


async def _hand_over(part: BodyPartReader, limit: int, take: Take) -> bool:
    size = 0
    while piece := await _soon(part.read_chunk()):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        await take(piece)
    return True


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while piece := await _soon(part.read_chunk()):
        data += piece
        if len(data) > LONGEST_FIELD:
            raise Problem(422, f"field {str(part.name)[:40]!r}: at most {LONGEST_FIELD} bytes.")
    return data.decode()  # a UnicodeDecodeError is a ValueError: this form cannot be read


async def _soon(what: Awaitable[T]) -> T:
    async with asyncio.timeout(PAUSE_SECONDS):
        return await what


def _late() -> Problem:
    return Problem(408, "The upload did not arrive in time.")


def _too_large(limit: int) -> Problem:
    return Problem(413, f"At most {limit / 2**20:g} MiB are taken.")
