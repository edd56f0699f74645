"""Who takes the subject out of a photograph: GrabCut, rembg and our own pipeline."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from bench.grabcut import GrabCut, by_box, by_rectangle
from bench.methods import AbsentError, without_places
from bench.peer import Peer, all_peers
from pipeline.composite import Transparent
from pipeline.errors import ModelError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.models import MODEL_FOR, Subject
from pipeline.patch_network import Refine
from pipeline.runtime import RuntimeOptions
from stream.loaded_networks import LoadedNetworks

PhotoMatter = Callable[[RgbImage], AlphaMatte]
"""A photo, decoded, to its alpha at full size, float32 (H, W)."""
REMBG, REMBG_MATTING = "rembg", "rembg-matting"


@dataclass(frozen=True, slots=True)
class Ready:
    """What mattes, and what exactly it runs on."""

    matte: PhotoMatter
    ran_as: str


@dataclass(frozen=True, slots=True)
class Rival:
    """One that takes part. `people_only`: its network was made for people and nothing else."""

    name: str
    title: str
    what: str
    open: Callable[[], AbstractContextManager[Ready]]
    """Raises AbsentError."""
    people_only: bool = False


def rivals() -> list[Rival]:
    """In the order in which they take their turns."""
    return [_grabcut(by_rectangle()), _grabcut(by_box()), *_rembg(), *_ours()]


def _grabcut(method: GrabCut) -> Rival:
    @contextmanager
    def ready() -> Iterator[Ready]:
        with method.open() as loaded:

            def matte(rgb: RgbImage) -> AlphaMatte:
                (alpha,) = loaded.matte((Frame.from_rgb(rgb),))
                return alpha

            yield Ready(matte, loaded.ran_as)

    return Rival(method.name, method.title, method.what, ready)


def _rembg() -> Iterator[Rival]:
    (plain,) = (peer for peer in all_peers() if peer.name == REMBG)
    yield Rival(REMBG, plain.title, "its mask, as `rembg i -m u2netp -om` gives it", _at(plain))
    matting = replace(plain, module="bench.peers.rembg_matting")  # in the same environment
    what = "the alpha of its cut-out, as `rembg i -m u2netp -a` gives it: closed-form matting"
    yield Rival(REMBG_MATTING, f"{plain.title}, alpha matting", what, _at(matting))


def _at(peer: Peer) -> Callable[[], AbstractContextManager[Ready]]:
    @contextmanager
    def ready() -> Iterator[Ready]:
        with peer.talk() as talk:

            def matte(rgb: RgbImage) -> AlphaMatte:
                with talk.video(rgb.shape[1], rgb.shape[0]) as next_frame:
                    return next_frame(rgb)

            yield Ready(matte, talk.ran_as)

    return ready


def _ours() -> Iterator[Rival]:
    subjects: tuple[Subject, ...] = ("any", "person")
    for subject in subjects:
        model = MODEL_FOR[subject]
        made_for = f"`livematte image --subject {subject}`"
        for refine, title, flag in _WITHOUT_AND_WITH:
            yield Rival(
                f"{subject}-{refine}",
                f"livematte, {model}, {title}",
                f"as {made_for}{flag}",
                _pipeline(model, refine),
                people_only=subject == "person",
            )


_WITHOUT_AND_WITH: tuple[tuple[Refine, str, str], ...] = (
    ("off", "no GAN", " with `--refine off`"),
    ("on", "edge GAN", ""),
)


def _pipeline(model: str, refine: Refine) -> Callable[[], AbstractContextManager[Ready]]:
    """As `livematte image` runs it; nothing is carried from one photo to the next."""

    @contextmanager
    def ready() -> Iterator[Ready]:
        try:
            networks = LoadedNetworks.load(model, RuntimeOptions(), refine=refine)
        except ModelError as error:
            raise AbsentError(without_places(str(error))) from error

        def matte(rgb: RgbImage) -> AlphaMatte:
            matting = networks.picture_matting(Transparent())
            return matting.process(Frame.from_rgb(rgb)).alpha

        network = networks.segmenter.network
        size = networks.segmenter.sizes[0]
        yield Ready(matte, f"{network.runtime} {network.precision}, input {size}")

    return ready
