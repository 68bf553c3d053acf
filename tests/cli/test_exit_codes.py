"""How a command ends: 0 done, 1 something failed while running, 2 wrong input, 130 interrupted; and what it shows."""

import pytest
from click.testing import CliRunner

from srgan_report.cli import main
from tests.project import make_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A throw-away project as the working folder, whose notebooks need no network and no torch."""
    root = make_project(tmp_path)
    (root / "params" / "demo.yaml").write_text(
        "shared: {threads: 1}\nwarmup: {content_weight: 0}\nadversarial: {content_weight: 0}\n"
        "evaluation: {lpips_nets: []}\n"
    )
    monkeypatch.chdir(root)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    monkeypatch.setenv("SRGAN_DEBUG", "")
    return root


def srgan(*words):
    return CliRunner().invoke(main, list(words))


def fail_with(monkeypatch, error):
    """Let ``srgan params`` raise an error."""

    def describe():
        raise error

    monkeypatch.setattr("srgan_report.params_file.describe", describe)


def test_done():
    assert srgan("params").exit_code == 0


def test_wrong_options_and_wrong_input(project):
    assert srgan("run", "--no-such-option").exit_code == 2
    refused = srgan("run", "-p", "warmup.stepz=3")
    assert refused.exit_code == 2 and refused.output.startswith("Error: ")


def test_debug_shows_where_an_error_of_the_user_was_found(project):
    plain, debugged = srgan("run", "nothing.yaml"), srgan("--debug", "run", "nothing.yaml")
    assert plain.exit_code == debugged.exit_code == 2
    assert "Traceback" not in plain.output
    assert "Traceback" in debugged.output and "load_yaml" in debugged.output


def test_a_planted_bug_in_a_notebook_shows_its_traceback(project):
    make_project(project, {"data": 'def loss():\n    raise ValueError("planted")\n\nloss()'})
    done = srgan("run")
    assert done.exit_code == 1
    assert "in loss()" in done.output and "Error: 01_data_exploration, cell In [4]: ValueError: planted" in done.output


def test_an_error_meant_for_people_in_a_notebook_shows_no_traceback(project):
    make_project(project, {"data": 'from srgan_lib.errors import SrganError\nraise SrganError("the sky is falling")'})
    done = srgan("run")
    assert done.exit_code == 1
    assert "Traceback" not in done.output and done.output.count("the sky is falling") == 1


def test_a_bug_of_the_command_keeps_its_traceback(monkeypatch):
    bug = ValueError("planted")
    fail_with(monkeypatch, bug)
    done = srgan("params")
    assert done.exit_code == 1 and done.exception is bug, "Python shows what nobody catches"


def test_a_file_that_is_not_there_by_a_bug_keeps_its_traceback(monkeypatch):
    bug = FileNotFoundError(2, "No such file or directory", "x")
    fail_with(monkeypatch, bug)
    assert srgan("params").exception is bug


def test_missing_permissions_are_a_sentence(monkeypatch):
    fail_with(monkeypatch, PermissionError(13, "Permission denied", "results/a.csv"))
    done = srgan("params")
    assert done.exit_code == 1
    assert done.output.startswith("Error: results/a.csv: permission denied") and done.output.count("\n") == 1


def test_ctrl_c(monkeypatch):
    fail_with(monkeypatch, KeyboardInterrupt())
    done = srgan("params")
    assert done.exit_code == 130 and done.output.startswith("Interrupted: ")
