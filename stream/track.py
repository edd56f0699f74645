"""One file of a long work: the segments that it is made in, and how they become that file."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from pipeline.errors import OptionError, SinkError
from stream.carried import AudioOutcome
from stream.checkpoint import sync_folder
from stream.file_source import FileSource
from stream.formats import AlphaIn, Format, choose_format, numbered_name
from stream.guard import writing
from stream.inputs import open_input
from stream.packet_log import PacketLog, read_log
from stream.place import numbered_files, place_of
from stream.verify import Sample, Verified
from stream.video_file import Encoding, PictureKind, Recipe, VideoFile
from stream.video_info import VideoInfo


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of a track."""

    audio: AudioOutcome
    losses: list[str]
    left_out: list[str]
    verified: Verified | None


_Beside = tuple[AudioOutcome, list[str], list[str]]


class Track:
    """A file that is written in segments, which are joined without encoding them again.

    A segment is a log of packets; a folder of pictures, for a sequence; or Matroska, for alpha that
    is kept beside the packets. Raises OptionError for a format that cannot be joined.
    """

    def __init__(self, path: Path, alpha: AlphaIn, encoding: Encoding, info: VideoInfo) -> None:
        self.path = path
        self.form: Format = choose_format(path, encoding.codec, alpha)
        self._encoding, self._info = encoding, info
        encoding_options = self.form.encoder.tuned(encoding.crf, encoding.preset)
        self.about = [path.name, self.form.encoder.name, alpha, encoding_options]
        if not self.form.container.joins:
            raise OptionError(
                f"--resume: {path.suffix} cannot be joined from parts: choose another format, or "
                "leave --resume out"
            )

    def recipe(self, kind: PictureKind) -> Recipe:
        return Recipe(self.form, self._encoding, self._info, kind)

    def segment(self, folder: Path, number: int) -> Path:
        """Where a segment is kept; `open` makes it, whatever was there of it before."""
        name = f"{number:06d}.{self.path.stem.replace('%', '_')}"
        if self.form.is_sequence:
            return folder / name / self.path.name
        return folder / (name + (self.path.suffix if self._in_matroska else ".log"))

    def open(self, segment: Path, kind: PictureKind, sample: Sample | None) -> VideoFile:
        if self.form.is_sequence:
            shutil.rmtree(segment.parent, ignore_errors=True)
            segment.parent.mkdir()
        in_log = not self.form.is_sequence and not self._in_matroska
        place = PacketLog(segment) if in_log else segment
        return VideoFile(place, self.recipe(kind), None, sample)

    def sync(self, segment: Path) -> None:
        """All of it is on the disk."""
        files = numbered_files(segment) if self.form.is_sequence else [segment]
        for file in files:
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        sync_folder(segment.parent)

    def adopt(self, made_in: Path, folder: Path, number: int) -> None:
        """Move a segment from where somebody made it to where the others are."""
        made, wanted = self.segment(made_in, number), self.segment(folder, number)
        if self.form.is_sequence:
            made, wanted = made.parent, wanted.parent
            shutil.rmtree(wanted, ignore_errors=True)
        made.replace(wanted)

    def join(
        self,
        folder: Path,
        segments: int,
        kind: PictureKind,
        sound: FileSource | None,
        sample: Sample | None,
    ) -> Joined:
        """Put the file together in the folder, and move it to its place; or SinkError."""
        with writing(self.path):
            parts = [self.segment(folder, number) for number in range(segments)]
            if self.form.is_sequence:
                whole = self._link(folder / "joined" / self.path.name, parts)
                outcome: _Beside = "none", [], []
            else:
                whole = folder / f"joined{self.path.suffix}"
                outcome = self._remux(whole, parts, kind, sound)
            verified = self._verify(whole, sample)
            self.sync(whole)
            place = place_of(self.path)
            place.scratch = whole
            place.put(self.path)
            sync_folder(self.path.parent)
            return Joined(*outcome, verified)

    def _verify(self, whole: Path, sample: Sample | None) -> Verified | None:
        try:
            return sample.verify(whole) if sample else None
        except SinkError as error:
            raise SinkError(f"{self.path}: {error}") from None

    def _remux(
        self, whole: Path, parts: list[Path], kind: PictureKind, sound: FileSource | None
    ) -> _Beside:
        file = VideoFile(whole, self.recipe(kind), sound)
        try:
            for part in parts:
                for packet in self._packets(part):
                    file.copy(packet)
            file.finish(to_the_end=True)
        finally:
            file.close()
        beside = file.carried
        return (beside.outcome, beside.losses, beside.left_out) if beside else ("none", [], [])

    def _packets(self, part: Path) -> "Iterator[av.Packet[Any]]":
        if not self._in_matroska:
            yield from read_log(part)
            return
        with open_input(part) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    yield packet

    def _link(self, whole: Path, parts: list[Path]) -> Path:
        """All pictures in one folder, numbered on; those of the parts stay until all is done."""
        shutil.rmtree(whole.parent, ignore_errors=True)
        whole.parent.mkdir()
        pictures = [picture for part in parts for picture in numbered_files(part)]
        for number, picture in enumerate(pictures, 1):
            (whole.parent / numbered_name(whole, number)).hardlink_to(picture)
        return whole

    @property
    def _in_matroska(self) -> bool:
        return self.form.encoder.alpha_beside and self.form.alpha == "channel"
