"""Where the perceptual backbones' ImageNet weights are: on this disk, or at torchvision's address.

Searched in this order: the folder named by ``SRGAN_WEIGHTS`` (for machines without internet), then the cache of torch
hub. This module does not import torch.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from srgan_lib.files import atomic_path
from srgan_lib.internet import download_bar, offline

if TYPE_CHECKING:
    from torch import Tensor

#: torchvision's files; the digits before ``.pth`` begin the SHA-256 of their bytes.
FILES = {
    "vgg19": "vgg19-dcbb9e9d.pth",
    "alexnet": "alexnet-owt-7be5be79.pth",
    "squeezenet1_1": "squeezenet1_1-b8a52dc0.pth",
}
#: The backbone of each LPIPS network.
LPIPS_BACKBONES = {"alex": "alexnet", "squeeze": "squeezenet1_1"}
ADDRESS = "https://download.pytorch.org/models/"

#: Convolutions per block of VGG-19; a layer is called ``relu2_2`` or, before its activation, ``conv2_2``.
VGG19_BLOCKS = (2, 2, 4, 4, 4)


class BackboneError(RuntimeError):
    """Backbone weights cannot be had here; the message says why and what to do."""


def layer_index(layer: str) -> int:
    """The place of a VGG-19 layer among torchvision's ``features``: ``relu2_2`` is 8, ``conv5_4`` is 34.

    Raises
    ------
    ValueError
        For a name that is no layer of VGG-19.
    """
    match = re.fullmatch(r"(conv|relu)([1-5])_([1-4])", layer)
    kind, block, place = match.groups() if match else ("", "1", "9")
    if int(place) > VGG19_BLOCKS[int(block) - 1]:
        raise ValueError(f"{layer!r} is no layer of VGG-19; layers are called relu2_2 or, before activation, conv2_2")
    before = sum(2 * count + 1 for count in VGG19_BLOCKS[: int(block) - 1])  # with the pooling that ends a block
    return before + 2 * (int(place) - 1) + (kind == "relu")


def find_backbone(name: str, layer: str | None = None) -> Path | None:
    """The file with a backbone's weights, if it is on this disk.

    Parameters
    ----------
    name : ``"vgg19"``, ``"alexnet"`` or ``"squeezenet1_1"``.
    layer : the deepest VGG-19 layer wanted; a file ``vgg19_features_to_relu3_1.pth`` will do up to that layer.
    """
    _check_name(name)
    own = os.environ.get("SRGAN_WEIGHTS")
    for folder in ([Path(own)] if own else []) + [hub_folder()]:
        for candidate in (folder / f"{name}_features.pth", folder / FILES[name]):
            if candidate.is_file():
                return candidate
        for candidate in sorted(folder.glob(f"{name}_features_to_*.pth")):
            reached = candidate.stem.removeprefix(f"{name}_features_to_")
            if layer is not None and layer_index(layer) <= layer_index(reached):
                return candidate
    return None


def fetch_backbone(name: str, timeout: float = 10.0) -> Path:
    """Download a backbone's weights from torchvision's address into the cache of torch hub.

    Parameters
    ----------
    name : as for :func:`find_backbone`.
    timeout : seconds to wait for the connection and for each piece.

    Raises
    ------
    BackboneError
        Without a network, when ``SRGAN_OFFLINE`` forbids it, and when the file that came is not the right one.
    """
    _check_name(name)
    address, path = ADDRESS + FILES[name], hub_folder() / FILES[name]
    remedy = f"put {FILES[name]} into a folder and name that folder in SRGAN_WEIGHTS"
    if offline():
        raise BackboneError(f"the {name} weights are not on this disk and SRGAN_OFFLINE forbids downloads; {remedy}")
    try:
        with atomic_path(path) as temporary, urllib.request.urlopen(address, timeout=timeout) as reply:
            digest, total = hashlib.sha256(), int(reply.headers.get("Content-Length") or 0) or None
            with temporary.open("wb") as file, download_bar(path.name, total) as bar:
                while block := reply.read(1 << 20):
                    file.write(block)
                    digest.update(block)
                    bar.update(len(block))
            if not digest.hexdigest().startswith(path.stem.rpartition("-")[2]):
                raise BackboneError(
                    f"what came from {address} is not the file expected (SHA-256 "
                    f"{digest.hexdigest()[:8]}…); try again, or {remedy}"
                )
    except (urllib.error.URLError, OSError) as error:
        raise BackboneError(
            f"the {name} weights are not on this disk and {address} could not be read: "
            f"{getattr(error, 'reason', error)}; {remedy}"
        ) from None
    return path


def read_backbone(path: Path) -> dict[str, Tensor]:
    """The weights of a backbone's ``features``, by torchvision's names without that prefix (``0.weight``).

    Raises
    ------
    BackboneError
        If the file cannot be read as weights.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # on a damaged file torch raises whatever its unpickler stumbles over
        raise BackboneError(f"{path} cannot be read as weights; delete it and get it again") from error
    return {
        name.removeprefix("features."): value for name, value in state.items() if not name.startswith("classifier.")
    }


def hub_folder() -> Path:
    """Where torch hub keeps weights, found without importing torch."""
    home = os.environ.get("TORCH_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return (Path(home).expanduser() if home else cache / "torch") / "hub" / "checkpoints"


def _check_name(name: str) -> None:
    if name not in FILES:
        raise ValueError(f"no backbone is called {name!r}; there are {', '.join(FILES)}")
