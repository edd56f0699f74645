"""What the HTTP API takes and keeps."""

import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pipeline.errors import OptionError

MIB = 2**20


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Checked when it is made; raises OptionError."""

    folder: Path | None = None
    """Where results and clips lie meanwhile; None: in the user's cache."""
    redis: str | None = None
    """redis://… of a cache that several servers share."""
    keep_bytes: int = 2048 * MIB
    """Of pictures' results on disk, and as much again of clips; the oldest pictures go first."""
    keep_seconds: float = 24 * 3600.0
    """How long a result can be fetched."""
    upload_bytes: int = 20 * MIB
    """Of a picture's file."""
    pixels: int = 50_000_000
    """Of a picture; what is larger is refused before it is decoded."""
    longest_side: int = 2048
    """A longer picture is matted at this size, and its matte brought up."""
    jobs: int = 2
    """Pictures worked on at once."""
    queue: int = 16
    """Requests that may wait beyond those."""
    video_bytes: int = 512 * MIB
    """Of a clip's file."""
    url_hosts: tuple[str, ...] = ()
    """Hosts by name from which `GET /api/remove?url=` fetches."""

    def __post_init__(self) -> None:
        if self.redis is not None and not re.match(r"rediss?://|unix://", self.redis):
            raise OptionError(
                f"redis {_without_password(self.redis)!r}: like redis://HOST:6379/0, "
                "rediss://… or unix://PATH"
            )
        for host in self.url_hosts:
            if not re.fullmatch(r"(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)*", host):
                raise OptionError(
                    f"url host {host!r}: a name such as images.example.org, without scheme or path"
                )
        if not 64 <= self.longest_side <= 16_384:
            raise OptionError(f"longest side {self.longest_side}: from 64 to 16384 pixels")
        if min(self.jobs, self.pixels, self.upload_bytes, self.video_bytes, self.keep_bytes) < 1:
            raise OptionError("jobs, pixels and bytes of the API: each is 1 or more")
        if self.video_bytes > self.keep_bytes:
            raise OptionError("a clip may be no larger than all that is kept of them")
        if self.queue < 0 or self.keep_seconds <= 0:
            raise OptionError("the API's queue is 0 or more, and results are kept for some time")

    @property
    def work_folder(self) -> Path:
        return self.folder or platformdirs.user_cache_path("livematte") / "results"


def _without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//…@", url)
