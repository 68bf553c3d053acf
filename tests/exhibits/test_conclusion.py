"""What a conclusion says: single cases by their words, and 200 random tables by a reader that checks every claim.

The reader shares nothing with the composer: it takes sentences apart by regular expressions and computes from the rows.
"""

import re
import statistics

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from srgan_lib.evaluation.tables import summarise
from srgan_report.exhibits.conclusion import conclude
from tests.exhibits.random_tables import scores

METHODS = ("bicubic", "srcnn", "warmup", "srgan")
SPREAD = {
    "psnr_y": 1,
    "ssim_y": 0.01,
    "lpips_alex": 0.01,
    "lpips_squeeze": 0.01,
    "log_spectral_distance": 1,
    "grid_artefact": 1,
    "flat_noise": 1,
}


def table(images=8, methods=METHODS, dataset="builtin", **means) -> pd.DataFrame:
    """Scores whose means are given in the order of the methods, with a spread from image to image."""
    spread = np.linspace(-3, 3, images) if images > 1 else np.zeros(1)
    return pd.DataFrame(
        {"dataset": dataset, "image": f"image{number}", "method": method}
        | {
            metric: values[place] + SPREAD[metric] * (offset + 0.0004 * place * (number * 7 % 5 - 2))
            for metric, values in means.items()
        }
        for number, offset in enumerate(spread)
        for place, method in enumerate(methods)
    )


def concluded(metrics: pd.DataFrame, **options) -> list[str]:
    judged = metrics[metrics.method == metrics.method.iloc[-1]]  # of the summary only this method's interval is told
    return conclude(summarise(judged), metrics, **{"scale": 4, **options})


USUAL = {
    "psnr_y": (26.0, 26.5, 27.0, 25.6),
    "ssim_y": (0.75, 0.76, 0.78, 0.74),
    "lpips_alex": (0.40, 0.38, 0.34, 0.24),
    "lpips_squeeze": (0.30, 0.29, 0.27, 0.20),
    "log_spectral_distance": (20.0, 18.0, 16.0, 5.0),
}


def test_the_finding_says_what_srgan_gains_and_costs_and_what_is_most_faithful():
    finding, details = concluded(table(**USUAL), heldout="builtin")
    assert finding == (
        "On 8 held-out photographs enlarged 4×, SRGAN comes 40% closer to the originals than bicubic by LPIPS (alex) "
        "(0.240 against 0.400) and LPIPS (squeeze) (0.200 against 0.300), both better on 8 of 8, with 0.40 dB less "
        "PSNR-Y and 0.010 less SSIM-Y, both worse on 8 of 8. By PSNR-Y the most faithful is warm-up "
        "(27.00 dB, ahead of SRCNN on 8 of 8)."
    )
    assert details.startswith(
        "SRGAN comes 29% closer to the originals than warm-up by LPIPS (alex) (0.240 against 0.340) and "
    )
    assert "By SSIM-Y the most faithful is warm-up (0.780, ahead of SRCNN on 8 of 8)." in details
    assert "SRGAN is 5.00 dB from that of the originals, bicubic's 20.00 dB" in details
    assert "wide because images differ" in details


def test_a_regular_pattern_is_part_of_the_finding():
    clean, drawn = (concluded(table(**USUAL, grid_artefact=(0.0, 0.0, 1.0, level)))[0] for level in (2.9, 9.04))
    assert "pattern" not in clean
    assert (
        "SRGAN draws a regular pattern with a period of 4 pixels, +9.04 dB over the originals' level, "
        "which LPIPS does not see" in drawn
    )


def test_speckle_on_one_image_is_part_of_the_finding():
    clean, speckled = (concluded(table(**USUAL, flat_noise=(-5.0, -4.0, -4.0, level)))[0] for level in (-0.1, 1.5))
    assert "speckle" not in clean
    assert (
        "SRGAN speckles smooth places, by up to +4.50 dB over the original's level (image7; +1.50 dB in the mean), "
        "which LPIPS can take for texture" in speckled
    )


def test_judges_that_disagree_are_both_named_in_the_first_sentence_about_the_two_methods():
    scores = USUAL | {"lpips_alex": (0.40, 0.38, 0.25, 0.24), "lpips_squeeze": (0.30, 0.29, 0.205, 0.223)}
    finding, details = concluded(table(**scores))
    assert (
        "Against the warm-up network, from which its training started, the judges disagree: SRGAN is better by LPIPS "
        "(alex) (better on 8 of 8) and worse by LPIPS (squeeze) (worse on 8 of 8)." in finding
    )
    assert (
        "The judges disagree on whether SRGAN is closer to the originals than warm-up: closer by LPIPS (alex) (0.240 "
        "against 0.250, better on 8 of 8), less close by LPIPS (squeeze) (0.223 against 0.205, worse on 8 of 8), with "
        "1.40 dB less" in details
    )


def test_a_classical_method_ahead_of_srgan_comes_first_and_nearest_is_explained():
    scores = {name: (values[0], *values) for name, values in USUAL.items()}
    scores["lpips_alex"] = (0.22, *USUAL["lpips_alex"])
    finding, details = concluded(table(methods=("nearest", *METHODS), **scores))
    assert (
        "enlarged 4×, nearest, which needs no training, is ahead of SRGAN by LPIPS (alex) (0.220 against 0.240)"
        in finding
    )
    assert "LPIPS (alex) prefers nearest to bicubic (0.220 against 0.400, better on 8 of 8)" in details
    assert "prefers nearest" not in concluded(table(**USUAL))[1]


def test_a_classical_method_is_not_ahead_where_no_difference_can_be_measured():
    metrics = table(5, **USUAL | {"lpips_alex": (0.376, 0.38, 0.34, 0.377)})
    gains = np.array([0.004, -0.003, 0.005, -0.004, 0.004])
    base = metrics.loc[metrics.method == "bicubic", "lpips_alex"].to_numpy()
    metrics.loc[metrics.method == "srgan", "lpips_alex"] = base + gains
    finding = concluded(metrics)[0]
    assert "LPIPS (alex)" in finding and "ahead of SRGAN" not in finding


def test_a_training_of_few_steps_is_the_finding():
    finding = concluded(table(**USUAL), steps={"warmup": 160, "adversarial": 15})[0]
    assert finding.startswith(
        "Trained too briefly to judge the method (15 steps of adversarial training): on builtin (8 images)"
    )


def test_a_named_test_set_is_called_by_its_name_and_each_dataset_has_its_finding():
    both = pd.concat([table(**USUAL), table(5, dataset="Set5", **USUAL)])
    paragraphs = concluded(both, heldout="builtin")
    assert len(paragraphs) == 4 and paragraphs[2].startswith("On Set5 (5 images) enlarged 4×, SRGAN comes 40% closer")


def test_without_lpips_the_reason_is_given_and_nothing_is_claimed():
    scores = {name: values for name, values in USUAL.items() if not name.startswith("lpips")}
    finding, _, missing = concluded(table(**scores), not_computed={"lpips_alex": "no AlexNet on this disk"})
    assert (
        "compared with bicubic, SRGAN has 0.40 dB less PSNR-Y and 0.010 less SSIM-Y, both worse on 8 of 8." in finding
    )
    assert "LPIPS, which judges what PSNR does not see, was not computed" in finding and "close" not in finding
    assert missing == "LPIPS (alex) was not computed: no AlexNet on this disk."


def test_no_measurable_difference_is_sold_as_one():
    even = table(**(USUAL | {name: (values[0],) * 4 for name, values in USUAL.items()}))
    finding = concluded(even)[0]
    assert "SRGAN and bicubic show no measurable difference by LPIPS (alex) (0.400 against 0.400" in finding
    assert "no measurable change in PSNR-Y (+0.00 dB" in finding and "closer" not in finding


def test_a_difference_of_one_sign_is_not_called_none_where_its_interval_holds_zero():
    scores = table(5, **USUAL, grid_artefact=(0.0, 0.0, 0.0, 0.0), flat_noise=(-5.0, -4.0, -4.0, -4.0))
    gains = np.array([0.001, 0.001, 0.002, 0.002, 0.12])
    for metric in ("lpips_alex", "lpips_squeeze"):
        base = scores.loc[scores.method == "bicubic", metric].to_numpy()
        scores.loc[scores.method == "srgan", metric] = base - gains
    finding = concluded(scores)[0]
    assert "cannot settle whether SRGAN is closer to the originals than bicubic: closer by LPIPS (alex)" in finding
    assert finding.count("both better on 5 of 5, but the interval holds 0") == 1 and "no measurable" not in finding
    assert Reader(scores.to_dict("records")).read(finding)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (1, "One image says nothing about others."),
        (3, "3 images are too few for intervals"),
        (5, "With 5 images no rank test can reach p < 0.05"),
    ],
)
def test_few_images_are_pointed_out(images, words):
    paragraphs = concluded(table(images, **USUAL))
    assert words in paragraphs[1] and ("too few to tell a difference from chance" in paragraphs[0]) == (images < 4)


def test_methods_that_were_not_judged_are_not_mentioned():
    rows = table(**USUAL)
    text = " ".join(concluded(rows[~rows.method.isin(["srgan", "warmup"])]))
    assert "SRGAN" not in text and "most faithful is SRCNN" in text
    alone = table(3, methods=("srgan",), psnr_y=(2.0,), ssim_y=(0.5,))
    assert "the most faithful is SRGAN (2.00 dB)." in concluded(alone)[0] and "bicubic" not in concluded(alone)[0]


# The reader.

LABELS = {"nearest": "nearest", "bicubic": "bicubic", "SRCNN": "srcnn", "warm-up": "warmup", "SRGAN": "srgan"}
JUDGES = {"LPIPS (alex)": "lpips_alex", "LPIPS (squeeze)": "lpips_squeeze", "PSNR-Y": "psnr_y", "SSIM-Y": "ssim_y"}
LOWER_IS_BETTER = {"lpips_alex", "lpips_squeeze"}
NAME = r"(nearest|bicubic|SRCNN|warm-up|SRGAN)"
VALUES = r"(LPIPS \((?:alex|squeeze)\)) \((\d\.\d+) against (\d\.\d+)((?:, [^()]*)?)\)"
OPEN = "but the interval holds 0"
JUDGE = r"(LPIPS \((?:alex|squeeze)\)|PSNR-Y|SSIM-Y)(?: \(([^()]*)\))?"
BOTH = re.compile(
    rf"{JUDGE}((?:(?!LPIPS|PSNR|SSIM)[^();:])*){JUDGE}, both "
    rf"((?:better|worse) on \d+ of \d+(?:, {OPEN}|, by less than the last digit)?)"
)


def apart(text: str) -> str:
    """Say of each judge by itself what is said of both."""

    def one_by_one(found: re.Match) -> str:
        one, beside, between, two, further, notes = found.groups()
        first, second = (f"({', '.join(filter(None, (said, notes)))})" for said in (beside, further))
        return f"{one} {first}{between}{two} {second}"

    return BOTH.sub(one_by_one, text)


class Reader:
    """Reads the sentences of one conclusion against the rows that it was composed from."""

    def __init__(self, rows: list[dict]) -> None:
        self.scores: dict[tuple[str, str], list[float]] = {}
        for row in rows:
            for metric in (*JUDGES.values(), "grid_artefact", "flat_noise"):
                self.scores.setdefault((row["method"], metric), []).append(row[metric])

    def mean(self, method: str, metric: str) -> float:
        return statistics.fmean(self.scores[method, metric])

    def gain(self, one: str, two: str, metric: str) -> tuple[float, float]:
        """What the first is better by, and how many standard errors that is."""
        pairs = zip(self.scores[one, metric], self.scores[two, metric], strict=True)
        gains = [(b - a) if metric in LOWER_IS_BETTER else (a - b) for a, b in pairs]
        error = statistics.stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else 0
        mean = statistics.fmean(gains)
        return mean, abs(mean) / error if error else (0 if mean == 0 else 1e9)

    def claim(self, one: str, two: str, judge: str, word: str, notes: str | None = None) -> None:
        """Check a claim that one is better or worse than the other, or unchanged, and what is noted beside it."""
        metric = JUDGES[judge]
        gain, errors = self.gain(one, two, metric)
        count, signs = len(self.scores[one, metric]), self.signs(one, two, metric)
        agree = min(signs) == 0 or stats.binomtest(signs[0], sum(signs)).pvalue < 0.05
        nothing = round(abs(gain), 2 if metric == "psnr_y" else 3) == 0
        student = stats.t.ppf(0.975, count - 1) if count >= 4 else 0
        if word == "unchanged":
            assert nothing or (errors < 1.11 * student and not agree), (one, two, judge, gain, errors)
        else:
            assert (gain > 0) == (word == "better") and not nothing, (one, two, judge, gain, word)
            if notes is not None:
                assert (OPEN in notes) == (errors < 1.1 * student), (one, two, judge, errors)
            assert errors > student or agree, (one, two, judge, errors)
        if notes is not None:
            said = re.findall(r"(better|worse) on (\d+) of (\d+)", notes)
            ahead = gain > 0 or (gain == 0 and "better" in notes)
            word = "better" if ahead else "worse"
            assert said == ([(word, str(signs[not ahead]), str(count))] if 1 < count <= 10 or OPEN in notes else []), (
                judge,
                notes,
                signs,
            )

    def is_certain(self, one: str, two: str, metric: str, factor: float) -> bool:
        """Whether the first is better by more than so many of Student's half intervals."""
        gain, errors = self.gain(one, two, metric)
        count = len(self.scores[one, metric])
        return gain > 0 and errors > factor * (stats.t.ppf(0.975, count - 1) if count >= 4 else 0)

    def signs(self, one: str, two: str, metric: str) -> tuple[int, int]:
        """On how many images the first is better, and worse."""
        pairs = list(zip(self.scores[one, metric], self.scores[two, metric], strict=True))
        above, below = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
        return (below, above) if metric in LOWER_IS_BETTER else (above, below)

    def read(self, text: str) -> int:
        """Check all claims of a text, and return their number."""
        text, claims = apart(text), 0
        level = self.mean("srgan", "grid_artefact")
        said_level = re.findall(r"SRGAN draws a regular pattern with a period of 4 pixels, \+(\d+\.\d\d) dB over", text)
        assert said_level == ([f"{level:.2f}"] if level > 3 else []), level
        noise = self.scores["srgan", "flat_noise"]
        said_noise = re.findall(
            r"by up to \+(\d+\.\d\d) dB over the original's level \(i\D*(\d+)(?:; (.*?) dB in)?", text
        )
        worst = max(range(len(noise)), key=noise.__getitem__)
        mean = f"{statistics.fmean(noise):+z.2f}".replace("-", "−") if len(noise) > 1 else ""
        assert said_noise == ([(f"{noise[worst]:.2f}", str(worst), mean)] if noise[worst] > 3 else []), noise
        for name, judges, *_ in re.findall(
            rf"{NAME}, which needs no training, is ahead of SRGAN by ((?:{VALUES}(?: and )?)+)", text
        ):
            for judge, one, two, _ in re.findall(VALUES, judges):
                claims += 1
                means = self.mean(LABELS[name], JUDGES[judge]), self.mean("srgan", JUDGES[judge])
                assert means[0] < means[1] and (f"{means[0]:.3f}", f"{means[1]:.3f}") == (one, two)
                assert self.is_certain(LABELS[name], "srgan", JUDGES[judge], 1.09)
        for sentence in re.split(r"(?<=[)Y])\. ", text):
            claims += self.read_comparison(sentence)
        for said in re.findall("from which its training started, (.*?)[.](?: |$)", text):
            for word, judges in re.findall(
                r"(better|worse|not measurably different) by "
                r"(LPIPS \(\w+\)(?: \([^()]*\))?(?: and LPIPS \(\w+\)(?: \([^()]*\))?)?)",
                said,
            ):
                for judge, notes in re.findall(r"(LPIPS \(\w+\))(?: \(([^()]*)\))?", judges):
                    claims += 1
                    self.claim("srgan", "warmup", judge, word.replace("not measurably different", "unchanged"), notes)
        for judge, names in re.findall(
            r"[Bb]y (PSNR-Y|SSIM-Y) the most faithful (?:is|are, with no measurable difference,) (.*?)[.](?: |$)", text
        ):
            found = re.findall(rf"{NAME} \((\d+\.\d+)", names)
            best = max(
                self.mean(method, JUDGES[judge]) for method in LABELS.values() if (method, JUDGES[judge]) in self.scores
            )
            assert float(found[0][1]) == pytest.approx(best, abs=0.006)
            for name, value in found:
                claims += 1
                assert float(value) == pytest.approx(self.mean(LABELS[name], JUDGES[judge]), abs=0.006)
                self.claim(LABELS[name], LABELS[found[0][0]], judge, "unchanged")
        return claims

    def read_comparison(self, sentence: str) -> int:
        """Check the claims of a sentence that compares SRGAN with another method."""
        patterns = {
            "better": rf"SRGAN comes (?:\d+% )?closer to the originals than {NAME} by",
            "worse": rf"SRGAN comes (?:\d+% )?less close to the originals than {NAME} by",
            "unchanged": rf"SRGAN and {NAME} show no measurable difference by",
            "mixed": rf"disagree on whether SRGAN is closer to the originals than {NAME}:",
            "unsettled": rf"these images cannot settle whether SRGAN is closer to the originals than {NAME}:",
        }
        for word, pattern in patterns.items():
            if not (found := re.search(pattern, sentence)):
                continue
            other, rest = LABELS[found[1]], sentence[found.end() :]
            said, noted = {}, {}
            for before, judge, one, two, notes in re.findall(
                rf"((?:closer|less close|no measurable change) by )?{VALUES}", rest
            ):
                kinds = {"closer by ": "better", "less close by ": "worse", "no measurable change by ": "unchanged"}
                said[judge], noted[judge] = kinds.get(before, word), notes
                assert (one, two) == tuple(f"{self.mean(method, JUDGES[judge]):.3f}" for method in ("srgan", other))
            for value, more, judge, notes in re.findall(
                r"(\d+\.\d+)(?: dB)? (more|less) (PSNR-Y|SSIM-Y)(?: \(([^()]*)\))?", rest
            ):
                said[judge], noted[judge] = "better" if more == "more" else "worse", notes
                assert float(value) == pytest.approx(abs(self.gain("srgan", other, JUDGES[judge])[0]), abs=0.0051)
            for judge, notes in re.findall(r"no measurable change in (PSNR-Y|SSIM-Y) \(([^()]*)\)", rest):
                said[judge], noted[judge] = "unchanged", notes
            if share := re.search(r"comes (\d+)%", sentence):
                ratio = self.mean("srgan", "lpips_alex") / self.mean(other, "lpips_alex")
                assert int(share[1]) == pytest.approx(100 * abs(1 - ratio), abs=0.51)
            assert set(said) == set(JUDGES), "every judge is heard"
            assert word != "mixed" or said["LPIPS (alex)"] != said["LPIPS (squeeze)"]
            for judge, verdict in said.items():
                self.claim("srgan", other, judge, verdict, noted[judge])
            return len(said)
        return 0


@pytest.mark.parametrize("tables", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_no_sentence_contradicts_any_table(tables):
    kinds = set()
    for seed in range(tables):
        metrics = scores(seed)
        finding, details = concluded(metrics)
        reader = Reader(metrics.to_dict("records"))
        assert reader.read(f"{finding} {details}") >= 10, finding
        kinds |= set(
            re.findall(
                "closer to the originals than|less close to|disagree on|no measurable difference by|"
                "which needs no training",
                finding,
            )
        )
        nearest = [name for name in ("nearest", "bicubic") if (name, "lpips_alex") in reader.scores]
        best = min(nearest, key=lambda name: reader.mean(name, "lpips_alex"))
        lead = reader.mean("srgan", "lpips_alex") - reader.mean(best, "lpips_alex")
        if lead > 0.0005 and reader.is_certain(best, "srgan", "lpips_alex", 1.11):
            assert f"{best}, which needs no training, is ahead of SRGAN by LPIPS (alex)" in finding.split(". ")[0]
    assert len(kinds) == 5, "the tables bring out everything that a finding can say"


def test_the_reader_notices_wrong_sentences():
    metrics = table(**USUAL, grid_artefact=(0.0, 0.0, 0.0, 4.0), flat_noise=(-5.0, -4.0, -4.0, 2.0))
    reader, finding = Reader(metrics.to_dict("records")), " ".join(concluded(metrics))
    for right, wrong in (
        ("40% closer to", "40% less close to"),
        ("0.40 dB less", "0.40 dB more"),
        ("40%", "45%"),
        ("(0.200 against 0.300", "(0.200 against 0.310"),
        ("better on 8 of 8", "better on 7 of 8"),
        ("both worse on 8 of 8", "both worse on 6 of 8"),
        (", with 0.40 dB less PSNR-Y and", ", with"),
        ("4 pixels, +4.00 dB", "4 pixels, +3.00 dB"),
        ("up to +5.00 dB", "up to +4.00 dB"),
        ("image7", "image6"),
        ("faithful is warm-up (27.00", "faithful is SRCNN (26.50"),
    ):
        with pytest.raises(AssertionError):
            reader.read(finding.replace(right, wrong, 1))
