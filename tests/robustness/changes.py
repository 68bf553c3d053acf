"""Ways in which a file is damaged, and who must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES, LayoutError
from srgan_lib.log import listening
from srgan_report.pipeline.assemble import assemble_again
from srgan_report.pipeline.manifests import NAME, OutputsChanged
from srgan_report.pipeline.planning import plan_run
from srgan_report.pipeline.run import Run
from srgan_report.pipeline.verify import verify_run


def flip(path: Path) -> None:
    """Change one bit in the middle of a file, which keeps its size."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Cut off the second half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """Leave nothing of the content."""
    path.write_bytes(b"")


KINDS: dict[str, Callable[[Path], None]] = {
    "flipped": flip,
    "truncated": truncate,
    "emptied": empty,
    "deleted": Path.unlink,
}


def files_of(run_dir: Path) -> list[str]:
    """All files of a run, manifests among them, but for what only resumes training."""
    paths = [path.relative_to(run_dir) for path in sorted(run_dir.rglob("*")) if path.is_file()]
    return [
        path.as_posix()
        for path in paths
        if not any(part.startswith(".") or part in ("checkpoints", "tensorboard") for part in path.parts)
    ]


@contextmanager
def damaged(run_dir: Path, name: str, kind: str) -> Iterator[None]:
    """Damage one file of a run, and put it back."""
    path = run_dir / name
    content = path.read_bytes()
    KINDS[kind](path)
    try:
        yield
    finally:
        path.write_bytes(content)


def assert_noticed(run: Run, name: str, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold what ``srgan run``, ``report`` and ``verify`` say against a run's file that is not as it was written."""
    stage, _, file = name.rpartition("/") if "/" not in name else name.partition("/")
    said: list[str] = []
    with listening(said.append):
        if stage in STAGES:
            plans = {plan.stage.name: plan for plan in plan_run(run, snapshot=snapshot)}
            assert plans[stage].action != "skip"
            assert file in plans[stage].reason or file == NAME
            _assert_refused(name, lambda: assemble_again(run.directory))
            _assert_refused(name, lambda: verify_run(run, lambda event, details: None))
        elif name == NAME:
            for command in (lambda: assemble_again(run.directory), lambda: Run.recorded(run.directory, run.root)):
                with pytest.raises(LayoutError) as error:
                    command()
                assert error.value.path == run.directory / NAME
        else:
            _assert_refused(name, lambda: verify_run(run, lambda event, details: None))
            with monkeypatch.context() as patched:  # it says so before it writes anything
                patched.setattr("srgan_report.pipeline.assemble._write_all", lambda *args: said.append("written"))
                assemble_again(run.directory)
            assert said[-1] == "written" and name in said[0]
    if file == NAME and (run.directory / name).exists():
        assert any(str(run.directory / name) in text for text in said), "a broken manifest is warned of"


def _assert_refused(name: str, command: Callable[[], object]) -> None:
    with pytest.raises(OutputsChanged) as error:
        command()
    assert error.value.files == [name]
    assert name in str(error.value)
