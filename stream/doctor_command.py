"""`livematte doctor`: what this installation can do here, and what to do about its lacks."""

import json
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import av
import openvino as ov
import typer

from pipeline.errors import ModelError
from pipeline.model_files import verify
from pipeline.models import CATALOGUE, DEFAULT_MODEL, PARTS
from pipeline.network import usable_processors
from stream.encoders import ENCODERS

PACKAGES = ("livematte", "numpy", "opencv-python-headless", "av", "aiortc", "openvino")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
NVIDIA_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `remedy` says what to do if it is not `ok`."""

    what: str
    value: str
    ok: bool = True
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is here, what is lacking, and what to do about it. Exits with 1 on a lack."""
    findings = list(examine())
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            typer.echo(f"{'ok ' if finding.ok else '!! '}{finding.what:<14}{finding.value}")
            if finding.remedy:
                typer.echo(f"   {'':<14}→ {finding.remedy}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Look at everything that matters, one finding after another."""
    yield Finding("system", f"{platform.platform()}, Python {platform.python_version()}")
    yield Finding(
        "packages", ", ".join(f"{name} {package_version(name) or '—'}" for name in PACKAGES)
    )
    yield Finding("processor", f"{usable_processors()} cores for this process; {_instructions()}")
    yield Finding("openvino", f"devices {', '.join(ov.Core().available_devices)}")
    gpu = nvidia_gpu()
    yield Finding("gpu", gpu or "no NVIDIA driver answers")
    yield onnx_runtime(package_version("onnxruntime"), package_version("onnxruntime-gpu"), gpu)
    yield _models()
    yield from _encoders()


def onnx_runtime(plain: str | None, gpu_build: str | None, gpu: str | None) -> Finding:
    """The two builds of ONNX Runtime overwrite each other's files: with both, the GPU idles."""
    if plain and gpu_build:
        remedy = (
            "they overwrite each other: pip uninstall -y onnxruntime onnxruntime-gpu, then "
            f"pip install 'livematte[{'gpu' if gpu else 'cpu'}]'"
        )
        found = f"both onnxruntime {plain} and onnxruntime-gpu {gpu_build}"
        return Finding("onnxruntime", found, False, remedy)
    if gpu and not gpu_build:
        remedy = "pip uninstall -y onnxruntime; pip install 'livematte[gpu]'"
        return Finding("onnxruntime", "no build for the GPU that is here", False, remedy)
    if gpu_build:
        return Finding("onnxruntime", f"onnxruntime-gpu {gpu_build}")
    return Finding("onnxruntime", f"onnxruntime {plain}" if plain else "none, and none is needed")


def nvidia_gpu() -> str | None:
    """The names of the NVIDIA GPUs that the driver reports, or None."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            query, check=False, capture_output=True, text=True, timeout=NVIDIA_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return "; ".join(done.stdout.split("\n")).strip("; ") or None if done.returncode == 0 else None


def package_version(package: str) -> str | None:
    """The version of what is installed by that name, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _instructions() -> str:
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    flags = cpu_flags()
    present = [name for name in INSTRUCTIONS if name in flags]
    known = " ".join(present) or "instruction sets unknown on this system"
    return f"{known}; networks run in {', '.join(sorted(capabilities))}"


def cpu_flags() -> set[str]:
    """What Linux says that the processor can do; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def _models() -> Finding:
    for shipped in (CATALOGUE[DEFAULT_MODEL], *PARTS):
        try:
            verify(shipped)
        except ModelError:
            return Finding("models", f"{shipped.name} absent or damaged", False, shipped.remedy)
    present = [one.name for one in (*CATALOGUE.values(), *PARTS) if one.path.is_file()]
    return Finding("models", ", ".join(present))


def _encoders() -> Iterator[Finding]:
    present = [codec for codec, encoder in ENCODERS.items() if encoder.name in av.codecs_available]
    yield Finding("encoders", ", ".join(present))
    for codec, encoder in ENCODERS.items():
        if codec not in present:
            remedy = "pip install --force-reinstall av: its wheel has all of them"
            yield Finding("encoders", f"no {encoder.name} for {codec}", False, remedy)
