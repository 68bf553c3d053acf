"""Judging a folder of any program's results against the true images."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from srgan_lib.data.images import ImageError, image_files, read_image
from srgan_lib.evaluation.evaluator import DEFAULT_METRICS, Evaluator
from srgan_lib.evaluation.matching import FolderError, align, match_files
from srgan_lib.formatting import shortlist

logger = logging.getLogger(__name__)


def evaluate_folders(
    hr: Path,
    sr: Path,
    border: int,
    *,
    names: Sequence[str] = DEFAULT_METRICS,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure a folder of results against the true images; an image that cannot be measured is named and skipped.

    Parameters
    ----------
    hr, sr : folders. Files pair by name; the SR name may have something appended (``baby_SRGAN``, ``babyx4``).
    border : pixels shaved from each side; the field's convention is the scale.
    names : metrics, see :data:`srgan_lib.metrics.registry.METRICS`.
    on_progress : called with the images done and the images in all.

    Returns
    -------
    As ``metrics.csv``: dataset (the name of ``hr``), image, method (the name of ``sr``), metrics.

    Raises
    ------
    FolderError
        If an HR image has no SR file or more than one, sizes differ by ``border`` or more, or no image can be measured.
    """
    hr, sr = Path(hr), Path(sr)
    originals = {file.stem: file for file in image_files(hr)}
    if not originals:
        raise FolderError(f"{hr}: no images in this folder; PNG, JPEG, TIFF, WebP and BMP are read", path=hr)
    files = match_files(list(originals), sr)
    if spare := sorted({file.name for file in image_files(sr)} - {file.name for file in files.values()}):
        logger.warning("%s: not judged, since %s has no image of that name: %s", sr, hr, shortlist(spare))
    evaluator, skipped = Evaluator(names, border), 0
    for done, (image, original) in enumerate(originals.items(), start=1):
        try:
            true, result = read_image(original), read_image(files[image])
            evaluator.add(hr.name, image, sr.name, *align(result, true, files[image], border))
        except ImageError as error:
            logger.warning("skipped %s: %s", error.path or original, error.reason)
            skipped += 1
        if on_progress:
            on_progress(done, len(originals))
    if skipped == len(originals):
        raise FolderError(f"{hr}: none of its images can be measured; see the warnings above", path=hr)
    return evaluator.table()
