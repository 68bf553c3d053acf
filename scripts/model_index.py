"""Put the figures of model cards into their heads, as Hugging Face reads them: ``python -m scripts.model_index``.

A card ``srgan_x4.md`` is Hugging Face's ``README.md``: YAML between two lines ``---``, with the scores as a ``model-index``,
and below it the text, from whose table the scores are taken.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from srgan_lib.files import write_atomic
from srgan_lib.weights import shipped_models

#: Hugging Face's names of the metrics, by the table's column.
METRICS = {"PSNR-Y": "psnr", "SSIM-Y (Wang)": "ssim", "LPIPS (alex)": "lpips"}
FENCE = "---\n"


def with_head(card: str) -> str:
    """Write the head of a card anew from the card's text, which stays as it is.

    Raises
    ------
    ValueError
        If the text has no title, or no table with the scores of the model.
    """
    text = body(card)
    title = re.match(r"# (\w+)_x(\d)\n", text)
    if title is None:
        raise ValueError("a card begins with the model's name: # name_x4")
    name, scale = title[1], title[2]
    scores = read_scores(text, name)
    if not scores:
        raise ValueError(f"the card's table has no row of {name}")
    task = {"type": "image-to-image", "name": f"Super-resolution ×{scale}"}
    results = [
        {
            "task": task.copy(),
            "dataset": {"name": dataset, "type": dataset.lower()},
            "metrics": [{"type": METRICS[column], "name": column, "value": value} for column, value in figures.items()],
        }
        for dataset, figures in scores.items()
    ]
    head: dict[str, Any] = {
        "license": "other",
        "license_name": "trained-on-non-commercial-data",
        "library_name": "srgan-report",
        "pipeline_tag": "image-to-image",
        "tags": ["super-resolution", "image-upscaling"],
        "metrics": list(METRICS.values()),
        "model-index": [{"name": f"{name}_x{scale}", "results": results}],
    }
    return FENCE + yaml.safe_dump(head, sort_keys=False, allow_unicode=True) + FENCE + "\n" + text


def body(card: str) -> str:
    """Return a card's text without its head."""
    return card.split(FENCE, 2)[2].lstrip("\n") if card.startswith(FENCE) else card


def read_scores(text: str, name: str) -> dict[str, dict[str, float]]:
    """Read a model's own rows of its card's table: by dataset, the value of each column that Hugging Face has a name for."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    columns = next((row for row in rows if row[:2] == ["set", "method"]), [])
    return {
        row[0]: {column: float(value) for column, value in zip(columns, row, strict=True) if column in METRICS}
        for row in rows
        if row[1:2] == [name]
    }


def write_heads(cards: list[Path]) -> None:
    """Write the heads of cards anew."""
    for path in cards:
        write_atomic(path, with_head(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    write_heads([path.with_suffix(".md") for path in shipped_models().values()])
