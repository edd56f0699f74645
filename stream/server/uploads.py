"""A file that a page sends, as `multipart/form-data`, and what it says of it."""

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from stream.server.picture_file import UPLOAD_BYTES
from stream.server.problems import Problem

UPLOAD_SECONDS = 30.0
"""In which an upload has to arrive."""
LONGEST_TITLE = 60
_ENVELOPE = 4096
"""Bytes beside the file's own that a form may have."""
_LONGEST_FIELD, _MOST_FIELDS = 256, 16


@dataclass(slots=True)
class Form:
    """The field `file`, a title made of its name, and the other fields as text."""

    data: bytes | None = None
    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)


async def read_upload(request: web.Request) -> tuple[bytes, str]:
    """The field `file` and a title made of its name; Problem 400, 408, 413 or 415."""
    form = await read_form(request, UPLOAD_BYTES)
    assert form.data is not None
    return form.data, form.title


async def read_form(request: web.Request, most_bytes: int) -> Form:
    """A form with a file of at most so many bytes; Problem 400, 408, 413 or 415."""
    if request.content_type != "multipart/form-data":
        raise Problem(415, "Send multipart/form-data.")
    if (request.content_length or 0) > most_bytes + _ENVELOPE:
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            form = await _parts(request, most_bytes)
    except TimeoutError:
        raise Problem(408, "The upload did not arrive in time.") from None
    except ConnectionError:
        raise Problem(400, "The upload broke off.") from None
    except (ValueError, AssertionError, RuntimeError):  # aiohttp's, at a malformed form
        raise Problem(400, "This form cannot be read.") from None
    if form.data is None:
        raise Problem(400, "The form needs a field named file, with the file.")
    return form


async def _parts(request: web.Request, most_bytes: int) -> Form:
    form = Form()
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name:
            raise Problem(400, "Every field of the form has a name, and is no form itself.")
        if part.name == "file":
            form.data = await _content(part, most_bytes)
            form.title = title_of(part.filename or "")
        else:
            form.fields[part.name] = (await _content(part, _LONGEST_FIELD)).decode()
        if len(form.fields) > _MOST_FIELDS:
            raise Problem(400, f"At most {_MOST_FIELDS} fields are taken.")
    return form


async def _content(part: BodyPartReader, most_bytes: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(data)


def title_of(name: str) -> str:
    """What is shown of a file's name: no path, no ending, no control characters."""
    stem = re.sub(r"\.\w{1,5}$", "", re.split(r"[/\\]", unquote(name))[-1])
    return "".join(char for char in stem if char.isprintable())[:LONGEST_TITLE] or "Picture"


def _too_large(most_bytes: int) -> Problem:
    most = f"{most_bytes // 2**20} MB" if most_bytes >= 2**20 else f"{most_bytes} bytes"
    return Problem(413, f"At most {most} are taken.")
