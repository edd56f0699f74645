"""A film on one and on two machines of a Ray cluster; `python -m bench.spread VIDEO`.

The machines are Ray's own stand-ins for machines, all on this one, with a processor each.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from ray.cluster_utils import Cluster

from pipeline.models import DEFAULT_MODEL
from pipeline.runtime import RuntimeOptions
from stream.engine import Engine, LocalEngine
from stream.file_job import FileOptions
from stream.jobs import Job
from stream.loaded_networks import NetworkChoice
from stream.ray_engine import RayEngine
from stream.session import FILE

MACHINE = {"num_cpus": 1, "object_store_memory": 80_000_000}
_OPTIONS = FileOptions("blur", resume=True)


def main(
    video: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Some minutes long.")],
) -> None:
    """Matte it in this process, on one machine and on two, and print the seconds."""
    choice = NetworkChoice(DEFAULT_MODEL, RuntimeOptions(parallel=FILE.segmenters))
    tell("this process", video, LocalEngine(choice))
    for machines in (1, 2):
        with cluster_of(machines) as cluster:
            tell(f"machines: {machines}", video, RayEngine(choice, cluster.address))


@contextmanager
def cluster_of(machines: int) -> Iterator[Any]:
    """A real cluster of processes of this machine, which believe that they are on several."""
    cluster = Cluster(initialize_head=True, head_node_args=dict(MACHINE))
    try:
        for _ in range(machines - 1):
            cluster.add_node(**MACHINE)
        yield cluster
    finally:
        cluster.shutdown()


def tell(name: str, video: Path, engine: Engine) -> None:
    """Seconds from the command to the file, the start of the workers among them."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        frames = engine.one(Job(video, Path(folder) / "out.mp4"), _OPTIONS)["frames_out"]
        seconds = time.perf_counter() - began
    typer.echo(f"{name}: {frames} frames in {seconds:.1f} s, {frames / seconds:.1f} a second")


if __name__ == "__main__":
    typer.run(main)
