"""Judge the shipped models: ``python -m scripts.judge_reference`` writes the tables of ``results/reference/``.

``metrics.csv`` has the scores on Set5, BSD100 and the built-in photographs, and ``weights.csv`` the hashes of the
networks that were judged. :mod:`scripts.reference_tables` then writes whatever states these scores.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from scripts.reference_tables import RESULTS, write_csv, write_tables
from srgan_lib.data.pairs import Pair, load_pairs
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import as_test_set, make_split
from srgan_lib.evaluation.evaluator import DEFAULT_METRICS, evaluate
from srgan_lib.evaluation.methods import NetworkMethod, classical
from srgan_lib.files import sha256_file
from srgan_lib.models.files import load_model
from srgan_lib.models.shipped import FOLDER, shipped_models
from srgan_lib.params.shared import Shared
from srgan_report.cli.networks import BUILTIN

TEST_SETS = ("Set5", "BSD100", BUILTIN)
BASELINES = ("nearest", "bicubic")
FURTHER_METRICS = (
    "ssim_y_daala",
    "psnr_rgb",
    "grid_artefact",
    "flat_noise",
    "spectral_evenness",
    "lr_psnr",
    "niqe",
    "log_spectral_distance",
)


def judge(
    results: Path,
    test_sets: tuple[str, ...] = TEST_SETS,
    further: tuple[str, ...] = FURTHER_METRICS,
    weights: Path = FOLDER,
) -> None:
    """Write the scores of the shipped models and the hashes of their weights.

    Parameters
    ----------
    results : the folder for ``metrics.csv`` and ``weights.csv``.
    test_sets : names of sets.
    further : metrics beside the default ones.
    weights : with the networks.
    """
    models = shipped_models(folder=weights)
    shared = Shared()
    pairs = {name: judged_pairs(name) for name in test_sets}
    methods = {name: classical(name, shared.scale) for name in BASELINES}
    methods |= {name: NetworkMethod(load_model(path)[0]) for name, path in models.items()}
    with tqdm(unit="image") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        judged = evaluate(
            pairs, methods, scale=shared.scale, names=[*DEFAULT_METRICS, *further], samples=0, on_step=show
        )
    write_csv(results / "metrics.csv", judged.metrics)
    hashes = {"model": list(models), "sha256": [sha256_file(path) for path in models.values()]}
    write_csv(results / "weights.csv", pd.DataFrame(hashes))


def judged_pairs(name: str) -> list[Pair]:
    """Load the test images of a set with their LR images."""
    shared = Shared()
    photos = as_test_set(find_photos(name, scale=shared.scale))
    return load_pairs(make_split(photos, shared), photos, shared, "test")


if __name__ == "__main__":
    judge(RESULTS)
    write_tables()
