"""Figures and tables of a training: losses, the two networks' game, validation, one patch through time, features.

``curve`` has the rows of ``loss_curve.csv``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from srgan_lib.data.images import read_image
from srgan_lib.methods import METHODS, Style
from srgan_lib.models.features import VGGFeatures
from srgan_lib.params.training import GeneratorTraining
from srgan_lib.training.history import STATISTICS
from srgan_lib.training.validation import Validation
from srgan_report.exhibits import findings
from srgan_report.exhibits.markup import Exhibit, caption, once
from srgan_report.exhibits.plotting import WIDTH, describe, legend_below, new_figure, show_images
from srgan_report.exhibits.terms import shares, term_style, weighted_terms

SIDES = {"real": Style("on real", "#0072B2", "s", (0, (6, 2))), "fake": Style("on fake", "#D55E00", "^", (0, (2, 1)))}
#: How scores of the validation crops are labelled, named in words, and written.
VALIDATED = {
    "psnr_y": ("PSNR-Y (dB)", "PSNR-Y", ".2f", " dB"),
    "ssim_y": ("SSIM-Y (Wang)", "SSIM-Y", ".4f", ""),
    "grid_artefact": ("grid artefact (dB)", "grid artefact", "+.1f", " dB"),
}


def loss_curves(curve: pandas.DataFrame) -> Figure:
    """Draw the loss and its weighted terms over the steps on a logarithmic axis: thin as logged, thick smoothed."""
    figure, axes = new_figure(height=3.6)
    terms = weighted_terms(curve)
    columns = {"loss": "loss"} | ({name: f"{name}_weighted" for name in terms} if len(terms) > 1 else {})
    for name, column in columns.items():
        _draw(axes, curve, column, term_style(name))
    axes.set(xlabel="step", ylabel="loss (weighted terms)", yscale="log")
    legend_below(figure, axes)
    text = "; ".join(f"{term_style(name).label} {_course(curve, column, '.3g')}" for name, column in columns.items())
    describe(figure, f"{text[0].upper()}{text[1:]}.")
    return figure


def term_shares(curve: pandas.DataFrame) -> Figure:
    """Draw the share of each weighted term in the generator's loss over the steps."""
    figure, axes = new_figure(height=3.2)
    terms, table = weighted_terms(curve), shares(curve)
    for name in terms:
        _draw(axes, table, name, term_style(name))
    axes.set(xlabel="step", ylabel="share of the loss (%)", ylim=(-2, 102))
    legend_below(figure, axes)
    describe(figure, "; ".join(f"{term_style(name).label} {_course(table, name, '.1f', ' %')}" for name in terms) + ".")
    return figure


def discriminator_curves(curve: pandas.DataFrame) -> Figure:
    """Draw the discriminator's loss, its probabilities for real and fake images, and its accuracy."""
    figure, axes = new_figure(3, height=6.4, sharex=True)
    curve = curve.dropna(subset="d_real")
    panels = (("discriminator", "loss of D", 1), ("d", "D(image), 1 = real", 1), ("d_accuracy", "D is right (%)", 100))
    for panel, (prefix, label, factor) in zip(axes, panels, strict=True):
        for side, style in SIDES.items():
            _draw(panel, curve.assign(value=curve[f"{prefix}_{side}"] * factor), "value", style)
        panel.set_ylabel(label)
    axes[2].set(xlabel="step", ylim=(-4, 104))
    legend_below(figure, axes)
    describe(
        figure,
        f"D takes real images for real to a degree {_course(curve, 'd_real', '.2f')} and generated ones "
        f"{_course(curve, 'd_fake', '.2f')}; in the end it is right on {curve.d_accuracy_real.iloc[-1]:.0%} of the "
        f"real and {curve.d_accuracy_fake.iloc[-1]:.0%} of the generated crops.",
    )
    return figure


def game(curve: pandas.DataFrame) -> Iterator[Exhibit]:
    """Show the game of generator and discriminator."""
    text = (
        f"{findings.game(curve)} Above, its loss; in the middle, how real it takes HR crops and generated crops for, "
        "between 0 and 1; below, the share of each that it judges rightly. Lines at the edges mean that it tells all "
        "crops apart; lines that meet at one half, that it cannot. In between, both networks learn."
    )
    yield Exhibit(discriminator_curves(curve), "discriminator", text, "loss_curve.csv")
    text = f"{findings.losses(curve)} The axis is logarithmic."
    if "adversarial" in weighted_terms(curve):
        text += " The adversarial term need not fall: its opponent improves too."
    yield Exhibit(loss_curves(curve), "loss_curves", text, "loss_curve.csv")
    text = f"{findings.largest_share(curve)} The largest share decides what the generator learns."
    yield Exhibit(term_shares(curve), "term_shares", text, "loss_curve.csv")


def by_epoch(curve: pandas.DataFrame, epochs: int) -> pandas.DataFrame:
    """Average a curve's rows over each epoch, in that many equal parts of the training.

    The columns are epoch (from 1) and all losses: the sum, its raw terms, and the discriminator's on real and fake
    images.
    """
    number = (curve.step * epochs / curve.step.max()).apply(math.ceil).rename("epoch")
    names = [str(name) for name in curve]
    others = [n for n in names if n == "step" or n.startswith(STATISTICS) or n.endswith(("learning_rate", "_weighted"))]
    return curve.drop(columns=others).groupby(number).mean().reset_index()


def learning_curve(validation: pandas.DataFrame, method: str) -> Figure:
    """Draw PSNR-Y and SSIM-Y on the validation crops over the steps, beside bicubic, and the grid artefact where known.

    ``validation`` has the rows of ``validation.csv``; name and colour are those of ``method``: ``srcnn`` (which
    shuffles no pixels, and so draws no grid), ``warmup`` or ``srgan``.
    """
    names = [name for name in VALIDATED if name in validation and (name, method) != ("grid_artefact", "srcnn")]
    figure, axes = new_figure(1, len(names), height=3.0)
    own, bicubic, original = (METHODS[name] for name in (method, "bicubic", "hr"))
    marker = own.marker if len(validation) <= 30 else ""
    text = []
    for panel, name in zip(axes, names, strict=True):
        label, words, spec, unit = VALIDATED[name]
        for column, style, dots in ((name, own, marker), (f"{name}_bicubic", bicubic, "")):
            look = {"color": style.colour, "linestyle": style.line, "marker": dots, "markersize": 5}
            panel.plot(validation["step"], validation[column], label=style.label, **look)
        beside = f"bicubic {validation[f'{name}_bicubic'].iloc[-1]:{spec}}{unit}"
        if name == "grid_artefact":
            panel.axhline(0, color=original.colour, linewidth=1, label=original.label)
            beside = "the original's is 0"
        panel.set(xlabel="step", ylabel=label)
        panel.locator_params(axis="x", nbins=4)  # so that numbers of steps with five digits do not meet
        text.append(f"{words} {_course(validation, name, spec, unit)}, {beside}")
    legend_below(figure, axes)
    describe(figure, f"{own.label}: {'; '.join(text)}.")
    return figure


def speed(directory: Path) -> Exhibit:
    """Show how fast a training was; ``directory`` has its ``speed.json``."""
    told = pandas.read_json(directory / "speed.json", typ="series")
    text = (
        f"On this machine a step took {told.seconds / max(told.steps, 1):.2g} s, waiting for crops took "
        f"{told.data_wait_share:.1%} of the time, and the process held at most {told.peak_memory_gib:.1f} GiB."
    )
    return Exhibit(told.to_frame().T, "speed", text, "speed.json")


def montage(folder: Path, columns: int = 4) -> Exhibit:
    """Show one validation patch by the generator throughout training, between bicubic and HR.

    ``folder`` is the adversarial stage's ``montage/``, and ``columns`` are the patches per row.
    """
    frames = sorted(folder.glob("step_*.png"))
    titles = {path: f"step {int(re.sub(r'[^0-9]', '', path.stem))}" for path in frames}
    named = {folder / "bicubic.png": "bicubic", **titles, folder / "hr.png": "HR"}
    patches = {title: read_image(path) for path, title in named.items()}
    rows = math.ceil(len(patches) / columns)
    figure, axes = new_figure(rows, columns, height=1.8 * rows, squeeze=False)
    show_images(axes, patches.items())
    describe(figure, f"One patch by bicubic, by the generator at {', '.join(titles.values())}, and in HR.")
    text = (
        f"{findings.sharpness(patches)} It is the middle of the first validation image; step 0 is the generator that "
        "adversarial training starts from. Look for texture that appears, and for patterns that are not in HR."
    )
    return Exhibit(figure, "montage", text, options={"vector": False})


@torch.no_grad()
def feature_maps(
    model: nn.Module, validation: Validation, stage: GeneratorTraining, count: int = 6
) -> Iterator[Exhibit]:
    """Show what the content loss compares: feature maps of VGG-19, of SR above and of HR below, one figure a layer.

    The image is the first of ``validation``; ``stage`` names the layers and VGG-19's weights. The ``count`` channels
    are those in which the original has the largest mean activation.
    """
    features = VGGFeatures(stage.content_layers, stage.vgg_weights, pooling=stage.content_pooling)
    pair = np.stack([validation.enlarge(model, validation.lr[0]), validation.hr[0]])
    activations = features(torch.from_numpy(pair).permute(0, 3, 1, 2) / 255)
    explained = once(
        "They are the strongest channels of VGG-19 for the middle of the first validation image, generated above and "
        "original below. Each map is scaled by the least and the greatest value of its two images; the content loss "
        "compares all channels unscaled. Look for texture that is strong below and missing above."
    )
    for layer, explanation in zip(stage.content_layers, explained, strict=False):
        activation = activations[layer]
        channels = activation[1].mean((1, 2)).topk(min(count, activation.shape[1])).indices
        maps = activation[:, channels]
        low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
        scaled = ((maps - low) / (high - low).clamp_min(1e-12)).numpy()
        figure = _map_figure(layer, channels.tolist(), scaled)
        text = caption(findings.contrasts(layer, channels.tolist(), scaled), explanation)
        yield Exhibit(figure, f"feature_maps_{layer}", text, options={"vector": False})


def _map_figure(layer: str, channels: list[int], maps: np.ndarray) -> Figure:
    """Draw maps of one layer in [0,1], 2×channels×h×w: SR above, HR below, one channel a column."""
    count, height, width = maps.shape[1:]
    figure, axes = new_figure(2, count, height=2 * WIDTH / count * height / width + 0.6, squeeze=False)
    for panel, image in zip(axes.flat, maps.reshape(-1, height, width), strict=True):
        panel.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        panel.set(xticks=[], yticks=[])
    for row, side in zip(axes, ("generated", "HR"), strict=True):
        row[0].set_ylabel(side)
    for panel, channel in zip(axes[0], channels, strict=True):
        panel.set_title(f"channel {channel}", loc="center")
    names, distance = ", ".join(map(str, channels)), float(abs(maps[0] - maps[1]).mean())
    describe(figure, f"Channels {names} of {layer}: generated and HR differ by {distance:.3f} on average, of 0 to 1.")
    return figure


def _course(table: pandas.DataFrame, column: str, spec: str, unit: str = "") -> str:
    """Describe where a quantity begins and ends."""
    first, last = table.iloc[0], table.iloc[-1]
    return f"{first[column]:{spec}}{unit} at step {first.step:.0f}, {last[column]:{spec}}{unit} at step {last.step:.0f}"


def _draw(axes: Axes, curve: pandas.DataFrame, column: str, style: Style) -> None:
    """Draw one quantity, thin as logged and thick smoothed over about a tenth of the rows."""
    smooth = curve[column].ewm(span=max(3, len(curve) / 10)).mean()
    axes.plot(curve["step"], curve[column], color=style.colour, linewidth=0.8, alpha=0.4)
    axes.plot(curve["step"], smooth, color=style.colour, linestyle=style.line, label=style.label)
