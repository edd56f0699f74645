"""What goes into the network: NUT with alpha, and an outlet whose reader leaves."""

import io
import socket
import threading
from fractions import Fraction

import av
import av.container
import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.errors import SinkError
from pipeline.frame import Frame
from pipeline.matted import Matted
from pipeline.matting import Matting
from stream.convert import to_bytes
from stream.live.address import sink_address
from stream.live.clock import TIME_BASE
from stream.live.muxed import MuxedOutlet
from stream.live.sound import RATE, Sound
from tests.clips import RedSegmenter, paint

FPS, FRAMES = 25, 6


class Listener:
    """Takes one connection, and `most` bytes of it."""

    def __init__(self, most: int = 1 << 30) -> None:
        self.taken, self._most = bytearray(), most
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def close(self) -> bytes:
        self._thread.join()
        return bytes(self.taken)

    def _take(self) -> None:
        with self._server, self._server.accept()[0] as connection:
            while len(self.taken) < self._most and (data := connection.recv(1 << 16)):
                self.taken += data


def matted(matting: Matting, index: int) -> Matted:
    pts = index * 90_000 // FPS
    return matting.process(Frame.from_rgb(paint(64, 48, index), pts, TIME_BASE))


def sound(index: int) -> Sound:
    each = RATE // FPS
    return Sound(index * each, np.full((each, 2), 1000, np.int16))


def test_nut_holds_alpha_and_sound() -> None:
    listener, matting = Listener(), Matting(RedSegmenter(), Transparent())
    written = [matted(matting, index) for index in range(FRAMES)]
    address = sink_address(f"nut+tcp://127.0.0.1:{listener.port}")
    outlet = MuxedOutlet(address, written[0], Fraction(FPS), has_sound=True)
    for index, one in enumerate(written):
        outlet.write(one, sound(index))
    outlet.close()
    data = listener.close()
    with av.open(io.BytesIO(data), format="nut") as container:
        assert isinstance(container, av.container.InputContainer)
        frames = list(container.decode(video=0))
        assert container.streams.audio[0].codec_context.name == "pcm_s16le"
    assert [frame.time for frame in frames] == pytest.approx([n / FPS for n in range(FRAMES)])
    for frame, one in zip(frames, written, strict=True):
        read = frame.to_ndarray(format="rgba")[..., 3].astype(int)
        assert np.abs(read - to_bytes(one.alpha)).max() == 0


def test_a_reader_that_leaves_is_said_and_nothing_follows() -> None:
    listener, matting = Listener(most=1000), Matting(RedSegmenter(), Transparent())
    first = matted(matting, 0)
    address = sink_address(f"nut+tcp://127.0.0.1:{listener.port}")
    outlet = MuxedOutlet(address, first, Fraction(FPS), has_sound=False)

    def write_on() -> None:
        for index in range(1000):
            outlet.write(matted(matting, index), sound(0))

    with pytest.raises(SinkError):
        write_on()
    with pytest.raises(SinkError, match="it has ended"):
        outlet.write(first, sound(0))
    outlet.close()
    listener.close()
