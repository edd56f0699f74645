"""The drawer of hard cases, as the OpenAPI document tells it."""

from stream.hard_cases import KINDS, REASONS
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
from stream.server.api.schemas import one_of

FULL = {507: "No more is kept: export what there is, and remove some."}
_ZIP = "application/zip"
_ID = r"^[0-9a-f]{16}$"


def hard_case_paths() -> Json:
    """A server that keeps none answers 403 to all but the list."""
    fields: Json = {
        "consent": {"const": "true"},
        "id": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "Of its result."},
        "kind": one_of(KINDS) | {"description": "Guessed, where it is left out."},
        "reason": one_of(REASONS, "marked"),
    }
    kept = form(fields, closed=True)
    kept["content"]["multipart/form-data"]["schema"]["required"].append("consent")
    known = problems(ANY_TIME | GONE)
    png = {"description": "It.", "headers": headers("ETag"), "content": {"image/png": {}}}
    folder = {"description": "A folder that `livematte eval` reads.", "content": {_ZIP: {}}}
    case = {"parameters": [in_path("id", _ID)]}
    file = {"parameters": [in_path("id", _ID), in_path("file", "^(picture|matte)$")]}
    return {
        "/api/hard-cases": {
            "post": {
                "summary": "Keep a picture that is hard to matte, by consent, on the server",
                "operationId": "keepHardCase",
                "requestBody": kept,
                "responses": {
                    "201": answer("HardCase", "It is kept."),
                    **problems(WITH_BODY | FULL),
                },
            },
            "get": {
                "summary": "What is kept, the newest first",
                "operationId": "listHardCases",
                "responses": {"200": answer("HardCases", "All of it."), **problems(ANY_TIME)},
            },
        },
        "/api/hard-cases/export": {
            "get": {
                "summary": "All that is kept, as a ZIP",
                "operationId": "exportHardCases",
                "responses": {"200": folder, **problems(ANY_TIME)},
            }
        },
        "/api/hard-cases/{id}": case
        | {
            "delete": {
                "summary": "Remove it from the disk",
                "operationId": "removeHardCase",
                "responses": {"204": {"description": "It is gone."}, **known},
            }
        },
        "/api/hard-cases/{id}/{file}": file
        | {
            "get": {
                "summary": "Its picture, or the matte of it",
                "operationId": "showHardCase",
                "responses": {
                    "200": png,
                    "206": png | {"description": "A part of it."},
                    "304": {"description": "It is what you have.", "headers": headers("ETag")},
                    "412": {"description": "It is not what you have."},
                    "416": {"description": "It has no such part."},
                    **known,
                },
            }
        },
    }
