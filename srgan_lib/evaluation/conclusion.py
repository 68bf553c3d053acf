"""What the figures say, in sentences that are computed from them and never fixed in prose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from srgan_lib.methods import method_styles
from srgan_lib.metrics.registry import METRICS


def conclude(
    summary: pd.DataFrame,
    *,
    scale: int,
    ours: str = "srgan",
    before: str = "warmup",
    baseline: str = "bicubic",
    heldout: str = "",
    not_computed: Mapping[str, str] | None = None,
) -> list[str]:
    """A short conclusion: a paragraph for each dataset, and one on what was not computed.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    scale : enlargement factor.
    ours, before, baseline : the method in question, the one it started from, and the one to beat. A sentence about a
        method that was not judged is left out.
    heldout : the dataset of whose other images the networks were trained.
    not_computed : by metric, the reason.
    """
    paragraphs = []
    for dataset in summary.dataset.unique():
        scores = _Scores(summary[summary.dataset == dataset], baseline)
        sentences = [
            _fidelity(scores, scale, heldout),
            _perception(scores, ours),
            _second_judge(scores, ours),
            _adversarial(scores, ours, before),
            _spectrum(scores, ours),
            _certainty(scores, ours),
        ]
        paragraphs.append(" ".join(filter(None, sentences)))
    missing = [f"{METRICS[name].label} was not computed: {reason}." for name, reason in (not_computed or {}).items()]
    return paragraphs + ([" ".join(missing)] if missing else [])


@dataclass(frozen=True)
class _Scores:
    """The rows of one dataset, looked up by method and metric."""

    rows: pd.DataFrame
    baseline: str

    @property
    def methods(self) -> list[str]:
        return list(self.rows.method.unique())

    def get(self, method: str, metric: str) -> pd.Series | None:
        found = self.rows[(self.rows.method == method) & (self.rows.metric == metric)]
        return found.iloc[0] if len(found) else None

    def row(self, method: str, metric: str) -> pd.Series:
        found = self.get(method, metric)
        if found is None:
            raise LookupError(f"the summary has no {metric} of {method}")
        return found

    def label(self, method: str) -> str:
        return method_styles(self.methods)[method].label

    def best(self, metric: str) -> str:
        means = self.rows[self.rows.metric == metric].set_index("method")["mean"]
        return str(means.idxmax() if METRICS[metric].higher_is_better else means.idxmin())


def _fidelity(scores: _Scores, scale: int, heldout: str) -> str:
    """Which method is the most faithful by PSNR and SSIM, and by how much."""
    best, base = scores.best("psnr_y"), scores.get(scores.baseline, "psnr_y")
    row = scores.row(best, "psnr_y")
    images = f"{row.n} image{'s' if row.n > 1 else ''}"
    dataset = "the held-out photographs" if row.dataset == heldout else row.dataset
    start = f"On {dataset} ({images}, enlarged {scale}×) "
    baseline = scores.label(scores.baseline) if base is not None else ""
    if best == scores.baseline:
        return f"{start}no method is more faithful than {baseline} by PSNR-Y ({_value(row)})."
    text = f"{start}{scores.label(best)} is the most faithful by PSNR-Y: {_value(row)}"
    if base is not None:
        text += f", {METRICS['psnr_y'].phrase(row.difference)} above {baseline}{_doubt(row)}"
    by_ssim = scores.best("ssim_y")
    if by_ssim != best:
        text += f"; by SSIM-Y it is {scores.label(by_ssim)} ({_value(scores.row(by_ssim, 'ssim_y'))})"
    return text + "."


def _perception(scores: _Scores, ours: str) -> str:
    """What our method gains or loses against the baseline by LPIPS, and what that costs in PSNR."""
    row, base = scores.get(ours, "lpips_alex"), scores.get(scores.baseline, "lpips_alex")
    psnr = scores.get(ours, "psnr_y")
    if psnr is None or pd.isna(psnr.difference):
        return ""
    baseline, name = scores.label(scores.baseline), scores.label(ours)
    if row is None or base is None:
        return f"{name} has {_more(psnr.difference)} than {baseline}; how natural its images look was not measured."
    ratio = row["mean"] / base["mean"]
    return (
        f"By LPIPS (alex) {name} is perceptually {'closer' if ratio < 1 else 'no closer'} to the originals than "
        f"{baseline}: {_value(row)} against {_value(base)}, {ratio:.2f} times as far{_doubt(row)}, "
        f"with {_more(psnr.difference)}."
    )


def _second_judge(scores: _Scores, ours: str) -> str:
    """Whether a second network agrees about the direction."""
    row, first = scores.get(ours, "lpips_squeeze"), scores.get(ours, "lpips_alex")
    if row is None or first is None or pd.isna(row.difference):
        return ""
    agrees = (row.difference < 0) == (first.difference < 0)
    change = METRICS["lpips_squeeze"].text(row.difference, sign=True)
    return f"A second judge, LPIPS (squeeze), {'agrees' if agrees else 'disagrees'} ({change})."


def _adversarial(scores: _Scores, ours: str, before: str) -> str:
    """What adversarial training changed against the generator that it started from."""
    metric = "lpips_alex" if scores.get(ours, "lpips_alex") is not None else "log_spectral_distance"
    after, start = scores.get(ours, metric), scores.get(before, metric)
    if after is None or start is None:
        return ""
    after_psnr, start_psnr = scores.row(ours, "psnr_y"), scores.row(before, "psnr_y")
    change = after["mean"] - start["mean"]
    better = "improved" if change < 0 else "did not improve"
    return (
        f"Adversarial training {better} the {scores.label(before)} generator by {METRICS[metric].label} "
        f"({METRICS[metric].phrase(change, sign=True)}), with {_more(after_psnr['mean'] - start_psnr['mean'])}."
    )


def _spectrum(scores: _Scores, ours: str) -> str:
    """How much of the originals' spectrum our method restores, beside the baseline.

    Not a ranking of all methods: the false edges of nearest-neighbour enlargement have power at all frequencies too.
    """
    row, base = (scores.get(method, "log_spectral_distance") for method in (ours, scores.baseline))
    if row is None or base is None:
        return ""
    return (
        f"The power spectrum of {scores.label(ours)} is {_value(row)} from that of the originals, "
        f"{scores.label(scores.baseline)}'s {_value(base)}."
    )


def _certainty(scores: _Scores, ours: str) -> str:
    """How far the figures carry beyond these images."""
    row = scores.row(ours if ours in scores.methods else scores.methods[-1], "psnr_y")
    if row.n == 1:
        return "One image says nothing about others."
    low, high, without = (METRICS["psnr_y"].text(value) for value in (row.ci_low, row.ci_high, row.mean_without))
    text = f"The mean PSNR-Y of {scores.label(row.method)} has a 95 % interval of {low} to {high} dB"
    if row.ci_high - row.ci_low > 1:
        text += f", wide because images differ; without {row.driven_by} the mean would be {without} dB"
    if row.n < 6:
        text += f". With {row.n} images no rank test can reach p < 0.05, so only the paired differences carry weight"
    return text + "."


def _value(row: pd.Series) -> str:
    return METRICS[row.metric].phrase(row["mean"])


def _more(decibels: float) -> str:
    return f"{METRICS['psnr_y'].phrase(abs(decibels))} {'more' if decibels >= 0 else 'less'} PSNR-Y"


def _doubt(row: pd.Series) -> str:
    """A remark where the interval of the difference includes zero."""
    return ", which these images cannot tell from none" if row.difference_low <= 0 <= row.difference_high else ""
