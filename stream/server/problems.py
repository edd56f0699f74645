"""Errors as HTTP tells them: RFC 9457, `application/problem+json`."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

RETRY_SECONDS = 5


class Problem(Exception):
    """What is wrong with a request: a status, and a sentence for the user."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.headers = status, dict(headers or {})


class Full(Problem):
    """No more can be served for now."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, detail, {"Retry-After": str(RETRY_SECONDS)})


def problem_response(problem: Problem) -> web.Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": str(problem),
    }
    return web.Response(
        status=problem.status,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers=problem.headers,
    )
