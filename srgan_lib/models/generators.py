"""The generators of convolutions alone (SRCNN, ESPCN, Plain, Compact); what describes, checks and builds any."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from pydantic import ConfigDict, ValidationError, create_model
from torch import Tensor, nn

from srgan_lib.models.base import LARGE_TILE, SuperResolver
from srgan_lib.models.own_code import Code, OwnCodeError, locate, own_class, recorded_class, running
from srgan_lib.models.rrdbnet import RRDBNet
from srgan_lib.models.srresnet import SmallTanh, SRResNet
from srgan_lib.models.upsample import ConvBeforeShuffle
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import GlobalSkip, Initialisation, Input, Layout, Srcnn, ValueRange, Warmup, is_own

LARGEST_VALUE = 100.0  #: beyond, a network most likely makes values of [0,255]


class SRCNN(SuperResolver):
    """Patch extraction, non-linear mapping and reconstruction on the bicubic enlargement of the input.

    Dong et al., "Learning a Deep Convolutional Network for Image Super-Resolution", ECCV 2014, and "Image
    Super-Resolution Using Deep Convolutional Networks", TPAMI 2016, on RGB. The input is the LR image: the network
    enlarges it itself. ``layout`` names the sizes of the kernels; the paper's network has no global skip.
    """

    def __init__(self, layout: Layout = "9-5-5", global_skip: GlobalSkip = "bicubic", scale: int = 4) -> None:
        super().__init__(scale, global_skip, "bicubic", "zero_one")
        first, middle, last = (int(size) for size in layout.split("-"))
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, first, padding=first // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 32, middle, padding=middle // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 3, last, padding=last // 2),
        )
        self.initialise()


class ESPCN(SuperResolver):
    """The efficient sub-pixel network of Shi et al., CVPR 2016: three convolutions at LR size and one pixel shuffle.

    The second convolution has half of the first one's channels (the paper: 64 and 32).
    """

    own_tile = LARGE_TILE

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        half = max(1, channels // 2)
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(channels, half, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(half, 3 * self.factor**2, 3, padding=1),
            nn.PixelShuffle(self.factor),
        )
        self.initialise()


class Plain(SuperResolver):
    """Plain 3×3 convolutions at LR size, one after the other, and one pixel shuffle: the cheapest way to go deep.

    A step costs a quarter of SRResNet's, so that a training of minutes gets further. ``blocks`` is the number of
    convolutions between the first and the last; ``even_phases`` keeps the last from drawing patterns, see
    :class:`~srgan_lib.models.upsample.ConvBeforeShuffle`. Parameters have the names that the field's files have for
    Real-ESRGAN's compact network (``body.0.weight``).
    """

    own_tile = 400  # it sees little, so that larger tiles save nothing; rows of results take memory, too

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 16,
        global_skip: GlobalSkip = "bicubic",
        even_phases: bool = False,
    ) -> None:
        super().__init__(scale, global_skip, "lr", "zero_one")
        layers: list[nn.Module] = []
        for width in [3, *[channels] * blocks]:
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.PReLU(channels)]
        if even_phases:
            layers.append(ConvBeforeShuffle(channels, 3 * scale**2, scale))
        else:
            layers.append(nn.Conv2d(channels, 3 * scale**2, 3, padding=1))
        self.body = nn.Sequential(*layers)
        self.initialise()

    def initialise(self, kind: Initialisation = "default") -> None:
        """Set the first weights, of either kind: the identity and a quarter of He-normal noise, zero in the last layer.

        A plain network of 17 layers learns slowly from noise alone. From the identity (Zagoruyko & Komodakis,
        "DiracNets", 2017) each layer learns a difference, as in a residual network, and none of them costs time
        afterwards. With zeros in the last layer, the network starts at the quality of what its output is added to.
        """
        super().initialise("he_normal")
        _, *hidden, last = (layer for layer in self.body if isinstance(layer, nn.Conv2d))
        for layer in hidden:
            identity = nn.init.dirac_(torch.empty_like(layer.weight))
            layer.weight.data.mul_(0.25).add_(identity)
        nn.init.zeros_(last.weight)

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the convolutions and shuffle."""
        return nn.functional.pixel_shuffle(self.body(images), self.scale)


class Compact(Plain):
    """SRVGGNetCompact of Real-ESRGAN (Wang et al., ICCV Workshops 2021): it learns the difference from nearest.

    Programs built on spandrel load its files as they are. The nearest-neighbour enlargement leaves stairs along edges
    until a long training has removed them.
    """

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 16) -> None:
        super().__init__(scale, channels, blocks, global_skip="none")

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the convolutions, shuffle, and add the nearest-neighbour enlargement."""
        return super().forward_body(images) + nn.functional.interpolate(images, scale_factor=self.scale, mode="nearest")


ARCHITECTURES: dict[str, type[SuperResolver]] = {
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "rrdbnet": RRDBNet,
    "espcn": ESPCN,
    "small_tanh": SmallTanh,
    "compact": Compact,
    "plain": Plain,
}
#: The parameter of the warm-up behind each option of a generator.
WARMUP_OPTIONS = {
    "channels": "generator_channels",
    "blocks": "generator_blocks",
    "norm": "generator_norm",
    "input": "generator_input",
    "global_skip": "global_skip",
    "value_range": "value_range",
    "attention": "generator_attention",
    "even_phases": "generator_even_phases",
}
#: Values that a model file does not record.
LEFT_OUT = {"attention": "none", "even_phases": False}


def srcnn_config(srcnn: Srcnn, scale: int) -> dict[str, Any]:
    """The configuration of SRCNN that its stage's parameters describe, as plain JSON for a model file."""
    return {"architecture": "srcnn", "layout": srcnn.layout, "global_skip": srcnn.global_skip, "scale": scale}


def generator_config(warmup: Warmup, scale: int) -> dict[str, Any]:
    """Describe the generator that the warm-up's parameters ask for, as plain JSON for a model file."""
    if is_own(warmup.generator):
        return own_class(*locate(warmup.generator)).config(scale)
    known = inspect.signature(ARCHITECTURES[warmup.generator]).parameters
    options = {name: getattr(warmup, field) for name, field in WARMUP_OPTIONS.items() if name in known}
    options = {name: value for name, value in options.items() if value != LEFT_OUT.get(name)}
    consistent = {"consistent": True} if warmup.lr_consistency else {}
    return {"architecture": warmup.generator, "scale": scale, **options, **consistent}


def build_generator(config: Mapping[str, Any], code: Code | None = None) -> SuperResolver:
    """Build a network from its configuration: ``architecture``, its class's arguments, whether it is ``consistent``.

    ``{"architecture": "own", …}`` stands for a class of the user's own, of which ``code`` says where it is;
    ``OwnCodeError`` where that is not given, or is not the class that the configuration records.
    """
    options = dict(config)
    architecture, consistent = options.pop("architecture"), options.pop("consistent", False)
    if architecture == "own":
        return _build_own(recorded_class(code, options).value, options["scale"])
    model = ARCHITECTURES[architecture](**options)
    if consistent:
        model.make_consistent()
    return model


def _build_own(kind: type, scale: int) -> Any:
    """Build a network of the user's own, whose output is float32 like that of the others."""
    if not issubclass(kind, nn.Module):
        raise OwnCodeError(f"{kind.__name__} is no network; derive it from torch.nn.Module or SuperResolver")
    try:
        inspect.signature(kind).bind(scale=scale)
    except TypeError as error:
        raise OwnCodeError(f"{kind.__name__} cannot be built by {kind.__name__}(scale={scale}): {error}") from None
    with running(kind):
        network: Any = kind(scale=scale)
        vars(network)["scale"] = scale
        network.register_forward_hook(_to_float32)  # under autocast a plain module may end in bfloat16
    return network


def enlarged(network: nn.Module, lr: Tensor, scale: int) -> Tensor:
    """Enlarge N×3×h×w images by a network of the user's own; ``OwnCodeError`` if what it makes is no such image."""
    name = type(network).__name__
    with running(type(network)):
        sr = network(lr)
    expected = (len(lr), 3, scale * lr.shape[2], scale * lr.shape[3])
    if not isinstance(sr, Tensor) or tuple(sr.shape) != expected:
        got = tuple(sr.shape) if isinstance(sr, Tensor) else type(sr).__name__
        raise OwnCodeError(
            f"{name}: at scale {scale} it must make {expected} of {tuple(lr.shape)} (images, channels, height, width), "
            f"and made {got}"
        )
    if not sr.is_floating_point() or not sr.isfinite().all() or sr.abs().max() > LARGEST_VALUE:
        raise OwnCodeError(
            f"{name}: images have float values around [0,1], "
            f"and it made {sr.dtype} from {sr.min():.3g} to {sr.max():.3g}"
        )
    return sr


def _to_float32(network: nn.Module, inputs: Any, output: Any) -> Any:
    return output.float() if isinstance(output, Tensor) else output


#: What a network of the user's own records of its source.
OWN = ("class", "file", "sha256")
#: What the options of networks may be: that of the parameter that sets each.
OPTIONS: dict[str, Any] = {
    name: (section.model_fields[field].annotation, section.model_fields[field])
    for name, section, field in (
        ("scale", Shared, "scale"),
        ("layout", Srcnn, "layout"),
        *((name, Warmup, field) for name, field in WARMUP_OPTIONS.items()),
    )
}
_Options = create_model(
    "_Options", __config__=ConfigDict(strict=True), consistent=(bool, False), **OPTIONS, **dict.fromkeys(OWN, (str, ""))
)


def check_configuration(config: Any) -> dict[str, Any]:
    """Check the configuration of a network that enlarges, and return it as :func:`build_generator` takes it.

    Sizes are as bounded as in a params file; ``ValueError`` says in a sentence what is wrong, and what is allowed.
    """
    if not isinstance(config, Mapping):
        raise ValueError(f"its configuration is a {type(config).__name__}, not an object")
    architecture = config.get("architecture")
    if architecture == "own":
        known = {*OWN, "scale", "consistent"}
        if missing := {*OWN, "scale"} - config.keys():
            raise ValueError(f"its configuration lacks {min(missing)}")
    elif isinstance(architecture, str) and architecture in ARCHITECTURES:
        known = {*inspect.signature(ARCHITECTURES[architecture]).parameters, "consistent"}
    else:
        raise ValueError(f"unknown architecture {str(architecture)[:40]!r}; there are {', '.join(ARCHITECTURES)}, own")
    if unknown := config.keys() - known - {"architecture"}:
        raise ValueError(f"{architecture} has no option {min(unknown)[:40]!r}")
    try:
        _Options.model_validate(dict(config))
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(
            f"{wrong['loc'][0]} of its configuration is {str(wrong['input'])[:40]}: {wrong['msg'].lower()}"
        ) from None
    return dict(config)
