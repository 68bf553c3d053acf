"""The shipped models: networks that this project trained, each beside its model card."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from srgan_lib.methods import TRAINED
from srgan_lib.params.section import ParameterError

FOLDER = Path(__file__).parents[1] / "weights"
NAMES = ("srcnn", "compact", "photo", "srresnet", "srgan")  #: from the smallest network to the largest
SCORES = "scores.csv"  #: what they reach on the built-in held-out photographs

PREFIX = "reference_"  #: before a reference model's name in the tables of a run

#: They have seen these sets, and so cannot be judged on them.
TRAINED_ON = frozenset({"bsds400", "BSDS500", "imagenet1000"})


def own_methods(methods: Iterable[str]) -> list[str]:
    """Drop the shipped reference models from a list of methods."""
    return [method for method in methods if not method.startswith(PREFIX)]


def shipped_models(scale: int = 4, folder: Path = FOLDER) -> dict[str, Path]:
    """List the shipped weights by name, none for other scales than 4; a model card has the same name and ``.md``."""
    files = {name: folder / f"{name}_x{scale}.safetensors" for name in NAMES}
    return {name: path for name, path in files.items() if path.exists()}


def reference_models(scale: int = 4, judged_on: Iterable[str] = ()) -> dict[str, Path]:
    """List the shipped models of the architectures that a run trains, which are judged beside its own.

    Where they have seen one of the sets that they are to be ``judged_on``, there are none.
    """
    if TRAINED_ON.intersection(name for joined in judged_on for name in joined.split("+")):
        return {}
    counterparts = {network.reference for network in TRAINED.values()}
    return {name: path for name, path in shipped_models(scale).items() if name in counterparts}


def find_start(name: str, scale: int) -> Path:
    """Find the file of the network that ``warmup.start`` names, a shipped one or a path; else ``ParameterError``."""
    shipped = shipped_models(scale)
    path = shipped.get(name, Path(name))
    if not path.is_file():
        raise ParameterError(
            f"warmup.start: {name!r} is neither a file nor a network shipped for ×{scale}; "
            f"those are {', '.join(shipped) or 'none'}"
        )
    return path
