"""Measured scores beside published ones, as the files and tables that notebook 5 shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from srgan_lib.evaluation.published import (
    compare,
    compare_curves,
    compare_recipe,
    counterparts,
    relative_to_bicubic,
    wide,
)
from srgan_lib.markup import Exhibit
from srgan_lib.params.evaluation import Published

BICUBIC = ("bicubic", "bicubic_float")  #: degradations whose LR images are those of the literature
THREE_DIGITS = dict.fromkeys(("published", "measured", "difference"), ".3f")


@dataclass(frozen=True)
class PublishedComparison:
    """A file of compared scores, and the tables in which they are shown."""

    file: str
    frame: pd.DataFrame
    tables: list[Exhibit]


def compare_all(
    summary: pd.DataFrame,
    recipe: Published,
    curves: Mapping[str, pd.DataFrame],
    trainings: Mapping[str, Mapping[str, Any]],
    networks: Mapping[str, object],
) -> list[PublishedComparison]:
    """Compare a run with its recipe's source and with the literature; comparisons without a row are left out.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    recipe : what the source of the run's recipe reports.
    curves : ``loss_curve.csv`` of each training stage.
    trainings : flat parameters of each training stage.
    networks : the run's networks by method, whose classes say their architectures.
    """
    architectures = {method: type(network).__name__ for method, network in networks.items()}
    methods, conditions = counterparts(architectures, trainings), trainings["warmup"]
    known = summary if conditions["degradation"] in BICUBIC else summary.head(0)
    of_recipe = compare_recipe(summary, recipe, methods)
    found = [
        _recipe(of_recipe),
        _relative(relative_to_bicubic(of_recipe, summary)),
        _curves(compare_curves(recipe, curves)),
        _literature(compare(known, conditions["scale"], methods)),
    ]
    return [comparison for comparison in found if len(comparison.frame)]


def _recipe(rows: pd.DataFrame) -> PublishedComparison:
    file, tables = "published_recipe.csv", []
    for number, ((title, test_set), group) in enumerate(rows.groupby(["title", "dataset"], sort=False), 1):
        shown = wide(group)
        caption = (
            f"What <em>{escape(str(title))}</em> reports on <code>{test_set}</code>: published, measured in this run, and "
            f"the difference."
        )
        if number == 1:
            caption += (
                " Scores can only be compared where images and convention are the same; where the source does not state "
                "its convention, the column names what is measured here beside it. A dash: this run has no such score."
            )
        tables.append(Exhibit(shown.pop("frame"), f"published_{number}", caption, file, shown))
    return PublishedComparison(file, rows, tables)


def _relative(rows: pd.DataFrame) -> PublishedComparison:
    file = "published_relative.csv"
    names = {"published_on": "published on", "measured_on": "measured on", "measured_as": "measured as"}
    unneeded = ["title"] if len(rows) and rows.title.nunique() == 1 else []
    caption = (
        "On other images only distances from bicubic can be compared: PSNR and SSIM minus bicubic's, LPIPS divided by "
        "bicubic's."
    )
    frame = rows.drop(columns=unneeded).rename(columns=names)
    return PublishedComparison(
        file, rows, [Exhibit(frame, "published_relative", caption, file, {"formats": THREE_DIGITS})]
    )


def _curves(rows: pd.DataFrame) -> PublishedComparison:
    file = "published_curves.csv"
    caption = (
        "What the source reports of its training, beside the mean of the same quantity over the same part (in per "
        "cent) of this run's training. Losses depend on their scaling, which sources rarely state; look for the "
        "same order of size."
    )
    formats = dict.fromkeys(("measured", "difference"), ".4g")
    return PublishedComparison(file, rows, [Exhibit(rows, "published_curves", caption, file, {"formats": formats})])


def _literature(rows: pd.DataFrame) -> PublishedComparison:
    file = "published.csv"
    caption = "Scores from the literature beside measured ones, where test set and convention are the same."
    frame = rows.drop(columns=["measured_as", "note"])
    return PublishedComparison(file, rows, [Exhibit(frame, "published", caption, file, {"formats": THREE_DIGITS})])
