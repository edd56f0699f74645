"""A Ray cluster (https://docs.ray.io): how it is joined, and where in it there is room to work."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

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
        yield
    finally:
        ray.shutdown()


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
