"""`livematte serve`."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline.models import CATALOGUE, DEFAULT_MODEL
from pipeline.patch_network import wanted_patch_network
from pipeline.refine import warm_up
from pipeline.runtime import RuntimeOptions
from pipeline.segment import Segmenter, U2Net, live_sizes
from stream.api_options import (
    JobsOption,
    KeepHoursOption,
    KeepMbOption,
    MaxPixelsOption,
    MaxSideOption,
    QueueOption,
    RedisOption,
    UploadMbOption,
    UrlHostOption,
    VideoMbOption,
    WorkDirOption,
)
from stream.network_options import (
    BudgetOption,
    IceServerOption,
    PrecisionOption,
    RefineOption,
    RequireGpuOption,
    RuntimeOption,
    ThreadsOption,
)
from stream.server.api.models import stills
from stream.server.api.settings import MIB, ApiSettings
from stream.server.heap import share_heaps
from stream.server.networks import Networks
from stream.server.settings import ServerSettings, parse_ice_server

EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "livematte serve",
        "livematte serve --backgrounds ~/Pictures/rooms --max-sessions 2",
        "LIVEMATTE_TOKEN=… livematte serve --host 0.0.0.0 --certificate cert.pem --key key.pem",
        "livematte serve --redis redis://cache.local:6379/0 --url-host images.example.org",
        "Publish with WHIP to /whip/NAME, watch with WHEP from /whep/NAME.",
    )
)
_LOG = "%(levelname)s %(name)s: %(message)s"


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; any but this machine itself needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="LIVEMATTE_TOKEN",
            help="What clients have to send as `Authorization: Bearer`, 16 characters or more. "
            "Rather set the variable: others see a command line.",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Another site whose pages may use the server; may be repeated."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="For HTTPS, PEM; browsers give cameras to HTTPS or localhost alone."),
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key, PEM.")] = None,
    ice_server: IceServerOption = None,
    max_sessions: Annotated[
        int, typer.Option(min=1, help="Calls at a time; more are asked to try again.")
    ] = 4,
    max_viewers: Annotated[int, typer.Option(min=0, help="WHEP viewers at a time.")] = 64,
    model: Annotated[
        str, typer.Option(help="A name of `livematte models list`, or the path of an .onnx file.")
    ] = DEFAULT_MODEL,
    backgrounds: Annotated[
        Path | None, typer.Option(help="A folder of pictures and videos to choose from.")
    ] = None,
    hard_cases: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep pictures there that are hard to matte, each only if its sender consents.",
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1, max=120, help="Frames a second to matte at most.")
    ] = 30.0,
    refine: RefineOption = "auto",
    budget: BudgetOption = None,
    runtime: RuntimeOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = 0,
    require_gpu: RequireGpuOption = False,
    redis: RedisOption = None,
    work_dir: WorkDirOption = None,
    keep_hours: KeepHoursOption = 24.0,
    keep_mb: KeepMbOption = 2048,
    upload_mb: UploadMbOption = 20,
    video_mb: VideoMbOption = 512,
    max_pixels: MaxPixelsOption = 50_000_000,
    max_side: MaxSideOption = 2048,
    jobs: JobsOption = 2,
    queue: QueueOption = 16,
    url_host: UrlHostOption = None,
) -> None:
    """Serve calls and pictures: a web page with a virtual background, WHIP, WHEP and an HTTP API.

    Only matted video leaves the server. Before the first matte, and after an error, peers see the
    background alone.

    Ctrl-C ends it.
    """
    settings = ServerSettings(
        host,
        port,
        token or None,
        tuple(origin or ()),
        certificate,
        key,
        tuple(map(parse_ice_server, ice_server or ())),
        max_sessions,
        max_viewers,
        _name(model),
        backgrounds,
        rate,
        budget,
        refine,
        hard_cases,
        ApiSettings(
            work_dir,
            redis or None,
            keep_mb * MIB,
            keep_hours * 3600,
            upload_mb * MIB,
            max_pixels,
            max_side,
            jobs,
            queue,
            video_mb * MIB,
            tuple(url_host or ()),
        ),
    )
    options = RuntimeOptions(runtime, precision, threads, require_gpu)
    logging.basicConfig(level=logging.WARNING, format=_LOG)
    share_heaps()
    patches = wanted_patch_network(refine, options)
    if patches is not None:
        warm_up(patches)
    models = _models(model)
    networks = Networks(_loaders(models, options), patches, stills(models, options))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, networks))


async def _serve(settings: ServerSettings, networks: Networks) -> None:
    """Until cancelled. The model is loaded first: what cannot be had is said before a call."""
    from stream.server.app import serving  # imported here: it takes a quarter of a second

    await networks.get(settings.model)
    async with serving(settings, networks) as url:
        typer.echo(f"livematte serves {url} (Ctrl-C ends it)")
        await asyncio.Event().wait()


def _models(model: str) -> dict[str, str]:
    """The chosen one first, then all that have been pulled: paths or names, by their names."""
    pulled = [name for name, entry in CATALOGUE.items() if entry.path.is_file()]
    return {_name(one): one for one in dict.fromkeys([model, *pulled])}


def _loaders(models: dict[str, str], options: RuntimeOptions) -> dict[str, Callable[[], Segmenter]]:
    return {name: partial(_load, model, options) for name, model in models.items()}


def _name(model: str) -> str:
    """What clients call it: of a file they are not told the path."""
    return Path(model).stem if model.endswith(".onnx") else model


def _load(name: str, options: RuntimeOptions) -> Segmenter:
    """In all sizes that the quality ladder steps through."""
    return U2Net.load(name, options, live_sizes(name))
