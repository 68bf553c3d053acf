"""The design of a study, its page, and the answers that come back."""

import base64
import io
import json
import os
import re
import shutil
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.opinion.answers import Answer, new_answers, pool, read_answers
from srgan_report.opinion.make import make_study
from srgan_report.opinion.page import LARGEST
from srgan_report.opinion.results import collect_answers, simulate_answers
from srgan_report.opinion.simulation import Observers
from srgan_report.opinion.stimuli import find_images
from srgan_report.opinion.study import KEY, PAGE, SIMULATED, OpinionError, Study, plan, read_study
from tests.opinion_example import METHODS, make_example, make_light_run


def new_study(methods=5, images=6, **design):
    names = tuple(f"method{number}" for number in range(methods))
    chosen = tuple(("set", f"image{number}") for number in range(images))
    return Study(
        design=Opinion.model_validate(design),
        methods=names,
        images=chosen,
        fingerprint="fingerprint",
        salt="0123456789abcdef" * 2,
    )


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    run_dir = make_light_run(tmp_path_factory.mktemp("opinion") / "demo")
    return run_dir, make_example(run_dir)


@pytest.fixture
def copied(example, tmp_path):
    """The same run and study, to be changed."""
    return shutil.copytree(example[0], tmp_path / "demo", copy_function=os.link), example[1]


def send(folder, study, rater, vote=None, votes=None, session="ab" * 8, **changes):
    """Write the file of a rater who votes by the method's place, or as told."""
    key, place = study.key(), list(study.methods)
    vote = vote or (lambda image, method: 1 + min(4, place.index(method)))
    trials = plan(study, rater)[:votes]
    answers = [Answer(shown=list(trial), vote=vote(*key[trial[0]]), ms=1900) for trial in trials]
    file = folder / f"{rater}_{session}.json"
    content = {**new_answers(study.id, rater, session, answers).model_dump(), **changes}
    file.write_text(json.dumps(content))
    return file


def noisy(seed):
    """A careful rater with a hand that shakes."""
    rng = np.random.default_rng(seed)
    order = [*METHODS, "hr"]
    return lambda image, method: int(np.clip(round(1 + 0.8 * order.index(method) + rng.normal(0, 0.5)), 1, 5))


# The plan


def test_a_rater_sees_everything_once_and_some_of_it_twice():
    study = new_study(repeats=4)
    trials = plan(study, 3)
    assert len(trials) == 5 * 6 + 4 and set(trials) == {(code,) for code in study.key()}
    assert plan(study, 3) == trials != plan(study, 4)
    first = {trial: trials.index(trial) for trial in trials}
    again = [number for number, trial in enumerate(trials) if first[trial] != number]
    assert len(again) == 4 and min(again) >= 20


def test_an_image_does_not_follow_itself():
    study = new_study(images=8, repeats=0)
    images = [study.key()[trial[0]][0] for trial in plan(study, 1)]
    following = sum(one == two for one, two in pairwise(images))
    assert following <= 2


def test_raters_take_turns_when_there_is_too_much_for_one():
    study = new_study(methods=4, images=10, votes=8, repeats=0, raters=10)
    seen = np.zeros(10)
    for rater in range(1, 11):
        images = [study.key()[trial[0]][0] for trial in plan(study, rater)]
        assert len(images) == 8 and all(images.count(image) == 4 for image in set(images))
        seen[sorted(set(images))] += 1
    assert np.all(seen == 2)


def test_pairs_are_balanced_over_sides_and_raters():
    study = new_study(methods=4, images=5, kind="pairs", question="original", votes=10, repeats=0, raters=12)
    key = study.key()
    trials = [trial for rater in range(1, 13) for trial in plan(study, rater)]
    assert all(len(trial) == 3 and key[trial[2]][1] == "hr" for trial in trials)
    assert all(len({key[code][0] for code in trial}) == 1 for trial in trials)
    asked = [frozenset(trial[:2]) for trial in trials]
    assert len(set(asked)) == 30 and all(asked.count(pair) == 4 for pair in set(asked))
    left = sum(key[trial[0]][1] < key[trial[1]][1] for trial in trials) / len(trials)
    assert 0.35 < left < 0.65


# The study and its page


def test_methods_and_images_are_those_of_the_run(example):
    run_dir, study = example
    assert study.methods == (*METHODS, "hr") and len(study.images) == 3
    assert read_study(run_dir) == study


def test_page_shows_the_same_pixels_and_tells_no_method(example):
    run_dir, study = example
    page = (run_dir / PAGE).read_text(encoding="utf-8")
    content = json.loads(re.search(r'id="study">(.*?)</script>', page, re.DOTALL)[1])
    assert content["codes"] == sorted(study.key()) and len(content["plans"]) == 12
    assert not any(f'"{method}"' in page for method in ("bicubic", "srgan", "warmup", "srcnn"))
    assert study.salt not in page and len(page) < LARGEST
    images = find_images([run_dir], 4)
    for number, code in enumerate(content["codes"]):
        data = re.search(rf'id="image-{number}">(.*?)<', page)[1]
        image, method = study.key()[code]
        with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
            assert np.array_equal(np.asarray(shown), images.crop(study.images[image], method, 64))


def test_page_asks_nobody(example):
    page = (example[0] / PAGE).read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', page) and "default-src 'none'" in page


def test_making_it_again_keeps_the_codes_and_another_design_needs_force(copied):
    run_dir, study = copied
    assert make_example(run_dir) == study
    with pytest.raises(OpinionError) as caught:
        make_study([run_dir], Shared(), Opinion(raters=3, size=64))
    assert caught.value.path == run_dir / KEY


@pytest.mark.parametrize(
    "design",
    [
        {"methods": ["elsewhere"]},
        {"methods": ["srgan"]},
        {"kind": "pairs", "question": "original", "methods": ["srgan", "hr"]},
    ],
)
def test_methods_that_cannot_be_compared_are_refused(copied, design):
    with pytest.raises(OpinionError):
        make_example(copied[0], **design)


def test_two_runs_join_their_methods(example, tmp_path):
    first, second = (shutil.copytree(example[0], tmp_path / name) for name in ("one", "two"))
    for file in (second / "evaluation/images/srgan").rglob("*.png"):
        Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
    images = find_images([first, second], 4)
    assert images.methods == [*METHODS, "srgan@two", "hr"]


def test_a_run_without_whole_images_says_how_to_get_them(copied, tmp_path):
    run_dir, _ = copied
    (run_dir / "evaluation/images/index.json").unlink()
    with pytest.raises(OpinionError) as caught:
        find_images([run_dir], 4)
    assert caught.value.path == run_dir / "evaluation/images"


def test_an_edited_key_is_refused(copied, tmp_path):
    run_dir, _ = copied
    content = json.loads((run_dir / KEY).read_text())
    content["methods"][0], content["methods"][1] = content["methods"][1], content["methods"][0]
    (run_dir / KEY).unlink()  # it is linked to the example's
    (run_dir / KEY).write_text(json.dumps(content))
    with pytest.raises(OpinionError) as caught:
        read_study(run_dir)
    assert caught.value.path == run_dir / KEY


# Answers


def test_good_answers_are_read(example, tmp_path):
    _, study = example
    answers = read_answers(send(tmp_path, study, 2), study)
    assert answers.rater == 2 and len(answers.answers) == len(plan(study, 2))


@pytest.mark.parametrize("break_it", ["truncate", "text", "list", "vote", "votes", "rater", "order", "extra", "empty"])
def test_a_bad_file_is_left_out_and_the_others_stay(example, tmp_path, break_it):
    _, study = example
    good = send(tmp_path, study, 1)
    bad = send(tmp_path, study, 2, session="cd" * 8)
    content = json.loads(bad.read_text())
    if break_it == "truncate":
        bad.write_text(bad.read_text()[:-40])
    elif break_it == "text":
        bad.write_bytes(b"\xff\xfe hello")
    elif break_it == "list":
        bad.write_text("[1, 2]")
    elif break_it == "vote":
        content["answers"][3]["vote"] = 1 + content["answers"][3]["vote"] % 5  # the digest shows it
        bad.write_text(json.dumps(content))
    elif break_it == "votes":
        content["answers"][3]["vote"] = 9
        bad.write_text(json.dumps(content))
    elif break_it == "extra":
        bad.write_text(json.dumps({**content, "name": "Ada"}))
    else:
        answers = [Answer(**one) for one in content["answers"]]
        rater = 99 if break_it == "rater" else 2
        answers = {"order": answers[::-1], "empty": []}.get(break_it, answers)
        bad.write_text(new_answers(study.id, rater, "cd" * 8, answers).text())
    pooled = pool([bad, good], study)
    assert list(pooled.kept) == ["1"] and [name for name, _ in pooled.left_out] == [bad.name]


def test_answers_of_another_study_are_left_out(example, tmp_path):
    other = send(tmp_path, new_study(raters=12), 1)
    assert pool([other], example[1]).left_out[0][0] == other.name


def test_a_missing_file_is_named(example, tmp_path):
    assert pool([tmp_path / "lost.json"], example[1]).left_out[0][0] == "lost.json"


def test_what_is_sent_twice_counts_once_and_the_later_state_wins(example, tmp_path):
    _, study = example
    early = send(tmp_path, study, 1, votes=5)
    early = early.rename(tmp_path / "early.json")
    late = send(tmp_path, study, 1)
    for files in ([early, late], [late, early]):
        pooled = pool(files, study)
        assert [name for name, _ in pooled.left_out] == ["early.json"]
        assert len(pooled.kept["1"].answers) == len(plan(study, 1))


def test_two_raters_with_one_number_are_both_kept(example, tmp_path):
    _, study = example
    files = [send(tmp_path, study, 4, session=session) for session in ("ab" * 8, "cd" * 8)]
    pooled = pool(files, study)
    assert list(pooled.kept) == ["4a", "4b"] and len(pooled.notes) == 1


def test_an_unfinished_file_counts_as_far_as_it_goes(example, tmp_path):
    _, study = example
    pooled = pool([send(tmp_path, study, 1, votes=7)], study)
    assert len(pooled.kept["1"].answers) == 7 and len(pooled.notes) == 1


def test_simulated_answers_never_count_among_people(example, tmp_path):
    run_dir, study = example
    simulate_answers(run_dir, Observers(), seed=0)
    simulated = sorted((run_dir / SIMULATED / "answers").glob("*.json"))
    pooled = pool(simulated, study)
    assert not pooled.kept and len(pooled.left_out) == len(simulated) == 12


# Collecting


def test_scores_are_written_and_who_did_not_look_is_left_out(copied, tmp_path):
    run_dir, study = copied
    files = [send(tmp_path, study, rater, noisy(rater), session=f"{rater:016x}") for rater in range(1, 7)]
    files.append(send(tmp_path, study, 7, lambda image, method: 3, session="77" * 8))
    _, found = collect_answers(run_dir, files[:4])
    assert found.summary["raters"] == 4
    _, found = collect_answers(run_dir, files[4:])  # joins those that are there
    assert found.summary["raters"] == 6 and found.summary["raters_left_out"] == 1
    scores = found.scores.set_index("method")
    assert list(scores.mos.sort_values().index) == [*METHODS, "hr"]
    assert np.all(scores.kind_low <= scores.these_low) and np.all(scores.these_low <= scores.mos)
    assert found.raters.set_index("rater").left_out_because["7"]
    assert {path.name for path in (run_dir / "opinion").glob("opinion_*")} >= {
        "opinion_scores.csv",
        "opinion_summary.json",
    }
    assert set(found.metrics.metric) == {"psnr_y", "ssim_y"}
    assert found.summary["alpha"] > 0.5 and not found.summary["simulated"]


def test_nobody_answered(example):
    with pytest.raises(OpinionError):
        collect_answers(example[0], [])


def test_a_single_rater_has_scores_without_intervals(copied, tmp_path):
    run_dir, study = copied
    _, found = collect_answers(run_dir, [send(tmp_path, study, 1)])
    assert found.too_few and found.scores.mos.notna().all() and found.scores.these_low.isna().all()


def test_all_raters_the_same_vote_is_an_answer_and_no_crash(copied, tmp_path):
    run_dir, study = copied
    files = [send(tmp_path, study, r, lambda image, method: 3, session=f"{r:016x}") for r in range(1, 5)]
    with pytest.raises(OpinionError):  # everybody is screened, which is said
        collect_answers(run_dir, files)


@pytest.mark.parametrize("question", ["photograph", "original"])
def test_pairs_of_simulated_raters_find_the_order(copied, question):
    run_dir = copied[0]
    study = make_example(run_dir, replace=True, kind="pairs", question=question)
    _, found = simulate_answers(run_dir, Observers(), seed=1)
    assert found.summary["simulated"]
    order = found.scores.set_index("method").strength.sort_values().index
    assert list(order) == [method for method in study.methods]
    assert (run_dir / SIMULATED / "opinion_scores.csv").exists() and not (
        run_dir / "opinion/opinion_scores.csv"
    ).exists()
