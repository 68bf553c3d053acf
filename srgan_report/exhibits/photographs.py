"""The figures of the data exploration, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgan_lib.data.degrade import degrade
from srgan_lib.data.levels import luminance
from srgan_lib.data.pairs import Pair, evenly_spaced
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.resize import imresize
from srgan_lib.data.split import PARTS
from srgan_lib.methods import METHODS
from srgan_lib.metrics.measure import measure
from srgan_lib.metrics.spectra import radial_power
from srgan_report.exhibits import findings
from srgan_report.exhibits.markup import Exhibit
from srgan_report.exhibits.plotting import describe, legend_below, new_figure, show_image, show_images

if TYPE_CHECKING:
    import torch

#: Colour and marker of each part of the split (Okabe and Ito's palette).
PART_LOOKS = {"train": ("#0072B2", "o"), "validation": ("#E69F00", "s"), "test": ("#D55E00", "^")}
SPECTRUM_IMAGES = 64  #: of a part that are looked at, evenly spaced
SPECTRUM_SIDE = 512  #: pixels of each image at most, from its middle
DETAIL = 64  #: side in HR pixels of the details shown


def split_overview(split: pd.DataFrame) -> Figure:
    """Draw image sizes by part and the number of images in each; ``split`` comes from ``make_split``."""
    figure, (sizes, counts) = new_figure(1, 2, height=3.2, width_ratios=(3, 2))
    parts = _by_part(split)
    for part, rows in parts.items():
        colour, marker = PART_LOOKS[part]
        same = rows.groupby(["width", "height"]).size()
        look = {"marker": marker, "facecolors": "none", "edgecolors": colour, "linewidths": 1.8, "label": part}
        sizes.scatter(*zip(*same.index, strict=True), s=40 + 8 * np.sqrt(same), **look)
    sizes.set(xlabel="Width (pixels)", ylabel="Height (pixels)", title="Sizes")
    sizes.margins(0.12)
    numbers = [len(rows) for rows in parts.values()]
    bars = counts.barh(list(parts), numbers, color=[PART_LOOKS[part][0] for part in parts])
    counts.bar_label(bars, padding=3)
    counts.set(xlabel="Images", title="Numbers", xlim=(0, 1.2 * max(numbers)))
    counts.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    counts.invert_yaxis()
    counts.grid(False, axis="y")
    legend_below(figure, sizes, columns=3)
    describe(figure, "; ".join(_sizes(part, rows) for part, rows in parts.items()) + ".")
    return figure


def statistics(pairs: Mapping[str, Sequence[Pair]]) -> pd.DataFrame:
    """Measure colour and luminance of every HR image, given the pairs of each part.

    There is a row per image: split, image, luminance and contrast (mean and standard deviation of BT.601 luminance,
    levels of 16 to 235), saturation (mean of (max - min) / max, 0 to 1), and red, green and blue (means, levels of 0 to
    255).
    """
    rows = []
    for part, images in pairs.items():
        for pair in images:
            grey = luminance(pair.hr)
            brightest = pair.hr.max(axis=2)
            spread = (brightest - pair.hr.min(axis=2)) / np.maximum(brightest, 1)
            red, green, blue = pair.hr.mean(axis=(0, 1))
            rows.append((part, pair.image, grey.mean(), grey.std(), spread.mean(), red, green, blue))
    columns = ["split", "image", "luminance", "contrast", "saturation", "red", "green", "blue"]
    return pd.DataFrame(rows, columns=columns)


def colour_statistics(table: pd.DataFrame) -> Figure:
    """Draw luminance, contrast and saturation of every image by part; ``table`` comes from :func:`statistics`."""
    figure, axes = new_figure(1, 3, height=2.4, sharey=True)
    labels = {
        "luminance": "Mean luminance\n(levels, 16–235)",
        "contrast": "Contrast: deviation of\nluminance (levels)",
        "saturation": "Mean saturation\n(0 grey, 1 pure)",
    }
    parts = _by_part(table)
    for axis, (column, label) in zip(axes, labels.items(), strict=True):
        for place, (part, rows) in enumerate(parts.items()):
            colour, marker = PART_LOOKS[part]
            axis.plot(rows[column], np.full(len(rows), place), marker, color=colour, fillstyle="none", alpha=0.8)
            axis.plot([rows[column].median()] * 2, [place - 0.35, place + 0.35], color="black")
        axis.set(xlabel=label, ylim=(len(parts) - 0.5, -0.5))
        axis.grid(False, axis="y")
        axis.margins(x=0.1)
    axes[0].set_yticks(range(len(parts)), list(parts))
    medians = {part: rows[list(labels)].median() for part, rows in parts.items()}
    words = (
        f"{part}: luminance {row.luminance:.0f}, contrast {row.contrast:.0f}, saturation {row.saturation:.2f}"
        for part, row in medians.items()
    )
    describe(figure, f"Medians of the photographs, {'; '.join(words)}.")
    return figure


def spectra(pairs: Sequence[Pair], scale: int) -> pd.DataFrame:
    """Compute mean power spectra of HR images and of their LR images enlarged with bicubic.

    At most 64 images are looked at, evenly spaced. Where each crop gets its own LR image, bicubic LR stands in. The
    columns are frequency in cycles per HR pixel, hr and bicubic: geometric means of the power, in levels².
    """
    side = SPECTRUM_SIDE - SPECTRUM_SIDE % scale
    frequency = np.empty(0)
    powers: dict[str, list[np.ndarray]] = {"hr": [], "bicubic": []}
    for pair in evenly_spaced(pairs, SPECTRUM_IMAGES):
        corner = _centred(pair.hr, side, scale)
        hr = _square(pair.hr, corner, side, 1)
        lr = imresize(hr, 1 / scale) if pair.lr is None else _square(pair.lr, corner, side, scale)
        for name, image in (("hr", hr), ("bicubic", imresize(lr, scale))):
            frequency, power = radial_power(image)
            powers[name].append(np.log(power + 1e-6))  # an image without structure has no power at all
    means = {name: np.exp(pd.DataFrame(rows).mean()) for name, rows in powers.items()}
    return pd.DataFrame({"frequency": frequency, **means}).dropna(ignore_index=True)


def spectrum(table: pd.DataFrame, scale: int) -> Figure:
    """Draw the spectra of HR and enlarged LR, the missing power shaded; ``table`` comes from :func:`spectra`."""
    figure, axes = new_figure(height=3.6)
    hr, bicubic = (10 * np.log10(table[name]) for name in ("hr", "bicubic"))
    for name, power, label in (("hr", hr, "HR"), ("bicubic", bicubic, "LR enlarged with bicubic")):
        look = METHODS[name]
        axes.plot(table.frequency, power, color=look.colour, linestyle=look.line, label=label)
    missing = {"where": hr > bicubic, "color": METHODS["srgan"].colour, "alpha": 0.25, "linewidth": 0}
    axes.fill_between(table.frequency, bicubic, hr, label="to be restored", **missing)
    limit = 1 / (2 * scale)
    axes.axvline(limit, color="black", linestyle=":", linewidth=1.2, label=f"highest frequency of LR, 1/{2 * scale}")
    axes.set(xlabel="Frequency (cycles per HR pixel)", ylabel="Power (dB over one level²)", xlim=(0, 0.5))
    legend_below(figure, axes, columns=2)
    middle = table.index[table.frequency >= (limit + 0.5) / 2][0]
    place = f"At {table.frequency[middle]:.2f} cycles per pixel, in the middle of what LR cannot hold"
    describe(figure, f"{place}, HR has {hr[middle]:.0f} dB and enlarged LR {bicubic[middle]:.0f} dB.")
    return figure


def pairs_sheet(pairs: Sequence[Pair], scale: int, count: int = 3) -> Exhibit:
    """Show the middle squares of HR and LR images with the most detailed spot of both, one pair a row."""
    chosen = evenly_spaced([(pair, pair.lr) for pair in pairs if pair.lr is not None], count)
    figure, axes = new_figure(len(chosen), 4, height=0.3 + 1.6 * len(chosen), squeeze=False)
    titles = ("HR", "LR", "HR, detail", "LR, detail")
    for number, (pair, lr) in enumerate(chosen):
        side = min(pair.hr.shape[:2])
        top, left = _centred(pair.hr, side, scale)
        place = detailed_spot(pair.hr[top : top + side, left : left + side], DETAIL, scale)
        spot = top + place[0], left + place[1]
        squares = [((top, left), side), (spot, min(DETAIL, side))]
        images = [(pair.hr, 1), (lr, scale)]
        shown = [_square(image, corner, size, step) for corner, size in squares for image, step in images]
        show_images(axes[number], zip([""] * 4 if number else titles, shown, strict=True))
        first = axes[number, 0]
        first.text(-0.04, 0.5, pair.image, transform=first.transAxes, rotation=90, ha="right", va="center", fontsize=9)
    names = ", ".join(pair.image for pair, _ in chosen)
    describe(figure, f"HR and LR, made {scale} times smaller, of {names}, each with a detail {DETAIL} pixels wide.")
    found = findings.enlarged_again({"": [_enlarged_psnr(pair.hr, lr, scale) for pair, lr in chosen]})
    text = (
        f"{found} Each row: a photograph (HR), what the network receives (LR, its pixels shown as they are), and a "
        "detail of both. Look at fine texture and thin lines: they are what has to be restored."
    )
    return Exhibit(figure, "pairs", text, options={"vector": False})


def crops_sheet(lr: torch.Tensor, hr: torch.Tensor) -> Exhibit:
    """Show training crops as networks see them, HR above LR; uint8 tensors of N×3×h×w and N×3×H×W."""
    columns = min(8, len(hr))
    rows = -(-len(hr) // columns)
    figure, axes = new_figure(2 * rows, 1, height=2 * rows * (0.28 + 5.9 / columns), squeeze=False)
    for row in range(rows):
        for place, (name, batch) in enumerate((("HR", hr), ("LR", lr))):
            images = batch[row * columns : (row + 1) * columns].permute(0, 2, 3, 1).numpy()
            show_image(axes[2 * row + place, 0], _strip(images, columns, hr.shape[-1]), name)
    sizes = (f"{images.shape[-1]}×{images.shape[-2]}" for images in (hr, lr))
    describe(figure, "{} HR crops of {} pixels above their LR crops of {} pixels.".format(len(hr), *sizes))
    text = (
        f"{findings.crops(hr.permute(0, 2, 3, 1).numpy())} They are the first crops drawn: HR above, LR below. Crops "
        "without content (sky, blur) are flat: many of them would waste training time."
    )
    return Exhibit(figure, "crops", text, options={"vector": False})


def degradations_sheet(pair: Pair, scale: int, seed: int, blur_sigma: float = 1.0) -> Exhibit:
    """Show one detail of an HR image under each degradation; the realistic one four times."""
    side = min(4 * DETAIL, *pair.hr.shape[:2])
    side -= side % scale
    top, left = detailed_spot(pair.hr, side, scale)
    hr = np.ascontiguousarray(pair.hr[top : top + side, left : left + side])
    streams = {f"realistic, {number + 1}": random_stream(seed, "degradation example", number) for number in range(4)}
    panels = {
        "HR": hr,
        "bicubic": degrade(hr, scale, "bicubic"),
        "bicubic, float": degrade(hr, scale, "bicubic_float"),
        f"blur σ {blur_sigma:g}, bicubic": degrade(hr, scale, "blur_bicubic", blur_sigma),
        **{title: degrade(hr, scale, "realistic", rng=rng) for title, rng in streams.items()},
    }
    figure, axes = new_figure(2, 4, height=3.8)
    show_images(axes, panels.items())
    made = f"{len(panels) - 1} LR images of it: {', '.join(list(panels)[1:])}"
    describe(figure, f"A detail of {pair.image}, {side} pixels wide, and {made}.")
    scores: dict[str, list[float]] = {}
    for title, lr in list(panels.items())[1:]:
        scores.setdefault(title.partition(",")[0], []).append(_enlarged_psnr(hr, lr, scale))
    text = (
        f"{findings.enlarged_again(scores)} Shown is one detail of the first validation image, and what each "
        "degradation makes of it; the realistic chain (blur, resizing, noise and JPEG, twice) is drawn anew for every "
        "crop."
    )
    return Exhibit(figure, "degradations", text, options={"vector": False})


def detailed_spot(image: np.ndarray, side: int, multiple: int) -> tuple[int, int]:
    """Find the corner (row, column), multiples of ``multiple``, of the side×side square of largest mean gradient."""
    grey = luminance(image)
    gradient = np.hypot(*np.gradient(grey))
    side = min(side, *grey.shape)
    sums = np.pad(gradient.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    squares = squares[::multiple, ::multiple]
    row, column = np.unravel_index(squares.argmax(), squares.shape)
    return int(row) * multiple, int(column) * multiple


def _enlarged_psnr(hr: np.ndarray, lr: np.ndarray, scale: int) -> float:
    """PSNR-Y of LR that bicubic interpolation enlarges again."""
    return measure(imresize(lr, scale), hr, scale, ["psnr_y"])["psnr_y"]


def _sizes(part: str, rows: pd.DataFrame) -> str:
    """Describe how many photographs a part has and how large they are."""
    narrow, wide, low, high = rows.width.min(), rows.width.max(), rows.height.min(), rows.height.max()
    size = f"{wide}×{high}" if (narrow, low) == (wide, high) else f"{narrow}×{low} to {wide}×{high}"
    return f"{part}: {len(rows)} photograph{'s' if len(rows) > 1 else ''} of {size} pixels"


def _by_part(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split the rows into those of each part that is present, in the parts' order."""
    present = set(table.split)
    return {part: table[table.split == part] for part in PARTS if part in present}


def _centred(image: np.ndarray, side: int, multiple: int) -> tuple[int, int]:
    """Find the corner of the square in an image's middle, or of the image where it is smaller."""
    top, left = (max(0, size - side) // 2 // multiple * multiple for size in image.shape[:2])
    return top, left


def _square(image: np.ndarray, corner: tuple[int, int], side: int, step: int) -> np.ndarray:
    """Cut a square given in HR pixels, as far as it exists, from an image that is ``step`` times smaller."""
    top, left = corner[0] // step, corner[1] // step
    return image[top : top + side // step, left : left + side // step]


def _strip(images: np.ndarray, columns: int, side: int) -> np.ndarray:
    """Join N×h×w×3 images side by side with white gaps, each enlarged to side×side by repeating its pixels."""
    factor, gap = side // images.shape[1], side // 16
    large = images.repeat(factor, axis=1).repeat(factor, axis=2)
    framed = np.pad(large, ((0, columns - len(images)), (0, 0), (0, gap), (0, 0)), constant_values=255)
    return np.concatenate(list(framed), axis=1)[:, : columns * (side + gap) - gap]
