"""File to file beside the peers: the same clip, decoder, encoder and queues round each network.

    python -m bench.peer_speed [--video CLIP] [--frames 60] [--rounds 3]

All take turns in one run, so that whatever else the machine does falls on all alike; what is
reported are medians, and medians of the ratios of each round. JSON goes to standard output.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np

from bench.methods import AbsentError
from bench.peer import Conversation, Peer, all_peers
from pipeline.colour import Plane
from pipeline.composite import DEFAULT_BLUR_LINES, Blur
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.matte import EdgeMatte
from pipeline.matted import Job, Matted, Segmented
from pipeline.matting import Matting
from pipeline.models import DEFAULT_MODEL
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net
from pipeline.subject import WHOLE, Look
from stream.benchmark.clip import SIZES, make_clip
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.session import FILE, PIPE, Pace, SessionStats, run_session

_OURS = "livematte"
_BLUR_REDUCED = 4
"""The plain background is blurred at this part of its size."""
_ARGUMENTS = {"robust-video-matting": ("0.375",)}
"""RobustVideoMatting's ratio for 720p, head and shoulders, by its authors' table."""
_WE_DO = (
    "following the subject; edge refined along the frame's colours, smoothed over time, the "
    "person's own colours at the edge, blurred background; two networks at a time"
)
_THEY_DO = {
    "rembg": "u2netp, fused output, 320 px, f32, each frame stretched to 0 … 1 and "
    "brought to size; plain blend; no state",
    "robust-video-matting": "recurrent, ratio 0.375, f32, its own refinement; plain blend of alpha",
    "mediapipe": "256 px, each frame for itself, mask brought to size; plain blend",
}
Run = Callable[[Path], SessionStats]


@dataclass(frozen=True, slots=True)
class Rival:
    """What takes part: `run` takes the clip once, from file to file."""

    name: str
    title: str
    ran_as: str
    does: str
    run: Run


class PeerMatting(Matting):
    """A peer's matte in our session, and the plainest composite round it.

    The plain composite costs less than ours, so a peer is charged no more than it would be at home.
    """

    def __init__(self, matte: Callable[[RgbImage], AlphaMatte]) -> None:
        def segment(frame: Frame, look: Look = WHOLE) -> AlphaMatte:
            return matte(frame.rgb)

        super().__init__(segment, Blur(), smooth=False, follow=False)

    def begin(self, frame: Frame) -> Job:
        guide, quality = np.empty((0, 0, 3), np.uint8), self.ladder.quality
        return Job(frame, guide, WHOLE, False, quality, "off", began=0.0)

    def finish(self, segmented: Segmented) -> Matted:
        frame = segmented.job.frame
        sigma = frame.height / DEFAULT_BLUR_LINES
        planes = tuple(_blend(plane, segmented.alpha, sigma, frame) for plane in frame.planes)
        return Matted(frame.with_planes(planes), _NO_MATTE)


_NO_MATTE = EdgeMatte.from_alpha(np.zeros((16, 16), np.float32))
"""Nobody looks at it: the file has no alpha."""


def _blend(plane: Plane, alpha: AlphaMatte, sigma: float, frame: Frame) -> Plane:
    """The plane over itself, blurred by `sigma` pixels of the frame."""
    height, width = plane.shape[:2]
    low = resize(plane, width // _BLUR_REDUCED, height // _BLUR_REDUCED)
    spread = sigma / _BLUR_REDUCED * height / frame.height
    behind = resize(cv2.GaussianBlur(low, (0, 0), spread), width, height)
    part = resize(alpha, width, height)
    return cv2.blendLinear(plane, behind, part, 1 - part)


def measure(clip: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Every rival's figures, ours first; who cannot take part is named with the reason."""
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        rivals = [_ours()]
        for peer in all_peers():
            try:
                rivals.append(stack.enter_context(_open(peer, clip)))
            except AbsentError as error:
                absent[peer.name] = str(error)
                say(f"{peer.title}: absent: {error}")
        fps = take_turns(rivals, clip, rounds, say)
    return {"rounds": rounds, "rows": _rows(rivals, fps), "absent": absent}


def take_turns(
    rivals: Sequence[Rival], clip: Path, rounds: int, say: Callable[[str], None]
) -> dict[str, list[float]]:
    """Frames a second of each rival in each round, A B C A B C …, after one that is not counted."""
    fps: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    for turn in range(rounds):
        for rival in rivals:
            stats = rival.run(clip)
            fps[rival.name].append(stats.fps)
            say(f"round {turn + 1}: {rival.title}: {stats.fps:.1f} frames a second")
    return fps


def _rows(rivals: Sequence[Rival], fps: dict[str, list[float]]) -> list[dict[str, Any]]:
    return [
        {
            "name": rival.name,
            "title": rival.title,
            "fps": round(median(fps[rival.name]), 2),
            "ours_is_times_faster": round(_ratio(fps[_OURS], fps[rival.name]), 2),
            "ran_as": rival.ran_as,
            "does": rival.does,
        }
        for rival in rivals
    ]


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def _ours() -> Rival:
    segmenter = U2Net.load(options=RuntimeOptions(parallel=FILE.segmenters))
    network = segmenter.network

    def run(clip: Path) -> SessionStats:
        return _file_to_file(lambda: Matting(segmenter, Blur()), clip, FILE)

    ran_as = f"{network.runtime} {network.precision}"
    does = f"{DEFAULT_MODEL}, {segmenter.sizes[0]} px, {_WE_DO}"
    return Rival(_OURS, _OURS, ran_as, does, run)


@contextmanager
def _open(peer: Peer, clip: Path) -> Iterator[Rival]:
    """A peer that is ready and has matted a frame."""
    with peer.talk(*_ARGUMENTS.get(peer.name, ())) as talk:
        with av.open(clip) as container:
            first = next(container.decode(video=0)).to_ndarray(format="rgb24")
        with talk.video(first.shape[1], first.shape[0]) as matte:
            matte(np.asarray(first, np.uint8))

        def run(clip: Path) -> SessionStats:
            return run_peer(talk, clip)

        yield Rival(peer.name, peer.title, talk.ran_as, _THEY_DO[peer.name], run)


def run_peer(talk: Conversation, clip: Path) -> SessionStats:
    """The clip through a peer, from file to file."""
    info = FileSource(clip).info
    with talk.video(info.width, info.height) as matte:
        return _file_to_file(lambda: PeerMatting(matte), clip, replace(PIPE, segmenters=1))


def _file_to_file(make: Callable[[], Matting], clip: Path, pace: Pace) -> SessionStats:
    """The clip through a new pipeline to a file that is thrown away."""

    async def session(target: Path) -> SessionStats:
        source = FileSource(clip)
        return await run_session(source, make(), FileSink(target, source), pace=pace)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(session(Path(folder) / "out.mp4"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--video", type=Path)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "clip.mp4"
        clip = options.video or make_clip(drawn, SIZES["720p"], options.frames)
        report = measure(clip, options.rounds, lambda line: print(line, file=sys.stderr))  # noqa: T201
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
