"""Networks from other programs' files (ESRGAN, Real-ESRGAN's compact ones, SwinIR and more), through spandrel.

Pickles are never read in this process: :mod:`srgan_report.upscaling.unpickle` first writes them as safetensors.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from srgan_lib.errors import PackageMissing
from srgan_lib.files import sha256_file
from srgan_lib.layout import cache_folder
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.containers import WAY_ON, check_pickle, kind_of
from srgan_lib.models.files import (
    CheckpointError,
    load_model,
    load_tensors,
    read_configuration,
    refuse_non_numbers,
    save_tensors,
)
from srgan_lib.models.own_code import Code
from srgan_report.upscaling import unpickle


class CommunityNetwork(SuperResolver):
    """A network of spandrel's, which enlarges like this project's own."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__(descriptor.scale, "none", "lr", "zero_one")
        self.network = descriptor.model
        self._descriptor = descriptor  # pads to the sizes that the network takes

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge N×3×h×w in [0,1] to N×3×(scale·h)×(scale·w), float32 in [0,1]; in float32 where it must."""
        kind = lr.device.type
        with torch.autocast(kind, enabled=torch.is_autocast_enabled(kind) and self._descriptor.supports_bfloat16):
            return self._descriptor(lr).float()


def load_network(path: Path, code: Code | None = None, *, scale: int | None = None) -> SuperResolver:
    """Build the network that a file of this project or another program's holds, on the CPU and in eval mode.

    ``path`` and ``code`` are as :func:`srgan_lib.models.files.load_model` takes them. ``CheckpointError`` if the file
    is damaged, holds more than tensors, or no network that enlarges RGB images, by ``scale`` (none: by anything);
    ``PackageMissing`` if it is another program's and spandrel is not installed.
    """
    model = _load_community(path) if _is_community(path) else load_model(path, code)[0]
    if scale is not None:
        _check_scale(path, model.scale, scale)
    return model


def check_network(path: Path, scale: int) -> None:
    """Check that a file holds a network, which enlarges by ``scale``; errors as of :func:`load_network`."""
    if _is_community(path):
        load_network(path, scale=scale)
    else:
        _check_scale(path, read_configuration(path, load_tensors(path)[1]).get("scale", 4), scale)


def _check_scale(path: Path, found: int, scale: int) -> None:
    if found != scale:
        raise CheckpointError.at(
            path, f"its network enlarges ×{found}, where ×{scale} is asked for; take a ×{scale} network"
        )


def _is_community(path: Path) -> bool:
    """Tell a pickle, or a safetensors file without this project's metadata, from a file of this project."""
    if kind_of(path) == "pickle":
        return True
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return "srgan" not in (file.metadata() or {})
    except safetensors.SafetensorError:
        return False  # told by load_model


def _load_community(path: Path) -> CommunityNetwork:
    if find_spec("spandrel") is None:
        raise PackageMissing(
            f"{path}: another program's file, which is read through spandrel, which is not installed; "
            "run: pip install 'srgan-report[spandrel]'"
        )
    if kind_of(path) == "pickle":
        check_pickle(path)
        tensors = load_tensors(_convert(path, sha256_file(path)))[0]
    else:
        tensors = safetensors.torch.load_file(path)
    refuse_non_numbers(path, tensors)
    return CommunityNetwork(_describe(path, tensors)).eval()


def _convert(path: Path, sha256: str) -> Path:
    """Write the tensors of a pickled file as safetensors into the user's cache, once for all files of equal bytes."""
    target = cache_folder() / "networks" / f"{sha256}.safetensors"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as folder:
        tensors = Path(folder) / "tensors.safetensors"
        command = [sys.executable, "-P", unpickle.__file__, str(path.resolve()), str(tensors)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=unpickle.SECONDS
            )
        except subprocess.TimeoutExpired:
            raise CheckpointError.at(path, f"not read within {unpickle.SECONDS} seconds; {WAY_ON}") from None
        if done.returncode == unpickle.WRONG and done.stdout:
            raise CheckpointError.at(path, f"{done.stdout.strip()}")
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"])[-1]
            raise CheckpointError.at(path, f"cannot be converted to safetensors ({reason}); {WAY_ON}")
        save_tensors(target, safetensors.torch.load_file(tensors), {"source": {"name": path.name, "sha256": sha256}})
    return target


def _describe(path: Path, tensors: Mapping[str, Tensor]) -> Any:
    """Let spandrel find out which network the tensors belong to, and build it."""
    import spandrel

    numbers = [int(part) for name in tensors for part in name.split(".") if part.isdecimal()]
    try:
        # A sequence is built as long as its highest number says.
        if max(numbers, default=0) > 100 + 10 * len(tensors):
            raise spandrel.UnsupportedModelError
        found = spandrel.ModelLoader().load_from_state_dict(dict(tensors))
        if found.purpose in ("SR", "FaceSR") and (found.input_channels, found.output_channels) == (3, 3):
            return found
        problem = (
            f"{found.architecture.name} from {found.input_channels} to {found.output_channels} channels, "
            f"×{found.scale}, for {found.purpose}: not a network that enlarges RGB images; take one that does"
        )
    except spandrel.UnsupportedModelError:
        problem = (
            f"a network of none of the {len(spandrel.MAIN_REGISTRY)} architectures that spandrel knows "
            f"(its tensors are called {', '.join(list(tensors)[:2])}, …); take the generator's weights alone, "
            "and for a network of your own a file that this project trained, with --code"
        )
    except Exception as error:  # its loaders raise whatever the first unexpected shape leads to
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        problem = f"spandrel cannot build its network ({reason}); take the file as its authors published it"
    raise CheckpointError.at(path, f"{problem}")
