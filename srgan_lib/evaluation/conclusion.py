"""Compose the conclusion of a run: sentences computed from its scores, the finding first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from srgan_lib.methods import BASELINE, OURS, method_styles
from srgan_lib.metrics.registry import METRICS

STARTED_FROM = "warmup"  #: the generator that the training of ours started from


def conclude(
    summary: pd.DataFrame, *, scale: int, heldout: str = "", not_computed: Mapping[str, str] | None = None
) -> list[str]:
    """Compose a short conclusion: for each dataset the finding and a paragraph, then what was not computed.

    A sentence about a method that was not judged is left out.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``, of the run's own methods.
    scale : enlargement factor.
    heldout : the dataset of whose other images the networks were trained.
    not_computed : by metric, the reason.

    Returns
    -------
    list of str
        Paragraphs. The first is the finding on the first dataset, in one sentence: the report opens with it.
    """
    paragraphs = []
    for dataset in summary.dataset.unique():
        scores = _Scores(summary[summary.dataset == dataset])
        details = [_ssim(scores), _second_judge(scores), _adversarial(scores), _spectrum(scores), _certainty(scores)]
        paragraphs += [_finding(scores, scale, heldout), " ".join(filter(None, details))]
    missing = [f"{METRICS[name].label} was not computed: {reason}." for name, reason in (not_computed or {}).items()]
    return paragraphs + ([" ".join(missing)] if missing else [])


@dataclass(frozen=True)
class _Scores:
    """The rows of one dataset, looked up by method and metric."""

    rows: pd.DataFrame

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


def _finding(scores: _Scores, scale: int, heldout: str) -> str:
    """Say in one sentence how close to the originals our method comes, and which method is the most faithful."""
    row = scores.row(scores.methods[0], "psnr_y")
    plural = "" if row.n == 1 else "s"
    images = (
        f"{row.n} held-out photograph{plural}" if row.dataset == heldout else f"{row.dataset} ({row.n} image{plural})"
    )
    clauses = [_perception(scores), _fidelity(scores)]
    if scores.get(OURS, "lpips_alex") is None:
        clauses.reverse()
    return f"On {images} enlarged {scale}×, {'; '.join(filter(None, clauses))}."


def _perception(scores: _Scores) -> str:
    """State what SRGAN gains or loses against the baseline by LPIPS, and what that costs in PSNR."""
    row, base, psnr = scores.get(OURS, "lpips_alex"), scores.get(BASELINE, "lpips_alex"), scores.get(OURS, "psnr_y")
    if psnr is None:
        return ""
    name, baseline = scores.label(OURS), scores.label(BASELINE) if BASELINE in scores.methods else ""
    cost = _more(psnr.difference) if baseline else ""
    if row is None:
        missing = "LPIPS, which judges what PSNR does not see, was not computed"
        return f"{name} has {cost} than {baseline}, and {missing}" if cost else missing
    if base is None:
        return f"{name} has an LPIPS of {_value(row)}"
    ratio = row["mean"] / base["mean"]
    nearness = f"{abs(1 - ratio):.0%} {'closer to' if ratio < 1 else 'less close to'} the originals than"
    if _value(row) == _value(base):
        nearness = "as close to the originals as"
    against = f"LPIPS ({_value(row)} against {_value(base)}{_doubt(row)})"
    return f"{name} comes {nearness} {baseline} by {against} with {cost}"


def _fidelity(scores: _Scores) -> str:
    """Which method is the most faithful by PSNR."""
    best = scores.best("psnr_y")
    row = scores.row(best, "psnr_y")
    if best == BASELINE:
        return f"no method is more faithful than {scores.label(best)} by PSNR-Y ({_value(row)})"
    text = f"the most faithful by PSNR-Y is {scores.label(best)} with {_value(row)}"
    if BASELINE not in scores.methods:
        return text
    return f"{text}, {METRICS['psnr_y'].phrase(row.difference)} above {scores.label(BASELINE)}{_doubt(row)}"


def _ssim(scores: _Scores) -> str:
    """Which method is the most faithful by SSIM, where that is another one than by PSNR."""
    best = scores.best("ssim_y")
    if best == scores.best("psnr_y"):
        return ""
    return f"By SSIM-Y the most faithful is {scores.label(best)} ({_value(scores.row(best, 'ssim_y'))})."


def _second_judge(scores: _Scores) -> str:
    """State whether a second network agrees about the direction."""
    row, first = scores.get(OURS, "lpips_squeeze"), scores.get(OURS, "lpips_alex")
    if row is None or first is None or pd.isna(row.difference):
        return ""
    agrees = (row.difference < 0) == (first.difference < 0)
    change = METRICS["lpips_squeeze"].text(row.difference, sign=True)
    return f"A second judge, LPIPS (squeeze), {'agrees' if agrees else 'disagrees'} ({change})."


def _adversarial(scores: _Scores) -> str:
    """State what adversarial training changed against the generator it started from."""
    metric = "lpips_alex" if scores.get(OURS, "lpips_alex") is not None else "log_spectral_distance"
    after, start = scores.get(OURS, metric), scores.get(STARTED_FROM, metric)
    if after is None or start is None:
        return ""
    after_psnr, start_psnr = scores.row(OURS, "psnr_y"), scores.row(STARTED_FROM, "psnr_y")
    change = after["mean"] - start["mean"]
    better = "improved" if change < 0 else "did not improve"
    return (
        f"Adversarial training {better} the {scores.label(STARTED_FROM)} generator by {METRICS[metric].label} "
        f"({METRICS[metric].phrase(change, sign=True)}), with {_more(after_psnr['mean'] - start_psnr['mean'])}."
    )


def _spectrum(scores: _Scores) -> str:
    """State how much of the originals' spectrum SRGAN restores, beside the baseline.

    Not a ranking of all methods: the false edges of nearest-neighbour enlargement have power at all frequencies too.
    """
    row, base = (scores.get(method, "log_spectral_distance") for method in (OURS, BASELINE))
    if row is None or base is None:
        return ""
    return (
        f"The power spectrum of {scores.label(OURS)} is {_value(row)} from that of the originals, "
        f"{scores.label(BASELINE)}'s {_value(base)}."
    )


def _certainty(scores: _Scores) -> str:
    """State how far the scores carry beyond these images."""
    row = scores.row(OURS if OURS in scores.methods else scores.methods[-1], "psnr_y")
    if row.n == 1:
        return "One image says nothing about others."
    low, high, without = (METRICS["psnr_y"].text(value) for value in (row.ci_low, row.ci_high, row.mean_without))
    text = f"The mean PSNR-Y of {scores.label(row.method)} has a 95 % interval of {low} to {high} dB"
    if row.ci_high - row.ci_low > 1:
        text += f", wide because images differ; without {row.driven_by} the mean would be {without} dB"
    if row.n < 6:
        text += f". With {row.n} images no rank test can reach p < 0.05"
    return text + "."


def _value(row: pd.Series) -> str:
    return METRICS[row.metric].phrase(row["mean"])


def _more(decibels: float) -> str:
    return f"{METRICS['psnr_y'].phrase(abs(decibels))} {'more' if decibels >= 0 else 'less'} PSNR-Y"


def _doubt(row: pd.Series) -> str:
    """Return a remark if the interval of the difference includes zero."""
    return ", no clear difference on these images" if row.difference_low <= 0 <= row.difference_high else ""
