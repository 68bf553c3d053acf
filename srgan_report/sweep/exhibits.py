"""Figures and tables that compare the runs of a sweep; settings keep one colour in all figures."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from srgan_lib.data.images import read_image
from srgan_lib.methods import METHODS
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import Html
from srgan_report.exhibits.plotting import WIDTH, describe, legend_below, new_figure, show_image
from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.statistics import PLANE, over_seeds, pareto

LEGEND = 12  #: settings at most that a legend names; more are told by the colour of their order
LINE = 90  #: characters that fit below a figure side by side
TITLE = 18  #: characters that fit above a patch
MARKERS = "os^DvPX<>phd8"
WAITING = "not begun or interrupted; the same command continues"


def varied_table(factors: list[Factor], seeds: list[int]) -> pd.DataFrame:
    """List what a sweep varies and its values."""
    rows = [{"varied": factor.name, "values": ", ".join(factor.levels)} for factor in factors]
    rows += [{"varied": "shared.seed", "values": ", ".join(map(str, seeds))}] if seeds else []
    return pd.DataFrame(rows)


def setting_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: a row per setting, each metric with its 95 % interval; n is the number of runs.

    Parameters
    ----------
    rows : finished runs of one dataset.
    """
    table = pd.DataFrame({"setting": rows.setting.unique()}).set_index("setting")
    for name in measured(rows):
        stats = over_seeds(rows, name)
        table["n"] = stats["n"]
        table[METRICS[name].heading] = [_with_interval(row, name) for row in stats.itertuples()]
    return table.reset_index()


def run_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """List every run with its seed and scores; its name links to its report, which lies beside the comparison's.

    Parameters
    ----------
    rows : finished runs of one dataset.
    """
    links = [Html(f'<a class="beside" href="{run}/report.html">{html.escape(run)}</a>') for run in rows.run]
    return pd.DataFrame(
        {"run": links, "seed": list(rows.seed), **{METRICS[name].heading: list(rows[name]) for name in measured(rows)}}
    )


def score_formats(rows: pd.DataFrame) -> dict[str, Any]:
    """Say how :func:`run_scores` is shown: ``formats`` of its columns, and the ``best`` of each."""
    names = measured(rows)
    return {
        "formats": {METRICS[name].heading: f".{METRICS[name].digits}f" for name in names},
        "best": {METRICS[name].heading: METRICS[name].best(rows[name]) for name in names},
    }


def unfinished_table(runs: pd.DataFrame) -> pd.DataFrame:
    """List the runs that failed or were not begun, with the cause."""
    rows = runs[runs.state != "finished"]
    return pd.DataFrame({"run": rows.run, "state": rows.state, "cause": rows.cause.where(rows.cause != "", WAITING)})


def measured(rows: pd.DataFrame) -> list[str]:
    """Name the metrics that some run has."""
    return [name for name in METRICS if name in rows and rows[name].notna().any()]


def main_effect(rows: pd.DataFrame, factor: Factor, names: Sequence[str]) -> Figure:
    """Draw each metric over the levels of a factor: every run as a point, the mean with its 95 % interval over runs.

    Parameters
    ----------
    rows : runs of one dataset.
    names : metrics, one panel each.
    """
    indices, logarithmic = _positions(factor)
    figure, axes = new_figure(1, len(names), height=3.2, squeeze=False)
    text = []
    for axis, name in zip(axes[0], names, strict=True):
        table = over_seeds(rows, name, factor.name).reindex(factor.levels).dropna(subset="mean")
        at = [indices[level] for level in table.index]
        axis.plot([indices[level] for level in rows[factor.name]], rows[name], ".", color="0.6", markersize=5, zorder=1)
        errors = np.nan_to_num([table["mean"] - table["low"], table["high"] - table["mean"]])
        axis.errorbar(at, table["mean"], errors, fmt="o-", color="#0072B2", capsize=3, linewidth=1.4, zorder=2)
        if logarithmic:
            axis.set_xscale("log")
        else:
            axis.set_xticks(list(indices.values()), factor.levels, rotation=0 if len(indices) < 5 else 45, ha="center")
        axis.set_xlabel(factor.short)
        axis.set_title(METRICS[name].heading)
        axis.margins(x=0.08)
        means = ", ".join(f"{METRICS[name].text(mean)} at {level}" for level, mean in table["mean"].items())
        text.append(f"{METRICS[name].label} {means}")
    describe(figure, f"Means by {factor.short}: {'; '.join(text)}.")
    return figure


def heat_map(rows: pd.DataFrame, down: Factor, across: Factor, metric: str) -> Figure:
    """Draw the mean of a metric over the runs of each combination of two factors."""
    table = rows.pivot_table(index=down.name, columns=across.name, values=metric, aggfunc="mean")
    table = table.reindex(index=down.levels, columns=across.levels)
    figure, axis = new_figure(height=1.4 + 0.45 * len(down.levels))
    measure = METRICS[metric]
    seaborn.heatmap(
        table,
        ax=axis,
        cmap="viridis" if measure.higher_is_better else "viridis_r",  # bright is better
        annot=table.map(measure.text),
        fmt="",
        linewidths=1,
        cbar_kws={"label": measure.heading},
    )
    axis.set(xlabel=across.short, ylabel=down.short)
    axis.tick_params(length=0, labelrotation=0)
    cells = {(row, column): table[column][row] for row in table.index for column in table if table[column].notna()[row]}
    ends = ", ".join(
        f"{measure.phrase(cells[index])} at {down.short} {index[0]} and {across.short} {index[1]}"
        for index in (min(cells, key=cells.__getitem__), max(cells, key=cells.__getitem__))
    )
    describe(
        figure, f"Means of {measure.label} by {down.short} and {across.short}; the lowest and the highest: {ends}."
    )
    return figure


def metric_pairs(rows: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Draw every metric against every other, a point for each run, with its distribution over the runs.

    Parameters
    ----------
    rows : runs of one dataset.
    names : metrics that all of them have, two or more.
    """
    setting_styles = _setting_styles(rows.setting.unique())
    count = len(names)
    figure, axes = new_figure(count, count, height=WIDTH * 0.9, squeeze=False, sharex="col")
    for (down, across), axis in np.ndenumerate(axes):
        x, y = names[int(across)], names[int(down)]
        if down < across:
            axis.remove()
        elif down == across:
            seaborn.histplot(rows, x=x, ax=axis, color="0.7", linewidth=0.5)
            axis.set_ylabel("runs")
            axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        else:
            for setting, (colour, marker) in setting_styles.items():
                group = rows[rows.setting == setting]
                axis.plot(group[x], group[y], marker, color=colour, label=setting, markersize=5)
            axis.set_ylabel(METRICS[y].heading)
        if down == count - 1:
            axis.set_xlabel(METRICS[x].heading)
    _name_settings(figure, axes[1, 0], setting_styles)
    order = rows[list(names)].corr(method="spearman")
    text = "; ".join(
        f"{METRICS[one].label} and {METRICS[other].label} {f'{order.loc[one, other]:.2f}'.replace('-', '−')}"
        for one, other in combinations(names, 2)
    )
    describe(figure, f"{len(rows)} runs by each pair of metrics. Spearman's rank correlations: {text}.")
    return figure


def learning_curves(curves: pd.DataFrame) -> Figure:
    """Draw PSNR-Y and SSIM-Y on the validation images through training: a line for a run, a colour for a setting."""
    setting_styles = _setting_styles(curves.setting.unique())
    figure, axes = new_figure(1, 2, height=3.4)
    for axis, (name, label) in zip(axes, (("psnr_y", "PSNR-Y (dB)"), ("ssim_y", "SSIM-Y (Wang)")), strict=True):
        for (setting, _run), group in curves.groupby(["setting", "run"], sort=False):
            axis.plot(group.step, group[name], color=setting_styles[str(setting)][0], linewidth=1.2, label=setting)
        bicubic = curves.groupby("step")[f"{name}_bicubic"].mean()
        style = METHODS["bicubic"]
        axis.plot(bicubic.index, bicubic, color=style.colour, linestyle=style.line, label=style.label)
        axis.set(xlabel="step", ylabel=label)
    _name_settings(figure, axes[0], setting_styles)
    last = curves.groupby(["setting", "run"], sort=False)["psnr_y"].last().groupby("setting", sort=False).mean()
    text = "; ".join(f"{setting}: {METRICS['psnr_y'].text(value)}" for setting, value in last.items())
    describe(figure, f"PSNR-Y and SSIM-Y through training. PSNR-Y in dB at the end: {text}.")
    return figure


def plane(rows: pd.DataFrame, baselines: pd.DataFrame) -> Figure:
    """Draw the plane of PSNR-Y and LPIPS (alex): every run, the front of those that none beats in both, and baselines.

    Parameters
    ----------
    rows, baselines : of one dataset; baselines by method, whose mean over the runs is shown.
    """
    setting_styles = _setting_styles(rows.setting.unique())
    figure, axis = new_figure(height=4.6)
    fidelity, distance = PLANE
    front = pareto(rows)
    axis.plot(front[fidelity], front[distance], color="0.35", linewidth=1.2, zorder=1, label="Pareto front of the runs")
    for setting, (colour, marker) in setting_styles.items():
        group = rows[rows.setting == setting]
        axis.plot(group[fidelity], group[distance], marker, color=colour, label=setting, markersize=7, zorder=2)
    for method, group in baselines.dropna(subset=[fidelity, distance]).groupby("method", sort=False):
        style = METHODS[str(method)]
        look = {"color": style.colour, "fillstyle": "none", "markersize": 10, "markeredgewidth": 1.8}
        axis.plot(group[fidelity].mean(), group[distance].mean(), style.marker, label=style.label, **look)
    axis.set_xlabel(f"{METRICS[fidelity].label} ({METRICS[fidelity].unit}), better →")
    axis.set_ylabel(f"{METRICS[distance].label}, better →")
    axis.invert_yaxis()
    axis.margins(0.12)
    _name_settings(figure, axis, setting_styles)
    text = "; ".join(
        f"{row.setting}, seed {row.seed}: {METRICS[fidelity].phrase(row[fidelity])}, "
        f"{METRICS[distance].text(row[distance])}"
        for _, row in front.iterrows()
    )
    describe(figure, f"{METRICS[fidelity].label} and {METRICS[distance].label} of every run. The front is {text}.")
    return figure


def patches(runs: Mapping[str, Mapping[str, Path]], method: str, columns: int = 4) -> Figure:
    """Show the same crop of one image by several runs, between bicubic and the original.

    Parameters
    ----------
    runs : by setting, the crops' files by method.
    method : of which every run's crop is shown.
    """
    first = next(iter(runs.values()))
    panels = {"bicubic": first["bicubic"], **{name: files[method] for name, files in runs.items()}, "HR": first["hr"]}
    count = -(-len(panels) // columns)
    figure, axes = new_figure(count, columns, height=1.85 * count, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (title, path) in zip(axes.flat, panels.items(), strict=False):
        show_image(axis, read_image(path), fill(title, TITLE, break_long_words=False))
    describe(figure, f"The same crop by {'; '.join(panels)}.")
    return figure


def _positions(factor: Factor) -> tuple[dict[str, float], bool]:
    """Position the levels of a factor on an axis, and say whether the axis is logarithmic."""
    if factor.numbers is None:
        return {level: float(index) for index, level in enumerate(factor.levels)}, False
    numbers = dict(zip(factor.levels, factor.numbers, strict=True))
    if min(numbers.values()) > 0 and max(numbers.values()) >= 30 * min(numbers.values()):
        return numbers, True
    return {level: float(index) for index, level in enumerate(sorted(numbers, key=numbers.__getitem__))}, False


def _setting_styles(settings: Sequence[str]) -> dict[str, tuple[Any, str]]:
    """Give each setting a colour and a marker, in their order."""
    colours = colormaps["viridis"](np.linspace(0, 0.92, max(2, len(settings))))
    return {name: (tuple(colours[index]), MARKERS[index % len(MARKERS)]) for index, name in enumerate(settings)}


def _name_settings(figure: Figure, axis: Axes, setting_styles: Mapping[str, Any]) -> None:
    """Put a legend below; of too many settings it leaves some out, whose colours go from the first to the last."""
    if len(setting_styles) > LEGEND:
        for line in axis.get_lines():
            if line.get_label() in setting_styles:
                line.set_label(f"_{line.get_label()}")
        axis.set_title(f"{len(setting_styles)} settings, from dark (first) to bright (last)")
    longest = max(len(str(label)) for label in axis.get_legend_handles_labels()[1] or [""])
    legend_below(figure, axis, columns=min(4, max(1, LINE // (longest + 6))))


def _with_interval(row: Any, name: str) -> str:
    metric = METRICS[name]
    if pd.isna(row.low):
        return metric.text(row.mean)
    return f"{metric.text(row.mean)} ({metric.text(row.low)} to {metric.text(row.high)})"
