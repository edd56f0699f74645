"""Pictures by request: kept, made once, a few at a time, and never on the event loop."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any

from pipeline import closed_form
from pipeline.closed_form import ClosedForm
from pipeline.composite import Background, Picture, Transparent
from pipeline.frame import RgbImage
from pipeline.models import CLOSER, EDGE, MODEL_FOR
from pipeline.scales import SeveralScales
from pipeline.second_stage import TrimapRefiner
from stream.server.api.options import CLOSED_FORM, GAN, PictureOptions, RembgOptions
from stream.server.api.picture import Refiners, Tools, check_picture, matte_picture, no_refiner
from stream.server.api.published import rembg_picture
from stream.server.api.queue import Flights, Places
from stream.server.api.result import Result
from stream.server.api.settings import ApiSettings
from stream.server.api.store import Layers
from stream.server.gallery import Gallery
from stream.server.networks import Networks
from stream.server.problems import Problem
from stream.worker import Worker

ID_DIGITS = 32
"""Of a result's name: half of a SHA-256, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Made:
    """A result, its name, and whether it was there already or being made for somebody else."""

    id: str
    result: Result
    cached: bool


class Pictures:
    """Mattes pictures with the networks that calls use, in turn with them."""

    def __init__(
        self, settings: ApiSettings, networks: Networks, gallery: Gallery, kept: Layers
    ) -> None:
        self.places = Places(settings.jobs, settings.queue)
        self._settings, self._networks, self._gallery = settings, networks, gallery
        self._kept = kept
        self._flights: Flights[tuple[Result, bool]] = Flights()
        self._worker = Worker("picture", settings.jobs)
        self._solving = asyncio.Semaphore(1)  # closed form waits here, and holds up nobody else
        self.edges = [GAN]
        """What may refine pictures here."""
        if closed_form.is_installed():
            self.edges.append(CLOSED_FORM)

    @property
    def default_model(self) -> str:
        """What takes out anything, if this server has it; else its first."""
        names = self._networks.names
        return MODEL_FOR["any"] if MODEL_FOR["any"] in names else names[0]

    async def remove_background(self, data: bytes, options: PictureOptions) -> Made:
        """Problem 415, 422 or 503; OptionError or ModelError for what the options name."""
        await asyncio.to_thread(check_picture, data, self._settings.pixels)
        background, name = await self._background(options.background)
        segmenter = SeveralScales(await self._networks.get(options.model, "picture"))
        tools = Tools(segmenter, self._refiners(options), background)
        about = options.as_dict() | {"background": name}
        work = partial(matte_picture, data, options, tools)
        return await self._once(data, about, work, options.edges == CLOSED_FORM)

    async def as_rembg(self, data: bytes, options: RembgOptions) -> Made:
        """The same, as rembg's server answers."""
        await asyncio.to_thread(check_picture, data, self._settings.pixels)
        segmenter = await self._networks.get(options.model, "published")
        solver = ClosedForm() if CLOSED_FORM in self.edges else None
        tools = Tools(segmenter, self._networks.picture_refiner, Transparent(), solver)
        about = options.as_dict() | {"as": "rembg", "solved": solver is not None}
        work = partial(rembg_picture, data, options, tools)
        return await self._once(data, about, work, options.alpha_matting and solver is not None)

    async def find(self, name: str) -> Result | None:
        """By its name, if it is still kept."""
        data = await self._kept.get(name)
        result = Result.from_bytes(data) if data is not None else None
        if result is None or time.time() - result.made > self._settings.keep_seconds:
            return None
        return result

    async def aclose(self) -> None:
        await self._flights.aclose()
        await self._worker.aclose()

    def _refiners(self, options: PictureOptions) -> Refiners:
        if options.edges == CLOSED_FORM:
            return _closed_form
        return self._networks.picture_refiner if options.enable_gan else no_refiner

    async def _once(
        self, data: bytes, about: Mapping[str, Any], work: Callable[[], Result], solves: bool
    ) -> Made:
        """Found, awaited from whoever makes the same, or made."""
        name = await asyncio.to_thread(self._name_of, data, about)
        if (found := await self.find(name)) is not None:
            return Made(name, found, cached=True)
        (result, found_then), joins = await self._flights.share(
            name, lambda: self._make(name, work, solves)
        )
        return Made(name, result, found_then or joins)

    async def _make(
        self, name: str, work: Callable[[], Result], solves: bool
    ) -> tuple[Result, bool]:
        """And whether another process made it meanwhile. `solves`: in closed form."""
        async with self._kept.turn(name) as others:
            if others and (found := await self.find(name)) is not None:
                return found, True
            async with self._solving if solves else nullcontext(), self.places.at_work():
                result = await self._worker.run(work)
            await self._kept.put(name, result.to_bytes())
        return result, False

    def _name_of(self, data: bytes, about: Mapping[str, Any]) -> str:
        """SHA-256 of the content and of all that the result depends on."""
        all_of_it = {
            "livematte": metadata.version("livematte"),
            "content": hashlib.sha256(data).hexdigest(),
            "network": self._networks.digest(about["model"]),
            "closer": CLOSER.digest,
            "edge": EDGE.digest if self._networks.refines else None,
            **about,
        }
        text = json.dumps(all_of_it, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]

    async def _background(self, text: str) -> tuple[Background, str]:
        """A background, and what makes it what it is: of a picture its content, not its id.

        Problem 422 for a video: it has no one picture.
        """
        background = await self._gallery.open(text)
        if not text.startswith("picture:"):
            return background, text
        if not isinstance(background, Picture):
            raise Problem(422, f"background {text!r}: is a video: choose a picture.")
        return background, await asyncio.to_thread(_digest, background.rgb)


def _digest(rgb: RgbImage) -> str:
    return hashlib.sha256(rgb.tobytes()).hexdigest()


def _closed_form() -> TrimapRefiner:
    return TrimapRefiner(ClosedForm())
