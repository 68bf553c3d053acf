"""The perceptual backbones' ImageNet weights: find them on this disk, or fetch them from torchvision's address.

Searched in this order: the folder named by ``SRGAN_WEIGHTS`` (for machines without internet), then the cache of torch
hub. This module does not import torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srgan_lib.downloads import DownloadError, download
from srgan_lib.errors import InputError
from srgan_lib.models.containers import check_pickle, kind_of
from srgan_lib.models.vgg19 import layer_index

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Backbone:
    """A network trained on ImageNet whose weights torchvision publishes."""

    title: str  #: its name as the literature writes it
    file: str  #: torchvision's; the digits before ``.pth`` begin the SHA-256 of its bytes
    size: float  #: of the file, in units of 2²⁰ bytes, as torchvision states it

    @property
    def bytes(self) -> int:
        """The size of the file in bytes."""
        return round(self.size * 2**20)


BACKBONES = {
    "vgg19": Backbone("VGG-19", "vgg19-dcbb9e9d.pth", 548.051),
    "alexnet": Backbone("AlexNet", "alexnet-owt-7be5be79.pth", 233.087),
    "squeezenet1_1": Backbone("SqueezeNet 1.1", "squeezenet1_1-b8a52dc0.pth", 4.729),
}
#: The backbone of each LPIPS network.
LPIPS_BACKBONES = {"alex": "alexnet", "squeeze": "squeezenet1_1"}
ADDRESS = "https://download.pytorch.org/models/"


class BackboneError(InputError):
    """Backbone weights cannot be had here; the message says why and what to do."""


def find_backbone(name: str, layer: str | None = None) -> Path | None:
    """Find the file with the weights of one of :data:`BACKBONES` on this disk, or return None.

    ``layer`` is the deepest VGG-19 layer wanted; a file ``vgg19_features_to_relu3_1.pth`` will do up to that layer.
    """
    file = BACKBONES[name].file
    own = os.environ.get("SRGAN_WEIGHTS")
    for folder in ([Path(own)] if own else []) + [hub_folder()]:
        for candidate in (folder / f"{name}_features.pth", folder / file):
            if candidate.is_file():
                return candidate
        for candidate in sorted(folder.glob(f"{name}_features_to_*.pth")):
            reached = candidate.stem.removeprefix(f"{name}_features_to_")
            if layer is not None and layer_index(layer) <= layer_index(reached):
                return candidate
    return None


def fetch_backbone(name: str) -> Path:
    """Download a backbone's weights from torchvision's address into the cache of torch hub.

    ``DownloadError`` without a network, when ``SRGAN_OFFLINE`` forbids it, and when another file came than expected.
    """
    backbone = BACKBONES[name]
    digits = backbone.file.removesuffix(".pth").rpartition("-")[2]
    try:
        return download([ADDRESS + backbone.file], hub_folder() / backbone.file, f"sha256:{digits}", backbone.bytes)
    except DownloadError as error:
        raise DownloadError(
            f"the {backbone.title} weights are not on this disk, and were not downloaded: {error}; "
            f"put {backbone.file} into a folder and name that folder in SRGAN_WEIGHTS"
        ) from error


def read_backbone(path: Path, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read a backbone's weights, by torchvision's names in ``features`` (``0.weight``), as the ``wanted`` tensors.

    ``BackboneError`` if the file cannot be read, or one of them is not there or has another shape.
    """
    import torch

    try:
        kind_of(path)
        check_pickle(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = {str(name).removeprefix("features."): value for name, value in state.items()}
    except Exception as error:  # on a damaged file torch raises whatever its unpickler stumbles over
        raise BackboneError(f"{path} cannot be read as weights; delete it and get it again", path=path) from error
    for name, tensor in wanted.items():
        if getattr(found.get(name), "shape", None) != tensor.shape:
            raise BackboneError(
                f"{path}: {name} is missing or of another shape than in this network; delete it and get it again",
                path=path,
            )
    return {name: found[name] for name in wanted}


def hub_folder() -> Path:
    """Find the folder in which torch hub keeps weights, without importing torch."""
    home = os.environ.get("TORCH_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return (Path(home).expanduser() if home else cache / "torch") / "hub" / "checkpoints"
