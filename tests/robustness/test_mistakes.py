"""What people get wrong, in one list: the command, how it ends, what it says, and that it writes nothing."""

import io
import os
import shutil
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from srgan_report.cli import main


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes
    ----------
    command : words after ``srgan``.
    words : must appear in what is said.
    files : that are there, with their contents.
    code : 2 for wrong input; 0 where the mistake is named and the rest is done.
    cwd : working folder within the project's parent.
    """

    name: str
    command: tuple[str, ...]
    words: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    code: int = 2
    cwd: str = "project"


def png(side: int, seed: int = 0, kind: str = "PNG") -> bytes:
    """An image of noise."""
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A PNG whose header promises far more pixels than it has."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + png(8)[33:]


def mistake(name: str, command: str, *words: str, **more) -> Mistake:
    return Mistake(name, tuple(command.split()), words, **more)


def plan(name: str, content: str, *words: str) -> Mistake:
    """A mistake in a params file, found while planning."""
    return mistake(name, "run --dry-run params/x.yaml", *words, files={"params/x.yaml": content})


def sweep(name: str, content: str, *words: str) -> Mistake:
    """A mistake in a sweep file, found while planning."""
    return mistake(
        name, "sweep --dry-run params/s.yaml", *words, files={"params/s.yaml": f"base: demo.yaml\n{content}"}
    )


BOMB = "shared:\n  &a0 seed: &b0 [1, 1]\n" + "".join(
    f"n{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
AXES = ("steps", "batch", "log_every", "validate_every", "checkpoint_every", "keep_checkpoints")
HUGE = "grid:\n" + "".join(f"  warmup.{name}: {list(range(1, 21))}\n" for name in AXES)
PAIRS = {"hr/a.png": png(64), "sr/a.png": png(64, 1)}

MISTAKES = [
    # params files
    plan("a key twice", "warmup:\n  steps: 3\n  steps: 4\n", "line 3", "'steps' is given twice", "line 2"),
    plan("a section twice", "warmup: {steps: 3}\nwarmup: {batch: 4}\n", "line 2", "'warmup' is given twice"),
    plan("aliases without end", BOMB, "aliases stand for more than"),
    plan("an alias to itself", "warmup: &a {steps: *a}\n", "alias"),
    plan("nested too deeply", f"warmup: {'[' * 3000}", "nested too deeply"),
    plan("a switch for a number", "warmup: {steps: true}\n", "line 1", "warmup.steps", "true is for switches"),
    plan("a switch in a list", "evaluation: {interpolations: [false]}\n", "evaluation.interpolations", "false"),
    plan("a switch for a weight", "warmup: {content_layers: {relu2_2: yes}}\n", "warmup.content_layers", "true"),
    plan("a date that is none", "title: 2001-99-99\n", "not YAML", "month"),
    plan("an endless number", f"warmup: {{steps: {'9' * 5000}}}\n", "not YAML", "digits"),
    plan("an endless text", f"warmup: {{steps: {'x' * 100_000}}}\n", "warmup.steps", "xxx...xxx"),
    plan("an endless name", f"warmup: {{{'x' * 1000}: 1}}\n", "line 1", "unknown parameter of 'warmup'"),
    plan("a type of Python's", "warmup: !!python/object/apply:os.system [ls]\n", "not YAML", "python"),
    plan("NUL in the title", 'title: "a\\0b"\n', "line 1", "title", "control character '\\x00'"),
    plan("a list for a file", "- 1\n- 2\n", "expected sections"),
    plan("a switch for a section", "shared: true\n", "line 1", "shared: True is not allowed", "mapping"),
    plan("a folder of its own", "shared: {run_dir: x}\n", "line 1", "shared.run_dir", "--run"),
    plan("too many threads", "shared: {threads: 1000}\n", "shared.threads", "1000", "256"),
    mistake("a misspelt parameter", "run -p warmup.stepz=3", "-p warmup.stepz=3: warmup.stepz", "unknown", "'steps'"),
    mistake("a missing params file", "run params/nothing.yaml", "params/nothing.yaml", "no such params file", "demo.yaml"),
    mistake("a folder as params file", "run params", "params: cannot be read"),
    mistake(
        "wrong in an overlay",
        "run --overlay params/over.yaml",
        "params/over.yaml, line 3: warmup.steps: 0",
        files={"params/over.yaml": "warmup:\n  batch: 2\n  steps: 0\n"},
    ),
    mistake("wrong in an option", "run -p warmup.steps=0", "-p warmup.steps=0: warmup.steps: 0 is not allowed"),
    mistake("wrong together, by an option", "run -p scale=3 -p crop=100", "-p crop=100: shared.crop: 100 is no multiple"),
    mistake("a key twice in an option", "run -p methods={a:1,a:2}", "-p methods"),
    mistake("a run_dir as an option", "run -p run_dir=x", "-p run_dir=x: shared.run_dir", "--run"),
    # names and places
    *(
        mistake(f"run name {name[:9]!r}", f"run --run {name}", "run name", "letters, digits", "results/")
        for name in ("a/b", "../x", ".", "-x", "reference", "REFERENCE", "Sweeps", "CON", "con.txt", "lpt1", "a.", "x" * 101)
    ),
    Mistake("an empty run name", ("run", "--run", ""), ("run name ''", "letters, digits")),
    Mistake("an empty sweep name", ("sweep", "params/s.yaml", "--name", ""), ("run name ''",), {"params/s.yaml": "base: demo.yaml\nseeds: [1]\n"}),
    mistake("results are a file", "run", "results: results cannot be written there", "--results", files={"results": "x"}),
    mistake("results cannot be", "run --results /proc/nothing", "/proc/nothing: results cannot be written", "--results"),
    mistake("a run that is not there", "report nothing", "no finished run 'nothing'", "make report"),
    mistake("nothing to verify", "verify nothing", "no finished run 'nothing'", "make report"),
    # photographs
    mistake(
        "a folder without images",
        "run -p dataset=folder -p image_folder=photos",
        "photos",
        "no images in this folder",
        "PNG, JPEG",
        files={"photos/notes.txt": "no image"},
    ),
    mistake("no folder", "run -p dataset=folder -p image_folder=nowhere", "nowhere", "no such folder"),
    mistake(
        "photographs where results go",
        "run --dry-run --results . --run bird -p dataset=folder -p image_folder=bird/data",
        "shared.image_folder: ", "bird/data", "deleted", "--run",
        files={"bird/notes.txt": "x", "bird/data/a.png": png(96)},
    ),
    mistake(
        "LR photographs below where results go",
        "run --results . --run bird -p dataset=folder -p image_folder=bird -p lr_folder=params/../bird/data",
        "shared.lr_folder: ", "bird/data", "deleted",
        files={"bird/a.png": png(96), "bird/data/a.png": png(24)},
    ),
    mistake(
        "HR and LR that do not pair",
        "run -p dataset=folder -p image_folder=hr -p lr_folder=lr",
        "HR and LR do not pair",
        "only in",
        "b",
        files={"hr/a.png": png(96), "hr/b.png": png(96), "lr/a.png": png(24)},
    ),
    mistake(
        "a file name that is no text",
        "run --dry-run -p dataset=folder -p image_folder=photos",
        "skipped \\xff.png in photos",
        "not UTF-8",
        files={"photos/\udcff.png": png(96), "photos/a.png": png(96)},
        code=0,
    ),
    plan("other results that are not there", "evaluation: {methods: {theirs: nowhere}}\n", "methods.theirs", "no such folder"),
    # sweeps
    sweep("millions of runs", HUGE, "params/s.yaml: its values make 64000000 runs", "--max-runs allows 1000"),
    sweep("a key twice in a sweep", "seeds: [1]\nseeds: [2]\n", "line 3", "'seeds' is given twice"),
    sweep("a switch for a seed", "seeds: [true]\n", "seeds", "true"),
    sweep("a folder in a sweep", "grid: {shared.run_dir: [a, b]}\n", "shared.run_dir", "--run"),
    mistake(
        "wrong in what all runs set",
        "sweep --dry-run params/s.yaml",
        "params/s.yaml, line 3: warmup.steps: 0",
        files={"params/s.yaml": "base:\n  params: demo.yaml\n  set: {warmup.steps: 0}\nseeds: [1]\n"},
    ),
    mistake("a missing sweep file", "sweep params/none.yaml", "no such params file"),
    mistake("a sweep's name with a path", "sweep params/s.yaml --name ../x", "letters, digits", files={"params/s.yaml": "base: demo.yaml\nseeds: [1]\n"}),
    # measuring and enlarging
    mistake(
        "a tiny image",
        "evaluate --hr hr --sr sr",
        "skipped hr/b.png: a border of 4 leaves nothing of 5×5 pixels",
        "mean",
        files={**PAIRS, "hr/b.png": png(5), "sr/b.png": png(5)},
        code=0,
    ),
    mistake("tiny images only", "evaluate --hr hr --sr sr", "hr: none of its images", files={"hr/b.png": png(5), "sr/b.png": png(5)}),
    mistake("no image at all", "evaluate --hr hr --sr sr", "skipped hr/b.png: cannot be read", "none of its images", files={"hr/b.png": "x", "sr/b.png": png(64)}),
    mistake("a table in no folder", "evaluate --hr hr --sr sr --csv no/such.csv", "--csv no/such.csv", "no folder no", files=PAIRS),
    mistake("results of another size", "evaluate --hr hr --sr sr", "sr/a.png has 32×32", "64×64", files={"hr/a.png": png(64), "sr/a.png": png(32)}),
    mistake("no image of that name", "evaluate --hr hr --sr sr", "sr: no file for a", files={"hr/a.png": png(64), "sr/b.png": png(64)}),
    mistake("no weights", "upscale a.png out.png --checkpoint no.safetensors", "no.safetensors", "cannot be read", files={"a.png": png(8)}),
    mistake(
        "weights that are none",
        "upscale a.png out.png --checkpoint x.safetensors",
        "x.safetensors",
        "not a file with weights",
        files={"x.safetensors": "not weights", "a.png": png(8)},
    ),
    mistake("a name that is too long", f"run params/{'x' * 300}.yaml", "cannot be read", "too long"),
    mistake("no image to enlarge", "upscale no.png out.png", "no.png: no such file"),
    mistake("text for an image", "upscale a.png out.png", "a.png: not an image", files={"a.png": "text"}),
    mistake("half a JPEG", "upscale a.jpg out.png --model srcnn", "a.jpg", files={"a.jpg": png(64, kind="JPEG")[:1500]}),
    mistake("a bomb", "upscale a.png out.png", "a.png", "60,000×60,000", "--allow-large", files={"a.png": bomb(60_000)}),
    mistake("a leading dash", "upscale -- -a.png out.png", "-a.png: not an image", files={"-a.png": "text"}),
    mistake("weights under a leading dash", "upscale a.png out.png --checkpoint=-x.pth", "-x.pth: cannot be read", files={"a.png": png(8)}),
    mistake("a folder for weights", "upscale a.png out.png --checkpoint in.pth", "in.pth: cannot be read", files={"a.png": png(8), "in.pth/b": "x"}),
    mistake("a drawing for an image", "upscale a.svg out.png", "a.svg: SVG is not read", files={"a.svg": "<svg/>"}),
    mistake("the original as the result", "upscale a.png a.png --force", "a.png is the original", files={"a.png": png(8)}),
    mistake("a result that is there", "upscale a.png b.png", "b.png exists already", "--force", files={"a.png": png(8), "b.png": png(8)}),
    mistake("an unknown format", "upscale a.png out.xyz", "out.xyz", ".png, .jpg", files={"a.png": png(8)}),
    mistake("a folder into itself", "upscale in in", "folder of the originals", files={"in/a.png": png(8)}),
    mistake("a folder into a file", "upscale in a.png", "a.png is a file", files={"in/a.png": png(8), "a.png": png(8)}),
    mistake("a folder of broken images", "upscale in out", "2 of 2 images failed", "in/a.png", "in/b.svg", files={"in/a.png": "x", "in/b.svg": "x"}, code=1),
]  # fmt: skip


def everything(root: Path) -> set[str]:
    return {os.fsdecode(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_a_mistake_is_told_in_words_and_nothing_is_written(case, project, monkeypatch):
    there = everything(project.parent)
    for name, content in case.files.items():
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = everything(project.parent)
    monkeypatch.chdir(project.parent / case.cwd)
    monkeypatch.setenv("COLUMNS", "1000")
    try:
        done = CliRunner().invoke(main, case.command)
        after = everything(project.parent)
    finally:
        for name in everything(project.parent) - there:
            path = project.parent / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    assert done.exit_code == case.code, done.output
    assert "Traceback" not in done.output and len(done.output) < 4000
    for word in case.words:
        assert word in done.output.replace("\n", " "), done.output
    assert after == before, "it wrote something"
