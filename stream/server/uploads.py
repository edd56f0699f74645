"""A file that a page sends, as `multipart/form-data`."""

import asyncio
import re
from urllib.parse import unquote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from stream.server.picture_file import UPLOAD_BYTES
from stream.server.problems import Problem

UPLOAD_SECONDS = 30.0
"""In which an upload has to arrive."""
LONGEST_TITLE = 60
MALFORMED = (ValueError, AssertionError, RuntimeError, HttpProcessingError)
"""What aiohttp raises at a form that is none."""
_ENVELOPE = 4096
"""Bytes beside the file's own that a form may have."""


async def read_upload(request: web.Request) -> tuple[bytes, str]:
    """The field `file` and a title made of its name; Problem 400, 408, 413 or 415."""
    if request.content_type != "multipart/form-data":
        raise Problem(415, "Send multipart/form-data.")
    if (request.content_length or 0) > UPLOAD_BYTES + _ENVELOPE:
        raise _too_large()
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await _first_file(request)
    except TimeoutError:
        raise Problem(408, "The upload did not arrive in time.") from None
    except ConnectionError:
        raise Problem(400, "The upload broke off.") from None
    except MALFORMED:
        raise Problem(400, "This form cannot be read.") from None


async def _first_file(request: web.Request) -> tuple[bytes, str]:
    part = await (await request.multipart()).next()
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise Problem(400, "The first field of the form has to be the file, and be named so.")
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > UPLOAD_BYTES:
            raise _too_large()
    return bytes(data), title_of(part.filename or "")


def title_of(name: str) -> str:
    """What is shown of a file's name: no path, no ending, no control characters."""
    stem = re.sub(r"\.\w{1,5}$", "", re.split(r"[/\\]", unquote(name))[-1])
    return "".join(char for char in stem if char.isprintable())[:LONGEST_TITLE] or "Picture"


def _too_large() -> Problem:
    return Problem(413, f"At most {UPLOAD_BYTES // 2**20} MB are taken.")
