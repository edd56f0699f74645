"""Calls from a program of one's own: python -m examples.call_server [PORT]."""

import asyncio
import sys
from functools import partial

from pipeline.models import DEFAULT_MODEL
from pipeline.segment import U2Net, live_sizes
from stream.server.app import serving
from stream.server.networks import Networks
from stream.server.settings import ServerSettings


async def main(port: int) -> None:
    networks = Networks({DEFAULT_MODEL: partial(U2Net.load, sizes=live_sizes(DEFAULT_MODEL))})
    async with serving(ServerSettings(port=port), networks) as url:
        sys.stdout.write(f"open {url} in a browser (Ctrl-C ends it)\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


try:
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
except KeyboardInterrupt:
    sys.stdout.write("the server has ended\n")
