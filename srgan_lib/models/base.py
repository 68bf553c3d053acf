"""What every super-resolution network here has in common: LR in [0,1] goes in, SR around [0,1] comes out.

A network's body works in the value range of its recipe; the conversion is inside the model, so that everything around
it knows one convention.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from srgan_lib.models.consistency import LRConsistency
from srgan_lib.models.upsample import BicubicUpsample
from srgan_lib.params.training import GlobalSkip, Initialisation, Input, ValueRange

#: Mean and standard deviation of RGB in ImageNet, by which recipes "normalise" images.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

#: Per value range, for what goes in and what comes out: the value of [0,1] that is 0, and the step of [0,1] that is 1.
RANGES = {
    "zero_one": ((0.0, 1.0), (0.0, 1.0)),
    "signed": ((0.0, 1.0), (0.5, 0.5)),
    "tanh": ((0.5, 0.5), (0.5, 0.5)),
    "standardised": ((IMAGENET_MEAN, IMAGENET_STD), (IMAGENET_MEAN, IMAGENET_STD)),
}

#: LR pixels per side of a tile, its overlap not counted, that takes less than 1.5 GiB in float32 with 64 channels: of
#: networks that hold them at HR size, and of those that hold them at LR size only.
SMALL_TILE, LARGE_TILE = 176, 560


class SuperResolver(nn.Module):
    """Base of all networks that enlarge; a subclass builds its ``layers``, or defines :meth:`forward_body`.

    Parameters
    ----------
    scale : enlargement factor, 2, 3, 4 or 8.
    global_skip : ``"bicubic"`` adds the bicubic enlargement of the input to the output; with the last layer at zero,
        as it is initialised then, the network starts at bicubic quality.
    input : ``"bicubic"`` enlarges the input first and leaves out the network's own upsampling stages.
    value_range : of the body: ``"zero_one"``; ``"signed"``: from [0,1] to [-1,1]; ``"tanh"``: [-1,1], with tanh at the
        end; ``"standardised"``: ImageNet's mean 0 and deviation 1.

    Attributes
    ----------
    own_tile : :attr:`tile` of a network that enlarges by itself.
    factor : the enlargement that is left for the body to do, ``scale`` or 1.
    zero_in, unit_in, zero_out, unit_out : C×1×1 or 1×1×1, the value range of the body (see :data:`RANGES`).
    """

    own_tile: ClassVar[int] = SMALL_TILE
    layers: nn.Module
    zero_in: Tensor
    unit_in: Tensor
    zero_out: Tensor
    unit_out: Tensor

    def __init__(self, scale: int, global_skip: GlobalSkip, input: Input, value_range: ValueRange) -> None:
        super().__init__()
        self.scale, self.global_skip, self.input = scale, global_skip, input
        self.factor = 1 if input == "bicubic" else scale
        self.bounded = value_range == "tanh"
        self.consistency: LRConsistency | None = None
        self.enlarge = BicubicUpsample(scale) if "bicubic" in (global_skip, input) else None
        for side, values in zip(("in", "out"), RANGES[value_range], strict=True):
            for name, value in zip(("zero", "unit"), values, strict=True):
                self.register_buffer(f"{name}_{side}", torch.tensor(value).reshape(-1, 1, 1), persistent=False)

    @property
    def tile(self) -> int:
        """LR pixels per side of the tiles in which large images are enlarged unless told otherwise."""
        return self.own_tile if self.factor > 1 else SMALL_TILE

    def forward_body(self, images: Tensor) -> Tensor:
        """Map N×3×h×w to N×3×(factor·h)×(factor·w), both in the network's own value range: here, apply ``layers``."""
        return self.layers(images)

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge N×3×h×w in [0,1] to N×3×(scale·h)×(scale·w), float32 and not clamped."""
        enlarged = self.enlarge(lr) if self.enlarge is not None else lr
        images = enlarged if self.input == "bicubic" else lr
        output = self.forward_body((images - self.zero_in) / self.unit_in).to(self.unit_out.dtype)
        if self.bounded:
            output = output.tanh()
        output = output * self.unit_out + (enlarged if self.global_skip == "bicubic" else self.zero_out)
        return output if self.consistency is None else self.consistency(output, lr)

    def make_consistent(self) -> None:
        """Change the output from now on so that bicubic ``imresize`` of it gives the input."""
        self.consistency = LRConsistency(self.scale).to(next(self.parameters()).device)

    def initialise(self, kind: Initialisation = "default") -> None:
        """Set the convolutions' first weights: PyTorch's own or He-normal; with a global skip the last are zero."""
        convolutions = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        if kind == "he_normal":
            for convolution in convolutions:
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                zero_bias(convolution)
        if self.global_skip == "bicubic":
            nn.init.zeros_(convolutions[-1].weight)
            zero_bias(convolutions[-1])


def zero_bias(convolution: nn.Conv2d) -> None:
    """Set the bias to zero, where the convolution has one."""
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
