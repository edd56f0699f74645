"""WHIP (RFC 9725) and WHEP, rule by rule, with an aiortc client on the other side."""

import re

import aiohttp
import pytest

from stream.server.settings import IceServer
from tests.calling import Camera, Microphone, shows_marker, shows_person, until
from tests.serving import SDP, Caller, gone, post_sdp, served

FRAGMENT = "application/trickle-ice-sdpfrag"
TURN = IceServer("turn:relay.invalid:3478", username="me", credential="secret")


def publisher(camera: Camera | None = None, *, sound: bool = False) -> Caller:
    caller = Caller(camera or Camera(), *([Microphone()] if sound else []))
    caller.send_only()
    return caller


def viewer(*kinds: str) -> Caller:
    return Caller(receive=kinds or ("video",))


def directions(sdp: str) -> list[str]:
    return re.findall(r"^a=(sendonly|recvonly|sendrecv|inactive)\r?$", sdp, re.MULTILINE)


async def refuse(
    client: aiohttp.ClientSession, method: str, path: str, status: int, **request: object
) -> str:
    """The request is refused as a problem; gives its sentence."""
    async with client.request(method, path, **request) as response:  # type: ignore[arg-type]
        assert response.status == status, await response.text()
        assert response.content_type == "application/problem+json"
        return str((await response.json())["detail"])


async def test_what_is_published_is_watched_matted_by_several() -> None:
    async with served() as client, publisher(sound=True) as source:
        response = await post_sdp(client, "/whip/desk?background=%230000ff", source)
        assert directions(source.connection.remoteDescription.sdp) == ["recvonly", "recvonly"]
        for _ in range(2):
            async with viewer("video", "audio") as watcher:
                await post_sdp(client, "/whep/desk", watcher)
                assert directions(watcher.connection.remoteDescription.sdp) == ["sendonly"] * 2
                seen = await until(watcher.received(), shows_person)
                assert not any(map(shows_marker, seen))
                assert (await watcher.received("audio").recv()).pts is not None
        assert (await client.delete(response.headers["Location"])).status == 200


async def test_a_viewer_s_session_ends_with_what_it_watches() -> None:
    async with served() as client, publisher() as source, viewer() as watcher:
        published = await post_sdp(client, "/whip/desk", source)
        watched = await post_sdp(client, "/whep/desk", watcher)
        await until(watcher.received(), shows_person)
        assert (await client.delete(published.headers["Location"])).status == 200
        await gone(client, "/sessions/" + watched.headers["Location"].split("/")[-1])
        assert await refuse(client, "POST", "/whep/desk", 404, data=await _offer(), headers=_SDP)


_SDP = {"Content-Type": SDP}


async def _offer(*kinds: str) -> str:
    async with viewer(*kinds) as one:
        return await one.offer()


async def test_201_has_all_that_the_standards_want() -> None:
    ice_servers = (IceServer("stun:stun.invalid:3478"), TURN)
    async with served(ice_servers=ice_servers) as client, publisher() as source:
        offer = await source.offer()
        async with client.post("/whip/desk", data=offer, headers=_SDP) as response:
            text = await response.text()
        assert response.status == 201
        assert response.content_type == SDP
        assert re.fullmatch(r"/whip/desk/[\w-]{32}", response.headers["Location"])
        assert re.fullmatch(r'"[\w-]+"', response.headers["ETag"])
        assert "a=candidate:" in text
        assert "a=end-of-candidates" in text
        assert response.headers.getall("Link") == [
            '<stun:stun.invalid:3478>; rel="ice-server"',
            '<turn:relay.invalid:3478>; rel="ice-server"; username="me"; '
            'credential="secret"; credential-type="password"',
        ]
        assert (await client.delete(response.headers["Location"])).status == 200
        assert await refuse(client, "DELETE", response.headers["Location"], 404)


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_endpoints_say_what_may_be_posted_and_nothing_else(kind: str) -> None:
    async with served() as client:
        async with client.options(f"/{kind}/desk") as response:
            assert response.status in (200, 204)
            assert response.headers["Accept-Post"] == SDP
        for method in ("GET", "HEAD"):
            async with client.request(method, f"/{kind}/desk") as response:
                assert 200 <= response.status < 300
                assert await response.read() == b""
        assert await refuse(client, "PUT", f"/{kind}/desk", 405)
        assert await refuse(client, "POST", f"/{kind}/desk", 415, data=b"x")
        assert await refuse(client, "POST", f"/{kind}/desk", 400, data=b"\xff", headers=_SDP)
        assert await refuse(client, "POST", "/whip/desk", 400, data=b"x", headers=_SDP)


async def test_a_name_is_published_by_one_at_a_time() -> None:
    async with served() as client, publisher() as source, publisher() as other:
        await post_sdp(client, "/whip/desk", source)
        offer = await other.offer()
        assert await refuse(client, "POST", "/whip/desk", 409, data=offer, headers=_SDP)


async def test_an_offer_is_served_whole_or_refused() -> None:
    async with served() as client, publisher(sound=True) as source:
        offer = await source.offer()
        head, *media = re.split(r"(?=^m=)", offer, flags=re.MULTILINE)
        second = media[0].replace("a=mid:0", "a=mid:7")
        unserved = {
            "two tracks of one kind": offer + second,
            "sound alone": head + media[1],
            "what only receives": offer.replace("a=sendonly", "a=recvonly"),
            "no codec in common": re.sub(r"(VP8|H264|opus|PCMU|PCMA)/", "XYZ/", offer),
            "an application": offer.replace("m=audio", "m=application"),
            "no fingerprint": re.sub(r"a=fingerprint.*\r\n", "", offer),
            "no credentials": re.sub(r"a=ice-pwd.*\r\n", "", offer),
            "a track that is off": re.sub(r"m=audio \d+", "m=audio 0", offer),
        }
        for what, sdp in unserved.items():
            detail = await refuse(client, "POST", "/whip/desk", 422, data=sdp, headers=_SDP)
            assert detail, what
        assert await refuse(client, "POST", "/whip/desk?show=source", 422, data=offer, headers=_SDP)
        async with client.post("/whip/desk", data=offer, headers=_SDP) as response:
            assert response.status == 201


async def test_a_viewer_that_sends_is_answered_sendonly() -> None:
    async with served() as client, publisher() as source, Caller(Camera()) as watcher:
        await post_sdp(client, "/whip/desk", source)
        await post_sdp(client, "/whep/desk", watcher)
        assert directions(watcher.connection.remoteDescription.sdp) == ["sendonly"]


async def test_a_full_server_answers_503_with_retry_after() -> None:
    async with served(max_sessions=1, max_viewers=1) as client, publisher() as source:
        await post_sdp(client, "/whip/desk", source)
        async with client.post("/whip/sofa", data=await _offer(), headers=_SDP) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
        async with viewer() as watcher:
            await post_sdp(client, "/whep/desk", watcher)
            assert await refuse(
                client, "POST", "/whep/desk", 503, data=await _offer(), headers=_SDP
            )


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_candidates_trickle_by_patch(kind: str) -> None:
    async with served() as client, publisher() as source, viewer() as watcher:
        response = await post_sdp(client, "/whip/desk", source)
        caller = source
        if kind == "whep":
            response, caller = await post_sdp(client, "/whep/desk", watcher), watcher
        path, etag = response.headers["Location"], response.headers["ETag"]
        user = re.search(r"a=ice-ufrag:(\S+)", caller.connection.localDescription.sdp)
        assert user is not None
        fragment = (
            f"a=ice-ufrag:{user[1]}\r\na=ice-pwd:x\r\nm=video 9 RTP/AVP 0\r\na=mid:0\r\n"
            "a=candidate:1 1 udp 2122260223 192.0.2.77 61764 typ host\r\na=end-of-candidates\r\n"
        )

        async def patch(status: int, body: str = fragment, **headers: str) -> None:
            sent = {"Content-Type": FRAGMENT} | {"If-Match": etag} | headers
            sent = {name.replace("_", "-"): value for name, value in sent.items() if value}
            async with client.patch(path, data=body, headers=sent) as answer:
                assert answer.status == status, await answer.text()
                assert (status == 204) == (await answer.read() == b"")

        await patch(204)
        await patch(428, **{"If-Match": ""})
        await patch(412, **{"If-Match": '"stale"'})
        await patch(422, **{"If-Match": "*"})
        await patch(422, fragment.replace(user[1], "anew"))
        await patch(400, "what is this")
        await patch(400, "a=candidate:nonsense")
        await patch(415, **{"Content-Type": "text/plain"})
        await patch(422, fragment + 65 * "a=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n")
        async with client.get(path) as got:
            assert 200 <= got.status < 300
            assert await got.read() == b""


async def test_a_listed_origin_may_use_the_server_and_see_its_headers() -> None:
    origin = {"Origin": "https://example.org"}
    async with served(origins=("https://example.org",)) as client:
        asks = {**origin, "Access-Control-Request-Method": "POST"}
        async with client.options("/whip/desk", headers=asks) as response:
            assert response.status == 204
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        async with publisher() as source:
            offer = await source.offer()
            async with client.post("/whip/desk", data=offer, headers=_SDP | origin) as response:
                assert response.status == 201
        assert response.headers["Access-Control-Allow-Origin"] == "https://example.org"
        for name in ("Location", "Link", "ETag"):
            assert name in response.headers["Access-Control-Expose-Headers"]


async def test_a_transparent_call_tells_viewers_its_layout() -> None:
    async with served() as client, publisher() as source:
        await post_sdp(client, "/whip/desk?background=transparent", source)
        async with viewer() as first:
            await post_sdp(client, "/whep/desk", first)
            stacked = await until(first.received(), lambda rgb: shows_person(rgb[:120]))
        assert stacked[-1].shape == (256, 160, 3)
        async with viewer() as second:
            response = await post_sdp(client, "/whep/desk", second)
        wanted = "stacked; width=160; height=120; guard=16"
        assert response.headers["Livematte-Layout"] == wanted
        layout = await (await client.get("/whep/desk/layout")).json()
        assert layout == {"stacked": True, "width": 160, "height": 120, "guard": 16}
