"""Notebooks stay thin, in step with the schema, and good to read."""

import ast
import json
import re
from pathlib import Path
from typing import get_args

import jupytext
import pytest

from scripts.write_notebooks import parameters_cell, regenerate, shown
from srgan_lib.layout import COMPARISON, NOTEBOOKS, STAGES
from srgan_lib.params import Params
from srgan_lib.params.training import Adversarial, AdversarialKind, Schedule
from srgan_report.exhibits.formulas import describe_schedule, generator_loss, players
from srgan_report.interactive import colab
from srgan_report.params_file import read
from srgan_report.report.postprocess import SECTIONS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
FILES = sorted(FOLDER.glob("*.ipynb"))


def cells(stage, kind):
    document = json.loads((FOLDER / f"{NOTEBOOKS[stage].notebook}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in document["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_definitions_and_no_loops_but_of_three_steps(stage):
    for cell in cells(stage, "code"):
        tree = ast.parse(source(cell))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.While)
            if isinstance(node, ast.For) and "plain_" in (loop := ast.unparse(node)):
                assert "range(3)" in loop, "a loop to be read and changed, of a few steps; the library trains"
            elif isinstance(node, ast.For):
                called = {
                    n.func.attr for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
                }
                assert not called & {"backward", "step", "zero_grad"}


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_the_parameters_cell_lists_every_parameter_with_the_demo_s_value(stage):
    (cell,) = [c for c in cells(stage, "code") if "parameters" in c["metadata"].get("tags", [])]
    assert source(cell) == parameters_cell(stage)
    namespace: dict = {}
    exec(source(cell), namespace)
    wanted = shown(stage)
    assert {name: namespace[name] for name in wanted} == wanted


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_import_hides_a_parameter(stage):
    for cell in cells(stage, "code"):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not {alias.asname or alias.name for alias in node.names} & set(shown(stage))


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_parameter_gets_another_meaning(stage):
    """Its cell may be run again, by itself, and then open_stage would take what the name stands for by then."""
    for cell in cells(stage, "code"):
        if "parameters" not in cell["metadata"].get("tags", []):
            assigned = {
                node.id
                for node in ast.walk(ast.parse(source(cell)))
                if isinstance(getattr(node, "ctx", 0), ast.Store) and isinstance(node, ast.Name)
            }
            assert not assigned & set(shown(stage))


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_outputs_are_kept(stage):
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells(stage, "code"))


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_figures_and_tables_begin_with_what_the_run_shows(stage):
    """Their captions do, by a computed sentence."""
    for cell in cells(stage, "code"):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("figure", "table"):
                [caption] = [keyword.value for keyword in node.keywords if keyword.arg == "caption"]
                if stage != COMPARISON.name:
                    assert isinstance(caption.values[0], ast.FormattedValue), ast.unparse(node)[:80]


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_the_prose_opens_with_a_title_and_a_question(stage):
    first = source(cells(stage, "markdown")[0])
    assert first.startswith("# ")
    assert "?*" in first


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_every_cell_has_an_id_of_its_own(stage):
    ids = [cell["id"] for kind in ("markdown", "code") for cell in cells(stage, kind)]
    assert len(set(ids)) == len(ids)


def test_text_and_ipynb_are_in_step(tmp_path):
    import shutil

    copy = tmp_path / "notebooks"
    shutil.copytree(FOLDER, copy)
    assert list(regenerate(copy, colab.repository())) == [], "run `make notebooks`"
    for info in NOTEBOOKS.values():
        text = jupytext.read(FOLDER / "source" / f"{info.notebook}.py")
        made = json.loads((FOLDER / f"{info.notebook}.ipynb").read_text(encoding="utf-8"))
        assert [cell.source for cell in text.cells] == [source(cell) for cell in made["cells"]]


@pytest.mark.parametrize("notebook", FILES, ids=lambda path: path.stem)
def test_a_notebook_has_at_most_110_lines_of_code(notebook):
    lines = 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and not {"parameters", "colab"} & set(cell["metadata"].get("tags", [])):
            code = [line.strip() for line in source(cell).splitlines()]
            lines += sum(1 for line in code if line and not line.startswith("#"))
    assert lines <= 110


def test_sections_that_the_report_folds_are_there():
    headings = {line.strip() for path in FILES for line in path.read_text(encoding="utf-8").split('"') if "## " in line}
    assert {f"## {title}\\n" for title in SECTIONS} <= headings


@pytest.mark.parametrize("notebook", FILES, ids=lambda path: path.stem)
def test_no_line_is_longer_than_120(notebook):
    text = notebook.parent / "source" / f"{notebook.stem}.py"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [*text.read_text(encoding="utf-8").splitlines(), *(line for cell in cells for line in cell["source"])]
    assert [line for line in lines if len(line.rstrip("\n")) > 120] == []


@pytest.mark.parametrize(
    "stage, wanted",
    [
        ("data", [r"\downarrow_s"]),
        ("srcnn", ["exhibits.layers(network", r"L_\mathrm{MSE}"]),
        (
            "warmup",
            [
                "network_exhibits(network, lr_crop",
                "stage.source(",
                "plain_supervised_step",
                "plain_supervised_step(trial",
                "generator_loss(",
            ],
        ),
        (
            "adversarial",
            [
                "network_exhibits(network, hr_crop",
                "plain_adversarial_step",
                "players(",
                "plain_adversarial_step(\n        g, d",
                "generator_loss(",
                r"\tilde{x} = \frac{x - \mu}",
            ],
        ),
        (
            "evaluation",
            [r"\mathrm{PSNR} =", r"\mathrm{SSIM} =", r"\mathrm{LPIPS} =", r"\mathrm{LSD} =", r"t_{0.975,\,n-1}"],
        ),
    ],
)
def test_the_science_is_on_the_page(stage, wanted):
    text = "\n".join(source(cell) for kind in ("markdown", "code") for cell in cells(stage, kind))
    assert [piece for piece in wanted if piece not in text] == []


@pytest.mark.parametrize("stage", STAGES)
def test_it_ends_with_questions_references_and_links(stage):
    text = "\n".join(source(cell) for cell in cells(stage, "markdown"))
    _, _, tried = text.partition("## Try this")
    questions, _, references = tried.partition("## References")
    assert re.findall(r"^(\d)\. ", questions, re.M) == ["1", "2", "3"]
    assert references.count("\n- ") >= 2
    names = list(STAGES)
    position = names.index(stage)
    for neighbour in names[max(position - 1, 0) : position] + names[position + 1 : position + 2]:
        assert f"({STAGES[neighbour].notebook}.ipynb)" in references
    changed = re.findall(r"srgan run params/demo.yaml.*? -p '?(?:\w+\.)?(\w+)=", questions)
    assert len(changed) == 3, "each is a command to copy"
    for parameter in changed:
        assert parameter in Params().stage(stage)


def test_common_parameters_come_first():
    first, _, rest = parameters_cell("adversarial").partition("# Less often changed.")
    assert "\nadversarial_weight = 0.1\n" in first and "\nsteps = 150\n" in first
    assert "\nthreads = " in rest and "\ncheckpoint_every = " in rest


@pytest.mark.parametrize("kind", get_args(AdversarialKind))
def test_every_adversarial_loss_has_both_players_formulas(kind):
    text = players(kind)
    assert f"`{kind}`" in text and "L_D =" in text and r"L_\mathrm{adv} =" in text


def test_the_loss_on_the_page_is_the_one_of_the_run():
    demo = read(ROOT / "params/demo.yaml")
    assert generator_loss(demo.warmup).count(r"L_\mathrm") == 2, "the pixel term, in the sum and in the list"
    text = generator_loss(demo.adversarial)
    assert r" + L_\mathrm{content} + " in text, "a weight of 1 is not written"
    for weight, symbol in (("0.3", "mesh"), ("0.1", "adv")):
        assert rf"{weight} \, L_\mathrm{{{symbol}}}" in text
    own = Adversarial(adversarial_weight=1e-6, pixel_weight=0, extra_losses={"a.py:Edge": 2})
    assert r"10^{-6} \, L_\mathrm{adv} + 2 \, L_\mathrm{Edge}" in generator_loss(own)


@pytest.mark.parametrize("kind", get_args(Schedule))
def test_every_schedule_is_described(kind):
    text = describe_schedule(Adversarial(schedule=kind, learning_rate=3e-4, schedule_milestones=[0.25, 0.5]))
    assert "0.0003" in text and f"`schedule: {kind}`" in text
    assert ("25%" in text) == (kind == "step")
