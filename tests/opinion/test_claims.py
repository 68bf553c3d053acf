"""Every sentence, interval and table of a study's chapter against random votes: few raters or many, careless or not."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from srgan_lib.methods import method_styles
from srgan_lib.params.evaluation import Opinion
from srgan_report.opinion import analysis, exhibits
from srgan_report.opinion.answers import Answer, Pool, new_answers
from srgan_report.opinion.screening import FASTEST, FEWEST_RATERS, FEWEST_VOTES
from srgan_report.opinion.study import OpinionError, Study, plan

METHODS = ("bicubic", "srcnn", "warmup", "srgan", "hr")


def random_study(seed, kind):
    """A study and what raters sent: each with a pace, who click one button, guess, agree in part, or stop early."""
    rng = np.random.default_rng(seed)
    methods = METHODS[int(rng.integers(3)) : 4 + (kind == "rating" and rng.random() < 0.7)]
    images = tuple(("builtin", f"image{number}") for number in range(int(rng.choice([1, 2, 3, 6]))))
    design = Opinion(kind=kind, raters=9, votes=int(rng.choice([6, 200])))
    study = Study(design=design, methods=methods, images=images, fingerprint="f", salt=f"{seed:032x}")
    key, pooled = study.key(), Pool()
    quality = dict(zip(methods, rng.choice([0.0, 0.4, 1.2], p=[0.2, 0.2, 0.6]) * np.arange(len(methods)), strict=True))
    for rater in range(1, int(rng.integers(1, 10)) + 1):
        pace, always = rng.choice([300, 950, 1050, 3000], p=[0.1, 0.1, 0.2, 0.6]), rng.random() < 0.1
        noise = rng.choice([0.0, 0.5, 3.0], p=[0.3, 0.5, 0.2])
        answers = []
        for trial in plan(study, rater)[: int(rng.choice([2, 200], p=[0.1, 0.9]))]:
            felt = [quality[key[code][1]] + noise * rng.normal() for code in trial[:2]]
            vote = int(np.clip(round(1 + felt[0]), 1, 5)) if kind == "rating" else 1 + int(felt[1] > felt[0])
            answers.append(Answer(shown=list(trial), vote=1 if always else vote, ms=int(pace)))
        pooled.kept[str(rater)] = new_answers(study.id, rater, f"{rater:016x}", answers)
    rows = itertools.product(images, methods)
    measured = pd.DataFrame([{"dataset": one[0], "image": one[1], "method": m} for one, m in rows])
    measured["psnr_y"], measured["ssim_y"] = rng.normal(size=(2, len(measured)))
    return study, pooled, measured


@pytest.fixture(scope="module", params=["rating", "pairs"])
def studies(request):
    """What comes of random studies; of those in which nobody counts, the error."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "RESAMPLES", 20)
        for seed in range(60):
            study, pooled, measured = random_study(seed, request.param)
            try:
                found.append((pooled, analysis.analyse(study, pooled, measured)))
            except OpinionError as error:
                assert len(re.findall("too fast|always the same|unlike|coin", str(error))) == len(pooled.kept)
    return found


def test_random_studies_are_of_all_kinds(studies):
    assert len(studies) > 20
    assert {results.too_few for _, results in studies} == {True, False}
    assert any(results.raters.left_out_because.notna().any() for _, results in studies)


def test_who_is_too_fast_or_of_one_vote_does_not_count(studies):
    for pooled, results in studies:
        reasons = results.raters.set_index("rater").left_out_because
        for rater, sent in pooled.kept.items():
            votes = [one.vote for one in sent.answers]
            fast, same = np.median([one.ms for one in sent.answers]) < 1000 * FASTEST, len(set(votes)) == 1
            if len(votes) >= FEWEST_VOTES and (fast or same):
                assert reasons[rater].startswith("too fast" if fast else "always the same")
            else:
                assert not str(reasons[rater]).startswith(("too fast", "always"))
        assert results.summary["raters"] == reasons.isna().sum()


def test_intervals_lie_within_the_scale_and_none_is_of_two_raters(studies):
    for _, results in studies:
        low, high = (1, 5) if results.rating else (0, 1)
        ends = results.scores[[f"{one}_{end}" for one in ("these", "kind") for end in ("low", "high")]].to_numpy(float)
        assert np.nanmin(ends, initial=low) >= low and np.nanmax(ends, initial=high) <= high
        if results.summary["raters"] < 3:
            assert np.isnan(ends).all()


def test_what_is_said_is_true_and_nothing_of_too_few(studies):
    for _, results in studies:
        said, raters = exhibits.finding(results), results.summary["raters"]
        everything = " ".join(exhibits.findings(results))
        assert "nan" not in everything
        if raters < FEWEST_RATERS:
            assert said == f"Too few to say: {raters} rater{'s' * (raters > 1)}, at least 5 are needed."
            assert not re.search(
                "first|most|least (?!5)|before|behind|better|Of the metrics", everything.replace("at least", "")
            )
            assert list(results.in_order().method) == list(results.scores.method[results.scores.votes > 0])
            continue
        column = "mos" if results.rating else "preference"
        means = results.scores[results.scores.method != "hr"].set_index("method")[column]
        labels = {style.label: method for method, style in method_styles(means.index).items()}
        if found := re.match(r"People put ([\w-]+) first", said):
            first = labels[found[1]]
            assert means[first] == means.max()
            lead = results.differences.set_index(["first", "second"])
            if number := re.search(r"([\d.]+) before ([\w-]+),", said):
                row = lead.loc[first, labels[number[2]]]
                assert f"{row.difference:.2f}" == number[1] != "0.00"
                assert ("also for other images" in said) == (row.kind_low > 0)
                assert ("might change that" in said) == (not row.kind_low > 0 and not row.these_low > 0)
        else:
            assert said.startswith(("People put no method first", "Only one method"))


def test_no_table_has_an_empty_row_or_column(studies):
    for _, results in studies[:25]:
        shown = {one.name: one for one in exhibits.exhibits(results, 4)}
        assert ("opinion_differences" in shown) == (not results.too_few)
        assert ("opinion_raters" in shown) == results.raters.left_out_because.notna().any()
        for exhibit in shown.values():
            if isinstance(exhibit.content, pd.DataFrame):
                empty = exhibit.content.isna() | exhibit.content.isin(["", "–"])
                values = empty.drop(columns=[one for one in empty if one in exhibits.NAMES])
                assert not empty.all().any() and not values.all(axis=1).any() and len(exhibit.content)
