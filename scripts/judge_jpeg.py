"""Judge the shipped models on JPEGs: ``python -m scripts.judge_jpeg`` writes ``results/reference/jpeg.csv``.

LR images are those of every fifth image of BSD100, saved as JPEG by Pillow; each quality is a dataset of the table,
called ``JPEG 90`` and so on. The table of ``docs/reference_models.md`` has the means.
"""

from __future__ import annotations

from dataclasses import replace

from scripts.judge_reference import judged_pairs
from scripts.model_gallery import as_jpeg
from scripts.reference_tables import RESULTS, write_csv
from srgan_lib.evaluation.evaluator import evaluate
from srgan_lib.evaluation.methods import NetworkMethod, classical
from srgan_lib.models.files import load

QUALITIES = (90, 75, 50)
MODELS = ("compact", "srgan", "photo")
METRICS = ("psnr_y", "lpips_alex", "flat_noise")
EVERY = 5  #: images of BSD100

if __name__ == "__main__":
    chosen = judged_pairs("BSD100")[::EVERY]
    sets = {
        f"JPEG {quality}": [replace(pair, lr=as_jpeg(pair.given_lr, quality)) for pair in chosen]
        for quality in QUALITIES
    }
    methods = {"bicubic": classical("bicubic", 4)} | {name: NetworkMethod(load(name)) for name in MODELS}
    write_csv(RESULTS / "jpeg.csv", evaluate(sets, methods, scale=4, names=list(METRICS), samples=0).metrics)
