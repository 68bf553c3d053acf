"""Judge the shipped models: ``python -m scripts.judge_reference`` writes the tables of ``results/reference/``.

``metrics.csv`` and ``metrics_summary.csv`` hold the scores on Set5, BSD100 and the built-in photographs, and ``weights.csv``
the hashes of the networks that were judged. Cards, README and docs take their scores from these tables.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from srgan_lib.data.pairs import load_pairs
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import as_test_set, make_split
from srgan_lib.evaluation.evaluator import DEFAULT_METRICS, evaluate
from srgan_lib.evaluation.methods import classical, network
from srgan_lib.evaluation.statistics import summarise
from srgan_lib.files import sha256_file, write_atomic
from srgan_lib.layout import project_root
from srgan_lib.models.files import load_model
from srgan_lib.params.shared import Shared
from srgan_lib.weights import shipped_models

TEST_SETS = ("Set5", "BSD100", "builtin")
BASELINES = ("nearest", "bicubic")
FURTHER_METRICS = ("ssim_y_daala", "psnr_rgb", "grid_artefact", "spectral_evenness", "lr_psnr", "log_spectral_distance")


def judge(folder: Path, scale: int = 4) -> None:
    """Write the scores of the shipped models on all test sets, and the hashes of their weights, into a folder."""
    shared = Shared.model_validate({"scale": scale})
    test_sets = {}
    for name in TEST_SETS:
        photos = as_test_set(find_photos(name, scale=scale))
        test_sets[name] = load_pairs(make_split(photos, shared), photos, shared, "test")
    models = shipped_models(scale)
    methods = {name: classical(name, scale) for name in BASELINES}
    methods |= {name: network(load_model(path)[0]) for name, path in models.items()}
    names = [*DEFAULT_METRICS, *FURTHER_METRICS]
    with tqdm(unit="image") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        metrics = evaluate(test_sets, methods, scale=scale, names=names, samples=0, on_step=show).metrics
    hashes = pd.DataFrame({"model": list(models), "sha256": [sha256_file(path) for path in models.values()]})
    tables = {"metrics": metrics, "metrics_summary": summarise(metrics), "weights": hashes}
    for name, table in tables.items():
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_atomic(folder / f"{name}.csv", text)


if __name__ == "__main__":
    judge(project_root() / "results" / "reference")
