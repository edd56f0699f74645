"""A peer without a network: it finds what is not like the frame's upper left corner."""

import sys
from collections.abc import Iterator

import numpy as np

from bench.peers.serve import Alpha, Frames, serve


def matte(frames: Frames) -> Iterator[Alpha]:
    for frame in frames:
        if "--fails" in sys.argv:
            raise SystemExit("out of paint")
        difference = np.abs(frame.astype(np.float32) - frame[0, 0]).mean(axis=2)
        yield np.clip(difference / 64, 0, 1)


if __name__ == "__main__":
    print("a library greets on standard output")  # noqa: T201
    serve(matte, "numpy")
