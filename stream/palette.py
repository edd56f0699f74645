"""256 colours for GIF."""

import av
import av.filter

_STEPS = "split"
_ONE_PICTURE = "stats_mode=single:reserve_transparent=1"
_USE = "new=1:alpha_threshold=128:dither=bayer:bayer_scale=4"


def with_palette(video: av.VideoFrame) -> av.VideoFrame:
    """An RGBA picture in 256 colours of its own, one of them transparent: from alpha 128 down.

    Ordered dither: noise that is spread by errors would crawl from picture to picture.
    """
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=video.width,
        height=video.height,
        format=av.VideoFormat("rgba"),
        time_base=video.time_base,
    )
    split, use = graph.add("split"), graph.add("paletteuse", _USE)
    choose, sink = graph.add("palettegen", _ONE_PICTURE), graph.add("buffersink")
    source.link_to(split)
    split.link_to(choose, 0, 0)
    split.link_to(use, 1, 0)
    choose.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(video)
    graph.push(None)
    coloured = graph.pull()
    assert isinstance(coloured, av.VideoFrame)
    coloured.pts, coloured.time_base = video.pts, video.time_base
    return coloured
