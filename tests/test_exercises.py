"""The exercises: their commands can be run, the key has each of them, and its tables are what was measured."""

import json
import re
import shlex

import pandas as pd
import pytest
from click.testing import CliRunner

from scripts import exercises as script
from scripts.exercises import BASE, COLUMNS, PAGE, exercises, measure, read_table, record, with_tables
from srgan_lib.layout import COMPARISON, NOTEBOOKS, project_root
from srgan_report.cli import main
from srgan_report.params_file import read
from srgan_report.pipeline.manifests import read_manifest
from srgan_report.sweep.definition import read_sweep
from srgan_report.sweep.expansion import expand
from tests.project import execute_here, make_project

ROOT = project_root()
EVERY = exercises()
KEY = PAGE.read_text(encoding="utf-8")
# Figures that follow from the parameters.
BODIES = {
    "data": '(stage.directory / "split.csv").write_text("dataset,image,split\\n")\n'
    '(stage.directory / "spectra.csv").write_text("frequency,hr,bicubic\\n0.4,10,1\\n")',
    "srcnn": 'loss = stage.params.srcnn.learning_rate\n(stage.directory / "result.csv").write_text(f"{loss}\\n")',
    "evaluation": 'text = "dataset,method,metric,mean,difference\\nheldout,srgan,psnr_y,25.5,-1\\n"\n'
    'for name in ("metrics.csv", "metrics.txt", "metrics_summary.csv"):\n'
    "    (stage.directory / name).write_text(text)",
}


def srgan(command, *more):
    done = CliRunner().invoke(main, [*shlex.split(command)[1:], *map(str, more)])
    assert done.exit_code == 0, done.output


def test_each_notebook_has_three_and_the_key_has_the_same():
    assert [one.notebook for one in EVERY] == [name for name in NOTEBOOKS for _ in range(3)]
    assert len({one.folder for one in EVERY}) == len(EVERY)
    assert re.findall(r"^### (\w+): (.+)$", KEY, re.M) == [(one.name, one.question) for one in EVERY]


def commands():
    """What the notebooks and the key say to type; in the key commands stand between backticks."""
    return list(dict.fromkeys([BASE.command, *(one.command for one in EVERY), *re.findall(r"`(srgan [^`]+)`", KEY)]))


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one_whose_parameters_exist(command):
    _, verb, *words = shlex.split(command)
    asked = main.commands[verb].make_context(verb, words).params
    file, changes = ROOT / asked[f"{'params' if verb == 'run' else verb}_file"], asked["overrides"]
    if verb == "sweep":
        factors, runs = expand(read_sweep(file, changes))
        assert len(runs) > len(factors)
    else:
        assert bool(changes) == (read(file, changes) != read(file))


def test_the_key_has_the_tables_of_what_was_measured():
    measured = read_table()
    assert with_tables(KEY, measured) == KEY
    assert set(measured.exercise) <= {"demo", *(one.name for one in EVERY)}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A throw-away project that the exercises' commands run in, and that the script measures."""
    make_project(tmp_path, BODIES)
    (tmp_path / "params/demo.yaml").write_text((ROOT / "params/demo.yaml").read_text())
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "exercises", lambda: EVERY)
    monkeypatch.setattr(script, "read_manifest", lambda at: (known := read_manifest(at)) and {**known, "seconds": 60})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.setattr("srgan_report.pipeline.assemble.assemble", lambda *_args, **_how: True)
    return tmp_path


def test_what_a_run_measured_is_recorded_and_the_rest_is_missing(project):
    srgan(BASE.command)
    plain, fast = (next(one for one in EVERY if one.name == name) for name in ("plain", "fast"))
    srgan(fast.command)
    first = measure(fast.folder)
    assert first["data/lacking_power"] == pytest.approx(10) and first["score/srgan/psnr_y"] == 25.5
    assert (first["minutes"], measure(BASE.folder)["minutes"]) == (2, 5), "of the stages that the demo lacks"
    assert measure(plain.folder) == {}

    measured = record(fast, record(fast, read_table().iloc[:0]))
    assert list(measured.exercise.unique()) == ["fast"] and not measured.measure.duplicated().any()
    page = with_tables(KEY, measured)
    [row] = re.findall(r"^\| fast \|.*$", page, re.M)
    assert "–" not in row and not re.search(r"^\| plain ", page, re.M), "nothing that was not measured is shown"

    (fast.folder / "warmup/manifest.json").unlink()
    left = measure(fast.folder)
    assert "data/lacking_power" in left and not {"minutes", "score/srgan/psnr_y"} & left.keys(), "the rest is not whole"
    srgan(f"{BASE.command} --run fast -p shared.seed=1 --from data")
    assert measure(fast.folder).keys() == first.keys(), "and continues"


def test_stages_left_from_an_earlier_run_are_not_measured(project):
    srgan(BASE.command)
    content = json.loads((BASE.folder / "data/manifest.json").read_text())
    other = project / "results/other"
    srgan(f"{BASE.command} --run other -p shared.seed=1")
    (other / "data/manifest.json").write_text(json.dumps(content))
    assert not [key for key in measure(other) if key.startswith(("srcnn", "score"))]


def test_a_sweep_says_how_many_runs_and_which_is_first(tmp_path):
    rows = [("a", "heldout", 1.0), ("a", "heldout", 3.0), ("b", "heldout", 5.0), ("a", "validation", 9.0)]
    table = pd.DataFrame(rows, columns=["setting", "dataset", "psnr_y"]).assign(run="one", state="finished", cause="")
    table.to_csv(tmp_path / "runs.csv", index=False)
    runs = {name: {"state": state} for name, state in (("one", "finished"), ("two", "failed"))}
    (tmp_path / "sweep.json").write_text(json.dumps({"runs": runs}))
    assert measure(tmp_path) == {"runs": 1.0}, "before it was compared"
    (tmp_path / COMPARISON.name).mkdir()
    (tmp_path / COMPARISON.name / "summary.json").write_text(json.dumps({"winner": {"setting": "a"}}))
    assert measure(tmp_path) == {"runs": 1.0, "winner": "a", "seeds/psnr_y": pytest.approx(2**0.5)}
    assert set(COLUMNS[COMPARISON.name].values()) == measure(tmp_path).keys()


@pytest.mark.slow
def test_all_exercises_run_in_a_throw_away_project(project):
    runs = [one for one in EVERY if one.notebook != COMPARISON.name]
    measured = pd.DataFrame(columns=read_table().columns)
    for one in (BASE, *runs):
        srgan(one.command)
        measured = record(one, measured)
    assert set(measured.exercise) == {"demo", *(one.name for one in runs)}
