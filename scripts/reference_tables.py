"""Write all tables that follow from the shipped models' scores: ``python -m scripts.reference_tables``.

From ``results/reference/metrics.csv`` (:mod:`scripts.judge_reference`) come its summary, the scores with which
``srgan models --check`` compares, the table of ``docs/reference_models.md``, and the scores of each model card: a
table, and the head that Hugging Face reads, which calls the card ``README.md`` and the scores its ``model-index``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from srgan_lib.evaluation.tables import summarise
from srgan_lib.files import write_atomic
from srgan_lib.layout import project_root
from srgan_lib.methods import BASELINE
from srgan_lib.metrics.measure import HEADLINE, METRICS
from srgan_lib.models.shipped import FOLDER, SCORES, shipped_models
from srgan_report.cli.networks import BUILTIN, TOLERANCES

RESULTS = project_root() / "results" / "reference"
PAGE = project_root() / "docs" / "reference_models.md"
BEGIN, END = "<!-- scores: python -m scripts.reference_tables -->\n", "<!-- end of scores -->\n"
#: The page's columns; a card has the headline's alone.
COLUMNS = (
    *HEADLINE,
    "lpips_squeeze",
    "ssim_y_daala",
    "niqe",
    "grid_artefact",
    "flat_noise",
    "spectral_evenness",
    "log_spectral_distance",
    "lr_psnr",
)
#: Hugging Face's names of the headline's metrics.
HUB = dict(zip(HEADLINE, ("psnr", "ssim", "lpips"), strict=True))
FENCE = "---\n"
TABLE = "## Scores\n"  #: a card's last section


def write_tables(results: Path = RESULTS, weights: Path = FOLDER, page: Path = PAGE) -> None:
    """Write the summary, the scores to check against, the cards and the page anew.

    Parameters
    ----------
    results : with ``metrics.csv``.
    weights : with the networks and their cards.
    page : with the marks between which its table stands.
    """
    metrics = pd.read_csv(results / "metrics.csv")
    summary = summarise(metrics)
    write_csv(results / "metrics_summary.csv", summary)
    table = means(summary)
    models = shipped_models(folder=weights)
    own = table.loc[BUILTIN].loc[list(models), list(TOLERANCES)]
    write_atomic(weights / SCORES, own.to_csv(index_label="model", float_format="%.4f", lineterminator="\n"))
    for name, path in models.items():
        card = path.with_suffix(".md")
        write_atomic(card, with_scores(card.read_text(encoding="utf-8"), name, table))
    write_between(page, BEGIN, f"\n{score_table(table, COLUMNS)}\n", END)


def write_between(page: Path, begin: str, text: str, end: str) -> None:
    """Write what stands between two marks of a page anew."""
    before, rest = page.read_text(encoding="utf-8").split(begin)
    write_atomic(page, f"{before}{begin}{text}{end}{rest.split(end)[1]}")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with six significant digits."""
    write_atomic(path, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def means(summary: pd.DataFrame) -> pd.DataFrame:
    """Take the means out of ``metrics_summary.csv``: a row per dataset and method in its order, a column per metric."""
    rows = summary.set_index(["dataset", "method", "metric"])["mean"].unstack("metric")
    return rows.loc[list(dict.fromkeys(zip(summary.dataset, summary.method, strict=True)))]


def score_table(table: pd.DataFrame, columns: tuple[str, ...] = HEADLINE) -> str:
    """Write means as Markdown.

    Parameters
    ----------
    table : of :func:`means`.
    columns : metrics, of which those that were not computed are left out.
    """
    shown = [name for name in columns if name in table]
    lines = [
        "| set | method | " + " | ".join(METRICS[name].label for name in shown) + " |",
        "|---" * (2 + len(shown)) + "|",
    ]
    for (dataset, method), row in zip(table.index, table[shown].to_numpy(), strict=True):
        scores = (METRICS[name].text(value) for name, value in zip(shown, row, strict=True))
        lines.append(f"| {dataset} | {method} | {' | '.join(scores)} |")
    return "\n".join(lines) + "\n"


def with_scores(card: str, name: str, table: pd.DataFrame) -> str:
    """Write a card's head and its last section anew; the text between them stays as it is.

    Raises
    ------
    ValueError
        If the text does not begin with the model's name, or its scores are not known.
    """
    text = card.split(FENCE, 2)[2].lstrip("\n") if card.startswith(FENCE) else card
    title = re.match(rf"# ({name}_x(\d))\n", text)
    if title is None:
        raise ValueError(f"a card begins with the model's name: # {name}_x4")
    own = table[table.index.get_level_values("method") == name].droplevel("method")
    if own.empty:
        raise ValueError(f"no scores of {name}: python -m scripts.judge_reference")
    task = {"type": "image-to-image", "name": f"Super-resolution ×{title[2]}"}
    results = [
        {
            "task": task.copy(),
            "dataset": {"name": dataset, "type": str(dataset).lower()},
            "metrics": [
                {
                    "type": kind,
                    "name": METRICS[metric].label,
                    "value": round(float(row[metric]), METRICS[metric].digits),
                }
                for metric, kind in HUB.items()
            ],
        }
        for dataset, row in own.iterrows()
    ]
    head: dict[str, Any] = {
        "license": "other",
        "license_name": "trained-on-non-commercial-data",
        "library_name": "srgan-report",
        "pipeline_tag": "image-to-image",
        "tags": ["super-resolution", "image-upscaling"],
        "metrics": list(HUB.values()),
        "model-index": [{"name": title[1], "results": results}],
    }
    section = (
        "Means over the images of each set; PSNR and SSIM (Wang) on Y with a border of "
        f"{title[2]} pixels removed, LPIPS (alex) on whole images. Every image's scores are in "
        "`results/reference/metrics.csv`.\n"
    )
    prose = text.partition(TABLE)[0].rstrip("\n")
    scores = score_table(table[table.index.isin([BASELINE, name], level="method")])
    return (
        f"{FENCE}{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}{FENCE}\n"
        f"{prose}\n\n{TABLE}\n{section}\n{scores}"
    )


if __name__ == "__main__":
    write_tables()
