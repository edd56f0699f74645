"""Fixtures shared by the tests."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from pipeline.errors import ModelError
from pipeline.model_files import pull, verify
from pipeline.models import ModelEntry, find_entry
from tests.browser import chromium
from tests.clips import make_clip
from tests.running import Command
from tests.stub_call_server import StubCallServer
from tests.stub_studio_server import StubStudioServer

# A shell's background job ignores Ctrl-C, and so would the servers that tests start and end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def u2netp() -> ModelEntry:
    """The default model, fetched into the cache if it is not there."""
    entry = find_entry("u2netp")
    try:
        verify(entry)
    except ModelError:
        pull(entry)
    return entry


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For torch: a small network is not worth two, and beside others they wait for each other."""
    torch = pytest.importorskip("torch", reason="torch is in the extra `train`")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def livematte(capfd: pytest.CaptureFixture[str]) -> Command:
    """The command, run in this process."""
    return Command(capfd)


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the cache of models."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("LIVEMATTE_MODELS", os.fspath(folder))
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for the tests of the page."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[StubCallServer]:
    """What stands in for the server of calls before the page."""
    async with StubCallServer().serving() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def studio() -> AsyncIterator[StubStudioServer]:
    """What stands in for the server before the studio."""
    async with StubStudioServer().serving() as started:
        assert isinstance(started, StubStudioServer)
        yield started
