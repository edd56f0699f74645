"""A Ray cluster (https://docs.ray.io): how it is joined, and where in it there is room to work."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, TextIO, cast

import ray

from pipeline.errors import OptionError

_REACH_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker runs: a machine of the cluster, or a share of it with one of its GPUs."""

    node: str
    machine: str
    """Its name."""
    cpus: float
    gpus: int = 0


def places_of(node: dict[str, Any]) -> list[Place]:
    """One for each GPU of a machine, as Ray describes it, or one where there is none."""
    cpus, gpus = node["Resources"].get("CPU", 0.0), int(node["Resources"].get("GPU", 0))
    if not node["Alive"] or cpus < 1:
        return []
    name = node["NodeID"], node["NodeManagerHostname"]
    if not gpus:
        return [Place(*name, cpus)]
    return [Place(*name, max(1.0, cpus // gpus), 1)] * gpus


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Part of the cluster at `host:port`; without one, of that which is here, or is begun here."""
    if address not in (None, "auto", "local"):
        _check_reachable(str(address))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, RuntimeError, ValueError) as error:
        why = str(error).strip().splitlines()[0]
        raise OptionError(f"--ray-address {address}: {why}: see `ray status`") from None
    try:
        with redirect_stdout(cast(TextIO, _WithoutRay(sys.stdout))):
            yield
    finally:
        ray.shutdown()


class _WithoutRay:
    """Standard output without what a thread of Ray says there of machines that are lost.

    It says so whatever is done with its logs, and what is read from us is a report.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        ours = not threading.current_thread().name.startswith("ray_")
        return self._out.write(text) if ours else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


def _check_reachable(address: str) -> None:
    """Ray itself tries for two minutes, and then ends the process."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _REACH_S).close()
    except (OSError, ValueError) as error:
        raise OptionError(
            f"--ray-address {address}: nothing answers there ({error}): it is HOST:PORT as "
            "`ray start --head` says it"
        ) from None
