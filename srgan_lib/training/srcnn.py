"""Train SRCNN, the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas

from srgan_lib.data.pairs import Pair
from srgan_lib.models.generators import srcnn_config
from srgan_lib.params import Params
from srgan_lib.training.loop import train
from srgan_lib.training.losses import DISTANCES, GeneratorLoss, Term
from srgan_lib.training.tasks import Job, OnStep, SupervisedTask


def train_srcnn(
    params: Params,
    train_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    directory: Path,
    fingerprint: str,
    on_step: OnStep | None = None,
) -> pandas.DataFrame:
    """Train SRCNN on the mean squared error of pixels; return the loss curve.

    Raises ``Interrupted`` after Ctrl-C, when the state is saved; ``Diverged`` when a loss is no number any more, or
    explodes; and ``CheckpointError`` when a checkpoint of this fingerprint holds another network.

    Parameters
    ----------
    params : resolved parameters (device, dtype and threads are values).
    directory : receives ``srcnn.safetensors``, ``loss_curve.csv``, ``validation.csv``, ``speed.json`` and
        ``checkpoints/``.
    fingerprint : of everything that decides the weights: training goes on where it stopped under the same one, and is
        not repeated if it was finished under it.
    on_step : called after every step with (step, steps, the new row of the loss curve or None).
    """
    config = srcnn_config(params.srcnn, params.shared.scale)
    job = Job("srcnn", params, train_pairs, validation_pairs, directory, fingerprint, on_step)
    loss = GeneratorLoss({"pixel": Term(DISTANCES["mse"], 1.0)}, sharpen=params.shared.sharpen_targets)
    return train(job, ["srcnn"], lambda job: SupervisedTask(job, "srcnn", config, loss))
