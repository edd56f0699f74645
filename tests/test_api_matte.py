"""Subject, shape and colours by request: read, named, and what comes of them."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.frame import AlphaMatte, Frame
from pipeline.matte_options import MatteOptions
from pipeline.shape import LIMITS, Shape
from pipeline.subject import WHOLE, Look
from stream.server.api.matte_fields import MATTE_FIELDS, matte_arguments, matte_schemas
from stream.server.api.options import picture_options, video_options
from stream.server.problems import Problem
from tests.api_serving import api, encode, fetch, make, room_png
from tests.running import Command

ALL = {
    "keep": "0.25,0.5",
    "opening": "3",
    "closing": "4",
    "smallest": "0.5",
    "shift": "-2",
    "feather": "-6",
    "gamma": "1.5",
    "correct_colours": "false",
}
AS_OPTIONS = MatteOptions((0.25, 0.5), Shape(3, 4, 0.5, -2, -6, 1.5), correct_colours=False)


class Two:
    """Sees a large subject on the left and a smaller one on the right."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        alpha = np.zeros((48, 64), np.float32)
        alpha[8:40, 4:28] = 1
        alpha[12:36, 42:60] = 1
        return alpha


def test_pictures_and_clips_take_the_same_fields() -> None:
    assert picture_options(ALL, ["u2netp"], "u2netp", 2048, ["gan"]).matte == AS_OPTIONS
    assert video_options(ALL, ["u2netp"], "u2netp").matte == AS_OPTIONS
    assert set(ALL) == set(MATTE_FIELDS) == set(matte_schemas())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, str(limit + step)) for name in LIMITS for limit, step in [(LIMITS[name][1], 1)]),
        *((name, str(limit - step)) for name in LIMITS for limit, step in [(LIMITS[name][0], 1)]),
        ("opening", "1.5"),
        ("smallest", "nan"),
        ("gamma", "1_0"),
        ("gamma", ""),
        ("keep", "left"),
        ("keep", "0.5,2"),
        ("correct_colours", "perhaps"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_wanted(name: str, text: str) -> None:
    with pytest.raises(Problem, match=name) as refused:
        picture_options({name: text}, ["u2netp"], "u2netp", 2048, ["gan"])
    assert refused.value.status == 422


async def test_every_field_makes_another_result_and_its_default_makes_none(
    tmp_path: Path,
) -> None:
    async with api(tmp_path, Two()) as client:
        _, first = await make(client, room_png())
        usual = {name: str(schema["default"]) for name, schema in matte_schemas().items()}
        _, again = await make(client, room_png(), **usual)
        assert (again["id"], again["cached"]) == (first["id"], True)
        names = {(await make(client, room_png(), **{name: ALL[name]}))[1]["id"] for name in ALL}
    assert len(names - {first["id"]}) == len(ALL)


async def test_the_subject_at_a_point_is_kept_alone(tmp_path: Path) -> None:
    async with api(tmp_path, Two()) as client:
        for keep, left, right in (("largest", 255, 0), ("0.8,0.5", 0, 255), ("all", 255, 255)):
            _, made = await make(client, room_png(), keep=keep, enable_gan="false")
            matte = await fetch(client, made["matte_url"])
            assert (matte[60, 40], matte[60, 124]) == (left, right), keep


@pytest.mark.parametrize("keep", ["all", "0.8,0.5"])
async def test_pixels_are_those_of_the_full_picture_where_it_is_matted_reduced(
    tmp_path: Path, keep: str
) -> None:
    picture = encode(np.full((480, 640, 3), 128, np.uint8))
    widths = {}
    async with api(tmp_path, Two()) as client:
        for shift in ("0", "20"):
            fields = {"shift": shift, "max_side": "320", "keep": keep, "enable_gan": "false"}
            _, made = await make(client, picture, **fields)
            assert made["scaled_from"] == [320, 240]
            matte = await fetch(client, made["matte_url"])
            widths[shift] = int((matte[240, 400:] > 127).sum())
    assert widths["20"] - widths["0"] == pytest.approx(40, abs=2)


async def test_what_was_taken_away_on_purpose_is_no_reason_for_doubt(tmp_path: Path) -> None:
    async with api(tmp_path, Two()) as client:
        _, made = await make(client, room_png(), enable_gan="false")
        assert made["doubts"] == ["several"]
        fields = {"keep": "largest", "shift": "-12", "enable_gan": "false"}
        _, made = await make(client, room_png(), **fields)
        assert made["doubts"] == []


def test_a_clip_is_made_by_a_command_that_understands_them(
    livematte: Command, tmp_path: Path
) -> None:
    """It gets as far as the file that is missing."""
    arguments = matte_arguments(AS_OPTIONS)
    assert "--keep=0.250000000,0.500000000" in arguments
    assert "--no-correct-colours" in arguments
    ran = livematte("file", tmp_path / "none.mp4", tmp_path / "out.mp4", *arguments)
    assert ran.status == 1
    assert "none.mp4" in ran.line
