"""Errors meant for people: one root, exit codes, and what of them is shown where."""

import errno
import importlib
import os
import pickle
import pkgutil
from pathlib import Path

import pytest

import srgan_lib
import srgan_report
from srgan_lib import errors
from srgan_lib.data.images import ImageError
from srgan_lib.errors import InputError, Interrupted, SrganError, StorageError
from srgan_lib.params.section import ParameterError
from srgan_lib.training.history import Diverged
from srgan_report.pipeline.fetching import InputMissing, Missing
from srgan_report.pipeline.notebook_execution import StageFailed
from srgan_report.sweep.cluster import ClusterUnavailable

MODULES = [
    module.name
    for package in (srgan_lib, srgan_report)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if "__main__" not in module.name
]


def exceptions():
    """All exception classes that the library defines."""
    found = {
        value
        for name in MODULES
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__.startswith("srgan_")
    }
    return sorted(found, key=lambda value: value.__name__)


def test_all_errors_of_the_library_have_one_root():
    found = exceptions()
    assert len(found) > 15
    assert [value.__name__ for value in found if not issubclass(value, SrganError)] == []


def test_exit_codes_tell_wrong_input_from_what_failed_while_running():
    codes = {value: value.exit_code for value in exceptions()}
    assert {value for value, code in codes.items() if code == 2} == {
        value for value in codes if issubclass(value, InputError)
    }
    assert {value for value, code in codes.items() if code == 130} == {Interrupted}
    assert set(codes.values()) == {1, 2, 130}
    wrong_input = {value.__name__ for value, code in codes.items() if code == 2}
    assert {"ParameterError", "LayoutError", "DatasetError", "ImageError", "CheckpointError"} <= wrong_input
    assert not {"StageFailed", "Diverged", "NotReproducible", "DownloadError"} & wrong_input


@pytest.mark.parametrize(
    "error",
    [
        ParameterError("a", parameter="warmup.steps", allowed=("b",), path="c.yaml"),
        ImageError("a", path="b.png"),
        StageFailed("a", path=Path("c")),
        InputMissing([Missing("vgg19", "VGG-19", "warmup.content_weights: imagenet", "is not on this disk")]),
        ClusterUnavailable("a", address="tcp://b"),
        Diverged("pixel is nan at step 3; lower it", "pixel", 3),
    ],
)
def test_errors_keep_their_attributes_between_processes(error):
    error.add_note("a note")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
    assert {**vars(again), "__notes__": ["a note"]} == vars(error)


def test_a_notebook_shows_the_message_alone_unless_asked_for_more(monkeypatch):
    monkeypatch.delenv("SRGAN_DEBUG", raising=False)
    try:
        raise ImageError("no such file")
    except ImageError as error:
        assert error._render_traceback_() == ["ImageError: no such file"]
        assert errors.traceback_text(error) == ""
        monkeypatch.setenv("SRGAN_DEBUG", "1")
        assert "test_errors.py" in "".join(error._render_traceback_())
        assert "test_errors.py" in errors.traceback_text(error)


def test_what_a_user_can_mend_about_a_disk_is_put_into_words():
    full = errors.storage_error(errno.ENOSPC, "a.csv")
    assert isinstance(full, StorageError) and full.path == Path("a.csv")
    assert str(full) == "a.csv: the disk is full; free some space"
    assert "permission denied" in str(errors.storage_error(errno.EACCES))
    assert errors.storage_error(None) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        *(
            (OSError(number, os.strerror(number), "a.csv"), ("a.csv: ", ";"))
            for number in sorted(set(errno.errorcode) - {errno.EPIPE})
        ),
        (OSError(errno.EFBIG, "File too large", "a.csv"), ("a.csv: ", "ulimit -f")),
        (OSError(errno.EXDEV, "Invalid link", "a", None, "b.csv"), ("b.csv: ", "another place")),
        (OSError(errno.EACCES, "Permission denied", b"a\xff"), ("permission denied", "umask")),
        (OSError(errno.EINVAL, "a FIFO, a socket or a device", "a.csv"), ("a.csv: a FIFO",)),
        (MemoryError(), ("not enough memory", "ulimit -v")),
        (ImportError("x.so: failed to map segment from shared object"), ("not enough memory", "x.so")),
        (RuntimeError("can't start new thread"), ("not enough memory",)),
        (RecursionError("maximum recursion depth exceeded"), ("nested too deeply",)),
    ],
    ids=str,
)
def test_what_the_machine_refuses_is_a_sentence_with_a_remedy(error, words):
    told = str(errors.explained(error))
    assert all(word in told for word in words) and "\n" not in told and "[Errno" not in told, told


@pytest.mark.parametrize("error", [ValueError("planted"), OSError("planted"), BrokenPipeError(errno.EPIPE, "gone")])
def test_a_fault_of_the_program_has_no_sentence(error):
    assert errors.explained(error) is None
