"""Pictures from hosts that are allowed by name, and from nowhere else.

A name is looked up once, what it leads to is judged, and the connection goes to just that: a second
look-up, which could give something else (DNS rebinding), never happens. Redirects are followed by
hand, each judged as the first address was.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stream.server.problems import Problem

FETCH_SECONDS = 15.0
MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
_PIECE = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host, as text; raises OSError."""


def is_public(text: str) -> bool:
    """Whether an address leads to the open internet, whatever it is wrapped in."""
    address: Address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            inner = address.teredo[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not (address.is_multicast or address.is_reserved)


async def look_up(host: str, port: int) -> list[str]:
    """By whatever this machine uses to look names up."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Fetcher:
    """Fetches over HTTP; `allowed` judges addresses, `ports` are those of URLs without one."""

    def __init__(
        self,
        hosts: Sequence[str],
        most_bytes: int,
        *,
        look_up: LookUp = look_up,
        allowed: Callable[[str], bool] = is_public,
    ) -> None:
        self._hosts, self._most = frozenset(hosts), most_bytes
        self._look_up, self._allowed = look_up, allowed

    async def fetch(self, url: str) -> bytes:
        """The file at an address; Problem 403, 413, 422 or 502 says why not."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._follow(url)
        except TimeoutError:
            raise Problem(502, "url: its host did not answer in time.") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Problem(502, "url: it could not be fetched from its host.") from None

    async def _follow(self, url: str) -> bytes:
        for _ in range(1 + MOST_REDIRECTS):
            host, port = self._judge(url)
            addresses = await self._checked(host, port)
            answer = await self._get(url, addresses)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
        raise Problem(502, f"url: more than {MOST_REDIRECTS} redirects.")

    def _judge(self, url: str) -> tuple[str, int]:
        """Host and port of an address that may be asked."""
        if not self._hosts:
            raise Problem(403, "url: this server fetches nothing: send the file by POST.")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise Problem(422, "url: is no address.") from None
        if parts.scheme not in PORTS or parts.username or parts.password:
            raise Problem(422, "url: an address such as https://images.example.org/a.jpg.")
        usual = PORTS[parts.scheme]
        if host not in self._hosts or port not in (None, usual):
            raise Problem(403, f"url: this server fetches from {', '.join(sorted(self._hosts))}.")
        return host, usual

    async def _checked(self, host: str, port: int) -> list[str]:
        addresses = list(await self._look_up(host, port))
        if not addresses or not all(map(self._allowed, addresses)):
            raise Problem(403, "url: its host has no public address.")
        return addresses

    async def _get(self, url: str, addresses: Sequence[str]) -> bytes | str:
        """The file, or where it is said to be."""
        connector = aiohttp.TCPConnector(
            resolver=_Fixed(addresses), use_dns_cache=False, force_close=True
        )
        # Not decompressed, as uploads are not; no cookies, no proxies: nothing of ours goes along.
        async with (
            aiohttp.ClientSession(
                connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            ) as client,
            client.get(
                url, allow_redirects=False, headers={"Accept-Encoding": "identity"}
            ) as answer,
        ):
            if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                return answer.headers["Location"]
            if answer.status != 200:
                raise Problem(502, f"url: its host answered {answer.status}.")
            data = bytearray()
            async for piece in answer.content.iter_chunked(_PIECE):
                data += piece
                if len(data) > self._most:
                    raise Problem(413, f"At most {self._most / 2**20:g} MiB are taken.")
            return bytes(data)


class _Fixed(AbstractResolver):
    """Gives addresses that have been judged already."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""
