"""The generators that this project trained and ships, each beside its model card."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = ("srcnn", "srresnet", "srgan")  #: from the smallest network to the one that people ask for
FIGURES = "figures.csv"  #: what they reach on the built-in held-out photographs

PREFIX = "reference_"  #: before a shipped model's name in the tables of a run

#: They have seen these sets, and so cannot be judged on them.
TRAINED_ON = frozenset({"bsds400", "BSDS500"})


def shipped_models(scale: int = 4, folder: Path = FOLDER) -> dict[str, Path]:
    """The weights that are shipped for a scale, by name; the model card has the same name and ``.md``."""
    files = {name: folder / f"{name}_x{scale}.safetensors" for name in NAMES}
    return {name: path for name, path in files.items() if path.exists()}
