"""rembg's session with u2netp and alpha matting, as `rembg i -m u2netp -a` runs it.

A trimap of the network's matte, closed-form matting in it, and the foreground's own colours, all
with rembg's defaults. Its mask alone would be the network's: the alpha is that of the cut-out.
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
            cut_out = remove(Image.fromarray(np.array(frame)), session=session, alpha_matting=True)
            yield np.asarray(cut_out.getchannel("A"), np.float32) / np.float32(255)

    serve(matte, "rembg", "onnxruntime")


if __name__ == "__main__":
    main()
