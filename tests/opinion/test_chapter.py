"""The report's chapter of what people said, and the link to the page; a study's answers are written as people's."""

import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

from srgan_report.opinion.answers import Answer, new_answers
from srgan_report.opinion.results import SLIDE, collect_answers, page_to_offer, read_results, simulate_answers
from srgan_report.opinion.simulation import Observers
from srgan_report.opinion.study import KEY, PAGE, SIMULATED, plan
from srgan_report.report.build import people_chapter, write_rehearsal
from srgan_report.report.images import Images
from tests.opinion_example import make_example, make_light_run


def answered(folder, raters=5, **design):
    """A run whose study as many people answered."""
    run_dir = make_light_run(folder / "demo")
    study = make_example(run_dir, **design)
    key, place, files = study.key(), list(study.methods), []
    for rater in range(1, raters + 1):
        rng, answers = np.random.default_rng(rater), []
        for trial in plan(study, rater):
            felt = [place.index(key[code][1]) + rng.normal(0, 0.6) for code in trial[:2]]
            vote = int(np.clip(round(1 + 0.8 * felt[0]), 1, 5)) if len(trial) == 1 else 1 + int(felt[1] > felt[0])
            answers.append(Answer(shown=list(trial), vote=vote, ms=1900))
        files.append(folder / f"{rater}.json")
        files[-1].write_text(new_answers(study.id, rater, f"{rater:016x}", answers).text())
    collect_answers(run_dir, files)
    return run_dir


def chapter(run_dir, scale=4):
    return BeautifulSoup(people_chapter(read_results(run_dir), scale, Images()), "html.parser")


def test_chapter_of_ratings(tmp_path):
    run_dir = answered(tmp_path)
    shown = chapter(run_dir)
    assert [figure["id"] for figure in shown.select("figure")] == [
        "fig-opinion_scores", "fig-opinion_votes", "tab-opinion_published", "tab-opinion_differences",
        "fig-opinion_metrics", "tab-opinion_images",
    ]  # fmt: skip
    scores = shown.select_one("#tab-opinion_published").text
    assert "MOS in the paper (BSD100)" in scores and "3.56" in scores  # SRGAN's
    assert "5 people" in shown.p.text and all(image["alt"] for image in shown.select("img"))
    assert page_to_offer(run_dir) == PAGE


@pytest.mark.slow
@pytest.mark.parametrize("question", ["photograph", "original"])
def test_chapter_of_pairs(tmp_path, question):
    shown = chapter(answered(tmp_path, kind="pairs", question=question))
    assert {"fig-opinion_scores", "fig-opinion_preferences"} <= {one["id"] for one in shown.select("figure")}
    assert not shown.select("#tab-opinion_published")


@pytest.mark.slow
def test_another_scale_has_no_published_scores(tmp_path):
    scores = chapter(answered(tmp_path), scale=2).select_one("#tab-opinion_published").text
    assert "MOS here" in scores and "paper" not in scores and "Ledig" not in scores


@pytest.mark.slow
@pytest.mark.parametrize("design", [{"methods": ["srgan", "hr"]}, {"methods": ["bicubic", "srgan"]}])
def test_a_single_rater_and_few_methods_make_a_chapter(tmp_path, design):
    assert chapter(answered(tmp_path, 1, **design)).select("figure")


@pytest.mark.parametrize("raters", [1, 2, 4])
def test_too_few_raters_have_raw_means_and_no_order(tmp_path, raters):
    run_dir = answered(tmp_path, raters)
    shown = chapter(run_dir)
    assert [figure["id"] for figure in shown.select("figure")] == ["fig-opinion_scores", "tab-opinion_raw"]
    assert f"Too few to say: {raters} rater" in shown.text and " first" not in shown.text
    table = [[cell.text for cell in row.select("th, td")] for row in shown.select("#tab-opinion_raw tr")]
    assert [row[0] for row in table[1:]] == ["nearest", "bicubic", "SRCNN", "warm-up", "SRGAN", "HR"]
    assert ("95 % interval, these images" in table[0]) == (raters >= 3) and all(all(row) for row in table)
    text = (run_dir / "opinion" / SLIDE).read_text(encoding="utf-8")
    assert "Too few to say" in text and text.count('src="data:image/webp') == 6


def test_simulated_scores_make_no_chapter_but_a_page_and_a_slide_that_say_so(tmp_path):
    run_dir = make_light_run(tmp_path / "demo")
    make_example(run_dir)
    _, found = simulate_answers(run_dir, Observers(careless=0.2), seed=0)
    page = BeautifulSoup(write_rehearsal(run_dir, found, 4).read_text(encoding="utf-8"), "html.parser")
    assert "SIMULATED" in page.h1.text and "Nobody has looked" in page.select_one(".notice").text
    captions = page.select("figcaption")
    assert len(captions) > 5 and all(". Simulated." in caption.text for caption in captions)
    assert "People" not in page.text and page.select_one("#tab-opinion_raters")
    slide = (run_dir / SIMULATED / SLIDE).read_text(encoding="utf-8")
    assert "Simulated: nobody" in slide and "People" not in slide
    assert not re.search(r'(src|href)="(?!data:)', slide) and len(slide) < 1e6
    assert read_results(run_dir) is None and people_chapter(None, 4, Images()) == ""


@pytest.mark.slow
def test_page_of_earlier_images_or_with_a_broken_key_is_not_offered(tmp_path):
    run_dir = answered(tmp_path)
    (run_dir / "evaluation/manifest.json").write_text(json.dumps({"fingerprint": "1" * 64}))
    assert page_to_offer(run_dir) is None and "earlier computation" in chapter(run_dir).text
    (run_dir / KEY).write_text("{")
    assert page_to_offer(run_dir) is None and chapter(run_dir).select("figure")
