"""What a network is made of, observed in one forward pass: layers, output shapes, parameters, skips and repeats."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from srgan_lib.models.upsample import BicubicUpsample, ConvAfterShuffle

INPUT = -1  #: stands for the network's input where layers are numbered


@dataclass(frozen=True)
class Layer:
    """A convolution, dense layer or enlargement, with the normalisation, activation and shuffle that follow it."""

    name: str  #: of its first module in the network, e.g. ``blocks.0.layers.0``
    operations: tuple[str, ...]  #: each module in words, in order
    output: tuple[int, ...]  #: shape without the batch: C×H×W, or the number of features
    parameters: int  #: how many it has
    source: int  #: number of the layer whose output it reads, or :data:`INPUT`


@dataclass(frozen=True)
class Skip:
    """A sum: the output of layer ``source`` (or :data:`INPUT`) is added to that of layer ``target``."""

    source: int
    target: int


@dataclass(frozen=True)
class Repeat:
    """The layers from ``first`` to ``last`` stand for ``count`` blocks of the same form, one after another."""

    first: int
    last: int
    count: int


@dataclass(frozen=True)
class Structure:
    """A network's layers in the order in which data passes them; of equal blocks in a row only the first."""

    input: tuple[int, ...]
    layers: tuple[Layer, ...]
    skips: tuple[Skip, ...]
    repeats: tuple[Repeat, ...]

    def times(self, index: int) -> int:
        """How many times the network has layer ``index``."""
        return math.prod(repeat.count for repeat in self.repeats if repeat.first <= index <= repeat.last)


def structure(network: nn.Module, input_shape: Sequence[int]) -> Structure:
    """Observe one forward pass of a copy of a network of one image, C×h×w, on the CPU in evaluation mode."""
    network = copy.deepcopy(network).cpu().float().eval()
    observer = _Observer(network)
    with torch.no_grad(), observer:
        network(torch.zeros(1, *input_shape))
    found = Structure(tuple(input_shape), tuple(observer.layers), tuple(observer.skips), ())
    return _without_repeats(network, found)


class _Observer(TorchFunctionMode):
    """Notes each module without children when it has run, and each sum of two of their outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.skips: list[Skip] = []
        self._made_by: MutableMapping[Tensor, int] = WeakTensorKeyDictionary()  # the layer that a tensor comes from
        self._summed = True  # whether the next module begins a layer, whatever it is
        for name, module in network.named_modules():
            inside = "parametrizations" in name.split(".")  # spectral normalisation is a part of its convolution
            if not inside and (not any(module.children()) or parametrize.is_parametrized(module)):
                module.register_forward_hook(partial(self._note, name))

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            sources = [self._made_by[one] for one in _tensors(args) if one in self._made_by]
            if len(set(sources)) > 1 and function in (torch.Tensor.add, torch.Tensor.__add__, torch.add):
                self.skips.append(Skip(min(sources), max(sources)))
                self._summed = True
            if sources:
                self._made_by[result] = max(sources)
        return result

    def _note(self, name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if not inputs or not isinstance(output, Tensor):
            return
        source = self._made_by.get(inputs[0], INPUT)
        parameters = sum(one.numel() for one in module.parameters())
        operations = (describe(module), *(["spectral norm"] if parametrize.is_parametrized(module) else []))
        heavy = isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Upsample | BicubicUpsample)
        if not (heavy or self._summed or source != len(self.layers) - 1):
            before = self.layers.pop()
            name, source = before.name, before.source
            operations, parameters = before.operations + operations, before.parameters + parameters
        self.layers.append(Layer(name, operations, tuple(output.shape[1:]), parameters, source))
        self._summed = False
        self._made_by[output] = len(self.layers) - 1


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    """The tensors among a function's arguments, also those in a list of them."""
    flat = [one for value in values for one in (value if isinstance(value, list | tuple) else [value])]
    return [one for one in flat if isinstance(one, Tensor)]


def _without_repeats(network: nn.Module, found: Structure) -> Structure:
    """Leave out each block that repeats the one before it, and renumber what stays."""
    runs = list(_runs(network))
    dropped = tuple(f"{name}." for blocks in runs for name in blocks[1:])
    kept = [index for index, layer in enumerate(found.layers) if not layer.name.startswith(dropped)]

    def renumber(index: int) -> int:
        return sum(one <= index for one in kept) - 1

    repeats = []
    for block, *others in runs:
        if inside := [renumber(index) for index in kept if found.layers[index].name.startswith(f"{block}.")]:
            repeats.append(Repeat(inside[0], inside[-1], 1 + len(others)))
    layers = [replace(found.layers[index], source=renumber(found.layers[index].source)) for index in kept]
    skips = [Skip(renumber(one.source), renumber(one.target)) for one in found.skips if one.target in kept]
    return Structure(found.input, tuple(layers), tuple(dict.fromkeys(skips)), tuple(repeats))


def _runs(network: nn.Module) -> Iterator[list[str]]:
    """Names of equal blocks in a row: siblings of one class with children and the same parameters' shapes."""

    def form(child: tuple[str, nn.Module]) -> tuple[Any, ...] | None:
        shapes = [(name, one.shape) for name, one in child[1].named_parameters()]
        return (type(child[1]), shapes) if any(child[1].children()) else None

    for parent, module in network.named_modules():
        for common, group in groupby(module.named_children(), key=form):
            names = [f"{parent}.{name}".removeprefix(".") for name, _ in group]
            if common and len(names) > 1:
                yield names


def describe(module: nn.Module) -> str:
    """Name a module without children as a paper does."""
    match module:
        case ConvAfterShuffle() if module.factor > 1:
            return f"pixel shuffle ×{module.factor}, {_convolution(module)}"
        case nn.Conv2d():
            return _convolution(module)
        case nn.Linear():
            return f"dense {module.in_features} → {module.out_features}"
        case nn.BatchNorm2d():
            return "BN"
        case nn.LeakyReLU():
            return f"LeakyReLU {module.negative_slope:g}"
        case nn.PixelShuffle():
            return f"pixel shuffle ×{module.upscale_factor}"
        case BicubicUpsample():
            return f"bicubic enlargement ×{module.scale}"
        case nn.Upsample():
            return f"nearest-neighbour enlargement ×{module.scale_factor:g}"
        case _:
            return type(module).__name__


def _convolution(module: nn.Conv2d) -> str:
    size = "×".join(str(side) for side in module.kernel_size)
    stride = f", stride {module.stride[0]}" if module.stride[0] > 1 else ""
    return f"{size} convolution {module.in_channels} → {module.out_channels}{stride}"
