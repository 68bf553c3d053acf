"""Charts of the evaluation: distributions, differences, spectra, planes of fidelity and likeness or naturalness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle

from srgan_lib.methods import BASELINE, method_styles
from srgan_lib.metrics.measure import HEADLINE, METRICS
from srgan_lib.metrics.spectra import PATTERN
from srgan_report.exhibits.plotting import describe, legend_below, new_figure
from srgan_report.exhibits.published import published

#: Published points are drawn of this set where a run's own has none.
PUBLISHED_ON = "BSD100"


def distributions(metrics: pd.DataFrame, dataset: str) -> Figure:
    """Draw every image's score by every method as points on a box (median, quartiles, range), one panel per metric.

    Parameters
    ----------
    metrics : as ``metrics.csv``.
    dataset : one of its datasets.
    """
    rows = metrics[metrics.dataset == dataset]
    names = [name for name in HEADLINE if rows[name].notna().any()]
    chosen = method_styles(rows.method.unique())
    figure, axes = new_figure(1, len(names), height=0.9 + 0.38 * len(chosen), sharey=True, squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        for index, (method, style) in enumerate(chosen.items()):
            values = rows[rows.method == method][name].dropna().to_numpy()
            parts = {f"{part}props": {"color": style.colour} for part in ("box", "whisker", "cap", "median")}
            axis.boxplot(values, positions=[index], widths=0.6, whis=(0, 100), orientation="horizontal", **parts)
            offsets = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(len(values))
            line = 0 if MarkerStyle(style.marker).is_filled() else 1.2  # "+" and "x" are nothing but lines
            axis.scatter(values, index + offsets, 16, style.colour, marker=style.marker, linewidths=line, zorder=3)
        axis.set_xlabel(METRICS[name].heading)
        axis.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(range(len(chosen)), [style.label for style in chosen.values()])
    axes[0, 0].invert_yaxis()
    text = []
    for name in names:
        medians = rows.groupby("method", sort=False)[name].median().dropna().sort_values()
        ends = (
            f"{METRICS[name].phrase(medians[method])} ({chosen[method].label})" for method in medians.index[[0, -1]]
        )
        text.append(f"{METRICS[name].label}: medians from {' to '.join(ends)}")
    describe(figure, "; ".join(text) + ".")
    return figure


def differences(summary: pd.DataFrame, metrics: pd.DataFrame, dataset: str) -> Figure:
    """Draw each image's and the mean paired difference from the baseline, with its 95 % interval, one panel per metric.

    Parameters
    ----------
    summary, metrics : as ``metrics_summary.csv`` and ``metrics.csv``.
    dataset : one of its datasets.
    """
    rows = summary[(summary.dataset == dataset) & (summary.method != BASELINE)]
    names = [name for name in HEADLINE if (rows.metric == name).any()]
    chosen = method_styles(rows.method.unique())
    figure, axes = new_figure(1, len(names), height=0.9 + 0.34 * len(chosen), sharey=True, squeeze=False)
    scores = metrics[metrics.dataset == dataset]
    for axis, name in zip(axes[0], names, strict=True):
        metric = METRICS[name]
        table = scores.pivot(index="image", columns="method", values=name)
        for index, (method, style) in enumerate(chosen.items()):
            row = rows[(rows.method == method) & (rows.metric == name)].iloc[0]
            points = table[method] - table[BASELINE]
            axis.scatter(points, np.full(len(points), index + 0.22), 7, "0.55", linewidths=0)
            axis.plot(
                [row.difference_low, row.difference_high], [index, index], "|-", color=style.colour, markersize=10
            )
            axis.plot(row.difference, index, style.marker, color=style.colour, markersize=5)
        axis.axvline(0, color="black", linewidth=1)
        axis.set_xlabel(
            f"Δ {metric.label}{f', {metric.unit}' if metric.unit else ''}\n"
            f"{'better →' if metric.higher_is_better else '← better'}"
        )
        axis.margins(x=0.1, y=0.1)
        axis.locator_params(axis="x", nbins=4)
        axis.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(range(len(chosen)), [style.label for style in chosen.values()])
    axes[0, 0].invert_yaxis()
    text = []
    for name in names:
        means = rows[rows.metric == name].set_index("method").difference.dropna()
        values = (
            f"{chosen[method].label} {METRICS[name].text(value, sign=True)}"
            for method, value in zip(means.index, means, strict=True)
        )
        text.append(f"{METRICS[name].label}: {', '.join(values)}")
    describe(figure, f"Mean differences from {BASELINE}. {'; '.join(text)}.")
    return figure


def spectra(powers: pd.DataFrame, dataset: str, scale: int) -> Figure:
    """Draw the radially averaged power spectrum of every method and HR, and below it each method's distance from HR.

    Parameters
    ----------
    powers : columns dataset, method, frequency in cycles per pixel, power in dB.
    dataset : one of its datasets.
    scale : enlargement factor; beyond 0.5/scale cycles per pixel the LR image holds nothing.
    """
    table = powers[powers.dataset == dataset].pivot(index="frequency", columns="method", values="power")
    order = [method for method in powers.method.unique() if method in table and method != "hr"]
    figure, (upper, lower) = new_figure(2, 1, height=5.4, sharex=True, height_ratios=(3, 2))
    for method, style in method_styles([*order, "hr"]).items():
        line = {"color": style.colour, "linestyle": style.line, "label": style.label}
        upper.plot(table.index, table[method], linewidth=2.2 if method == "hr" else 1.6, **line)
        if method != "hr":
            lower.plot(table.index, table[method] - table["hr"], **line)
    lower.axhline(0, color="black", linewidth=2.2)
    for axis in (upper, lower):
        axis.axvspan(0.5 / scale, 0.5, color="black", alpha=0.05, linewidth=0)
        axis.set_xlim(0, 0.5)
    upper.set_title("shaded: beyond what LR can hold")
    upper.set_ylabel("power (dB)")
    lower.set_ylabel("difference from HR (dB)")
    lower.set_xlabel("spatial frequency (cycles per pixel)")
    legend_below(figure, upper, columns=4)
    beyond = table[table.index >= 0.5 / scale]
    lacking = (
        f"{style.label} {(beyond[method] - beyond['hr']).mean():+.1f}" for method, style in method_styles(order).items()
    )
    describe(
        figure, f"Mean difference from HR beyond what LR can hold, in dB: {', '.join(lacking)}.".replace(" -", " −")
    )
    return figure


def plane(summary: pd.DataFrame, dataset: str, scale: int, *, curve: Sequence[str] = ()) -> Figure:
    """Draw the plane of LPIPS and PSNR, both relative to the baseline; better is up and right.

    Filled markers are measured, hollow ones published. A method that draws a regular pattern says so in its label, for
    LPIPS does not see it. Relative figures (PSNR-Y minus the baseline's, LPIPS divided by
    the baseline's) let published points of other test sets stand beside measured ones.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    dataset : one of its datasets; if LPIPS(alex) was not computed for it, only published points are drawn. Where
        nothing is published on it, those on :data:`PUBLISHED_ON` are.
    scale : enlargement factor.
    curve : methods to join by a line in this order, such as networks interpolated between two others.
    """
    measured = _relative(summary[summary.dataset == dataset].rename(columns={"mean": "value"}))
    known = published(scale=scale)
    where = dataset if dataset in set(known[known.metric == "lpips_alex"].dataset) else PUBLISHED_ON
    figure, axis = new_figure(height=4.8)
    if curve and len(measured):
        axis.plot(*measured.loc[list(curve)].to_numpy().T, color="0.4", linewidth=1, zorder=1)
    grid = summary[(summary.dataset == dataset) & (summary.metric == "grid_artefact")].set_index("method")["mean"]
    for method, style in method_styles(measured.index).items():
        level = grid.get(method, 0)
        pattern = f" (regular pattern {METRICS['grid_artefact'].phrase(level, sign=True)})" if level > PATTERN else ""
        axis.plot(
            *measured.loc[method], style.marker, color=style.colour, label=style.label + pattern, markersize=8, zorder=2
        )
    there = known[known.dataset == where]
    for title in sorted(there.title.unique()):
        group = there[there.title == title]
        points = _relative(group).drop(index=BASELINE, errors="ignore")
        for method, style in method_styles(points.index).items():
            axis.plot(
                *points.loc[method],
                style.marker,
                color=style.colour,
                fillstyle="none",
                markersize=9,
                markeredgewidth=1.8,
                label=f"{style.label} in {title.partition(' (')[0]} ({where})",
            )
    if measured.empty:
        axis.set_title("Methods of this run are missing: LPIPS (alex) was not computed")
    axis.set_xlabel(f"PSNR-Y minus {BASELINE}'s (dB), better →")
    axis.set_ylabel(f"LPIPS (alex) / {BASELINE}'s, better →")
    axis.invert_yaxis()
    axis.margins(0.12)
    legend_below(figure, axis, columns=2)
    text = (
        f"{style.label} {METRICS['psnr_y'].phrase(measured.psnr_y[method], sign=True)} "
        f"and {measured.lpips_alex[method]:.2f} times"
        for method, style in method_styles(measured.index).items()
    )
    describe(figure, f"PSNR-Y and LPIPS (alex) against {BASELINE}'s: {', '.join(text) or 'not measured'}.")
    return figure


def naturalness_plane(summary: pd.DataFrame, dataset: str, *, curve: Sequence[str] = ()) -> Figure:
    """Draw the perception–distortion plane, NIQE over PSNR-Y; better is up and right.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    dataset : one of its datasets.
    curve : methods to join by a line in this order.

    References
    ----------
    Y. Blau, T. Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018.
    """
    rows = summary[summary.dataset == dataset]
    table = rows.pivot(index="method", columns="metric", values="mean").reindex(columns=["psnr_y", "niqe"])
    table = table.loc[rows.method.unique()].dropna()
    figure, axis = new_figure(height=4.2)
    joined = [method for method in curve if method in table.index]
    axis.plot(*table.loc[joined].to_numpy().T, color="0.4", linewidth=1, zorder=1)
    for method, style in method_styles(table.index).items():
        axis.plot(*table.loc[method], style.marker, color=style.colour, label=style.label, markersize=8, zorder=2)
    axis.set_xlabel("PSNR-Y (dB), better →")
    axis.set_ylabel("NIQE, better →")
    axis.invert_yaxis()
    axis.margins(0.12)
    legend_below(figure, axis, columns=3)
    text = (
        f"{style.label} {METRICS['psnr_y'].phrase(table.psnr_y[method])} and {METRICS['niqe'].text(table.niqe[method])}"
        for method, style in method_styles(table.index).items()
    )
    describe(figure, f"PSNR-Y and NIQE: {', '.join(text) or 'not measured'}.")
    return figure


def _relative(figures: pd.DataFrame) -> pd.DataFrame:
    """Compute PSNR-Y minus the baseline's and LPIPS(alex) divided by it, for the methods that have both."""
    table = figures.pivot(index="method", columns="metric", values="value").reindex(columns=["psnr_y", "lpips_alex"])
    table = table.loc[figures.method.unique()].dropna()
    if BASELINE not in table.index:
        return table.iloc[:0]
    base = table.loc[BASELINE]
    return table.assign(psnr_y=table.psnr_y - base.psnr_y, lpips_alex=table.lpips_alex / base.lpips_alex)
