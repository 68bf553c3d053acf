"""Notebooks stay thin, in step with the schema, and good to read."""

import ast
import json
from pathlib import Path

import jupytext
import pytest

from scripts.write_notebooks import defaults, parameters_cell, regenerate
from srgan_lib import colab
from srgan_lib.layout import NOTEBOOKS

FOLDER = Path(__file__).parents[1] / "notebooks"


def cells(stage, kind):
    document = json.loads((FOLDER / f"{NOTEBOOKS[stage].notebook}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in document["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_definitions_and_no_loops_over_steps(stage):
    for cell in cells(stage, "code"):
        tree = ast.parse(source(cell))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.While)
            if isinstance(node, ast.For):
                called = {
                    n.func.attr for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
                }
                assert not called & {"backward", "step", "zero_grad"}


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_the_parameters_cell_lists_every_parameter_with_the_schema_s_default(stage):
    (cell,) = [c for c in cells(stage, "code") if "parameters" in c["metadata"].get("tags", [])]
    assert source(cell) == parameters_cell(stage)
    namespace: dict = {}
    exec(source(cell), namespace)
    wanted = defaults(stage)
    assert {name: namespace[name] for name in wanted} == wanted


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_import_hides_a_parameter(stage):
    for cell in cells(stage, "code"):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not {alias.asname or alias.name for alias in node.names} & set(defaults(stage))


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
            assert not assigned & set(defaults(stage))


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_no_outputs_are_kept(stage):
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells(stage, "code"))


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_figures_and_tables_say_what_to_look_for(stage):
    for cell in cells(stage, "code"):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("figure", "table"):
                assert "caption" in {keyword.arg for keyword in node.keywords}, ast.unparse(node)[:80]


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
