"""What a user calls live ends, the clock and the line of sound, and how long to wait."""

import sys

import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.errors import OptionError, SinkError
from stream.live.address import sink_address, source_address
from stream.live.back_off import BackOff
from stream.live.clock import LiveClock
from stream.live.session import check_sink
from stream.live.sound import RATE, SoundLine
from tests.running import GREEN, Command, assert_refused


@pytest.mark.parametrize("text", ["in.mp4", "ftp://host/x", "rtsp:", "/dev/null/video", "camera"])
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="SOURCE"):
        source_address(text)


@pytest.mark.parametrize("text", ["out.mp4", "rtsp://host/x", "/dev/video0"])
def test_what_is_no_sink_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="SINK"):
        sink_address(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rtmp://user:word@host:1935/live/SECRET", "rtmp://host:1935"),
        ("srt://host:9000?passphrase=SECRET", "srt://host:9000"),
    ],
)
def test_keys_are_not_told(monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    monkeypatch.setattr("shutil.which", lambda program: program)
    assert source_address(text).name == sink_address(text).name == name


def test_rtmp_that_listens_is_told_so_as_ffmpeg_wants_it() -> None:
    address = source_address("rtmp://127.0.0.1/live/key?listen=1")
    assert address.url == "rtmp://127.0.0.1/live/key"
    assert address.options["listen"] == "1"
    assert address.listens


@pytest.mark.parametrize("arguments", [("srt://host:1", "udp://host:1"), ("udp://:1", "srt://a:1")])
def test_srt_without_its_program_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, livematte: Command, arguments: tuple[str, str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    assert_refused(livematte("live", *arguments), 2, "srt://", "apt-get install ffmpeg")


def test_a_pipe_goes_with_a_pipe(livematte: Command) -> None:
    assert_refused(livematte("live", "-", "udp://127.0.0.1:1"), 2, "put ffmpeg between")


@pytest.mark.parametrize(
    ("sink", "server", "words"),
    [
        ("udp://127.0.0.1:1", "stun:127.0.0.1:2", "of WHIP alone"),
        ("https://127.0.0.1:1/whip", "http://x", "stun:HOST:PORT"),
    ],
)
def test_servers_of_addresses_are_of_whip_alone_and_checked(
    livematte: Command, sink: str, server: str, words: str
) -> None:
    ran = livematte("live", "tcp://127.0.0.1:1", sink, "--ice-server", server)
    assert_refused(ran, 2, "server", words)


def test_alpha_that_would_be_lost_is_refused() -> None:
    with pytest.raises(OptionError, match=r"nut\+tcp"):
        check_sink(sink_address("rtmp://host/live/key"), Transparent())
    check_sink(sink_address("nut+tcp://host:1"), Transparent())


def test_a_camera_without_its_library_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(OptionError, match=r"pip install livematte\[camera\]"):
        check_sink(sink_address("camera"), GREEN)


def test_a_camera_without_its_device_names_the_kernel_module() -> None:
    pytest.importorskip("pyvirtualcam")
    from stream.live.camera import check_camera

    with pytest.raises(SinkError, match="kernel module v4l2loopback"):
        check_camera(sink_address("camera:/dev/video99"))


def test_pauses_double_up_to_the_longest() -> None:
    back_off = BackOff(2.0)
    assert [back_off.failed() for _ in range(4)] == [0.5, 1.0, 2.0, 2.0]
    back_off.settled()
    assert back_off.failed() == 0.5


class Hand:
    """The hand of a clock, moved by the test."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_the_soonest_is_now_and_the_late_keep_their_distance() -> None:
    hand = Hand()
    clock = LiveClock(hand)
    hand.at += 1
    assert clock.place(500.0) == pytest.approx(1.0)
    hand.at += 0.5
    assert clock.place(500.2) == pytest.approx(1.2)
    assert clock.place(501.0) == pytest.approx(1.5)  # sooner than the first: the first was late
    assert clock.place(500.9) == pytest.approx(1.4)


def test_time_stamps_that_jump_are_now() -> None:
    hand = Hand()
    clock = LiveClock(hand)
    clock.place(500.0)
    hand.at += 2
    assert clock.place(3.0) == pytest.approx(2.0)
    clock.begin()
    assert clock.place(777.0) == pytest.approx(2.0)


def test_what_is_paced_may_lie_in_the_future() -> None:
    hand = Hand()
    clock = LiveClock(hand, paced=True)
    clock.place(10.0)
    assert clock.place(11.0) == pytest.approx(1.0)
    assert clock.place(30.0) == pytest.approx(0.0)  # so far ahead, it has jumped


def tone(seconds: float) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    return np.ones((round(seconds * RATE), 2), np.int16)


def test_sound_that_is_missing_is_silence() -> None:
    line = SoundLine()
    line.put(0.0, tone(0.1))
    line.put(0.3, tone(0.1))
    sound = line.take(0.4)
    assert sound.start == 0
    assert len(sound.samples) == round(0.4 * RATE)
    assert not sound.samples[round(0.1 * RATE) : round(0.3 * RATE)].any()
    assert sound.samples[round(0.3 * RATE) :].all()


def test_sound_that_comes_twice_is_left_out() -> None:
    line = SoundLine()
    line.put(0.0, tone(0.2))
    line.put(0.1, tone(0.2))
    assert len(line.take(9.0).samples) == round(8.5 * RATE)
    assert line.take(9.0).start == round(8.5 * RATE)


def test_sound_a_little_beside_its_time_is_joined() -> None:
    line = SoundLine()
    line.put(0.0, tone(0.1))
    line.put(0.11, tone(0.1))
    assert line.take(0.2).samples.all()


def test_sound_that_nobody_takes_is_let_go() -> None:
    line = SoundLine()
    for second in range(30):
        line.put(second, tone(1.0))
    sound = line.take(30.0)
    assert sound.start == 20 * RATE
    assert len(sound.samples) == 10 * RATE
