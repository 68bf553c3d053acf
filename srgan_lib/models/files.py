"""Model files: weights as safetensors, written in one step, with a hash of all bytes and what builds the network.

The file's metadata has one entry, ``srgan``: a JSON object that describes the weights. (One entry, because
safetensors writes several in random order.) The hash in it is that of the file with zeros in its place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from srgan_lib.files import parse_json, write_atomic
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.containers import CheckpointError, kind_of
from srgan_lib.models.generators import build_generator, check_configuration, enlarged
from srgan_lib.models.own_code import Code, OwnCodeError
from srgan_lib.models.shipped import shipped_models

ZEROS = b"0" * 64
#: The tensor in which a file that is also read by spandrel repeats the network's configuration.
CONFIGURATION = "srgan_configuration"
#: What tensors of this project's networks were called in files of version 0.1: (pattern, today's name).
FORMER_NAMES: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"^head\.", "conv_first."),
    (r"^trunk_end\.", "conv_body."),
    (r"^reconstruct\.", "upsampler."),
    (r"^upsample\.([147])\.", lambda found: f"conv_up{(int(found[1]) + 2) // 3}."),
    (r"^tail\.0\.", "conv_hr."),
    (r"^tail\.2\.", "conv_last."),
    (r"^blocks\.(\d+)\.([012])\.convolutions\.", lambda found: f"body.{found[1]}.rdb{int(found[2]) + 1}.convolutions."),
    (r"\.convolutions\.([01234])\.", lambda found: f".conv{int(found[1]) + 1}."),
]


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and metadata (plain JSON) in one step; equal contents give equal bytes."""
    metadata = {"srgan": json.dumps({"sha256": ZEROS.decode(), **metadata})}
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    content = bytearray(safetensors.torch.save(contiguous, metadata))
    place = content.index(ZEROS)
    content[place : place + len(ZEROS)] = hashlib.sha256(content).hexdigest().encode()
    write_atomic(path, bytes(content))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and the metadata that :func:`save_tensors` wrote.

    ``CheckpointError`` if the file is missing, of another kind, or any of its bytes is not as it was written.
    """
    if kind_of(path) == "pickle":
        raise CheckpointError.at(path, "not a file with weights written by this project, but a pickle")
    content = bytearray(Path(path).read_bytes())
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = parse_json((file.metadata() or {})["srgan"])
        expected = metadata.pop("sha256").encode()
        place = content.index(expected)
        content[place : place + len(expected)] = ZEROS
        intact = hashlib.sha256(content).hexdigest().encode() == expected
    except (safetensors.SafetensorError, KeyError, ValueError, AttributeError, TypeError):
        raise CheckpointError.at(path, "not a file with weights written by this project, or damaged") from None
    if not intact:
        raise CheckpointError.at(path, "damaged: its bytes are not those that were written; delete it")
    return safetensors.torch.load(bytes(content)), metadata


def save_model(path: Path, model: nn.Module, config: Mapping[str, Any], **card: Any) -> None:
    """Write the weights of a network, neither compiled nor wrapped, with the configuration that builds it again.

    The ``card`` is further metadata, as plain JSON.
    """
    save_tensors(path, model.state_dict(), {**card, "config": dict(config)})


def load_model(path: Path, code: Code | None = None) -> tuple[SuperResolver, dict[str, Any]]:
    """Build the network that a file holds for enlarging images and load its weights, on the CPU and in eval mode.

    With it comes its card: ``metadata["config"]`` is its configuration. ``code`` says where the class of a network of
    the user's own is, which is never taken from the file with weights. ``CheckpointError`` if the file is damaged or
    holds something else, or a weight is NaN or infinite.
    """
    tensors, metadata = load_tensors(path)
    tensors.pop(CONFIGURATION, None)
    config = read_configuration(path, metadata)
    refuse_non_numbers(path, tensors)
    with _naming(path):
        model = build_generator(config, code)
        if config["architecture"] != "own":
            tensors = {_todays(name): tensor for name, tensor in tensors.items()}
        _refuse_other_shapes(model, tensors)
        model.load_state_dict(tensors)
        model.eval()
        if config["architecture"] == "own":
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                enlarged(model, torch.linspace(0, 1, 3 * 16 * 20).reshape(1, 3, 16, 20), config["scale"])
    return model, metadata


def load(name: str | Path) -> SuperResolver:
    """Load a shipped network by its name, or any of this project from its file, on the CPU and in evaluation mode.

    A file is a ``.safetensors`` that a run wrote. ``CheckpointError`` as :func:`load_model`, or if there is none.
    """
    shipped = shipped_models()
    return load_model(shipped.get(str(name), Path(name)))[0]


def read_configuration(path: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration in a file's metadata; ``CheckpointError`` for one of no network that enlarges."""
    if "config" not in metadata:
        raise CheckpointError.at(path, "a state for resuming training, not a network; take generator.safetensors")
    with _naming(path):
        return check_configuration(metadata["config"])


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file whose network cannot be built."""
    try:
        yield
    except OwnCodeError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (ValueError, RuntimeError) as error:
        raise CheckpointError.at(path, f"not a network that this version can enlarge images with: {error}") from None


def _refuse_other_shapes(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Refuse in a sentence, with the first tensor that does not fit, what PyTorch refuses in a list."""
    wanted = {name: _shape(tensor) for name, tensor in model.state_dict().items()}
    there = {name: _shape(tensor) for name, tensor in tensors.items()}
    for name in (*wanted, *there):
        if wanted.get(name) != there.get(name):
            raise ValueError(
                f"{name} is {wanted.get(name, 'not there')} by its configuration "
                f"and {there.get(name, 'not there')} in the file"
            )


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "one number"


def refuse_non_numbers(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights of a file that are NaN or infinite, with a ``CheckpointError`` that names the first tensor."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError.at(
                path,
                f"{name} holds weights that are NaN or infinite, so that every image would be black; the "
                "training that wrote them had diverged: take another file",
            )


def _todays(name: str) -> str:
    """Give today's name of a tensor (:data:`FORMER_NAMES`)."""
    for pattern, today in FORMER_NAMES:
        name = re.sub(pattern, today, name)
    return name
