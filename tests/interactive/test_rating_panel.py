"""A study rated in a notebook: the widgets' callbacks are called, and the file that results is collected."""

import base64
import io
import itertools
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.interactive import rating_panel
from srgan_report.interactive.rating_panel import RatingPanel, rate_blind
from srgan_report.opinion.answers import read_answers
from srgan_report.opinion.results import collect_answers
from srgan_report.opinion.stimuli import find_images
from srgan_report.opinion.study import KEY, PAGE, OpinionError, plan
from tests.opinion_example import make_example, make_light_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run_dir = make_light_run(tmp_path_factory.mktemp("notebook") / "demo")
    return run_dir, {kind: make_copy(run_dir, kind) for kind in ("rating", "pairs")}


def make_copy(run_dir, kind):
    copied = shutil.copytree(run_dir, run_dir.with_name(kind))
    return copied, make_example(copied, kind=kind, question="original", images=2)


@pytest.fixture
def study(made, tmp_path, monkeypatch):
    """Copies a study's folder, and lets every click count, two seconds after the last."""
    monkeypatch.setattr(rating_panel, "BLANK", 0)
    monkeypatch.setattr(rating_panel, "monotonic", itertools.count(0, 2).__next__)  # who clicks at once does not count

    def study(kind="rating"):
        run_dir, design = made[1][kind]
        return shutil.copytree(run_dir, tmp_path / kind), design

    return study


def buttons(panel):
    children = [c for child in panel.children for c in (getattr(child, "children", None) or [child])]
    return {child.description: child for child in children if hasattr(child, "click")}


def begin(panel, number):
    panel.children[2].value = number
    buttons(panel)["begin"].click()


def pictures(panel):
    found = re.findall(r'alt="([^"]*)" src="data:image/webp;base64,([^"]*)"', panel.children[1].value)
    return {name: np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for name, data in found}


@pytest.mark.parametrize("kind", ["rating", pytest.param("pairs", marks=pytest.mark.slow)])
def test_rating_in_a_notebook_gives_the_file_of_the_page(study, kind):
    run_dir, design = study(kind)
    panel, images, key = rate_blind(run_dir, Shared(), Opinion()), find_images([run_dir], 4), design.key()
    begin(panel, 3)
    votes = list(buttons(panel).values())[:-1]
    for number, trial in enumerate(plan(design, 3)):
        shown = pictures(panel)
        names = ["picture"] if kind == "rating" else ["A", "B", "the original"]
        assert sorted(shown) == sorted(names) and "srgan" not in panel.children[1].value
        for name, code in zip(names, trial, strict=True):
            image, method = key[code]
            np.testing.assert_array_equal(shown[name], images.crop(design.images[image], method, 64))
        votes[number % len(votes)].click()
    answers = read_answers(panel.file, design)
    assert [one.vote for one in answers.answers] == [1 + n % len(votes) for n in range(len(plan(design, 3)))]
    other = shutil.copytree(run_dir, run_dir.with_name("other"))
    buttons(panel)["count them"].click()
    assert "1 person" in panel.children[-1].value and "<img" in panel.children[-1].value
    collect_answers(other, [panel.file])
    for table in ("scores", "votes", "raters"):
        assert (run_dir / f"opinion/opinion_{table}.csv").read_bytes() == (
            other / f"opinion/opinion_{table}.csv"
        ).read_bytes()


def test_the_page_alone_is_enough_and_votes_are_never_lost(study, tmp_path):
    run_dir, design = study()
    page = shutil.copy(run_dir / PAGE, tmp_path)
    panel = RatingPanel(tmp_path / PAGE)
    begin(panel, 2)
    for vote in ("5 excellent", "1 bad", "4 good"):
        buttons(panel)[vote].click()
    buttons(panel)["back"].click()
    buttons(panel)["2 poor"].click()
    again = RatingPanel(tmp_path / PAGE)
    begin(again, 2)
    while "Thank you" not in again.children[0].value:
        buttons(again)["3 fair"].click()
    answers = read_answers(again.file, design)
    assert again.file == panel.file and [one.vote for one in answers.answers[:4]] == [5, 1, 2, 3]
    assert len(answers.answers) == len(plan(design, 2)) and not buttons(again)
    begin(panel := RatingPanel(tmp_path / PAGE), 2)
    buttons(panel)["1 bad"].click()
    assert panel.file != again.file and page  # whoever has the same number begins anew once it is finished


def test_a_double_click_is_one_vote(study, monkeypatch):
    panel = RatingPanel(study()[0] / PAGE)
    begin(panel, 1)
    monkeypatch.setattr(rating_panel, "BLANK", 3600)
    buttons(panel)["5 excellent"].click()
    assert panel.file is None and "1 of" in panel.children[0].value


def test_a_run_without_a_study_makes_one(made, tmp_path, monkeypatch):
    monkeypatch.setattr("srgan_report.opinion.stimuli.COMPARED", ("psnr_y",))
    monkeypatch.setattr("srgan_report.opinion.make.examples", lambda *_: [])
    run_dir = shutil.copytree(made[0], tmp_path / "new")
    box = rate_blind(run_dir, Shared(), Opinion(size=64))
    buttons(box)["Choose the images"].click()
    assert isinstance(box.children[0], RatingPanel) and (run_dir / KEY).exists()
    (run_dir / "evaluation/images/index.json").unlink()
    (run_dir / PAGE).unlink()
    box = rate_blind(run_dir, Shared(), Opinion(size=64))
    buttons(box)["Choose the images"].click()
    assert "no whole images" in box.children[1].value


@pytest.mark.parametrize("content", [None, "<html>", 'id="study">{"id": 3}</script>'])
def test_what_is_no_page_is_refused(tmp_path, content):
    if content:
        (tmp_path / PAGE).write_text(content)
    with pytest.raises(OpinionError) as caught:
        RatingPanel(tmp_path / PAGE)
    assert caught.value.path == tmp_path / PAGE
