"""How a server is run."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import OptionError
from pipeline.models import DEFAULT_MODEL
from pipeline.patch_network import Refine
from stream.server.api.settings import ApiSettings

SHORTEST_TOKEN = 16
"""Characters: fewer can be tried out."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN server, or a TURN server with a user."""

    url: str
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Checked when it is made; raises OptionError."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    origins: tuple[str, ...] = ()
    """Of other sites whose pages may use this server, such as https://example.org."""
    certificate: Path | None = None
    key: Path | None = None
    ice_servers: tuple[IceServer, ...] = ()
    max_sessions: int = 4
    """Calls that are matted at the same time."""
    max_viewers: int = 64
    """Of published calls, all together."""
    model: str = DEFAULT_MODEL
    backgrounds: Path | None = None
    """A folder of pictures and videos."""
    rate: float = 30.0
    """Frames a second that are matted at most."""
    budget_ms: float | None = field(default=None)
    """For a frame; None: what the rate leaves."""
    refine: Refine = "auto"
    """What calls begin with; off: no call is refined."""
    hard_cases: Path | None = None
    """A folder for pictures that are hard to matte; None: no picture is ever kept on disk."""
    api: ApiSettings = field(default_factory=ApiSettings)

    def __post_init__(self) -> None:
        self._check_access()
        for origin in self.origins:
            if not re.fullmatch(r"https?://[\w.\[\]:-]+", origin):
                raise OptionError(f"origin {origin!r}: like https://example.org, without a path")
        if (self.certificate is None) != (self.key is None):
            raise OptionError("a TLS certificate and its key go together: name both files")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise OptionError(f"{path}: no such file: check the path of the certificate or key")
        if self.backgrounds is not None and not self.backgrounds.is_dir():
            raise OptionError(f"backgrounds {self.backgrounds}: no such folder")
        if self.max_sessions < 1 or not 1 <= self.rate <= 120:
            raise OptionError("at least one session, and from 1 to 120 frames a second")

    def _check_access(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise OptionError(
                f"host {self.host}: others can reach it, so a token is required: add --token, or "
                "set LIVEMATTE_TOKEN"
            )
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise OptionError(f"a token has at least {SHORTEST_TOKEN} characters")

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    @property
    def frame_budget_ms(self) -> float:
        return self.budget_ms or round(1e3 / self.rate, 1)


def is_loopback(host: str) -> bool:
    """Whether it is this machine alone that reaches such a host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def parse_ice_server(text: str) -> IceServer:
    """`stun:HOST[:PORT]`, or `turn:USER:PASSWORD@HOST[:PORT]`; raises OptionError."""
    if re.fullmatch(r"stuns?:[\w.\[\]:-]+", text):
        return IceServer(text)
    if found := re.fullmatch(r"(turns?):([^:@]+):([^@]+)@([\w.\[\]:?=-]+)", text):
        scheme, user, password, host = found.groups()
        return IceServer(f"{scheme}:{host}", username=user, credential=password)
    raise OptionError(f"ice server {text!r}: stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT")
