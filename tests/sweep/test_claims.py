"""What a sweep's report opens with, for 200 random sweeps, by a reader that checks every claim.

The reader shares nothing with the composer: it takes sentences apart by regular expressions and computes from the rows.
"""

import functools
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.findings import UNMOVED, finding, winner

JUDGES = {"PSNR-Y": "psnr_y", "LPIPS (squeeze)": "lpips_squeeze", "LPIPS (alex)": "lpips_alex"}
DIGITS = {"psnr_y": 3, "lpips_squeeze": 4, "lpips_alex": 4}  # of differences
WEIGHT = Factor("adversarial.weight", ("0.001", "0.01", "0.1", "1"), (0.001, 0.01, 0.1, 1.0))
LOSS = Factor("warmup.loss", ("l1", "l2", "huber"), None)
JUDGE = r"(?P<judge>PSNR-Y|LPIPS \((?:alex|squeeze)\))"
LEVEL = r"(0\.001|0\.01|0\.1|1|l1|l2|huber)"
KNOWN = {
    ", which exceeds the spread over seeds": "exceeds",
    ", which does not exceed the spread over seeds": "within",
    "; without several seeds in common, whether that is more than chance is unknown": "unknown",
    "": "",
}
SPREAD = f"(?P<spread>{'|'.join(map(re.escape, KNOWN))})"
EFFECT = re.compile(
    rf"(?P<kind>From|Between) (?P<factor>\w+) (?P<a>{LEVEL}) (?:to|and) (?P<b>{LEVEL}), "
    rf"(?:the worst and the best, )?{JUDGE} "
    r"(?:stays the same|(?P<move>rises|falls) by (?P<by>\d+\.\d+)(?: dB)? \((?P<word>better|worse)\))"
    rf"{SPREAD}(?:; it is best between, at (?P<peak>{LEVEL})"
    r"(?P<peaked>, by more than the spread over seeds|, within the spread over seeds)?)?"
)
DIFFERENCE = re.compile(
    rf"{JUDGE} (?:does not differ from the second's|differs from the second's by (?P<by>[+−]\d+\.\d+)(?: dB)? "
    rf"\((?P<word>better|worse)\){SPREAD})"
)
SAID = "changes is told below"
TOGETHER = re.compile(
    rf"(?P<begin>(?:From|Between) \w+ {LEVEL} (?:to|and) {LEVEL}, (?:the worst and the best, )?)"
    r"(?P<judges>(?:PSNR|LPIPS)[^.]*) stay the same"
)


def apart(text):
    """Says of each metric by itself what is said of several together."""

    def one_by_one(found):
        return ". ".join(f"{found['begin']}{judge} {UNMOVED}" for judge in re.split(", | and ", found["judges"]))

    return TOGETHER.sub(one_by_one, text)


class Reader:
    """Reads the sentences about one sweep against its rows."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.judges = [judge for judge, metric in JUDGES.items() if rows[metric].notna().all()]
        self.settings = rows.setting.unique().astype(object)
        self.first = rows.drop_duplicates("setting")
        names = [
            rows.setting.to_numpy(object)[:, None] == self.settings,
            rows.seed.to_numpy()[:, None] == rows.seed.unique(),
        ]
        self.dummies = np.hstack(names).astype(float)
        self.inverse = np.linalg.pinv(self.dummies)
        self.freedom = len(rows) - np.linalg.matrix_rank(self.dummies)

    @functools.cache  # noqa: B019 -- a reader lives as long as its sweep
    def difference(self, judge: str, column: str, a: str, b: str) -> tuple[float, float, int]:
        """Level b minus level a without the seeds' offsets, its t statistic, and degrees of freedom (0: unknown)."""
        values, level = self.rows[JUDGES[judge]].to_numpy(), self.first[column].to_numpy()
        of_b, of_a = level == b, level == a
        asked = np.zeros(self.dummies.shape[1])
        asked[: len(level)] = of_b / of_b.sum() - of_a / of_a.sum()
        weights = asked @ self.inverse  # of the runs in the estimate
        if not np.allclose(weights @ self.dummies, asked, atol=1e-8):
            of_setting = np.array([values[self.rows.setting == one].mean() for one in self.settings])
            return of_setting[of_b].mean() - of_setting[of_a].mean(), 0, 0
        found = weights @ values
        if self.freedom < 1 or self.rows.seed.nunique() < 2:
            return found, 0, 0
        left = values - self.dummies @ self.inverse @ values
        error = ((left @ left) / self.freedom * (weights @ weights)) ** 0.5
        return found, abs(found) / max(error, 1e-12), self.freedom

    def claim(self, judge: str, column: str, a: str, b: str, said: dict[str, str], candidates: int) -> str | None:
        """Check one difference in number, direction and certainty; returns the level that is clearly better."""
        metric = JUDGES[judge]
        found, errors, freedom = self.difference(judge, column, a, b)
        better = (found > 0) == (metric == "psnr_y")
        if not said["by"]:
            assert abs(found) < 0.51 * 10 ** -DIGITS[metric] and not KNOWN[said["spread"] or ""].endswith("s")
            return None
        assert float(said["by"].strip("+−")) == pytest.approx(abs(found), abs=0.51 * 10 ** -DIGITS[metric]), said
        assert said["word"] == ("better" if better else "worse"), said
        certainty = KNOWN[said["spread"]]
        assert (certainty == "unknown") == (freedom == 0), (said, freedom)
        if certainty == "exceeds":
            assert errors >= stats.t.ppf(0.975, freedom) - 1e-6, (said, errors)
            return b if better else a
        if certainty == "within":
            assert errors <= stats.t.ppf(1 - 0.05 / candidates / (candidates - 1), freedom) + 1e-6, (said, errors)
        return None

    def levels(self, judge: str, factor: Factor) -> dict[str, float]:
        """What each level of a factor is better by than its first."""
        present = [one for one in factor.levels if one in set(self.rows[factor.name])]
        sign = 1 if judge == "PSNR-Y" else -1
        return {one: sign * self.difference(judge, factor.name, present[0], one)[0] for one in present}

    def read_finding(self, text: str, factors: list[Factor]) -> int:
        """Check the finding, and return how many effects it tells."""
        told: dict[str, dict[str, str | None]] = {}
        for said in (match.groupdict() for match in EFFECT.finditer(text)):
            factor = next(one for one in factors if one.name.endswith(f".{said['factor']}"))
            levels, judge = self.levels(said["judge"], factor), said["judge"]
            near = 0.51 * 10 ** -DIGITS[JUDGES[judge]]
            candidates = len(levels) if said["kind"] == "Between" else 2
            told.setdefault(said["factor"], {})[judge] = self.claim(
                judge, factor.name, said["a"], said["b"], said, candidates
            )
            if said["kind"] == "Between":
                assert levels[said["a"]] <= min(levels.values()) + 1e-6, said
                assert levels[said["b"]] >= max(levels.values()) - 1e-6, said
                assert said["word"] != "worse", said
            else:
                assert (said["a"], said["b"]) == (min(levels, key=float), max(levels, key=float))
                inside = set(levels) - {said["a"], said["b"]}
                ends = max(levels[said["a"]], levels[said["b"]])
                if said["peak"]:
                    assert said["peak"] in inside and levels[said["peak"]] == max(levels.values())
                    end = max((said["a"], said["b"]), key=levels.__getitem__)
                    errors, freedom = self.difference(judge, factor.name, end, said["peak"])[1:]
                    assert bool(said["peaked"]) == bool(freedom)
                    assert not (said["peaked"] or "").startswith(", by") or errors >= stats.t.ppf(0.975, freedom)
                else:
                    assert not inside or max(levels[one] for one in inside) <= ends + near, said
        for name, better in told.items():
            assert list(better) == self.judges, "every judge is heard"
            apart = len({one for one in better.values() if one}) > 1
            assert (f"The judges disagree on {name}." in text) == apart
        varied = [one.name.partition(".")[2] for one in factors if self.rows[one.name].nunique() > 1 and self.judges]
        later = re.findall(rf"What ([\w, ]+) {SAID}", text)
        assert set(told) | set(re.split(", | and ", later[0]) if later else []) == set(varied)
        assert not varied or varied[0] in told
        return sum(map(len, told.values()))

    def read_variance(self, text: str) -> int:
        """Check what is said of the seeds alone."""
        found = re.findall(rf"{JUDGE}: .*? deviation of (\d+\.\d+)(?: dB)?\. .*? less than (\d+\.\d+)", text)
        for judge, std, apart in found:
            groups = [group.to_numpy() for _, group in self.rows.groupby("setting")[JUDGES[judge]]]
            freedom = sum(len(group) - 1 for group in groups)
            expected = (sum(((group - group.mean()) ** 2).sum() for group in groups) / freedom) ** 0.5
            near = 0.51 * 10 ** -DIGITS[JUDGES[judge]]
            assert float(std) == pytest.approx(expected, abs=near)
            assert float(apart) == pytest.approx(stats.t.ppf(0.975, freedom) * expected * 2**0.5, abs=near)
        single = re.findall(rf"{JUDGE}: each setting has one seed only", text)
        assert not single or self.rows.groupby("setting").seed.nunique().max() == 1
        return len(found) + len(single)

    def read_winner(self, text: str, validation: pd.DataFrame) -> bool:
        """Check the paragraph about the winner; returns whether it is called one."""
        head = re.match(
            rf"(Winner|No clear winner\. First by the rule): (\S+), by the (highest|lowest) mean {JUDGE} on the 4 "
            r"validation images, seeds? ([\d, ]+)",
            text,
        )
        called, name, direction, judge, chosen = head.groups()
        metric, seeds = JUDGES[judge], [int(one) for one in re.findall(r"\d+", chosen)]
        assert direction == ("highest" if metric == "psnr_y" else "lowest")
        scores = validation[validation.seed.isin(seeds)].groupby("setting")[metric].mean()
        assert scores[name] == (scores.max() if metric == "psnr_y" else scores.min())
        second = re.search(r": ([\d.]+)(?: dB)?, against ([\d.]+)(?: dB)? for (\S+), the second\. ", text)
        if not second:
            assert scores.size == 1 and called != "Winner"
            return False
        other = second[3]
        assert [float(second[1]), float(second[2])] == pytest.approx([scores[name], scores[other]], abs=0.0051)
        others = scores.drop(name)
        assert scores[other] == (others.max() if metric == "psnr_y" else others.min())
        if "Not both have" in text:
            assert called != "Winner"
            return False
        judging = re.search(r"judged by seeds? ([\d, ]+), which did not choose", text)
        apart = [int(one) for one in re.findall(r"\d+", judging[1])] if judging else list(self.rows.seed.unique())
        assert not judging or not set(apart) & set(seeds)
        judged = Reader(self.rows[self.rows.seed.isin(apart)])
        candidates = 2 if judging else len(scores)
        said = {match["judge"]: match.groupdict() for match in DIFFERENCE.finditer(text)}
        assert set(said) == set(judged.judges), "every judge is heard"
        better = {key: judged.claim(key, "setting", other, name, one, candidates) for key, one in said.items()}
        assert (called == "Winner") == (better[judge] == name)
        assert ("The judges disagree" in text) == any(one == other for key, one in better.items() if key != judge)
        return called == "Winner"


def synthetic(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, list[Factor]]:
    """A random sweep on validation and test images: ties, missing runs, one seed or many, judges that may disagree."""
    rng = np.random.default_rng(seed)
    factors = [WEIGHT, LOSS][:: int(rng.choice([1, -1]))][: int(rng.integers(1, 3))]
    factors = [
        Factor(one.name, one.levels[:count], one.numbers and one.numbers[:count])
        for one, count in zip(factors, rng.integers(2, 7 - 2 * len(factors), len(factors)), strict=True)
    ]
    seeds = int(rng.choice([1, 2, 3, 4]))
    noise, closeness = rng.choice([1e-5, 0.05, 0.5]), rng.choice([0.0, 0.0005, 0.2, 1.0])
    scale = {"psnr_y": 1.0, "lpips_squeeze": 0.05, "lpips_alex": 0.05}
    base = {"psnr_y": 26.0, "lpips_squeeze": 0.3, "lpips_alex": 0.4}
    effects = {
        (one.name, level, metric): closeness * rng.normal()
        for one in factors
        for level in one.levels
        for metric in base
    }
    offsets = rng.normal(size=seeds)
    tables = []
    for part in ("validation", "Set5"):
        rows = []
        for index in np.ndindex(*(len(one.levels) for one in factors)):
            chosen = {one.name: one.levels[place] for one, place in zip(factors, index, strict=True)}
            for number in range(seeds):
                scores = {
                    metric: base[metric]
                    + scale[metric]
                    * (sum(effects[name, level, metric] for name, level in chosen.items()) + offsets[number])
                    + scale[metric] * noise * rng.normal()
                    for metric in base
                }
                setting = ".".join(chosen.values()).replace("0.", "0_")
                rows.append({"dataset": part, "n": 4.0, "setting": setting, "seed": number, **chosen, **scores})
        tables.append(pd.DataFrame(rows))
    kept = rng.random(len(tables[0])) < rng.choice([1.0, 0.8])
    kept[0] = True
    validation, rows = (table[kept].reset_index(drop=True) for table in tables)
    if rng.random() < 0.3:
        validation["lpips_squeeze"] = rows["lpips_squeeze"] = np.nan
    return validation, rows, factors


@pytest.mark.parametrize("sweeps", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_no_sentence_contradicts_any_sweep(sweeps):
    kinds, clear, effects = set(), set(), 0
    for seed in range(sweeps):
        validation, rows, factors = synthetic(seed)
        reader, text = Reader(rows), apart(finding(rows, factors))
        told = reader.read_finding(text, factors)
        effects += told
        assert told or reader.read_variance(text) == len(reader.judges), text
        rest = re.sub(rf"The judges disagree on \w+\.|What [\w, ]+ {SAID}\.", "", EFFECT.sub("", text))
        assert not told or rest.strip(" .") == "", "all is read"
        kinds |= set(
            re.findall(f"judges disagree|best between|which exceeds|not exceed|stays the same|unknown|{SAID}", text)
        )
        best = winner(validation, rows, ["lpips_squeeze", "psnr_y"])
        clear.add(reader.read_winner(best.text, validation))
    brought_out = clear == {True, False} and len(kinds) == 7 and effects > 2 * sweeps
    assert brought_out or sweeps < 200, "the sweeps bring out what can be said"


def test_what_no_metric_sees_is_said_once():
    rows = pd.DataFrame(
        [
            {WEIGHT.name: level, "setting": level, "seed": seed, "psnr_y": 26.0, "lpips_alex": 0.4}
            for level in WEIGHT.levels
            for seed in (0, 1)
        ]
    )
    assert finding(rows, [WEIGHT]) == "From weight 0.001 to 1, PSNR-Y and LPIPS (alex) stay the same."


def test_the_reader_notices_wrong_sentences():
    validation, rows, factors = next(
        one for one in map(synthetic, range(100)) if "disagree" in finding(one[1], one[2]) and one[1].seed.nunique() > 2
    )
    reader, text = Reader(rows), finding(rows, factors)
    for right, wrong in (
        ("(better)", "(worse)"),
        ("which exceeds", "which does not exceed"),
        ("The judges disagree", "The judges agree"),
        (r"by \d", "by 9"),
    ):
        with pytest.raises(AssertionError):
            reader.read_finding(re.sub(re.escape(right) if "\\" not in right else right, wrong, text), factors)
    best = winner(validation, rows, ["psnr_y"])
    for right, wrong in ((best.setting, "x"), ("highest", "lowest"), ("by (the same runs|seeds)", "by none")):
        with pytest.raises((AssertionError, KeyError)):
            reader.read_winner(
                re.sub(right, wrong, best.text, count=1)
                + ("" if right[:2] != "by" else "Its PSNR-Y differs from the second's by +9.000 dB (better)."),
                validation,
            )
