"""What it was measured on, and with."""

import platform
from pathlib import Path
from typing import Any

from pipeline.network import usable_processors as cores
from stream.doctor_command import INSTRUCTIONS, PACKAGES, cpu_flags, nvidia_gpu, package_version

_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, instruction sets, GPU and versions; no name of a host."""
    flags = cpu_flags()
    names = (*PACKAGES, "onnxruntime", "onnxruntime-gpu")
    versions = {name: package_version(name) for name in names}
    return {
        "processor": _processor(),
        "cores": cores(),
        "instructions": [name for name in INSTRUCTIONS if name in flags],
        "gpu": nvidia_gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name, version in versions.items() if version},
    }


def machine_sentence(machine: dict[str, Any]) -> str:
    """One line for people."""
    count = machine["cores"]
    parts = [
        machine["processor"],
        f"{count} core{'s' * (count != 1)}",
        " ".join(machine["instructions"]) or "instruction sets unknown",
        machine["gpu"] or "no GPU",
        f"{machine['system']}, Python {machine['python']}",
    ]
    return "; ".join(parts)


def _processor() -> str:
    """The model as the system names it, with family and number, for names can be vague."""
    if not _CPU_INFO.is_file():
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in _CPU_INFO.read_text().splitlines())
    facts: dict[str, str] = {}
    for name, _, value in lines:
        facts.setdefault(name.strip(), value.strip())
    model = facts.get("model name", platform.machine())
    if "cpu family" not in facts:
        return model
    return f"{model} (family {facts['cpu family']}, model {facts.get('model', '?')})"
