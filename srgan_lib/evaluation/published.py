"""Published figures, each with its source, for comparison with measured ones.

They lie in ``published.csv``. A metric has this project's name only where the source states the same convention: the
SSIM of Ledig et al. is ``ssim_y_daala``; figures of unstated convention are called ``psnr``, ``ssim`` and ``lpips``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

#: Measured methods that correspond to published ones of another name.
COUNTERPARTS = {"warmup": "SRResNet", "esrgan": "ESRGAN"}


@lru_cache
def _read() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("published.csv"))


def published(
    dataset: str | None = None, metric: str | None = None, source: str | None = None, scale: int | None = None
) -> pd.DataFrame:
    """Published figures: columns source, title, dataset, scale, method, metric, value.

    Parameters
    ----------
    dataset, metric, source, scale : only those; None: all.
    """
    figures = _read()
    wanted = {"dataset": dataset, "metric": metric, "source": source, "scale": scale}
    for column, value in wanted.items():
        if value is not None:
            figures = figures[figures[column] == value]
    return figures.reset_index(drop=True)


def compare(summary: pd.DataFrame, scale: int) -> pd.DataFrame:
    """Published beside measured figures of the same dataset, scale, metric and method.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    scale : enlargement factor of the measured figures.

    Returns
    -------
    Columns dataset, method, metric, published, measured, difference, title; ``warmup`` is compared with SRResNet.
    """
    measured = summary[["dataset", "method", "metric", "mean"]].rename(columns={"mean": "measured"})
    measured["counterpart"] = measured.method.replace(COUNTERPARTS)
    figures = published(scale=scale).rename(columns={"value": "published", "method": "counterpart"})
    table = measured.merge(figures, on=["dataset", "counterpart", "metric"])
    table["difference"] = table.measured - table.published
    return table[["dataset", "method", "metric", "published", "measured", "difference", "title"]]
