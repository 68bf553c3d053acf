"""Making ``notebooks/*.ipynb`` from their text form: ``python -m scripts.write_notebooks`` (``make notebooks``).

People edit ``notebooks/source/*.py``; the parameters cells are written from the schema and Colab's cells from
:mod:`srgan_lib.colab`, so that they cannot drift apart, and the .ipynb files are regenerated with their cell ids kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srgan_lib import colab
from srgan_lib.files import write_atomic
from srgan_lib.layout import STAGES, project_root
from srgan_lib.params import Params
from srgan_lib.pipeline.notebook import PARAMETERS_HEADER


def parameters_cell(stage: str) -> str:
    """The parameters cell of a stage's notebook: every parameter, flat, with the schema's default."""
    lines = [f"{PARAMETERS_HEADER} of this notebook; `srgan params` explains each and its bounds."]
    lines += [f"{name} = {value!r}".replace("'", '"') for name, value in Params().stage(stage).items()]
    return "\n".join(lines)


def with_written_cells(source: str, stage: str) -> str:
    """A notebook's text with the cells that nobody edits brought up to date: parameters, and those for Colab.

    Raises
    ------
    ValueError
        If the text lacks one of them.
    """
    written = {
        '# %% [markdown] tags=["colab"]': f"# {colab.badge(STAGES[stage].notebook)}",
        '# %% tags=["colab"]': colab.first_cell(),
        '# %% tags=["parameters"]': parameters_cell(stage),
    }
    for mark, cell in written.items():
        before, found, after = source.partition(mark + "\n")
        if not found:
            raise ValueError(f"the notebook of stage {stage!r} has no cell that starts with {mark}")
        _, next_cell, rest = after.partition("\n# %%")
        source = f"{before}{found}{cell}\n{next_cell}{rest}"
    return source


def regenerate(folder: Path) -> Iterator[Path]:
    """Bring ``folder/source/*.py`` and ``folder/*.ipynb`` up to date; yields the files that changed."""
    import jupytext
    import nbformat

    for stage, info in STAGES.items():
        text, notebook = folder / "source" / f"{info.notebook}.py", folder / f"{info.notebook}.ipynb"
        source = with_written_cells(text.read_text(encoding="utf-8"), stage)
        made = jupytext.reads(source, fmt="py:percent")
        made.metadata = nbformat.from_dict(
            {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            }
        )
        if notebook.exists():
            _keep_ids(made, nbformat.read(notebook, as_version=4))
        for path, content in ((text, source), (notebook, nbformat.writes(made) + "\n")):
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                write_atomic(path, content)
                yield path


def _keep_ids(made: object, before: object) -> None:
    """Give unchanged cells their old ids; the others get ids from their position, so that the result is stable."""
    known = {cell.source: cell.id for cell in before.cells}
    given: set[str] = set()
    for number, cell in enumerate(made.cells):
        cell.id = known.pop(cell.source, f"cell-{number:02d}")
        while cell.id in given or cell.id in known.values():
            cell.id += "x"
        given.add(cell.id)


if __name__ == "__main__":
    for changed in regenerate(project_root() / "notebooks"):
        print(f"wrote {changed}")
