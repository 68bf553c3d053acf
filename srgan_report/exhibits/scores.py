"""Charts of the evaluation: distributions, differences, spectra, planes of fidelity and likeness or naturalness.

``metrics`` and ``summary`` are as ``metrics.csv`` and ``metrics_summary.csv``, of which one dataset is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle

from srgan_lib.methods import BASELINE, Style, method_styles
from srgan_lib.metrics.measure import HEADLINE, METRICS
from srgan_lib.metrics.spectra import PATTERN
from srgan_report.exhibits.findings_of_scores import front
from srgan_report.exhibits.plotting import describe, legend_below, new_figure
from srgan_report.exhibits.published import published

#: Published points are drawn of this set where a run's own has none.
PUBLISHED_ON = "BSD100"


def distributions(metrics: pd.DataFrame, dataset: str) -> Figure:
    """Draw every image's score by every method as points on a box (median, quartiles, range), one panel per metric."""
    rows = metrics[metrics.dataset == dataset]
    names = [name for name in HEADLINE if rows[name].notna().any()]
    chosen = method_styles(rows.method.unique())
    figure, axes = new_figure(1, len(names), height=0.9 + 0.38 * len(chosen), sharey=True, squeeze=False)
    text = []
    for axis, name in zip(axes[0], names, strict=True):
        metric = METRICS[name]
        for index, (method, style) in enumerate(chosen.items()):
            values = rows[rows.method == method][name].dropna().to_numpy()
            parts = {f"{part}props": {"color": style.colour} for part in ("box", "whisker", "cap", "median")}
            axis.boxplot(values, positions=[index], widths=0.6, whis=(0, 100), orientation="horizontal", **parts)
            offsets = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(len(values))
            line = 0 if MarkerStyle(style.marker).is_filled() else 1.2  # "+" and "x" are nothing but lines
            axis.scatter(values, index + offsets, 16, style.colour, marker=style.marker, linewidths=line, zorder=3)
        axis.set_xlabel(metric.heading)
        medians = rows.groupby("method", sort=False)[name].median().dropna().sort_values()
        ends = (f"{metric.phrase(medians[method])} ({chosen[method].label})" for method in medians.index[[0, -1]])
        text.append(f"{metric.label}: medians from {' to '.join(ends)}")
    _name_methods(axes[0], chosen)
    describe(figure, "; ".join(text) + ".")
    return figure


def differences(summary: pd.DataFrame, metrics: pd.DataFrame, dataset: str) -> Figure:
    """Draw each image's and the mean paired difference from the baseline with its 95 % interval, a panel per metric."""
    rows = summary[(summary.dataset == dataset) & (summary.method != BASELINE)]
    names = [name for name in HEADLINE if (rows.metric == name).any()]
    chosen = method_styles(rows.method.unique())
    figure, axes = new_figure(1, len(names), height=0.9 + 0.34 * len(chosen), sharey=True, squeeze=False)
    scores = metrics[metrics.dataset == dataset]
    text = []
    for axis, name in zip(axes[0], names, strict=True):
        metric = METRICS[name]
        table = scores.pivot(index="image", columns="method", values=name)
        means = rows[rows.metric == name].set_index("method")
        for index, (method, style) in enumerate(chosen.items()):
            row = means.loc[method]
            points = table[method] - table[BASELINE]
            interval = [row.difference_low, row.difference_high]
            axis.scatter(points, np.full(len(points), index + 0.22), 7, "0.55", linewidths=0)
            axis.plot(interval, [index, index], "|-", color=style.colour, markersize=10)
            axis.plot(row.difference, index, style.marker, color=style.colour, markersize=5)
        axis.axvline(0, color="black", linewidth=1)
        unit = f", {metric.unit}" if metric.unit else ""
        axis.set_xlabel(f"Δ {metric.label}{unit}\n{'better →' if metric.higher_is_better else '← better'}")
        axis.margins(x=0.1, y=0.1)
        axis.locator_params(axis="x", nbins=4)
        known = means.difference.dropna()
        values = (f"{chosen[str(name)].label} {metric.text(value, sign=True)}" for name, value in known.items())
        text.append(f"{metric.label}: {', '.join(values)}")
    _name_methods(axes[0], chosen)
    describe(figure, f"Mean differences from {BASELINE}. {'; '.join(text)}.")
    return figure


def _name_methods(panels: Sequence[Axes], chosen: Mapping[str, Style]) -> None:
    """Name the methods down the left side of panels that share it."""
    for axis in panels:
        axis.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(chosen)), [style.label for style in chosen.values()])
    panels[0].invert_yaxis()


def spectra(powers: pd.DataFrame, dataset: str, scale: int) -> Figure:
    """Draw the radially averaged power spectrum of every method and HR, and below it each method's distance from HR.

    ``powers`` has the columns dataset, method, frequency in cycles per pixel and power in dB. Beyond 0.5/``scale``
    cycles per pixel the LR image holds nothing.
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
    upper.set(title="shaded: beyond what LR can hold", ylabel="power (dB)")
    lower.set(xlabel="spatial frequency (cycles per pixel)", ylabel="difference from HR (dB)")
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

    Filled markers are measured, hollow ones published: on this dataset, or where nothing is, on :data:`PUBLISHED_ON`.
    Relative figures (PSNR-Y minus the baseline's, LPIPS divided by the baseline's) let published points of other test
    sets stand beside measured ones. Where LPIPS(alex) was not computed, only published points are drawn. A method that
    draws a regular pattern says so in its label, for LPIPS does not see it. A line joins the methods of ``curve`` in
    their order, such as networks interpolated between two others.
    """
    rows = summary[summary.dataset == dataset]
    measured = relative(rows)
    figure, axis = new_figure(height=4.8)
    patterns = rows[(rows.metric == "grid_artefact") & (rows["mean"] > PATTERN)].set_index("method")["mean"]
    notes = {
        str(method): f" (regular pattern {METRICS['grid_artefact'].phrase(level, sign=True)})"
        for method, level in patterns.items()
    }
    _draw_plane(axis, measured, curve, f"PSNR-Y minus {BASELINE}'s (dB)", f"LPIPS (alex) / {BASELINE}'s", notes)
    known = published(scale=scale)
    where = dataset if dataset in set(known[known.metric == "lpips_alex"].dataset) else PUBLISHED_ON
    hollow = {"fillstyle": "none", "markersize": 9, "markeredgewidth": 1.8}
    for title, group in known[known.dataset == where].groupby("title"):
        points = relative(group.rename(columns={"value": "mean"})).drop(index=BASELINE, errors="ignore")
        for method, style in method_styles(points.index).items():
            label = f"{style.label} in {str(title).partition(' (')[0]} ({where})"
            axis.plot(*points.loc[method], style.marker, color=style.colour, label=label, **hollow)
    if measured.empty:
        axis.set_title("Methods of this run are missing: LPIPS (alex) was not computed")
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

    ``curve`` is as in :func:`plane`. The plane is that of Y. Blau, T. Michaeli, "The Perception-Distortion Tradeoff",
    CVPR 2018.
    """
    table = by_method(summary[summary.dataset == dataset], "niqe")
    figure, axis = new_figure(height=4.2)
    _draw_plane(axis, table, curve, "PSNR-Y (dB)", "NIQE")
    legend_below(figure, axis, columns=3)
    text = (
        f"{style.label} {METRICS['psnr_y'].phrase(table.psnr_y[method])} and {METRICS['niqe'].text(table.niqe[method])}"
        for method, style in method_styles(table.index).items()
    )
    describe(figure, f"PSNR-Y and NIQE: {', '.join(text) or 'not measured'}.")
    return figure


def by_method(figures: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Tabulate PSNR-Y and another metric of the methods that have both."""
    table = figures.pivot(index="method", columns="metric", values="mean").reindex(columns=["psnr_y", metric])
    return table.loc[figures.method.unique()].dropna()


def relative(figures: pd.DataFrame) -> pd.DataFrame:
    """Compute PSNR-Y minus the baseline's and LPIPS(alex) divided by it, for the methods that have both."""
    table = by_method(figures, "lpips_alex")
    if BASELINE not in table.index:
        return table.iloc[:0]
    base = table.loc[BASELINE]
    return table.assign(psnr_y=table.psnr_y - base.psnr_y, lpips_alex=table.lpips_alex / base.lpips_alex)


def _draw_plane(
    axis: Axes, table: pd.DataFrame, curve: Sequence[str], x: str, y: str, notes: Mapping[str, str] = {}
) -> None:
    """Draw measured points, a line along some and one along the front, on axes whose better ends are up and right."""
    joined = table.loc[[method for method in curve if method in table.index]]
    if len(joined):
        axis.plot(*joined.to_numpy().T, color="0.4", linewidth=1, zorder=1)
    for method, style in method_styles(table.index).items():
        label = style.label + notes.get(method, "")
        axis.plot(*table.loc[method].to_numpy(), style.marker, color=style.colour, label=label, markersize=8, zorder=2)
    best = table.loc[front(table, *table.columns)].sort_values("psnr_y")
    if len(best) > 1:
        axis.plot(*best.to_numpy().T, ":", color="0.4", linewidth=1.5, label="front of this run", zorder=1)
    axis.set(xlabel=f"{x}, better →", ylabel=f"{y}, better →")
    axis.invert_yaxis()
    axis.margins(0.12)
