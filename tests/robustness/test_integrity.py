"""No file of a run that was changed, truncated or deleted is skipped over, copied, reported or archived.

On throw-away projects, whose notebooks are executed in this process; ``tests/pipeline/test_demo.py`` does the same with
every file of a real run.
"""

import json
import os
import shutil
import zipfile

import pytest
from click.testing import CliRunner

from srgan_lib.files import Snapshot, read_json, sha256_file, write_json
from srgan_lib.layout import STAGES, LayoutError
from srgan_lib.log import listening
from srgan_report.cli import main
from srgan_report.pipeline.assemble import ARCHIVE, REPORT, assemble, assemble_again
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.manifests import CACHE, OutputsChanged, read_manifest, write_manifest
from srgan_report.pipeline.planning import plan_run
from srgan_report.pipeline.stages import open_stage
from srgan_report.pipeline.verify import NotReproducible, verify_run
from tests.project import execute_here, make_project, set_body, tiny_run

from .changes import KINDS, assert_noticed, damaged, files_of

WRITE = '(stage.directory / "{}").write_text("{}")'
BODIES = {
    "srcnn": "\n".join(WRITE.format(name, name * 9) for name in ("srcnn.safetensors", "loss_curve.csv")),
    "adversarial": WRITE.format("generator.safetensors", "weights"),
    "evaluation": "\n".join(WRITE.format(name, name) for name in ("metrics.csv", "metrics_summary.csv", "metrics.txt")),
}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Kernels take seconds to start, and these notebooks are not worth a report."""
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.setattr("srgan_report.report.build.build_report", report_of_bytes)


def report_of_bytes(run_dir, whole_images):
    for name in REPORT:
        (run_dir / name).write_bytes(b"report of " + (run_dir / "metrics.csv").read_bytes())


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The folder of a project with a finished run, which tests copy before they change it."""
    root = make_project(tmp_path_factory.mktemp("project"), BODIES)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("papermill.execute_notebook", execute_here)
        patched.setattr("srgan_report.report.build.build_report", report_of_bytes)
        patched.chdir(root)
        run = tiny_run(root)
        execute(plan_run(run), run)
        assert assemble(run)
    return root


@pytest.fixture
def run(computed, tmp_path, monkeypatch):
    root = tmp_path / "project"
    shutil.copytree(computed, root)
    monkeypatch.chdir(root)
    return tiny_run(root)


def hashes(run):
    """What must come out the same: executed notebooks and manifests hold times."""
    return {
        name: sha256_file(run.directory / name)
        for name in files_of(run.directory)
        if not name.endswith((".ipynb", "manifest.json", ARCHIVE))
    }


def actions(run, **how):
    return [plan.action for plan in plan_run(run, **how)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_that_is_damaged_is_noticed_and_named(run, kind, monkeypatch):
    snapshot = Snapshot()
    names = files_of(run.directory)
    assert len(names) > 20
    for name in names:
        with damaged(run.directory, name, kind):
            assert_noticed(run, name, snapshot, monkeypatch)
    assert actions(run) == ["skip"] * 5 and not assemble(run)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_damaged_file_of_every_stage_comes_out_the_same_again(run, stage, kind):
    before = hashes(run)
    KINDS[kind](run.directory / next(name for name in before if name.startswith(f"{stage}/")))
    plans = plan_run(run)
    assert [plan.stage.name for plan in plans if plan.action != "skip"] == [stage]
    execute(plans, run)
    assemble(run)
    assert hashes(run) == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("data/split.csv", "flipped"),
        ("srcnn/srcnn.safetensors", "truncated"),
        ("srcnn/loss_curve.csv", "deleted"),
        ("adversarial/04_adversarial.ipynb", "emptied"),
        ("evaluation/metrics.csv", "flipped"),
        ("warmup/manifest.json", "flipped"),
    ],
)
def test_what_is_damaged_is_computed_again_and_nothing_else(run, name, kind):
    before = hashes(run)
    KINDS[kind](run.directory / name)
    plans = plan_run(run)
    assert [plan.stage.name for plan in plans if plan.action != "skip"] == [name.partition("/")[0]]
    execute(plans, run)
    assemble(run)
    assert hashes(run) == before
    assert actions(run) == ["skip"] * 5 and not assemble(run)


@pytest.mark.parametrize("name", ["metrics.csv", "report.html", ARCHIVE, "srgan_final.safetensors", "manifest.json"])
def test_a_damaged_file_at_the_top_is_named_and_written_again(run, name):
    before = hashes(run)
    KINDS["truncated"](run.directory / name)
    said = []
    with listening(said.append):
        assert assemble(run)
    assert name in "".join(said)
    assert hashes(run) == before and zipfile.ZipFile(run.directory / ARCHIVE).testzip() is None


def test_a_damaged_network_is_not_published(run):
    KINDS["truncated"](run.directory / "adversarial" / "generator.safetensors")
    for publish in (lambda: assemble(run), lambda: assemble_again(run.directory)):
        with pytest.raises(OutputsChanged) as error:
            publish()
        assert error.value.files == ["adversarial/generator.safetensors"]


def test_a_damaged_stage_of_another_run_is_not_copied(run):
    other = tiny_run(run.root, "two")
    KINDS["flipped"](run.directory / "srcnn" / "srcnn.safetensors")
    said = []
    with listening(said.append):
        plans = plan_run(other)
    assert [plan.action for plan in plans] == ["reuse", "run", "reuse", "reuse", "reuse"]
    assert "srcnn.safetensors" in "".join(said)
    execute(plans, other)
    assert plan_run(run)[1].action == "reuse", "the other run has it as it was written"
    execute(plan_run(run), run)
    assert actions(run) == ["skip"] * 5


def test_a_stage_of_which_a_file_lies_elsewhere_intact_is_copied_from_there(run):
    other = tiny_run(run.root, "two")
    execute(plan_run(other), other)
    KINDS["emptied"](run.directory / "data" / "split.csv")
    plan = plan_run(run)[0]
    assert (plan.action, plan.source) == ("reuse", other.directory / "data")
    assert "split.csv is not as it was written" in plan.reason


def test_a_swapped_split_is_not_read_by_a_changed_evaluation(run):
    """Rows of the split are swapped, and one parameter of the evaluation is changed."""
    split = run.directory / "data" / "split.csv"
    good = split.read_text()
    split.write_text(good.replace("image,split", "split,image"))
    changed = tiny_run(run.root, evaluation={"grids": 1})
    assert actions(changed) == ["run", "skip", "skip", "skip", "run"]
    execute(plan_run(changed), changed)
    assert split.read_text() == good


def test_a_notebook_by_hand_reads_no_damaged_file(run):
    KINDS["flipped"](run.directory / "data" / "split.csv")
    with pytest.raises(OutputsChanged) as error:
        open_stage("srcnn", {**run.params.stage("srcnn"), "run_dir": str(run.directory)})
    assert error.value.files == ["split.csv"]
    KINDS["flipped"](run.directory / "data" / "manifest.json")
    with pytest.raises(LayoutError) as error:
        open_stage("srcnn", {**run.params.stage("srcnn"), "run_dir": str(run.directory)})
    assert error.value.path == run.directory / "data" / "manifest.json"


def test_a_damaged_curve_is_not_taken_over_by_a_changed_notebook(run):
    """Code of the notebook's figures changes; the training would be kept."""
    curve = run.directory / "srcnn" / "loss_curve.csv"
    good = curve.read_text()
    curve.write_text("better")
    body = BODIES["srcnn"].replace(
        '(stage.directory / "loss_curve.csv").write',
        'curve = stage.directory / "loss_curve.csv"\ncurve.exists() or curve.write',
    )
    set_body(run.root, "srcnn", body)
    said = []
    with listening(said.append):
        execute(plan_run(run, until="srcnn"), run)
    assert curve.read_text() == good
    assert "loss_curve.csv is not as it was written" in "".join(said)


def test_what_a_training_writes_again_on_its_way_is_resumed_from_the_last_checkpoint(run):
    folder = run.directory / "srcnn"
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "step_00000002.safetensors").write_text("state")
    KINDS["flipped"](folder / "loss_curve.csv")
    execute(plan_run(run, until="srcnn"), run)
    assert (folder / "checkpoints").exists()

    montage = folder / "montage" / "hr.png"
    montage.parent.mkdir()
    montage.write_text("patch")
    manifest = read_manifest(folder)
    write_manifest(folder, {**manifest, "outputs": {**manifest["outputs"], "montage/hr.png": sha256_file(montage)}})
    KINDS["flipped"](montage)
    execute(plan_run(run, until="srcnn"), run)
    assert not (folder / "checkpoints").exists(), "it would not be written again"


def test_a_change_whose_times_were_put_back_is_found_on_request(run):
    """Where the file system keeps no time of the inode, size and time are the same."""
    metrics = run.directory / "evaluation" / "metrics.csv"
    status = metrics.stat()
    KINDS["flipped"](metrics)
    os.utime(metrics, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert plan_run(run)[4].action == "run", "the time of the inode tells"
    known = read_json(run.directory / "evaluation" / CACHE)
    known["metrics.csv"][2] = metrics.stat().st_ctime_ns
    write_json(run.directory / "evaluation" / CACHE, known)
    assert actions(run) == ["skip"] * 5
    assert plan_run(run, check=True)[4].reason == "metrics.csv is not as it was written"
    with pytest.raises(OutputsChanged):
        assemble_again(run.directory)
    before = metrics.read_bytes()
    execute(plan_run(run, check=True), run)
    assert metrics.read_bytes() != before
    assert actions(run, check=True) == ["skip"] * 5


@pytest.mark.parametrize("content", [b"[1, 2", b"null", b'{"a": [{}]}', b"\xff\xfe\x00"])
def test_a_broken_cache_of_hashes_is_no_more_than_forgotten(run, content):
    for stage in ("data", "evaluation"):
        (run.directory / stage / CACHE).write_bytes(content)
    assert actions(run) == ["skip"] * 5
    execute(plan_run(run), run)
    assert "metrics.csv" in read_json(run.directory / "evaluation" / CACHE)


@pytest.mark.parametrize(
    "content",
    [b"[1]", b"{}", b"null", b'{"seal": 1}', b'{"seal": ""}', bytes(range(256)), b"[" * 100_000, b""],
    ids=repr,
)
def test_a_broken_manifest_counts_as_not_there_and_stops_no_other_run(run, content, monkeypatch):
    broken = run.directory / "warmup" / "manifest.json"
    broken.write_bytes(content)
    said = []
    with listening(said.append):
        assert actions(run) == ["skip", "skip", "run", "skip", "skip"]
        assert actions(tiny_run(run.root, "two")) == ["reuse", "reuse", "run", "reuse", "reuse"]
    assert str(broken) in "".join(said)


def test_a_manifest_that_is_a_folder_counts_as_broken(run):
    manifest = run.directory / "warmup" / "manifest.json"
    manifest.unlink()
    manifest.mkdir()
    assert actions(run) == ["skip", "skip", "run", "skip", "skip"]


def test_verify_names_every_file_before_it_computes_anything(run, monkeypatch):
    KINDS["flipped"](run.directory / "srcnn" / "srcnn.safetensors")
    KINDS["deleted"](run.directory / "evaluation" / "metrics.csv")
    KINDS["emptied"](run.directory / "report.html")
    (run.directory / "data" / "extra.csv").write_text("")
    monkeypatch.setattr("srgan_report.pipeline.verify.execute", lambda *_: pytest.fail("it computes"))
    with pytest.raises(OutputsChanged) as error:
        verify_run(run, lambda event, details: None)
    assert error.value.files == ["data/extra.csv", "srcnn/srcnn.safetensors", "evaluation/metrics.csv", "report.html"]
    for line in ("extra: data/extra.csv", "changed: srcnn/srcnn.safetensors", "missing: evaluation/metrics.csv"):
        assert line in str(error.value).splitlines()


def test_verify_names_every_file_that_comes_out_different(run):
    assert verify_run(run, lambda event, details: None) == 9
    body = 'from pathlib import Path\nimport os\nvalue = os.environ.get("SRGAN_TEST_VALUE", "1")\n'
    body += "\n".join(f'(stage.directory / "{name}.csv").write_text(value)' for name in ("a", "b"))
    set_body(run.root, "warmup", body)
    execute(plan_run(run), run)
    assemble(run)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SRGAN_TEST_VALUE", "2")
        with pytest.raises(NotReproducible) as error:
            verify_run(run, lambda event, details: None)
    assert error.value.files == ["warmup/a.csv", "warmup/b.csv"]


def test_files_of_the_user_s_stay_and_are_not_archived(run):
    mine = run.directory / "evaluation" / "notes.txt"
    mine.write_text("mine")
    said = []
    with listening(said.append):
        assert actions(run) == ["skip"] * 5
    assert "notes.txt" in "".join(said)
    assemble_again(run.directory)
    assert mine.exists()
    assert not any("notes" in name for name in zipfile.ZipFile(run.directory / ARCHIVE).namelist())


def test_an_edited_output_of_an_executed_notebook_is_noticed(run):
    path = run.directory / "evaluation" / "05_evaluation.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "31.9 dB"}]
    path.write_text(json.dumps(notebook))
    plan = plan_run(run)[4]
    assert (plan.action, plan.reason) == ("run", "05_evaluation.ipynb is not as it was written")


def test_new_prose_is_no_damage(run):
    set_body(run.root, "warmup", '(stage.directory / "result.csv").write_text("warmup\\n")', prose="New prose.")
    plans = plan_run(run)
    assert [plan.action for plan in plans] == ["skip"] * 5
    execute(plans, run)
    assert actions(run) == ["skip"] * 5
    assert "New prose." in run.executed_notebook("warmup").read_text()


def test_the_commands_name_what_they_find(run):
    """``srgan report`` and ``srgan verify`` end with exit code 1, each file in a line."""
    KINDS["flipped"](run.directory / "evaluation" / "metrics.csv")
    for command in ("report", "verify"):
        done = CliRunner().invoke(main, [command, str(run.directory)])
        assert done.exit_code == 1, done.output
        assert "changed: evaluation/metrics.csv" in done.output and "Traceback" not in done.output
