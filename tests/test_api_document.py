"""The OpenAPI document is true: schemathesis sends what it allows, and what it does not."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stream.server.api.settings import ApiSettings
from stream.server.app import make_app, serving
from stream.server.networks import Networks
from stream.server.settings import ServerSettings
from tests.api_serving import api, make, room_png
from tests.calling import Half

OPERATIONS = [
    ("GET", "/api/openapi.json"),
    ("POST", "/api/remove-background"),
    ("GET", "/api/remove"),
    ("POST", "/api/remove"),
    ("GET", "/results/{name}"),
    ("POST", "/api/videos"),
    ("GET", "/api/videos/{id}"),
    ("DELETE", "/api/videos/{id}"),
    ("GET", "/api/videos/{id}/events"),
    ("POST", "/api/hard-cases"),
    ("GET", "/api/hard-cases"),
    ("GET", "/api/hard-cases/export"),
    ("DELETE", "/api/hard-cases/{id}"),
    ("GET", "/api/hard-cases/{id}/{file}"),
]
TAKES_NOTHING = {
    ("GET", path) for path in ("/api/openapi.json", "/api/hard-cases", "/api/hard-cases/export")
}
MAKES = {"/api/remove-background": 200, "/api/remove": 200, "/api/hard-cases": 201}
"""Where a good picture is sent, and what the answer is then."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = hypothesis.settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def in_a_thread(settings: ServerSettings) -> Iterator[str]:
    """A server with a loop of its own, for a client that blocks."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    urls: list[str] = []

    async def live() -> None:
        async with serving(settings, Networks({"half": Half})) as url:
            urls.append(url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = ApiSettings(folder=tmp_path_factory.mktemp("kept"))
    drawer = tmp_path_factory.mktemp("drawer")
    with in_a_thread(ServerSettings(port=0, model="half", hard_cases=drawer, api=kept)) as url:
        yield url


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_answer_is_other_than_the_document_says(
    url: str, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_url(f"{url}/api/openapi.json")[path][method]
    if mode is GenerationMode.NEGATIVE and (method, path) in TAKES_NOTHING:
        pytest.skip("it takes nothing that could be wrong")
    statuses = set()

    @EXAMPLES
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if isinstance(case.body, dict) and len(case.body.get("file", b"")) % 2:
            case.body["file"] = room_png()  # else no answer would be a good one
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    ask()
    if mode is GenerationMode.POSITIVE and method == "POST" and path in MAKES:
        assert MAKES[path] in statuses


async def test_every_address_of_the_api_is_in_the_document(tmp_path: Path) -> None:
    app = make_app(ServerSettings(api=ApiSettings(folder=tmp_path)), Networks({"half": Half}))
    routes = [(route.method, route.resource) for route in app.router.routes() if route.resource]
    served = {
        (method, re.sub(r"^/results/.*", "/results/{name}", resource.canonical))
        for method, resource in routes
        if method != "HEAD" and resource.canonical.startswith(("/api/", "/results/"))
    }
    assert served == set(OPERATIONS)


async def test_the_document_names_this_server_s_models_limits_and_token(tmp_path: Path) -> None:
    allowed = {"Authorization": "Bearer sixteen-or-longer"}
    async with api(tmp_path, token="sixteen-or-longer", longest_side=512) as client:
        for method, path in OPERATIONS:
            named = path.format(name="0" * 32 + ".png", id="x" * 22, file="picture.png")
            assert (await client.request(method, named)).status == 401, named
        async with client.get("/api/openapi.json", headers=allowed) as answer:
            document = await answer.json()
    assert document["security"] == [{"token": []}]
    post = document["paths"]["/api/remove-background"]["post"]
    fields = post["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert fields["model"]["enum"] == ["half", "other"]
    assert fields["max_side"]["maximum"] == 512


async def test_a_result_answers_as_the_document_says(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        _, made = await make(client, room_png())
        document = await (await client.get("/api/openapi.json")).json()
        described = document["paths"]["/results/{name}"]["get"]
        for path in (made["result_url"], made["matte_url"]):
            async with client.get(path) as answer:
                assert answer.content_type in described["responses"]["200"]["content"]
            name = path.removeprefix("/results/")
            assert re.search(described["parameters"][0]["schema"]["pattern"], name)
