"""`make demo`: matte a clip, show the commands that did it, and say where the result lies."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

from examples.demo_clip import make_clip

SHEET_FRAMES = 4
TILE = (480, 270)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", help="a clip of your own; else one is made")
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(exist_ok=True)
    clip = Path(options.video) if options.video else make_clip(folder / "clip.mp4")
    background = folder / "background.png"
    cv2.imwrite(str(background), skimage.data.rocket()[..., ::-1])
    composite, cut_out = folder / "composite.mp4", folder / "alpha.webm"
    livematte("file", clip, composite, "--background", background, "--overwrite")
    livematte("file", clip, cut_out, "--background", "transparent", "--overwrite")
    sheet = folder / "contact-sheet.png"
    cv2.imwrite(str(sheet), contact_sheet(clip, cut_out, composite)[..., ::-1])
    say(f"\na new background:  {composite}\nwith transparency: {cut_out}\n")
    say(f"contact sheet:     {sheet} (source, alpha, composite)\n")


def livematte(*arguments: str | Path) -> None:
    """Run a command as a user would, and show it."""
    words = [str(argument) for argument in arguments]
    say(f"$ livematte {shlex.join(words)}\n")
    done = subprocess.run([sys.executable, "-m", "stream", *words], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def contact_sheet(clip: Path, cut_out: Path, composite: Path) -> np.ndarray:
    """Some moments of the clip: source, alpha and composite below each other."""
    rows = (
        pictures(clip),
        [cv2.merge([tile[..., 3]] * 3) for tile in pictures(cut_out, "libvpx-vp9", "rgba")],
        pictures(composite),
    )
    return np.vstack([np.hstack(row) for row in rows])


def pictures(path: Path, decoder: str = "", pixel_format: str = "rgb24") -> list[np.ndarray]:
    """Evenly spaced pictures of a video, as tiles. FFmpeg's own VP9 decoder would lose alpha."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        own = av.CodecContext.create(decoder, "r") if decoder else stream.codec_context
        assert isinstance(own, av.VideoCodecContext)
        packets = list(container.demux(stream))
        frames = [
            frame for packet in packets for frame in own.decode(packet if packet.size else None)
        ]
        chosen = np.linspace(0, len(frames) - 1, SHEET_FRAMES).astype(int)
        return [
            cv2.resize(
                frames[i].to_ndarray(format=pixel_format), TILE, interpolation=cv2.INTER_AREA
            )
            for i in chosen
        ]


if __name__ == "__main__":
    main()
