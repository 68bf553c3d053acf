"""How a command ends: 0 done, 1 something failed while running, 2 wrong input, 130 interrupted; and what it shows."""

import os
import signal
import time

import pytest
from click.testing import CliRunner

from srgan_lib import errors
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


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "results/a.csv"), "results/a.csv: permission denied"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: no such file"),
        (NotADirectoryError(20, "Not a directory", "R/q/data"), "R/q/data: a part of this path is a file"),
        (MemoryError(), "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), "something that was read is nested too deeply"),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(error, words, monkeypatch):
    monkeypatch.setenv("SRGAN_DEBUG", "")
    fail_with(monkeypatch, error)
    done = srgan("params")
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {words}") and done.output.count("\n") == 1
    assert "in describe" in srgan("--debug", "params").output


@pytest.mark.parametrize("number", errors.STOPPING)
def test_signals_end_a_command_as_ctrl_c_does(number, monkeypatch):
    def describe():
        os.kill(os.getpid(), number)
        time.sleep(10)

    monkeypatch.setattr("srgan_report.params_file.describe", describe)
    before = {one: signal.getsignal(one) for one in errors.STOPPING}
    done = srgan("params")
    assert done.exit_code == 130 and done.output.startswith("Interrupted: what is finished is kept")
    assert {one: signal.getsignal(one) for one in errors.STOPPING} == before


def test_a_signal_that_is_ignored_stays_so(monkeypatch):
    def describe():
        os.kill(os.getpid(), signal.SIGHUP)
        return []

    monkeypatch.setattr("srgan_report.params_file.describe", describe)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert srgan("params").exit_code == 0, "nohup srgan …"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_umask_that_forbids_everything_is_refused():
    before = os.umask(0o777)
    try:
        done = srgan("params")
    finally:
        os.umask(before)
    assert done.exit_code == 2 and done.output == (
        "Error: the umask 0777 takes your own permissions from all that is written; set 'umask 022'\n"
    )


@pytest.mark.parametrize("words", [("params",), ("run", "日本.yaml"), ("upscale", "\udcff.png", "out.png")])
def test_what_the_terminal_cannot_show_is_replaced(words):
    done = CliRunner(charset="ascii").invoke(main, words)
    assert isinstance(done.exception, SystemExit | None) and ("?" in done.output or words != ("params",)), done.output


def test_ctrl_c(monkeypatch):
    fail_with(monkeypatch, KeyboardInterrupt())
    done = srgan("params")
    assert done.exit_code == 130 and done.output.startswith("Interrupted: ")
