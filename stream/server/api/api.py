"""What the routes of the HTTP API share, and its life."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, get_args

from aiohttp import web

from pipeline.errors import OptionError
from stream.server.api.disk_store import DiskStore
from stream.server.api.fetch import Fetcher
from stream.server.api.options import PictureOutput
from stream.server.api.pictures import Pictures
from stream.server.api.settings import ApiSettings
from stream.server.api.store import Layers, MemoryStore, SharedStore
from stream.server.api.videos import Videos
from stream.server.gallery import Gallery
from stream.server.networks import Networks
from stream.worker import end_all

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0
"""How often is looked for what is too old."""


class Api:
    """Pictures and clips by request, what is kept of them, and how much is taken."""

    def __init__(self, settings: ApiSettings, networks: Networks, gallery: Gallery) -> None:
        self.settings = settings
        near = DiskStore(
            settings.work_folder / "pictures", settings.keep_bytes, settings.keep_seconds
        )
        self._kept = Layers([MemoryStore(), near], _shared(settings))
        self.pictures = Pictures(settings, networks, gallery, self._kept)
        self.fetcher = Fetcher(settings.url_hosts, settings.upload_bytes)
        self.videos = Videos(settings, networks.arguments)
        self._networks = networks

    @property
    def models(self) -> list[str]:
        return self._networks.names

    @property
    def default_video_model(self) -> str:
        """What calls begin with: clips are mostly of people."""
        return self.models[0]

    def pictures_taken(self) -> dict[str, Any]:
        """What a page has to know to ask for pictures."""
        return {
            "upload_bytes": self.settings.upload_bytes,
            "pixels": self.settings.pixels,
            "longest_side": self.settings.longest_side,
            "models": self.models,
            "model": self.pictures.default_model,
            "edges": self.pictures.edges,
            "outputs": list(get_args(PictureOutput)),
        }

    async def live(self, app: web.Application) -> AsyncIterator[None]:
        """As `cleanup_ctx` takes it."""
        sweeping = asyncio.create_task(self._sweep())
        yield
        await end_all([sweeping])
        await self.videos.aclose()
        await self.pictures.aclose()
        await self._kept.aclose()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._kept.sweep()
                await self.videos.sweep()
            except OSError as error:  # the next time may go better
                logger.warning("what is too old cannot be removed: %s", error)


def _shared(settings: ApiSettings) -> SharedStore | None:
    if settings.redis is None:
        return None
    try:
        from stream.server.api.redis_store import RedisStore
    except ImportError:
        raise OptionError("--redis: its library is missing: pip install livematte[redis]") from None
    return RedisStore(settings.redis, settings.keep_seconds)


API = web.AppKey("api", Api)
"""Where a request finds it: `request.app[API]`."""
