"""Weights to start from and to go on from, and pictures as they are normalised for them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.errors import ModelError
from pipeline.model_files import verify
from pipeline.models import find_entry
from pipeline.network import IMAGENET
from training.encoder import load_pretrained
from training.lite_net import CLOSER, WHOLE, LiteNet
from training.u2net import SHIPPED_SIDE, U2NetP

PeopleNet = U2NetP | LiteNet
"""What learns to find people."""

_EXPORTED = re.compile(
    r"^(encoder|decoder|side)(\d?)(?:\.(enter|down|bottom|up)(\d?))?\.(weight|bias)$"
)
_DEEPEST = "decoder.32.enter.conv.weight"
_NUMBERED = re.compile(r"\b(decoder|down|up|side)\.(\d+)")
MEAN, STD = IMAGENET
"""For RGB of 0…1: for video a picture is divided by 255, not by its own maximum."""


def load_published(network: U2NetP, file: Path) -> None:
    """Set the weights to those of u2netp.onnx; a fourth input channel starts out ignored.

    The file's convolutions stand in the order in which the paper's network computes them, which is
    the order in which the whole U2NetP declares them.
    """
    whole = U2NetP(finest=1, previous=False)
    names = [name for name, layer in whole.named_modules() if isinstance(layer, nn.Conv2d)]
    pairs = zip(names, _convolutions(file, len(names)), strict=True)
    state = {f"{name}.{kind}": one for name, both in pairs for kind, one in both.items()}
    wanted = network.state_dict()
    network.load_state_dict({name: _widened(state[name], like) for name, like in wanted.items()})


def from_file(file: Path) -> U2NetP:
    """The network of an .onnx file: of the published one, or of one that was exported here.

    The latter lacks the coarser outputs' last layers, which only training wants: they begin anew.
    """
    arrays = arrays_of(file)
    found = {_EXPORTED.sub(_module_name, name): array for name, array in arrays.items()}
    if "encoder.1.enter.conv.weight" not in found:
        network = U2NetP()
        load_published(network, file)
        return network
    network = _formed_as(found)
    fit_channels(network, network.state_dict() | found)
    return network


def published(finest: int = SHIPPED_SIDE, previous: bool = True) -> U2NetP:
    """The published network, by default as training starts from it; ModelError if not pulled."""
    entry, network = find_entry("u2netp"), U2NetP(finest, previous)
    verify(entry)
    load_published(network, entry.path)
    return network


def pretrained() -> LiteNet:
    """Its way down knows photographs, its way up nothing; ModelError without the former."""
    network = LiteNet()
    load_pretrained(network.encoder)
    return network


def load_lite(file: Path, share: float = 1.0, start: Path | None = None) -> LiteNet:
    """The averaged network of best.pt or last.pt, or the one of an exported file.

    The latter lacks the coarser outputs' last layers, which only training wants: they begin anew.
    Of the weights' way from those of `start` `share` is kept, see `drawn_back`. ModelError if a
    file holds no such network.
    """
    if file.suffix == ".pt":
        state = torch.load(file, map_location="cpu")["averaged"]
        network = LiteNet(WHOLE if _DEEPEST in state else CLOSER)
    else:
        arrays = arrays_of(file)
        if _lite_name("encoder.stem.conv.weight") not in arrays:
            raise ModelError(
                f"{file} has no LiteNet: give a file that `training.export --lite` wrote"
            )
        network = LiteNet(WHOLE if _lite_name(_DEEPEST) in arrays else CLOSER)
        state = network.state_dict()
        state |= {name: _lite_array(name, arrays) for name in state if _lite_name(name) in arrays}
    network.load_state_dict(state)
    if start is not None:
        drawn_back(network, load_lite(start), share)
    return network.eval()


def load_u2netp(file: Path, share: float = 1.0) -> U2NetP:
    """The same of U²-Net-p, of whose checkpoint `share` is kept, see `load_averaged`."""
    return load_averaged(file, share) if file.suffix == ".pt" else from_file(file)


def load_averaged(checkpoint: Path, share: float = 1.0, start: Path | None = None) -> U2NetP:
    """The averaged network of best.pt or last.pt, with all its channels or fewer.

    Of the weights' way from those of `start`, by default the published ones, `share` is kept, see
    `drawn_back`.
    """
    state = torch.load(checkpoint, map_location="cpu")["averaged"]
    network = _formed_as(state)
    fit_channels(network, state)
    if share < 1:
        drawn_back(network, load_averaged(start) if start else published(), share)
    return network.eval()


def _formed_as(state: Mapping[str, Tensor]) -> U2NetP:
    """A new network, open at the top where the state's is."""
    return U2NetP(open_top="encoder.1.up.5.conv.weight" not in state)


def fit_channels(network: U2NetP, state: Mapping[str, Tensor]) -> None:
    """Give the convolutions as many channels as they have in a state, and its weights."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            set_weights(layer, state[f"{name}.weight"], state[f"{name}.bias"])


def set_weights(layer: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    """Weights (outputs, inputs, height, width), of any number of channels, and bias (outputs,)."""
    layer.weight, layer.bias = nn.Parameter(weight.contiguous()), nn.Parameter(bias.contiguous())
    layer.out_channels, layer.in_channels = weight.shape[:2]


def drawn_back(network: PeopleNet, start: PeopleNet, share: float) -> None:
    """Leave `share` of the way that training led the weights from where they started.

    What a network gains on what it was trained for is nearly all gained on a part of the way, and
    much of what it knew before of everything else is kept (Wortsman et al., "Robust fine-tuning of
    zero-shot models", CVPR 2022).
    """
    if _shapes(network) != _shapes(start):
        raise ModelError("a narrowed network has no way back but to the narrow one it began as")
    with torch.no_grad():
        for weight, before in zip(network.parameters(), start.parameters(), strict=True):
            weight.copy_(before.lerp(weight, share))


def _module_name(exported: re.Match[str]) -> str:
    """Of a weight or bias, by its name in training/graph.py: encoder1.down0.weight, side.bias."""
    way, stage, layer, place, kind = exported.groups()
    if way == "side":
        return f"side.{SHIPPED_SIDE}.{kind}"
    return ".".join(part for part in (way, stage, layer, place, "conv", kind) if part)


def _lite_name(name: str) -> str:
    """A weight's or bias's in training/people_graph.py: decoder.2.down.0.conv.bias is
    lite.decoder2.down0.bias."""
    plain = name.replace("encoder.", "").replace("blocks.", "block").replace(".conv", "")
    return "lite." + _NUMBERED.sub(r"\1\2", plain)


def _lite_array(name: str, arrays: Mapping[str, Tensor]) -> Tensor:
    kept = _lite_name(name)
    return arrays[kept] * arrays.get(f"{kept}.step", torch.ones(()))


def _shapes(network: U2NetP) -> list[torch.Size]:
    return [weight.shape for weight in network.parameters()]


def normalised(pictures: Tensor) -> Tensor:
    """float32 (N, 3, H, W) as the network takes it, of RGB uint8 (N, H, W, 3)."""
    mean = torch.tensor(MEAN, device=pictures.device) * 255
    std = torch.tensor(STD, device=pictures.device) * 255
    return ((pictures - mean) / std).permute(0, 3, 1, 2)


def with_previous(pictures: Tensor, previous: Tensor) -> Tensor:
    """The network's input, float32 (N, 4, H, W).

    `pictures` RGB uint8 (N, H, W, 3); `previous` alpha float32 (N, 1, H, W), zeros for none.
    """
    return torch.cat((normalised(pictures), previous), 1)


def _widened(weight: Tensor, like: Tensor) -> Tensor:
    """With planes of zeros added for the input channels that it lacks."""
    if weight.shape == like.shape:
        return weight
    wide = torch.zeros_like(like)
    wide[:, : weight.shape[1]] = weight
    return wide


def _convolutions(file: Path, count: int) -> list[dict[str, Tensor]]:
    """Weight and bias of each convolution, in the order of the graph."""
    graph = _graph(file)
    layers = [node.input for node in graph.node if node.op_type == "Conv"]
    if len(layers) != count:
        raise ModelError(f"{file} has {len(layers)} convolutions, not U²-Net-p's {count}")
    arrays = _arrays(graph)
    return [{"weight": arrays[weight], "bias": arrays[bias]} for _, weight, bias in layers]


def _graph(file: Path) -> Any:
    import onnx

    return onnx.load(file).graph


def arrays_of(file: Path) -> dict[str, Tensor]:
    """The weights of an .onnx file by their names, float16 as float32."""
    return _arrays(_graph(file))


def _arrays(graph: Any) -> dict[str, Tensor]:
    from onnx import numpy_helper

    found = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    return {name: one.float() if one.dtype == torch.float16 else one for name, one in found.items()}
