"""A WHIP client that is none of ours: FFmpeg's muxer."""

import asyncio
import sys
from pathlib import Path

import av
import pytest

from tests.calling import shows_marker, shows_person, until
from tests.certificates import make_certificate
from tests.serving import Caller, post_sdp, served


@pytest.mark.skipif("whip" not in av.formats_available, reason="FFmpeg without its whip muxer")
async def test_ffmpeg_s_picture_and_sound_arrive_matted(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    await asyncio.to_thread(make_certificate, certificate, key)
    async with served() as client:
        url = f"{client._base_url}/whip/ffmpeg?background=%230000ff"
        pusher = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.whip_push", url, str(certificate), str(key)
        )
        try:
            async with asyncio.timeout(30):
                while (await client.get("/whep/ffmpeg/layout")).status == 404:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with Caller(receive=("video", "audio")) as watcher:
                await post_sdp(client, "/whep/ffmpeg", watcher)
                seen = await until(watcher.received(), shows_person)
                assert not any(map(shows_marker, seen))
                async with asyncio.timeout(20):
                    assert (await watcher.received("audio").recv()).pts is not None
        finally:
            if pusher.returncode is None:
                pusher.kill()
            await pusher.wait()
