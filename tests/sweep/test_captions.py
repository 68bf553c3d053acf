"""What captions of a comparison begin with, for random sweeps, against what the rows say; and its axes."""

import math
import re

import pandas as pd
import pytest

from srgan_report.sweep import exhibits
from srgan_report.sweep.exhibits import main_effect, metric_pairs, plane
from srgan_report.sweep.findings import computed, effects
from tests.sweep.test_claims import JUDGES, LEVEL, WEIGHT, Reader, synthetic

SWEEPS = pytest.mark.parametrize("sweeps", [10, pytest.param(200, marks=pytest.mark.slow)])
ENDS = re.compile(
    r"(PSNR-Y|LPIPS \(\w+\)) is (?:best at (.+?) \(([\d.]+)(?: dB)?\) and worst at (.+?) \(([\d.]+)(?: dB)?\)"
    r"|([\d.]+)(?: dB)? everywhere)"
)


@SWEEPS
def test_extremes_are_those_of_the_means(sweeps):
    for seed in range(sweeps):
        _, rows, factors = synthetic(seed)
        for by in ([], factors[:1], factors):
            names = [factor.name for factor in by] or ["setting"]
            said = ENDS.findall(exhibits.extremes(rows, computed(rows), *by))
            assert [judge for judge, *_ in said] == [name for name in JUDGES if rows[JUDGES[name]].notna().all()]
            for judge, first, best, last, worst, same in said:
                means = rows.groupby(names)[JUDGES[judge]].mean()
                means = means if judge == "PSNR-Y" else -means
                wanted = [abs(means.max()), abs(means.min())]
                shown = [float(same)] * 2 if same else [float(best), float(worst)]
                assert shown == pytest.approx(wanted, abs=0.0051 if judge == "PSNR-Y" else 0.00051)
                if not same:
                    where = [
                        " and ".join([at] if isinstance(at, str) else at) for at in (means.idxmax(), means.idxmin())
                    ]
                    assert [first, last] == where


@SWEEPS
def test_seeds_lie_apart_as_the_caption_says(sweeps):
    for seed in range(sweeps):
        _, rows, _ = synthetic(seed)
        text = exhibits.between_seeds(rows, ["psnr_y"])
        widest = max(group.max() - group.min() for _, group in rows.groupby("setting").psnr_y)
        found = re.search(r"up to ([\d.]+) dB", text)
        assert bool(found) == (rows.groupby("setting").seed.nunique().max() > 1)
        assert not found or float(found[1]) == pytest.approx(widest, abs=0.0051)


@SWEEPS
def test_the_front_and_the_ranks_are_counted(sweeps):
    for seed in range(sweeps):
        _, rows, _ = synthetic(seed)
        points = [tuple(point) for point in rows[["psnr_y", "lpips_alex"]].to_numpy()]
        free = [
            index
            for index, (psnr, lpips) in enumerate(points)
            if not any(p >= psnr and d <= lpips and (p > psnr or d < lpips) for p, d in points)
        ]
        counts = [int(one) for one in re.findall(r"\d+", exhibits.on_the_front(rows))]
        assert counts == [len(rows), len(free), rows.setting.iloc[free].nunique()]
        text = exhibits.rank_correlations(rows, ["psnr_y", "lpips_alex"])
        wanted = rows.psnr_y.rank().corr(rows.lpips_alex.rank())
        if math.isnan(wanted):
            assert text.endswith("none, for no two metrics rank them.")
            continue
        [rank] = re.findall(r"LPIPS \(alex\) ([−\d.]+)\.$", text)
        assert float(rank.replace("−", "-")) == pytest.approx(wanted, abs=0.0051)


def test_ends_of_training_are_counted():
    runs = {"good": (24.0, 27.0, 26.95), "fallen": (24.0, 27.0, 26.0), "low": (22.0, 23.0, 24.0)}
    curves = pd.DataFrame(
        [{"run": run, "psnr_y": value, "psnr_y_bicubic": 25.0} for run, curve in runs.items() for value in curve]
    )
    assert [float(one) for one in re.findall(r"[\d.]+\d|\d", exhibits.ends_of_training(curves))] == [3, 2, 1, 0.1]


@SWEEPS
def test_the_evidence_is_that_of_the_claims(sweeps):
    for seed in range(sweeps):
        _, rows, factors = synthetic(seed)
        reader = Reader(rows)
        for factor in factors:
            for row in effects(rows, factor).to_dict("records"):
                assert re.fullmatch(LEVEL, row["from"])
                found, _, freedom = reader.difference(row["judge"], factor.name, row["from"], row["to"])
                shown = float(row["change"].split()[0].replace("−", "-"))
                assert shown == pytest.approx(found, abs=0.00051)
                assert (row["more than chance"] == "unknown") == (row["95 % interval"] == "–") == (freedom == 0)
                if row["more than chance"] == "yes":
                    ends = [float(end.split()[0].replace("−", "-")) for end in row["95 % interval"].split(" to ")]
                    assert min(ends) >= 0 or max(ends) <= 0


@pytest.mark.parametrize("spread", [0.0, 2e-6, 0.3])
def test_axes_are_marked_in_the_metrics_digits(spread):
    rows = pd.DataFrame(
        {"setting": list("abcd"), "seed": 0, WEIGHT.name: WEIGHT.levels, "psnr_y": 28.395015, "lpips_alex": 0.395015}
    )
    for name in ("psnr_y", "lpips_alex"):
        rows[name] += [spread * step for step in range(4)]
    names = ["psnr_y", "lpips_alex"]
    for figure in (
        main_effect(rows, WEIGHT, names),
        metric_pairs(rows, names),
        plane(rows, rows.assign(method="bicubic")),
    ):
        figure.canvas.draw()
        marks = [
            [label.get_text() for label in axis.get_ticklabels() if "." in label.get_text()]
            for axes in figure.axes
            for axis in (axes.xaxis, axes.yaxis)
        ]
        assert any(marks) and all(len(set(one)) == len(one) for one in marks), "no two marks read alike"
        assert all(re.fullmatch(r"[−-]?\d+\.\d{2,3}", mark) for one in marks for mark in one)
