"""rembg's own session with u2netp, as `rembg i -m u2netp -om` runs it: frame by frame.

U2NET_HOME is where it finds the model.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from rembg import new_session, remove

from bench.peers.serve import Alpha, Frames, serve


def main() -> None:
    session = new_session("u2netp", providers=["CPUExecutionProvider"])

    def matte(frames: Frames) -> Iterator[Alpha]:
        for frame in frames:
            mask = remove(Image.fromarray(np.array(frame)), session=session, only_mask=True)
            yield np.asarray(mask, np.float32) / np.float32(255)

    serve(matte, "rembg", "onnxruntime")


if __name__ == "__main__":
    main()
