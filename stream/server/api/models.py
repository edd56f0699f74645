"""The models of calls, loaded for single pictures."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from pipeline.models import CATALOGUE, find_model
from pipeline.runtime import RuntimeOptions, load_network
from pipeline.segment import Segmenter, U2Net
from stream.server.api.published import Published
from stream.server.networks import Stills, Use


def stills(models: Mapping[str, str], options: RuntimeOptions) -> Stills:
    """`models` are names of the catalogue, or paths, by the names that clients know."""

    def load(name: str, use: Use) -> Segmenter:
        if use == "published":
            return _published(models[name], options)
        return U2Net.load(models[name], options)

    @cache
    def digest(name: str) -> str:
        model = models[name]
        if model in CATALOGUE:
            return CATALOGUE[model].digest
        path, _ = find_model(model)
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def arguments(name: str) -> list[str]:
        run = {
            "--model": models[name],
            "--runtime": options.runtime,
            "--precision": options.precision,
            "--threads": str(options.threads),
        }
        flags = ["--require-gpu"] if options.require_gpu else []
        return [*(word for pair in run.items() for word in pair), *flags]

    return Stills(load, digest, arguments)


def _published(model: str, options: RuntimeOptions) -> Segmenter:
    """With its fused output, in full precision."""
    path, spec = find_model(model)
    if spec.takes_previous:  # nobody else runs such a network: it is ours
        return U2Net.load(model, options)
    fused = replace(spec, output=0, logit_offset=0.0)
    return Published(load_network(path, fused, replace(options, precision="f32")), spec.size)
