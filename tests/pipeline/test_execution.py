"""Planning and execution on throw-away projects: order, skipping, reuse, failures and interruption."""

import json
import signal
import subprocess
import sys
import textwrap
import time

import nbformat
import numpy as np
import pytest

from srgan_lib.data.images import write_image
from srgan_lib.data.sources import DatasetError
from srgan_lib.evaluation.methods import FolderError
from srgan_lib.files import write_atomic
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.fetching import InputMissing
from srgan_report.pipeline.notebook_execution import StageFailed
from srgan_report.pipeline.planning import plan_run
from tests.project import BODIES, make_project, set_body, tiny_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project with one finished run, shared by the tests that do not change it."""
    root = make_project(tmp_path_factory.mktemp("project"))
    run = tiny_run(root)
    events = []
    execute(plan_run(run), run, lambda event, details: events.append((event, details["stage"].name)))
    return run, events


def actions(plans):
    return {plan.stage.name: plan.action for plan in plans}


def test_stages_run_in_order_and_leave_notebook_manifest_and_results(finished):
    run, events = finished
    assert [stage for event, stage in events if event == "started"] == [
        "data",
        "srcnn",
        "warmup",
        "adversarial",
        "evaluation",
    ]
    for stage, notebook, files in (
        ("data", "01_data_exploration", {"result.csv", "split.csv"}),
        ("evaluation", "05_evaluation", {"result.csv"}),
    ):
        assert (run.directory / stage / f"{notebook}.ipynb").exists()
        manifest = json.loads((run.directory / stage / "manifest.json").read_text())
        assert manifest["outputs"].keys() == files | {f"{notebook}.ipynb"}


def test_repeated_trainings_share_the_split_and_are_judged_with_the_run_s_own(tmp_path):
    root = make_project(tmp_path, {"evaluation": BODIES["evaluation"] + "\nassert len(stage.repeats) == 2"})
    run = tiny_run(root)
    alone = tiny_run(root, evaluation={"repeats": 3})
    execute(plan_run(run, until="adversarial"), run)
    plans = plan_run(alone)
    own = [plan for plan in plans if plan.run is alone]
    assert [plan.action for plan in own] == ["skip"] * 4 + ["run"], "the run's own networks are not trained again"
    repeats = {plan.run.directory.name for plan in plans if plan.run is not alone}
    assert repeats == {"seed-1", "seed-2"} and len(plans) == 5 + 2 * 4
    for plan in plans:
        assert plan.run.params.shared.data_seed == 0
    execute(plans, alone)
    again = plan_run(alone)
    assert {plan.action for plan in again} == {"skip"}
    upstream = again[-1].components.upstream
    assert {"warmup, seed 1", "adversarial, seed 2"} <= upstream.keys()
    (alone.directory / "repeats" / "seed-2" / "warmup" / "result.csv").write_text("changed")
    broken = {plan.title: plan.action for plan in plan_run(alone)}
    assert broken["03_warmup, seed 2"] == "run" and broken["03_warmup"] == "skip"


def test_nothing_changed_skips_everything_and_says_why(finished):
    run, _ = finished
    plans = plan_run(run)
    assert set(actions(plans).values()) == {"skip"}
    assert all("nothing it depends on has changed since" in plan.reason for plan in plans)


def test_another_run_reuses_what_is_the_same(finished):
    run, _ = finished
    other = tiny_run(run.root, "two", adversarial={"steps": 5})
    plans = plan_run(other)
    assert actions(plans) == {
        "data": "reuse",
        "srcnn": "reuse",
        "warmup": "reuse",
        "adversarial": "run",
        "evaluation": "run",
    }
    assert "'one' has computed it" in plans[0].reason
    execute(plans[:1], other)
    assert (other.directory / "data" / "result.csv").read_text() == "data\n"
    assert actions(plan_run(other))["data"] == "skip"


def test_from_and_no_reuse(finished):
    run, _ = finished
    assert actions(plan_run(run, from_stage="adversarial")) == {
        "data": "skip",
        "srcnn": "skip",
        "warmup": "skip",
        "adversarial": "run",
        "evaluation": "run",
    }
    assert set(actions(plan_run(run, reuse=False)).values()) == {"run"}


@pytest.mark.slow
def test_what_is_asked_for_afresh_uses_nothing_that_is_there(tmp_path):
    root = make_project(tmp_path)
    run = tiny_run(root)
    execute(plan_run(run, until="data"), run)
    (run.directory / "data" / "checkpoints").mkdir()
    execute(plan_run(run, until="data", reuse=False), run)
    assert (run.directory / "data" / "result.csv").exists()
    assert not (run.directory / "data" / "checkpoints").exists()


@pytest.mark.slow
def test_a_stage_keeps_no_files_of_other_parameters_but_what_its_training_can_use(tmp_path):
    network = '\n(stage.directory / "srcnn.safetensors").write_text("weights")'
    root = make_project(tmp_path, {"srcnn": BODIES["srcnn"] + network})
    run = tiny_run(root)
    execute(plan_run(run, until="srcnn"), run)
    for stage, name in (
        ("data", "old.csv"),
        ("srcnn", "old.csv"),
        ("srcnn", "networks/another's.safetensors"),
        ("srcnn", "checkpoints/a"),
    ):
        write_atomic(run.directory / stage / name, "")
    other = tiny_run(root, shared={"seed": 1})
    execute(plan_run(other, until="srcnn"), other)
    assert {path.name for path in (run.directory / "data").glob("*.csv")} == {"result.csv", "split.csv"}
    files = {path.name for path in (run.directory / "srcnn").rglob("*") if path.is_file()}
    assert files == {".hashes.json", "02_srcnn_baseline.ipynb", "manifest.json", "result.csv", "srcnn.safetensors"}


@pytest.mark.slow
def test_an_unfinished_training_keeps_its_checkpoints(tmp_path):
    root = make_project(tmp_path, {"srcnn": 'raise ValueError("no such thing")'})
    run = tiny_run(root)
    with pytest.raises(StageFailed):
        execute(plan_run(run, until="srcnn"), run)
    write_atomic(run.directory / "srcnn" / "checkpoints" / "a", "")
    set_body(root, "srcnn", BODIES["srcnn"])
    execute(plan_run(run, until="srcnn"), run)
    assert (run.directory / "srcnn" / "checkpoints" / "a").exists()
    assert not list((run.directory / "srcnn").glob("*.failed.ipynb"))


def test_a_lost_result_file_is_computed_again(finished):
    run, _ = finished
    result = run.directory / "srcnn" / "result.csv"
    content = result.read_text()
    result.unlink()
    plan = plan_run(run)[1]
    result.write_text(content)
    assert (plan.action, plan.reason) == ("run", "result.csv is missing")


def test_new_prose_reaches_a_skipped_notebook(finished):
    run, _ = finished
    set_body(run.root, "data", BODIES["data"], prose="A new sentence.")
    plans = plan_run(run)
    assert actions(plans)["data"] == "skip"
    execute(plans[:1], run)
    executed = nbformat.read(run.directory / "data" / "01_data_exploration.ipynb", as_version=4)
    assert executed.cells[0].source == "A new sentence."
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in executed.cells)
    assert executed.cells[-1].outputs, "outputs stay"


def test_a_cell_that_raises_stops_the_run_and_keeps_what_is_done(tmp_path):
    root = make_project(tmp_path, {"srcnn": 'raise ValueError("no such thing")'})
    run = tiny_run(root)
    with pytest.raises(StageFailed) as error:
        execute(plan_run(run), run)
    failure = error.value
    assert failure.path == run.directory / "srcnn" / "02_srcnn_baseline.failed.ipynb"
    assert "02_srcnn_baseline, cell In [4]: ValueError: no such thing\n" in str(failure)
    assert "continues at this stage" in str(failure)
    assert "no such thing" in (run.directory / "srcnn" / "02_srcnn_baseline.failed.ipynb").read_text()
    set_body(root, "srcnn", '(stage.directory / "result.csv").write_text("mended")')
    assert list(actions(plan_run(run)).values()) == ["skip", "run", "run", "run", "run"]


@pytest.mark.slow
def test_a_fault_of_the_program_shows_its_traceback_and_an_error_meant_for_people_does_not(tmp_path, monkeypatch):
    planted = 'def loss():\n    raise ValueError("planted")\n\nloss()'
    refused = 'from srgan_lib.data.images import read_image\nfrom pathlib import Path\nread_image(Path("gone.png"))'

    def notes(body):
        run = tiny_run(make_project(tmp_path, {"data": body}))
        with pytest.raises(StageFailed) as error:
            execute(plan_run(run), run)
        return "\n".join(getattr(error.value, "__notes__", ()))

    assert "in loss()" in notes(planted)
    assert notes(refused) == ""
    monkeypatch.setenv("SRGAN_DEBUG", "1")
    assert "in read_image" in notes(refused)


@pytest.mark.slow
def test_a_kernel_that_dies_is_reported(tmp_path):
    root = make_project(tmp_path, {"data": "import os; os._exit(9)"})
    run = tiny_run(root)
    with pytest.raises(StageFailed, match=r"01_data_exploration: its process died.*lack of memory") as error:
        execute(plan_run(run), run)
    assert not hasattr(error.value, "__notes__")


def test_a_kernel_that_cannot_start_is_reported_with_why(tmp_path, capfd):
    root = make_project(tmp_path)
    (root / "ipykernel_launcher.py").write_text("import a_package_that_is_not_there")
    run = tiny_run(root)
    with pytest.raises(StageFailed) as error:
        execute(plan_run(run), run)
    assert "No module named 'a_package_that_is_not_there'" in "".join(error.value.__notes__)
    assert not capfd.readouterr().err, "the process itself writes nothing on the terminal"


def test_an_unknown_name_injected_by_papermill_is_an_error(tmp_path):
    import papermill
    from papermill.exceptions import PapermillExecutionError

    root = make_project(tmp_path)
    with pytest.raises(PapermillExecutionError, match=r"sample_pears.*did you mean 'sample_pairs'"):
        papermill.execute_notebook(
            str(root / "notebooks/01_data_exploration.ipynb"),
            str(tmp_path / "out.ipynb"),
            cwd=str(root),
            parameters={"sample_pears": 3},
            progress_bar=False,
            kernel_name="python3",
        )


@pytest.mark.slow
def test_two_processes_do_not_compute_the_same_stage_twice(tmp_path):
    root = make_project(
        tmp_path, {"data": 'import time; time.sleep(2)\n(stage.directory / "result.csv").write_text("x")'}
    )
    code = textwrap.dedent("""
        import sys; from pathlib import Path
        from tests.project import tiny_run
        from srgan_report.pipeline.execution import execute
        from srgan_report.pipeline.planning import plan_run
        run = tiny_run(Path(sys.argv[1]), sys.argv[2])
        execute(plan_run(run, until="data"), run,
                lambda event, facts: print(event, facts.get("action"), flush=True) if event == "finished" else None)
    """)
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(root), name], stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    assert sorted(p.communicate()[0].split()[-1] for p in both) == ["reuse", "run"]


def test_ctrl_c_reaches_the_notebook_and_loses_nothing(tmp_path):
    waiting = """
        import time
        (stage.directory / "started").write_text("")
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            (stage.directory / "saved").write_text("state")
            raise
    """
    root = make_project(tmp_path, {"data": textwrap.dedent(waiting)})
    code = textwrap.dedent("""
        import sys; from pathlib import Path
        from tests.project import tiny_run
        from srgan_report.pipeline.execution import execute
        from srgan_report.pipeline.planning import plan_run
        from srgan_lib.errors import Interrupted
        run = tiny_run(Path(sys.argv[1]))
        try:
            execute(plan_run(run), run)
        except Interrupted as error:
            print(error); sys.exit(130)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    started = root / "results" / "one" / "data" / "started"
    while not started.exists() and process.poll() is None:
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped in 01_data_exploration; the same command continues there" in output
    assert (started.parent / "saved").exists()


def test_progress_of_a_notebook_reaches_the_listener(tmp_path, monkeypatch):
    body = "import time\ntell = stage.progress('Counting')\nfor step in (1, 2):\n    tell(step, 2)\n    time.sleep(0.8)"
    root = make_project(tmp_path, {"data": body})
    run = tiny_run(root)
    seen = []
    execute(
        plan_run(run, until="data"),
        run,
        lambda event, facts: (
            seen.append((facts["label"], facts["step"], facts["total"])) if event == "progress" else None
        ),
    )
    assert ("Counting", 2, 2) in seen
    assert not (run.directory / "data" / "progress.json").exists()
    assert plan_run(run, until="data")[0].action == "skip"


SPLIT = """
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import make_split

shared = stage.params.shared
photos = find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder)
make_split(photos, shared).to_csv(stage.directory / "split.csv", index=False)
"""


def test_a_test_set_that_is_trained_on_or_missing_is_refused_before_training(tmp_path, monkeypatch):
    root = make_project(tmp_path / "project", {"data": SPLIT})
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (96, 96, 3), dtype=np.uint8) for _ in range(5)]
    for number, image in enumerate(images):
        write_image(tmp_path / "mine" / f"{number}.png", image)
        write_image(tmp_path / "sets" / "Judges" / f"copy_of_{number}.png", image)
    monkeypatch.setenv("SRGAN_DATA", str(tmp_path / "sets"))
    folder = {"dataset": "folder", "image_folder": str(tmp_path / "mine"), "test_images": 1, "validation_images": 1}
    run = tiny_run(root, shared=folder, evaluation={"test_sets": ["Others"]})
    with pytest.raises(InputMissing) as error:
        execute(plan_run(run), run)
    assert [one.name for one in error.value.missing] == ["Others"]
    assert not run.directory.exists(), "what is missing is known before anything is computed"
    run = tiny_run(root, shared=folder, evaluation={"test_sets": ["Judges"]})
    with pytest.raises(DatasetError, match=r"copy_of_. .*are the same image"):
        execute(plan_run(run), run)
    assert (run.directory / "data" / "manifest.json").exists() and not (run.directory / "srcnn").exists()
    (tmp_path / "theirs").mkdir()
    run = tiny_run(root, shared=folder, evaluation={"methods": {"Theirs": str(tmp_path / "theirs")}})
    with pytest.raises(FolderError, match="theirs: no file for"):
        execute(plan_run(run), run)
    assert not (run.directory / "srcnn").exists()


def test_a_folder_that_a_user_linked_elsewhere_is_unlinked_not_emptied(tmp_path):
    root = make_project(tmp_path / "project", {"data": '(stage.directory / "result.csv").write_text("x")'})
    run = tiny_run(root)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "mine").write_text("mine")
    (run.directory / "data").mkdir(parents=True)
    (run.directory / "data" / "figures").symlink_to(tmp_path / "scratch")
    execute(plan_run(run, until="data"), run)
    assert (tmp_path / "scratch" / "mine").exists() and not (run.directory / "data" / "figures").exists()
