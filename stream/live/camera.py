"""A virtual camera, which other programs show as if it were a real one."""

from fractions import Fraction
from typing import Any

import numpy as np

from pipeline.errors import OptionError, SinkError
from pipeline.frame import resize
from pipeline.matted import Matted
from stream.live.address import SinkAddress
from stream.live.sound import Sound

_TRIED = 640, 480, 30
"""Width, height and rate with which it is looked whether there is a camera at all."""


class CameraOutlet:
    """A device of pyvirtualcam's. It has no sound, and shows each picture until the next."""

    def __init__(self, address: SinkAddress, first: Matted, rate: Fraction) -> None:
        frame = first.frame
        self._size = frame.width, frame.height
        self._camera = _open(address, *self._size, float(rate))

    def write(self, matted: Matted, sound: Sound) -> None:
        rgb = matted.frame.rgb
        if rgb.shape[1::-1] != self._size:
            rgb = resize(rgb, *self._size)
        try:
            self._camera.send(np.ascontiguousarray(rgb))
        except (OSError, RuntimeError, ValueError) as error:
            raise SinkError(str(error)) from None

    def close(self) -> None:
        self._camera.close()

    def give_up(self) -> None:
        """Nothing waits."""


def check_camera(address: SinkAddress) -> None:
    """OptionError or SinkError, with the remedy, if there is none."""
    _open(address, *_TRIED).close()


def _open(address: SinkAddress, width: int, height: int, rate: float) -> Any:
    try:
        import pyvirtualcam
    except ImportError:
        raise OptionError(
            "SINK camera: pyvirtualcam is not installed: pip install livematte[camera]"
        ) from None
    try:
        return pyvirtualcam.Camera(
            width, height, rate, device=address.url or None, fmt=pyvirtualcam.PixelFormat.RGB
        )
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".:")
        raise SinkError(
            f"SINK {address.name}: no virtual camera ({reason}): on Linux load the kernel module "
            "v4l2loopback: modprobe v4l2loopback exclusive_caps=1"
        ) from None
