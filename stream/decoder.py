"""Decoders that keep alpha."""

import av

_KEEPS_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these, its first choice, drop it without a word."""


def decoder_of(stream: av.VideoStream) -> av.VideoCodecContext:
    """The stream's decoder, or the one that gives its alpha where it has any."""
    name = _KEEPS_ALPHA.get(stream.codec_context.codec.canonical_name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return stream.codec_context
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = stream.codec_context.extradata
    return decoder
