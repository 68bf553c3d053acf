"""A link and a code for each rater: written, refused where they are none, and one code counts once."""

import json

import pytest

from srgan_lib.csv_files import read_csv
from srgan_report.opinion.answers import Answer, new_answers, pool
from srgan_report.opinion.make import LINKS, read_codes, write_links
from srgan_report.opinion.results import collect_answers
from srgan_report.opinion.study import OpinionError, plan
from tests.opinion_example import make_example, make_light_run


@pytest.fixture
def copied(tmp_path):
    """A run with a study."""
    run_dir = make_light_run(tmp_path / "demo")
    return run_dir, make_example(run_dir)


def write(file, study, vote, count=None, session="ab" * 8):
    """Write the answers of the rater with the code anna."""
    answers = [Answer(shown=list(trial), vote=vote, ms=1900) for trial in plan(study, 4)[:count]]
    answers[0] = answers[0].model_copy(update={"vote": 3})
    file.write_text(new_answers(study.id, 4, session, answers, code="anna").text())
    return file


@pytest.mark.parametrize("votes", [(5, None), (None, 5), (None, None)])
def test_a_code_is_one_rater(copied, tmp_path, votes):
    """Of two files with one code the one with more votes counts, of equal ones the one that was collected first."""
    run_dir, study = copied
    first = write(tmp_path / "first.json", study, 2, votes[0], "ff" * 8)
    second = write(tmp_path / "second.json", study, 4, votes[1], "00" * 8)
    collect_answers(run_dir, [first])
    for _ in range(2):  # again changes nothing
        pooled, found = collect_answers(run_dir, [second])
        assert list(pooled.kept) == ["anna"] and list(found.raters.rater) == ["anna"]
        assert pooled.kept["anna"].answers[1].vote == (4 if votes[0] else 2) and len(pooled.left_out) == 1


def test_a_code_that_is_changed_is_seen(copied, tmp_path):
    study = copied[1]
    content = json.loads(write(tmp_path / "anna.json", study, 2).read_text()) | {"code": "bob"}
    (tmp_path / "bob.json").write_text(json.dumps(content))
    assert pool([tmp_path / "bob.json"], study).left_out[0][0] == "bob.json"


def test_each_rater_has_a_link(copied):
    run_dir, study = copied
    first = write_links(run_dir, study, []).read_bytes()
    assert write_links(run_dir, study, []).read_bytes() == first
    codes = [f"-a{number:03}" for number in range(12)]
    rows = read_csv(write_links(run_dir, study, codes))
    assert list(rows.rater) == codes and rows.link[6] == "opinion.html#rater=-a006&number=7"
    assert "'-a000" in (run_dir / LINKS).read_text()


@pytest.mark.parametrize("text", ["", "anna\nanna", "anna\nZoë", "=1+1", "a b", "a" * 41, "a/b", "<b>", b"\xff\xfe"])
def test_what_is_no_list_of_codes_is_refused(tmp_path, text):
    path = tmp_path / "codes.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(OpinionError) as caught:
        read_codes(path)
    assert caught.value.path == path
