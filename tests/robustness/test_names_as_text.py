"""Names that a terminal, a page or a spreadsheet would obey: escaped where they become text, and paired as before."""

import ast
import io
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from srgan_lib.csv_files import csv_text, read_csv, read_rows, write_csv
from srgan_lib.data.folders import image_name
from srgan_lib.data.images import DatasetError, ImageError, write_image
from srgan_lib.data.sources import find_photos
from srgan_lib.errors import SrganError
from srgan_lib.evaluation.evaluator import evaluate_folders
from srgan_lib.evaluation.methods import FolderError, match_files
from srgan_lib.formatting import printable, shortlist
from srgan_lib.log import listening
from srgan_report.cli import main
from srgan_report.cli.terminal import Console, Terminal, print_table, say
from srgan_report.exhibits.markup import page_text

ROOT = Path(__file__).resolve().parents[2]
#: A name, and how people are shown it.
NAMES = {
    "red \x1b[31m": r"red \x1b[31m",
    "title \x1b]0;owned\x07": r"title \x1b]0;owned\x07",
    "link \x1b]8;;http:evil\x1b\\here": r"link \x1b]8;;http:evil\x1b\here",
    "one\nError: all is lost": r"one\nError: all is lost",
    "over\rwritten": r"over\rwritten",
    "back\b\b\bspaced": r"back\x08\x08\x08spaced",
    "tab\tbed": r"tab\tbed",
    "deleted\x7f": r"deleted\x7f",
    "C1 \x9b31m": r"C1 \x9b31m",
    "photo\u202egpj": r"photo\u202egpj",
    "iso\u2066lated\u2069": r"iso\u2066lated\u2069",
    "line\u2028break": r"line\u2028break",
    "mark \ufeff": r"mark \ufeff",
    "Latin-1 \udce9": r"Latin-1 \xe9",
    "lone \ud800": r"lone \ud800",
}
#: Names that stay as they are.
ORDINARY = [
    "0001",
    "été",
    "寝顔",
    "שלום",
    "\U0001f600",
    "\U0001f469\u200d\U0001f4bb",
    r"a\x1b",
    "a, b & <c>",
    "[red]x",
]
SAVED = [name for name in NAMES if not re.search("[\ud800-\udfff]", name)]
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.fixture(autouse=True)
def _terminals_of_other_tests_are_deaf(monkeypatch):
    monkeypatch.setattr(logging.getLogger("srgan_lib"), "handlers", [])


@pytest.mark.parametrize(("name", "shown"), [*NAMES.items(), *zip(ORDINARY, ORDINARY, strict=True)])
def test_a_name_is_shown_and_not_obeyed(name, shown, tmp_path, capsys):
    assert printable(name) == printable(printable(name)) == shown
    assert image_name(Path(f"{name}.png")) == shown
    assert shortlist([name]) == shown
    path = tmp_path / f"{name}.png"
    heard = []
    with listening(heard.append):
        logging.getLogger("srgan_lib.test").warning("skipped %s: %s", path, name)
    assert heard == [f"skipped {tmp_path}/{shown}.png: {shown}"]
    for error in (SrganError.at(path, "no such file"), SrganError(f"{path}: no such file", path=path)):
        assert str(error) == f"{tmp_path}/{shown}.png: no such file"
    assert ImageError.at(path, "no such file").reason == "no such file"
    say(name)
    Terminal().note(name)
    assert capsys.readouterr().out == f"{shown}\n{shown}\n"


@pytest.mark.parametrize("name", NAMES)
def test_tables_bars_and_pages_obey_no_name(name, capsys):
    terminal = Terminal()
    terminal.console = console = Console(file=io.StringIO(), width=200)
    terminal.frame(pd.DataFrame({"image": [name], "psnr_y": [30.0]}))
    terminal.counter(name)
    console.print(terminal.progress.get_renderable())
    print_table(("name",), [(name,)])
    shown = console.file.getvalue() + capsys.readouterr().out
    assert shown.count(NAMES[name]) == 3
    assert not OBEYED.search(shown)
    assert page_text(f"<p>{name}\n\t</p>".replace("\r", "")).endswith("\n\t</p>")
    assert not OBEYED.search(page_text(name).replace("\t", "").replace("\r", ""))


@pytest.mark.parametrize("words", [["upscale", "{}.png", "out.png"], ["evaluate", "--hr", "{}", "--sr", "{}"], ["{}"]])
@pytest.mark.parametrize("name", SAVED)
def test_no_error_of_a_command_obeys_a_name(name, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [word.format(name) for word in words])
    assert result.exit_code == 2
    assert not OBEYED.search(result.output)
    assert sum(line.startswith("Error: ") for line in result.output.split("\n")) == 1


def test_names_pair_between_folders_and_tables(tmp_path):
    names = ["=cmd|calc", "-1+2", "@SUM(A1)", "\x1b[31m", "a\nb", "0001", "NA"]
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    for number, name in enumerate(names):
        write_image(tmp_path / "=hr" / f"{name}.png", np.roll(image, number))
        write_image(tmp_path / "sr" / f"{name}_SRGAN.png", image)
    shown = sorted(map(printable, names))
    photos = find_photos("folder", scale=4, image_folder=tmp_path / "=hr", lr_folder=tmp_path / "=hr")
    assert sorted(photo.image for photo in photos) == shown
    assert all(image_name(photo.path) == photo.image and photo.path == photo.lr_path for photo in photos)
    assert sorted(match_files(shown, tmp_path / "sr")) == shown
    frame = evaluate_folders(tmp_path / "=hr", tmp_path / "sr", 4, names=["psnr_y"])
    write_csv(tmp_path / "metrics.csv", frame)
    text = (tmp_path / "metrics.csv").read_text()
    assert text.count("\n") == len(names) + 1 and not OBEYED.search(text)
    assert {"'=cmd|calc", "'-1+2", "'@SUM(A1)", "0001"} <= {line.split(",")[1] for line in text.splitlines()}
    assert all(line.startswith("'=hr,") for line in text.splitlines()[1:])
    back = read_csv(tmp_path / "metrics.csv")
    assert sorted(back.image) == sorted(row["image"] for row in read_rows(tmp_path / "metrics.csv")) == shown
    assert set(back.dataset) == {"=hr"}


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(
            (name, f"'{name}")
            for name in ("=1+1", "=cmd|calc", "+a", "-a", "@x", "-1+2", "＝1", "'=x", "''-y", "=", "-")
        ),
        *((name, name) for name in ("a", "-1", "+0.5", "-.5e-3", "'a", "a=b", "–", "", "0001", "NA", "nan", "-inf")),
    ],
)
def test_a_spreadsheet_computes_no_name(cell, written, tmp_path):
    frame = pd.DataFrame({"image": [cell, "x"], "score": [-1.5, np.nan], "n": [-3, 2]})
    assert csv_text(frame) == f"image,score,n\n{written or ''},-1.5,-3\nx,,2\n"
    write_csv(tmp_path / "a.csv", frame)
    back = read_csv(tmp_path / "a.csv").fillna({"image": ""})
    assert back.image.tolist() == [cell, "x"]
    assert back.n.tolist() == [-3, 2] and np.isnan(back.score[1])
    assert [row["image"] for row in read_rows(tmp_path / "a.csv")] == [cell, "x"]


def test_a_column_of_names_that_are_all_missing_stays_one_of_names(tmp_path):
    (tmp_path / "a.csv").write_text("run,cause\n0001,\n-x,\n")
    back = read_csv(tmp_path / "a.csv", dtype={"cause": str})
    assert back.fillna({"cause": ""}).cause.tolist() == ["", ""] and back.cause.dtype == back.run.dtype


def test_ordinary_tables_are_as_pandas_writes_them():
    frame = pd.DataFrame(
        {"image": ["a, b", 'c"d', None], "x": [0.1, -2e-9, np.nan], "kind": pd.Categorical(list("aba"))}
    )
    assert csv_text(frame) == frame.to_csv(index=False)


def test_refusals_name_what_they_refuse_printably(tmp_path):
    for folder in ("hr", "lr"):
        (tmp_path / folder).mkdir()
        write_image(tmp_path / folder / f"{folder}\x1b[2J.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"only in \S+hr: hr\\x1b\[2J;"):
        find_photos("folder", scale=4, image_folder=tmp_path / "hr", lr_folder=tmp_path / "lr")
    with pytest.raises(FolderError, match=r"no file for hr\\x1b\[2J;"):
        evaluate_folders(tmp_path / "hr", tmp_path / "lr", 4)


#: Calls by which text leaves the program, and the files that may make them: all others go through these.
BORDERS = {
    "echo": {"srgan_report/cli/terminal.py"},
    "secho": {"srgan_report/cli/terminal.py"},
    "Console": {"srgan_report/cli/terminal.py"},
    "print": {
        "srgan_report/upscaling/unpickle.py",  # to the process that started it
        "srgan_report/pipeline/stages.py",  # in a notebook, as the next two
        "notebooks/source/03_warmup.py",
        "notebooks/source/04_adversarial.py",
    },
    "to_csv": {"srgan_lib/csv_files.py"},
    "DictReader": {"srgan_lib/csv_files.py", "srgan_report/cli/sweep.py"},  # the latter reads numbers alone
}


def test_nothing_passes_the_borders_by():
    crossings = {name: set() for name in BORDERS}
    for file in [
        one for place in ("srgan_lib", "srgan_report", "notebooks/source") for one in (ROOT / place).rglob("*.py")
    ]:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                called = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
                if called in crossings and not (called == "print" and isinstance(call.func, ast.Attribute)):
                    crossings[called].add(file.relative_to(ROOT).as_posix())
    for name, files in crossings.items():
        assert files <= BORDERS[name], f"{name}: {files - BORDERS[name]}"
