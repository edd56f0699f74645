"""Pictures that lie elsewhere: from allowed names alone, and never from a private address."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from stream.server.api.fetch import PORTS, Fetcher, is_public
from stream.server.problems import Problem

LOOPBACK = "127.0.0.1"
PUBLIC = "93.184.215.14"


class Names:
    """Looks names up, and counts how often; the last answer is given for ever."""

    def __init__(self, **answers: Sequence[list[str]]) -> None:
        self.asked: list[str] = []
        self._answers = {name.replace("_", "."): list(found) for name, found in answers.items()}

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        found = self._answers.get(host)
        if not found:
            raise OSError(f"{host}: unknown")
        return found.pop(0) if len(found) > 1 else found[0]


@asynccontextmanager
async def elsewhere(
    monkeypatch: pytest.MonkeyPatch, **answers: web.Response
) -> AsyncIterator[list[str]]:
    """A server whose port is taken for HTTP's own; gives the hosts that it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.host.partition(":")[0])
        return answers[request.match_info["name"]]

    app = web.Application()
    app.add_routes([web.get("/{name}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    monkeypatch.setitem(PORTS, "http", runner.addresses[0][1])
    try:
        yield asked
    finally:
        await runner.cleanup()


def moved(to: str, status: int = 302) -> web.Response:
    return web.Response(status=status, headers={"Location": to})


def fetcher(names: Names, *hosts: str, most: int = 1000, loopback: bool = True) -> Fetcher:
    """One that takes this machine for the open internet, where that is wanted."""
    allowed = (lambda text: text == LOOPBACK) if loopback else is_public
    return Fetcher(hosts or ("img.test",), most, look_up=names, allowed=allowed)


async def refused(fetcher: Fetcher, url: str) -> int:
    with pytest.raises(Problem) as problem:
        await fetcher.fetch(url)
    return problem.value.status


async def test_a_picture_is_fetched_by_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(img_test=[[LOOPBACK], ["10.0.0.1"]])
    async with elsewhere(monkeypatch, a=web.Response(body=b"picture")) as asked:
        url = f"http://img.test:{PORTS['http']}/a"
        assert await fetcher(names).fetch(url) == b"picture"
    assert names.asked == ["img.test"], "a second look-up may give something else"
    assert asked == ["img.test"]


@pytest.mark.parametrize(
    "address",
    [
        LOOPBACK,
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
async def test_private_addresses_are_never_asked(address: str) -> None:
    assert not is_public(address)
    for found in ([address], [PUBLIC, address]):
        names = Names(img_test=[found])
        assert await refused(fetcher(names, loopback=False), "http://img.test/a") == 403


def test_public_addresses_are_public() -> None:
    assert is_public(PUBLIC)
    assert is_public("2606:4700::1111")
    assert is_public(f"::ffff:{PUBLIC}")


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://other.test/a", 403),
        ("http://127.0.0.1/a", 403),
        ("http://[::1]/a", 403),
        ("http://2130706433/a", 403),
        ("http://img.test.evil.test/a", 403),
        ("http://img.test@evil.test/a", 422),
        ("http://me:pass@img.test/a", 422),
        ("http://img.test:22/a", 403),
        ("file:///etc/passwd", 422),
        ("ftp://img.test/a", 422),
        ("gopher://img.test/a", 422),
        ("//img.test/a", 422),
        ("img.test/a", 422),
        ("http://[/a", 422),
        ("http://img.test:99999/a", 422),
        ("", 422),
    ],
)
async def test_addresses_that_are_not_allowed_are_not_looked_up(url: str, status: int) -> None:
    names = Names(img_test=[[LOOPBACK]])
    assert await refused(fetcher(names), url) == status
    assert names.asked == []


async def test_without_allowed_hosts_nothing_is_fetched() -> None:
    names = Names(img_test=[[LOOPBACK]])
    assert await refused(Fetcher((), 1000, look_up=names), "http://img.test/a") == 403
    assert names.asked == []


async def test_redirects_are_judged_as_the_first_address_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = {
        "good": moved("/a"),
        "a": web.Response(body=b"picture"),
        "outside": moved("http://evil.test/a"),
        "inside": moved("http://127.0.0.1/a"),
        "metadata": moved("http://169.254.169.254/latest"),
        "file": moved("file:///etc/passwd"),
        "round": moved("/round"),
        "rebound": moved("http://cdn.test/a"),
    }
    async with elsewhere(monkeypatch, **answers) as asked:
        port = PORTS["http"]

        async def status(path: str) -> int:
            names = Names(img_test=[[LOOPBACK]], cdn_test=[["10.0.0.7"]])
            fetching = fetcher(names, "img.test", "cdn.test")
            return await refused(fetching, f"http://img.test:{port}/{path}")

        names = Names(img_test=[[LOOPBACK]])
        assert await fetcher(names).fetch(f"http://img.test:{port}/good") == b"picture"
        assert names.asked == ["img.test", "img.test"]
        for path in ("outside", "inside", "metadata", "rebound"):
            assert await status(path) == 403, path
        assert await status("file") == 422
        assert await status("round") == 502
    assert set(asked) == {"img.test"}


async def test_too_much_and_no_answer_at_all_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = {"big": web.Response(body=bytes(1001)), "gone": web.Response(status=404)}
    async with elsewhere(monkeypatch, **answers):
        where = f"http://img.test:{PORTS['http']}"
        names = Names(img_test=[[LOOPBACK]])
        assert await refused(fetcher(names), f"{where}/big") == 413
        assert await refused(fetcher(names), f"{where}/gone") == 502
    assert await refused(fetcher(names), f"{where}/big") == 502  # nobody listens any more
    assert await refused(fetcher(Names()), f"{where}/big") == 502  # nobody knows the name
