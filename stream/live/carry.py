"""The program of a bridge: all that comes on standard input goes to a URL of FFmpeg's."""

import os
import sys

import av
import av.error
import av.logging

_BYTES = 1 << 16


def carry(url: str) -> None:
    """Bytes as they are: FFmpeg's muxer `data` changes nothing."""
    with av.open(url, "w", format="data", options={"flush_packets": "1"}) as output:
        stream = output.add_data_stream()
        output.start_encoding()
        while data := os.read(0, _BYTES):
            packet = av.Packet(data)
            packet.stream = stream
            output.mux(packet)


def main() -> None:
    av.logging.set_level(None)
    try:
        carry(sys.argv[1])
    except (OSError, av.error.FFmpegError) as error:
        sys.exit(f"{getattr(error, 'strerror', None) or error}")


if __name__ == "__main__":
    main()
