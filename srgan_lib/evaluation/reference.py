"""Judge the shipped models on the built-in photographs and compare with the scores they are shipped with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from srgan_lib.data.pairs import load_pairs
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import as_test_set, make_split
from srgan_lib.evaluation.evaluator import evaluate
from srgan_lib.evaluation.methods import network
from srgan_lib.metrics.registry import HEADLINE
from srgan_lib.models.files import load_model
from srgan_lib.params.shared import Shared
from srgan_lib.weights import FOLDER, SCORES, shipped_models

#: What the models are shipped with, and how far another machine may be off.
TOLERANCES = dict(zip((*HEADLINE, "grid_artefact"), (0.02, 0.001, 0.002, 0.2), strict=True))

BUILTIN = "builtin"


def check_models(
    scale: int = 4,
    folder: Path = FOLDER,
    on_step: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Judge the shipped models on the built-in held-out photographs.

    Returns
    -------
    One row per model and metric: ``model, metric, shipped, measured, agrees`` (NaN where LPIPS was not computed).
    """
    shared = Shared.model_validate({"scale": scale})
    photos = as_test_set(find_photos(BUILTIN, scale=scale))
    pairs = load_pairs(make_split(photos, shared), photos, shared, "test")
    methods = {name: network(load_model(path)[0]) for name, path in shipped_models(scale, folder).items()}
    metrics = evaluate({BUILTIN: pairs}, methods, scale=scale, names=list(TOLERANCES), on_step=on_step)
    measured = metrics.metrics.groupby("method", sort=False)[list(TOLERANCES)].mean()
    shipped = pd.read_csv(folder / SCORES, index_col="model")
    rows = [
        {
            "model": name,
            "metric": metric,
            "shipped": shipped[metric][name],
            "measured": measured[metric][name],
            "agrees": bool(abs(measured[metric][name] - shipped[metric][name]) <= tolerance),
        }
        for name in methods
        for metric, tolerance in TOLERANCES.items()
    ]
    return pd.DataFrame(rows)
