"""MediaPipe's selfie segmentation, frame by frame: the general model, its default."""

from collections.abc import Iterator

import numpy as np
from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

from bench.peers.serve import Alpha, Frames, serve

_GENERAL = 0
"""256×256; 1 is the landscape one, 256×144."""


def matte(frames: Frames) -> Iterator[Alpha]:
    with SelfieSegmentation(model_selection=_GENERAL) as selfie:
        for frame in frames:
            yield selfie.process(np.array(frame)).segmentation_mask


if __name__ == "__main__":
    serve(matte, "mediapipe")
