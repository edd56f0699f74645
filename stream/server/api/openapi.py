"""What the HTTP API is, for programs: an OpenAPI 3.1 document of this very server."""

from importlib import metadata
from typing import get_args

from stream.server.api.api import Api
from stream.server.api.describe import (
    ANY_TIME,
    GONE,
    WITH_BODY,
    Json,
    answer,
    form,
    headers,
    in_path,
    problems,
)
from stream.server.api.hard_case_paths import hard_case_paths
from stream.server.api.matte_fields import matte_schemas
from stream.server.api.options import GAN, LEAST_SIDE, PictureOutput, VideoOutput
from stream.server.api.schemas import (
    BACKGROUND,
    BEGUN,
    BOOLEAN,
    CLIP,
    HARD_CASE,
    HARD_CASES,
    PICTURE,
    PROBLEM,
    number,
    one_of,
)


def document(api: Api, secured: bool) -> Json:
    """With the limits and the models of a server; `secured`: one that has a token."""
    scheme = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "livematte",
            "version": metadata.version("livematte"),
            "description": "Pictures and clips freed of their background.",
        },
        "paths": _pictures(api) | _rembg(api) | _videos(api) | hard_case_paths() | _itself(),
        "components": {
            "schemas": {
                "Problem": PROBLEM,
                "Picture": PICTURE,
                "Clip": CLIP,
                "Begun": BEGUN,
                "HardCase": HARD_CASE,
                "HardCases": HARD_CASES,
            },
            **({"securitySchemes": scheme} if secured else {}),
        },
        **({"security": [{"token": []}]} if secured else {}),
    }


def _pictures(api: Api) -> Json:
    longest = api.settings.longest_side
    fields = {
        "enable_gan": BOOLEAN | {"default": True},
        "model": one_of(api.models, api.pictures.default_model),
        "background": BACKGROUND | {"default": "transparent"},
        "output": one_of(get_args(PictureOutput), "png"),
        "max_side": number(LEAST_SIDE, longest, longest),
        "edges": one_of(api.pictures.edges, GAN),
        **matte_schemas(),
    }
    made = answer("Picture", "What was made of it, and where to fetch that.")
    clip: Json = {"video/mp4": {}, "video/webm": {}, "video/quicktime": {}}
    found: Json = {
        "description": "The picture, or its matte.",
        "headers": headers("ETag", "Cache-Control"),
        "content": {"image/png": {}, "image/webp": {}} | clip,
    }
    unchanged = {"description": "It is what you have.", "headers": headers("ETag")}
    name = in_path("name", r"^[0-9a-f]{32}((-matte)?\.png|\.webp)$|^[\w-]{22}\.(mp4|webm|mov)$")
    part = {"description": "The part of a clip that was asked for.", "content": clip}
    return {
        "/api/remove-background": {
            "post": {
                "summary": "Free a picture of its background, or put it before another",
                "operationId": "removeBackground",
                "requestBody": form(fields, closed=True),
                "responses": {"200": made} | problems(WITH_BODY),
            }
        },
        "/results/{name}": {
            "get": {
                "summary": "A picture, a matte or a clip that was made",
                "operationId": "fetchResult",
                "parameters": [name],
                "responses": {
                    "200": found,
                    "206": part,
                    "304": unchanged,
                    **problems(ANY_TIME | GONE),
                    "416": {"description": "The clip has no such part."},
                },
            }
        },
    }


def _rembg(api: Api) -> Json:
    byte = {"type": "integer", "minimum": 0, "maximum": 255}
    fields = {
        "model": one_of(api.models, api.pictures.default_model),
        "a": BOOLEAN | {"description": "Refine the edge."},
        "af": byte | {"description": "Levels above which the matte is certain, 240."},
        "ab": byte | {"description": "Levels below which it is certainly background, 10."},
        "ae": {
            "type": "integer",
            "minimum": 0,
            "maximum": 10_000,
            "description": "Pixels by which what is certain is eroded, 10.",
        },
        "om": BOOLEAN | {"description": "The matte alone."},
        "ppm": BOOLEAN | {"description": "Clean the matte up: opened, blurred and cut."},
        "bgc": {
            "type": "string",
            "pattern": r"^((25[0-5]|2[0-4]\d|1?\d?\d),){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
            "description": "R,G,B,A of a background.",
        },
    }
    made = {"description": "The cut-out.", "content": {"image/png": {}}}
    query = [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in ({"url": {"type": "string"}} | fields).items()
    ]
    query[0]["required"] = True
    elsewhere = {502: "Its host did not give the picture."}
    fetched = {status: WITH_BODY[status] for status in (413, 415, 422, 503)}
    return {
        "/api/remove": {
            "post": {
                "summary": "As rembg's server: a picture that is sent",
                "operationId": "remove",
                "requestBody": form(fields, closed=False),
                "responses": {"200": made} | problems(WITH_BODY),
            },
            "get": {
                "summary": "As rembg's server: a picture on a host that is allowed by name",
                "operationId": "removeAt",
                "parameters": query,
                "responses": {"200": made} | problems(ANY_TIME | fetched | elsewhere),
            },
        }
    }


def _videos(api: Api) -> Json:
    fields = {
        "enable_gan": BOOLEAN | {"default": True},
        "model": one_of(api.models, api.default_video_model),
        "background": BACKGROUND | {"default": "transparent"},
        "output": one_of(get_args(VideoOutput)),
        **matte_schemas(),
    }
    begun = answer("Begun", "It is a job from now on.")
    begun["headers"] = headers("Location")
    told = {"description": "Events named progress.", "content": {"text/event-stream": {}}}
    known = problems(ANY_TIME | GONE)
    path = {"parameters": [in_path("id", r"^[\w-]{22}$")]}
    return {
        "/api/videos": {
            "post": {
                "summary": "Free a clip of its background, or put it before another",
                "operationId": "beginVideo",
                "requestBody": form(fields, closed=True),
                "responses": {"202": begun} | problems(WITH_BODY),
            }
        },
        "/api/videos/{id}": path
        | {
            "get": {
                "summary": "How far a clip is",
                "operationId": "showVideo",
                "responses": {"200": answer("Clip", "How far it is.")} | known,
            },
            "delete": {
                "summary": "Cancel a clip, or forget one that has ended",
                "operationId": "endVideo",
                "responses": {"204": {"description": "Done."}} | known,
            },
        },
        "/api/videos/{id}/events": path
        | {
            "get": {
                "summary": "How far a clip is, at every change, until it has ended",
                "operationId": "watchVideo",
                "responses": {"200": told} | known,
            }
        },
    }


def _itself() -> Json:
    itself = {"description": "This document.", "content": {"application/json": {}}}
    return {
        "/api/openapi.json": {
            "get": {
                "summary": "This document",
                "operationId": "document",
                "responses": {"200": itself} | problems(ANY_TIME),
            }
        }
    }
