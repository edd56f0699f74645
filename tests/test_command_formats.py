"""`livematte formats` tells what this installation can write."""

import json

import av
import pytest

from tests.running import Command


def test_each_is_tried(livematte: Command) -> None:
    ran = livematte("formats", "--json")
    assert ran.status == 0
    rows = {(row["name"], row["codec"]): row for row in json.loads(ran.out)["formats"]}
    assert all(row["trouble"] is None for row in rows.values())
    for key in ((".mkv", "ffv1"), (".mov", "animation"), ("%06d.png", "png"), (".avi", "utvideo")):
        assert rows[key]["alpha"] == "exact"
    for key in ((".webm", "vp9"), (".webm", "vp8"), (".mov", "prores")):
        assert rows[key]["alpha"] == "near"
        assert 0 < rows[key]["alpha_error"] < 0.5
    assert rows[".gif", "gif"]["alpha"] == "one bit"
    assert rows[".mp4", "h264"]["alpha"] == "none"


def test_people_read_a_table(livematte: Command) -> None:
    lines = livematte("formats").out.splitlines()
    assert any(".webm" in line and "vp9" in line and "alpha: near" in line for line in lines)


def test_what_an_installation_lacks_is_said(
    livematte: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libvpx"})
    lines = livematte("formats").out.splitlines()
    assert any("vp8" in line and "cannot: this FFmpeg has no such" in line for line in lines)
