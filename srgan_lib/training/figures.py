"""Figures of a training: losses, the game of the two networks, validation, and one patch through time."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srgan_lib.data.images import read_image
from srgan_lib.methods import METHODS, Style
from srgan_lib.plotting import WIDTH, describe, legend_below, new_figure, show_image
from srgan_lib.training.feature_maps import FeatureMaps

TERMS = {
    "loss": Style("sum", "#000000", "o", "-"),
    "pixel": Style("pixel", "#0072B2", "s", (0, (6, 2))),
    "content": Style("content (VGG-19)", "#D55E00", "^", (0, (4, 1, 1, 1))),
    "adversarial": Style("adversarial", "#009E73", "D", (0, (2, 1))),
    "grid": Style("grid penalty", "#CC79A7", "X", (0, (1, 1))),
    "evenness": Style("evenness penalty", "#5D3A9B", "h", (0, (3, 1, 1, 1))),
    "style": Style("style (Gram)", "#56B4E9", "v", (0, (5, 1, 1, 1, 1, 1))),
    "histogram": Style("histogram (VGG-19)", "#E69F00", "<", (0, (1, 2))),
    "colour_histogram": Style("colour histogram", "#8C5A1E", ">", (0, (7, 1, 1, 1))),
    "feature_matching": Style("feature matching", "#6E6E6E", "P", (0, (4, 2))),
}
SIDES = {"real": Style("on real", "#0072B2", "s", (0, (6, 2))), "fake": Style("on fake", "#D55E00", "^", (0, (2, 1)))}


def loss_curves(curve: pandas.DataFrame) -> Figure:
    """Draw the loss and its weighted terms over the steps on a logarithmic axis: thin as logged, thick smoothed.

    Parameters
    ----------
    curve : rows of ``loss_curve.csv``.
    """
    figure, axes = new_figure(height=3.6)
    terms = _weighted_terms(curve)
    for name in ("loss", *(terms if len(terms) > 1 else ())):
        column = name if name == "loss" else f"{name}_weighted"
        _draw(axes, curve, column, _style(name))
    axes.set(xlabel="step", ylabel="loss (weighted terms)", yscale="log")
    legend_below(figure, axes)
    shown = {"loss": "Sum"} | ({f"{name}_weighted": _style(name).label for name in terms} if len(terms) > 1 else {})
    describe(figure, "; ".join(f"{label} {_course(curve, column, '.3g')}" for column, label in shown.items()) + ".")
    return figure


def term_shares(curve: pandas.DataFrame) -> Figure:
    """Draw the share of each weighted term in the generator's loss over the steps.

    Parameters
    ----------
    curve : rows of ``loss_curve.csv``.
    """
    figure, axes = new_figure(height=3.2)
    terms = _weighted_terms(curve)
    weighted = curve[[f"{name}_weighted" for name in terms]].abs()
    shares = weighted.div(weighted.sum(axis=1), axis=0) * 100
    shares.columns = terms
    shares["step"] = curve["step"]
    for name in terms:
        _draw(axes, shares, name, _style(name))
    axes.set(xlabel="step", ylabel="share of the loss (%)", ylim=(-2, 102))
    legend_below(figure, axes)
    describe(figure, "; ".join(f"{_style(name).label} {_course(shares, name, '.1f', ' %')}" for name in terms) + ".")
    return figure


def discriminator_curves(curve: pandas.DataFrame) -> Figure:
    """Draw the discriminator's loss, its probabilities for real and fake images, and its accuracy.

    Parameters
    ----------
    curve : rows of the adversarial stage's ``loss_curve.csv``.
    """
    figure, axes = new_figure(3, height=6.4, sharex=True)
    curve = curve.dropna(subset="d_real")
    panels = (("discriminator", "loss of D"), ("d", "D(image), 1 = real"), ("d_accuracy", "D is right (%)"))
    for panel, (prefix, label) in zip(axes, panels, strict=True):
        factor = 100 if prefix == "d_accuracy" else 1
        for side, style in SIDES.items():
            _draw(panel, curve.assign(value=curve[f"{prefix}_{side}"] * factor), "value", style)
        panel.set_ylabel(label)
    axes[2].set(xlabel="step", ylim=(-4, 104))
    legend_below(figure, axes)
    describe(
        figure,
        f"D takes real images for real to a degree {_course(curve, 'd_real', '.2f')} and generated ones "
        f"{_course(curve, 'd_fake', '.2f')}; in the end it is right on {curve.d_accuracy_real.iloc[-1]:.0%} of the real and "
        f"{curve.d_accuracy_fake.iloc[-1]:.0%} of the generated crops.",
    )
    return figure


def learning_curve(validation: pandas.DataFrame, method: str) -> Figure:
    """Draw PSNR-Y and SSIM-Y on the validation crops over the steps, beside bicubic, and the grid artefact where known.

    Parameters
    ----------
    validation : rows of ``validation.csv``.
    method : ``srcnn``, ``warmup`` or ``srgan``, for name and colour.
    """
    labels = {"psnr_y": "PSNR-Y (dB)", "ssim_y": "SSIM-Y (Wang)", "grid_artefact": "grid artefact (dB)"}
    if method == "srcnn":  # it shuffles no pixels
        del labels["grid_artefact"]
    shown = {name: label for name, label in labels.items() if name in validation}
    figure, axes = new_figure(1, len(shown), height=3.0)
    own, bicubic, original = (METHODS[name] for name in (method, "bicubic", "hr"))
    for panel, (name, label) in zip(axes, shown.items(), strict=True):
        marker = own.marker if len(validation) <= 30 else ""
        panel.plot(
            validation["step"],
            validation[name],
            color=own.colour,
            linestyle=own.line,
            marker=marker,
            markersize=5,
            label=own.label,
        )
        panel.plot(
            validation["step"],
            validation[f"{name}_bicubic"],
            color=bicubic.colour,
            linestyle=bicubic.line,
            label=bicubic.label,
        )
        if name == "grid_artefact":
            panel.axhline(0, color=original.colour, linewidth=1, label=original.label)
        panel.set(xlabel="step", ylabel=label)
        panel.locator_params(axis="x", nbins=4)  # so that numbers of steps with five digits do not meet
    legend_below(figure, axes)
    text = (
        f"{own.label}: PSNR-Y {_course(validation, 'psnr_y', '.2f', ' dB')}, bicubic "
        f"{validation.psnr_y_bicubic.iloc[-1]:.2f} dB; SSIM-Y {_course(validation, 'ssim_y', '.4f')}, bicubic "
        f"{validation.ssim_y_bicubic.iloc[-1]:.4f}"
    )
    if "grid_artefact" in shown:
        text += f"; grid artefact {_course(validation, 'grid_artefact', '+.1f', ' dB')}, the original's is 0"
    describe(figure, f"{text}.")
    return figure


def montage(folder: Path, columns: int = 4) -> Figure:
    """Draw one validation patch by the generator throughout training, between bicubic and HR.

    Parameters
    ----------
    folder : the adversarial stage's ``montage/``.
    columns : patches per row.
    """
    frames = sorted(folder.glob("step_*.png"))
    titles = {path: f"step {int(re.sub(r'[^0-9]', '', path.stem))}" for path in frames}
    patches = {folder / "bicubic.png": "bicubic", **titles, folder / "hr.png": "HR"}
    rows = math.ceil(len(patches) / columns)
    figure, axes = new_figure(rows, columns, height=1.8 * rows, squeeze=False)
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, (path, title) in zip(axes.flat, patches.items(), strict=False):
        show_image(panel, read_image(path), title)
    describe(figure, f"One patch by bicubic, by the generator at {', '.join(titles.values())}, and in HR.")
    return figure


def feature_maps(maps: FeatureMaps) -> Figure:
    """Draw feature maps of one layer: SR above, HR below, one channel a column."""
    columns = len(maps.channels)
    height, width = maps.real.shape[1:]
    figure, axes = new_figure(2, columns, height=2 * WIDTH / columns * height / width + 0.6, squeeze=False)
    for row, images in zip(axes, (maps.generated, maps.real), strict=True):
        for panel, image in zip(row, images, strict=True):
            panel.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            panel.set(xticks=[], yticks=[])
    for panel, channel in zip(axes[0], maps.channels, strict=True):
        panel.set_title(f"channel {channel}", loc="center")
    axes[0, 0].set_ylabel("generated")
    axes[1, 0].set_ylabel("HR")
    distance = float(abs(maps.generated - maps.real).mean())
    names = ", ".join(str(channel) for channel in maps.channels)
    describe(
        figure, f"Channels {names} of {maps.layer}: generated and HR differ by {distance:.3f} on average, of 0 to 1."
    )
    return figure


def _style(term: str) -> Style:
    """The style of a term of the loss; a loss of the user's own is called like its class."""
    return TERMS.get(term, Style(term, "#CC79A7", "v", (0, (1, 1))))


def _weighted_terms(curve: pandas.DataFrame) -> list[str]:
    return [name.removesuffix("_weighted") for name in curve.columns if name.endswith("_weighted")]


def _course(table: pandas.DataFrame, column: str, spec: str, unit: str = "") -> str:
    """Describe where a quantity begins and ends."""
    first, last = table.iloc[0], table.iloc[-1]
    return f"{first[column]:{spec}}{unit} at step {first.step:.0f}, {last[column]:{spec}}{unit} at step {last.step:.0f}"


def _draw(axes: Axes, curve: pandas.DataFrame, column: str, style: Style) -> None:
    """Draw one quantity, thin as logged and thick smoothed over about a tenth of the rows."""
    smooth = curve[column].ewm(span=max(3, len(curve) / 10)).mean()
    axes.plot(curve["step"], curve[column], color=style.colour, linewidth=0.8, alpha=0.4)
    axes.plot(curve["step"], smooth, color=style.colour, linestyle=style.line, label=style.label)
