"""What captions say first: 200 random tables, read by expressions and computed again from the rows."""

import ast
import re
import statistics
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srgan_lib.data.pairs import Pair
from srgan_lib.evaluation.tables import summarise
from srgan_lib.evaluation.verdicts import PairedScores
from srgan_report.exhibits import evaluation, findings, findings_of_scores
from srgan_report.exhibits.content import content
from tests.exhibits import random_tables

LABELS = {"nearest": "nearest", "bicubic": "bicubic", "SRCNN": "srcnn", "warm-up": "warmup", "SRGAN": "srgan"}
JUDGES = {"PSNR-Y": "psnr_y", "SSIM-Y (Wang)": "ssim_y", "LPIPS (alex)": "lpips_alex"}
JUDGES |= {"LPIPS (squeeze)": "lpips_squeeze", "log-spectral distance": "log_spectral_distance"}
JUDGES |= {"grid artefact": "grid_artefact", "flat noise": "flat_noise"}
MORE_IS_BETTER = {"psnr_y", "ssim_y"}
TERMS = {"pixel": "pixel", "content (VGG-19)": "content", "adversarial": "adversarial", "grid penalty": "grid"}
TERMS |= {"Own": "Own"}
TABLES = pytest.mark.parametrize("tables", [25, pytest.param(200, marks=pytest.mark.slow)])


def names(text):
    """The things that a sentence lists: ``a``, ``a and b``, ``a, b and c``."""
    return re.split(", | and ", text)


def number(text):
    return float(text.replace("−", "-"))


def tenth(values, place):
    size = max(1, len(values) // 10)
    parts = {"first": values[:size], "before": values[-2 * size :][:size], "last": values[-size:]}
    return statistics.fmean(parts[place])


@TABLES
def test_losses_and_shares_are_those_of_the_curve(tables):
    ends = set()
    for seed in range(tables):
        curve = random_tables.curve(seed)
        said = findings.losses(curve)
        first, last = (tenth(list(curve.loss), place) for place in ("first", "last"))
        assert [f"{first:.3g}", f"{last:.3g}"] == list(re.search(r"from (\S+) to (\S+) \(", said).groups())
        change = last / tenth(list(curve.loss), "before") - 1
        found = re.search("(still falls|rises|is level) at the end", said)
        assert bool(found) == (len(curve) >= 20)
        end = found[1] if found else ""
        assert not found or end == ("still falls" if change < -0.03 else "rises" if change > 0.03 else "is level"), (
            change
        )
        ends.add(end)
        ways = {
            TERMS[name]: way
            for way, listed in re.findall(r"; (falling|rising): ([^;]*?)(?=;|\.$)", said)
            for name in listed.split(", ")
        }
        columns = [name.removesuffix("_weighted") for name in curve if name.endswith("_weighted")]
        assert len(columns) == 1 or set(ways) == set(columns), said
        for term, way in ways.items():
            values = list(curve[f"{term}_weighted"])
            assert (tenth(values, "last") < tenth(values, "first")) == (way == "falling")
        said = findings.largest_share(curve)
        total = sum(curve[f"{name}_weighted"] for name in columns)
        shares = {name: 100 * tenth(list(curve[f"{name}_weighted"] / total), "last") for name in columns}
        label, share = re.search(r"the term (.*) is (\d+)% of the loss", said).groups()
        assert TERMS[label] == max(shares, key=shares.get) and abs(int(share) - shares[TERMS[label]]) <= 0.5
        if found := re.search(r"the adversarial one (\S+)%", said):
            assert float(found[1]) == pytest.approx(shares["adversarial"], abs=0.051)
            assert ("hardly anything" in said) == (shares["adversarial"] < 1)
        else:
            assert "adversarial" not in shares or TERMS[label] == "adversarial"
    assert len(ends) == 4


@TABLES
def test_the_game_is_told_as_the_curve_has_it(tables):
    meanings = set()
    for seed in range(tables):
        curve = random_tables.curve(seed).dropna()
        said = findings.game(random_tables.curve(seed))
        low, high, step, meaning = re.search(
            r"on (?:(\d+) to )?(\d+)% of the crops from step (\d+) on: (.*)\.", said
        ).groups()
        later = curve[curve.step >= int(step)]
        right = [100 * (row.d_accuracy_real + row.d_accuracy_fake) / 2 for row in later.itertuples()]
        assert abs(min(right) - int(low or high)) <= 0.5 and abs(max(right) - int(high)) <= 0.5
        assert len(later) >= len(curve) / 2, "half of the training at least"
        assert ("hardly deceives" in meaning) == (min(right) >= 90)
        assert ("guessing" in meaning) == (max(right) <= 60)
        meanings.add(meaning)
    assert len(meanings) == 3


@TABLES
def test_a_learning_curve_is_told_as_it_goes(tables):
    seen = set()
    for seed in range(tables):
        table = random_tables.validation(seed)
        said = findings.learning(table)
        psnr, steps = list(table.psnr_y), list(table.step)
        start, end, gap, side = re.search(
            r"from (\S+) to (\S+) dB, (?:as|(\S+) dB (above|below)) bicubic", said
        ).groups()
        assert (start, end, gap or "0.00") == (f"{psnr[0]:.2f}", f"{psnr[-1]:.2f}", f"{abs(psnr[-1] - 27):.2f}")
        assert side is None or (side == "above") == (psnr[-1] > 27)
        if found := re.search(r"from step (\d+) on", said):
            place = steps.index(int(found[1]))
            assert min(psnr[place:]) > 27 >= psnr[place - 1]
        else:
            assert min(psnr) > 27 or psnr[-1] <= 27
        if found := re.search(r"highest at step (\d+) \((\S+) dB\)", said):
            assert psnr[steps.index(int(found[1]))] == max(psnr) and found[2] == f"{max(psnr):.2f}"
        else:
            assert f"{max(psnr):.2f}" == end
        level = table.grid_artefact.iloc[-1]
        assert re.search(r"ends at (\S+) dB", said)[1] == f"{level:+.2f}".replace("-", "−")
        assert ("look for dots" in said) == (level > 3)
        assert "grid" not in findings.learning(table, grid=False)
        seen |= set(re.findall("above|below|from step|highest|dots", said))
    assert len(seen) == 5


def mean(rows, method, metric):
    return statistics.fmean(row[metric] for row in rows if row["method"] == method)


def gains(rows, method, metric):
    """By how much a method is better than bicubic, image by image."""
    of = {(row["image"], row["method"]): row[metric] for row in rows}
    sign = 1 if metric in MORE_IS_BETTER else -1
    return {image: sign * (of[image, method] - of[image, "bicubic"]) for image, other in of if other == method}


@TABLES
def test_findings_of_scores_are_those_of_the_table(tables):
    kinds = set()
    for seed in range(tables):
        metrics = random_tables.scores(seed)
        scores, rows = PairedScores(metrics), metrics.to_dict("records")
        others = [method for method in scores.methods if method != "bicubic"]
        check_best(findings_of_scores.best(scores), rows, scores.methods)
        for judge in ("PSNR-Y", "LPIPS (alex)"):
            kinds |= check_verdicts(findings_of_scores.against_baseline(scores, JUDGES[judge]), judge, rows, others)
        said = findings_of_scores.on_every_image(scores)
        for judge in ("PSNR-Y", "SSIM-Y (Wang)", "LPIPS (alex)"):
            found = re.search(rf"by {re.escape(judge)} ((?:(?!;|\.$).)*)", said)
            better = [name for name in others if min(gains(rows, name, JUDGES[judge]).values()) > 0]
            assert [LABELS[name] for name in names(found[1])] == better if found else not better, said
        said = findings_of_scores.spreads(scores)
        assert bool(said) == (metrics.image.nunique() > 1)
        for more, part in re.findall(r"(images|methods) differ more by ([^;]*)", said.lower()):
            for judge, images, methods in re.findall(
                r"([a-z-]+ ?\(?\w*\)?) \((\S+) over images, (\S+) over methods", part
            ):
                metric = next(value for label, value in JUDGES.items() if label.lower() == judge.removeprefix("and "))
                of_images = statistics.pstdev(metrics.groupby("image")[metric].mean())
                of_methods = statistics.pstdev(metrics.groupby("method")[metric].mean())
                assert (float(images), float(methods)) == pytest.approx((of_images, of_methods), abs=0.0051)
                assert (more == "images") == (of_images > of_methods)
        check_worst(metrics, rows)
        kinds |= check_plane(metrics, rows)
    common = {"better", "worse", "no measurable difference", "one", "more"}
    assert kinds >= (common if tables < 100 else common | {"left open by these images"})


def check_best(said, rows, methods):
    won = {}
    for label, judges in re.findall(r"(?:run: |; )([\w-]+) by ([^;]*?)(?=;|\.$)", said):
        for judge in re.split(r", | and ", judges):
            won.setdefault(JUDGES[judge], set()).add(LABELS[label])
    assert set(won) == set(JUDGES.values())
    for metric, winners in won.items():
        artefacts = metric in ("log_spectral_distance", "grid_artefact", "flat_noise")
        ranked = [name for name in methods if not (artefacts and name in ("nearest", "bicubic"))]
        worth = {name: mean(rows, name, metric) for name in ranked}
        if metric in ("grid_artefact", "flat_noise"):
            worth = {name: -abs(value) for name, value in worth.items()}
        elif metric not in MORE_IS_BETTER:
            worth = {name: -value for name, value in worth.items()}
        assert winners <= set(ranked) and max(worth, key=worth.get) in winners
        assert all(max(worth.values()) - worth[name] < 0.011 for name in winners)


def check_verdicts(said, judge, rows, others):
    groups = dict(re.findall(r"(better|worse|no measurable difference|left open[\w ]*): ([^;.]*)", said))
    assert sorted(LABELS[name] for group in groups.values() for name in names(group)) == sorted(others)
    for words, group in groups.items():
        for name in names(group):
            gained = list(gains(rows, LABELS[name], JUDGES[judge]).values())
            average, signs = statistics.fmean(gained), {np.sign(gain) for gain in gained}
            if words in ("better", "worse"):
                assert (average > 0) == (words == "better")
            elif words == "no measurable difference":
                assert len(signs) > 1 or abs(average) < 0.01
            else:
                assert len(gained) >= 4, "fewer have no interval"
    return set(groups)


def check_worst(metrics, rows):
    images = {name: np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8) for name in metrics.image.unique()}
    table, said = findings_of_scores.worst(metrics, images)
    judges = ["psnr_y", "ssim_y", "lpips_alex", "lpips_squeeze"]
    assert len(table) == len(judges) and set(table["image holds"]) == {"texture 100%"}
    lost = []
    for metric, row in zip(judges, table.to_dict("records"), strict=True):
        gained = gains(rows, "srgan", metric)
        assert gained[row["image"]] == min(gained.values())
        lost += [metric] if min(gained.values()) < 0 else []
    found = re.search(r"loses there by (.*)\.", said)
    assert [JUDGES[name] for name in names(found[1])] == lost if found else not lost
    counts = {image: int(count) for image, count in re.findall(r"<code>(\w+)</code> \((\d) of 4 judges\)", said)}
    assert counts == dict(table.image.value_counts())


def check_plane(metrics, rows):
    means = metrics.groupby("method", sort=False)[["psnr_y", "lpips_alex"]].mean()
    said = findings_of_scores.plane(means, "lpips_alex")
    found = re.search(r"better in both, (?:lies|lie) (.*?);", said)[1]
    points = {name: (mean(rows, name, "psnr_y"), -mean(rows, name, "lpips_alex")) for name in means.index}

    def behind(name):
        x, y = points[name]
        return any(a >= x and b >= y and (a, b) != (x, y) for a, b in points.values())

    assert [LABELS[name] for name in names(found)] == [name for name in points if not behind(name)]
    moved = points["srgan"][0] - points["warmup"][0]
    gained, times = re.search(r"generator by (\S+) dB PSNR-Y and to (\S+) times its LPIPS", said).groups()
    assert float(gained.replace("−", "-")) == pytest.approx(moved, abs=0.0051)
    assert float(times) == pytest.approx(points["srgan"][1] / points["warmup"][1], abs=0.0051)
    return {"one" if " and " not in found else "more"}


@TABLES
def test_findings_of_photographs_are_those_of_the_data(tables):
    seen = set()
    for seed in range(tables):
        rng = np.random.default_rng(seed)
        parts = ["train"] * int(rng.integers(1, 6)) + ["test"] * int(rng.integers(1, 6))
        table = pd.DataFrame({"split": parts, "image": [f"i{place}" for place in range(len(parts))]})
        table = table.assign(a=rng.normal(size=len(parts)), b=rng.choice([0.0, 1.0]) * rng.normal(size=len(parts)))
        said = findings.within_training(table, {"a": "a", "b": "b"})
        outside = {}
        for one in table[table.split == "test"].itertuples():
            train = table[table.split == "train"]
            if beyond := [c for c in "ab" if not train[c].min() <= getattr(one, c) <= train[c].max()]:
                outside[one.image] = beyond
        shown = re.findall(r"<code>(\w+)</code> \(([ab and]+)\)", said)
        assert {image: names(columns) for image, columns in shown} == outside
        if outside:
            assert said.startswith(f"{len(outside)} of {parts.count('test')} test photographs")
        seen.add(bool(outside))
        images = [rng.integers(0, 2 + 253 * int(rng.integers(2)), (32, 32, 3)).astype(np.uint8) for _ in range(4)]
        said = {kind: int(n) for n, kind in re.findall(r"(\d+) (?:are )?mostly (\w+)", findings.crops(images))}
        kinds = [max(found, key=found.get) for found in map(content, images)]
        assert said == {kind: kinds.count(kind) for kind in set(kinds)}
        frequency = np.linspace(0.01, 0.5, 40)
        power = pd.DataFrame(
            {"frequency": frequency, "hr": rng.uniform(1, 100, 40), "bicubic": rng.uniform(1, 100, 40)}
        )
        gap, way = re.search(r"average (\S+) dB (less|more) power", findings.lost_power(power, 4)).groups()
        high = [10 * np.log10(row.hr / row.bicubic) for row in power.itertuples() if row.frequency >= 0.125]
        assert float(gap) == pytest.approx(abs(statistics.fmean(high)), abs=0.051)
        assert (way == "less") == (statistics.fmean(high) >= 0)
        tried = pd.DataFrame({"share": [0, 0.5, 1], "psnr_y": rng.normal(25, 1, 3), "lpips_alex": rng.uniform(0, 1, 3)})
        said = findings_of_scores.between(tried)
        best = {
            metric: re.search(rf"{re.escape(label)} with ([^,]+?%)(?:,| of)", said)[1]
            for label, metric in JUDGES.items()
            if metric in tried
        }
        assert f"{tried.share[tried.psnr_y.idxmax()]:.0%}" in best["psnr_y"]
        assert f"{tried.share[tried.lpips_alex.idxmin()]:.0%}" in best["lpips_alex"]
    assert len(seen) == 2


@pytest.mark.parametrize("module", ["evaluation", "network", "photographs", "published", "training"])
def test_captions_of_exhibits_are_computed(module):
    tree = ast.parse(Path(findings.__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Exhibit"]
    for call in calls:
        caption = call.args[2]
        assert not isinstance(caption, ast.Constant), ast.unparse(caption)
        if isinstance(caption, ast.JoinedStr):
            assert any(isinstance(part, ast.FormattedValue) for part in caption.values), ast.unparse(caption)
    assert calls


def test_no_sentence_stands_in_two_captions_nor_speaks_of_what_is_not_there():
    metrics = pd.concat([random_tables.scores(seed).assign(dataset=f"set{seed}") for seed in (3, 6)])
    summary, scores = summarise(metrics), PairedScores.of_all(metrics)
    assert all(paired.images > 1 for paired in scores.values())
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    pairs = {
        name: [Pair(image, noise, noise[::4, ::4]) for image in rows.image.unique()]
        for name, rows in metrics.groupby("dataset")
    }
    shown = [
        *evaluation.overviews(summary, scores),
        *evaluation.details(summary, scores),
        *evaluation.certainty(summary, metrics, scores),
        *evaluation.failures(metrics, pairs),
        *evaluation.planes(summary, scores, 3, []),
    ]
    sentences = Counter(
        part for one in shown for part in re.split(r"(?<=[.)]) (?=[A-Z])", one.caption) if len(part) > 60
    )
    assert [part for part, count in sentences.items() if count > 1] == []
    text = " ".join(sentences)
    assert "unbroken line" not in text and "hollow" not in text and "over trainings" not in text and "NIQE" not in text


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.25, 26.0), "; against bicubic's, SRGAN's LPIPS (alex) is 0.150 lower and PSNR-Y is 1.00 dB lower."),
        ((0.4001, 27.5), "; against bicubic's, SRGAN's LPIPS (alex) is equal and PSNR-Y is 0.50 dB higher."),
        ((np.nan, 27.0), "; against bicubic's, SRGAN's PSNR-Y is equal."),
        ((np.nan, np.inf), "."),
    ],
)
def test_one_image_is_compared_as_its_scores_are_printed(scores, said):
    both = {
        "bicubic": {"lpips_alex": 0.4, "psnr_y": 27.0},
        "srgan": dict(zip(("lpips_alex", "psnr_y"), scores, strict=True)),
    }
    assert findings_of_scores.one_image(np.zeros((32, 32, 3), np.uint8), both) == f"flat 100%{said}"


def test_costs_are_those_of_the_table():
    columns = ["method", "parameters", "operations", "milliseconds", "mebibytes"]
    table = pd.DataFrame([("srcnn", 10, 1e6, 500.0, 40.0), ("srgan", 20, 4e6, 2500.0, 81.4)], columns=columns)
    assert findings_of_scores.costs(table) == (
        "SRGAN takes 4.00 million multiply–adds per LR pixel, and here 2.50 s and 81 MiB per megapixel; SRCNN has the "
        "fewest operations, 25% of that."
    )
    assert findings_of_scores.costs(table[:1]).endswith("here 0.50 s and 40 MiB per megapixel.")


def test_a_network_is_called_by_its_class_and_read_by_what_it_has():
    table = pd.DataFrame(
        [("first", "conv", 1, 30), ("blocks", "3×3", 4, 70), ("all", "", "", 100)],
        columns=["layer", "operations", "times", "parameters"],
    )
    assert findings.layers("Mine", table) == (
        "<code>Mine</code> has 100 parameters, 70% of them in <code>blocks</code> (3×3), which it has 4 times."
    )
