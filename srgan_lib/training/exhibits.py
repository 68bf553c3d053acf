"""Figures and tables of a training, as the notebooks show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas

from srgan_lib.markup import Exhibit
from srgan_lib.training import figures
from srgan_lib.training.feature_maps import FeatureMaps


def speed(directory: Path) -> Exhibit:
    """Show how fast a training was; ``directory`` has its ``speed.json``."""
    return Exhibit(
        pandas.read_json(directory / "speed.json", typ="series").to_frame().T,
        "speed",
        "How fast the training was on this machine (since it was last started, if it was interrupted): the share of "
        "the time that it waited for crops should be near 0, and the memory is the most that the process held.",
        "speed.json",
    )


def game(curve: pandas.DataFrame) -> Iterator[Exhibit]:
    """Show the game of generator and discriminator; ``curve`` is the adversarial stage's ``loss_curve.csv``."""
    yield Exhibit(
        figures.discriminator_curves(curve),
        "discriminator",
        "The discriminator's loss; how real it takes HR crops and generated crops for, between 0 and 1; and the "
        "share of each that it judges rightly. Lines at the edges mean that it tells all crops apart, and the "
        "generator no longer deceives it; lines that meet at one half mean that it cannot tell the two apart. In between, both networks "
        "learn.",
        "loss_curve.csv",
    )
    yield Exhibit(
        figures.loss_curves(curve),
        "loss_curves",
        "The generator's loss and its weighted terms by step, on a logarithmic scale. The adversarial term need not "
        "fall: it is measured by an opponent that improves too.",
        "loss_curve.csv",
    )
    yield Exhibit(
        figures.term_shares(curve),
        "term_shares",
        "Which share of the generator's loss each weighted term has. The largest share decides what the generator "
        "learns: an adversarial term of less than a per cent changes hardly anything, one that dominates invents "
        "texture.",
        "loss_curve.csv",
    )


def feature_maps(layers: Iterable[FeatureMaps]) -> Iterator[Exhibit]:
    """Show what the content loss compares, layer by layer."""
    for maps in layers:
        yield Exhibit(
            figures.feature_maps(maps),
            f"feature_maps_{maps.layer}",
            f"The strongest feature maps of VGG-19's layer {maps.layer} for the middle of the first validation image, "
            "each normalised by its least and greatest value: of the generated image above, of the original below. "
            "The content loss compares all channels, without this scaling. Look for texture that is strong below and missing above.",
            options={"vector": False},
        )
