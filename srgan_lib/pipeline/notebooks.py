"""Making ``notebooks/*.ipynb`` from their text form: ``python -m srgan_lib.pipeline.notebooks`` (``make notebooks``).

People edit ``notebooks/source/*.py``; the parameters cells are written from the schema, so that the
two cannot drift apart, and the .ipynb files are regenerated with their cell ids kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srgan_lib.files import write_atomic
from srgan_lib.params import Params
from srgan_lib.pipeline.layout import STAGES, project_root
from srgan_lib.pipeline.stages import PARAMETERS_HEADER

CELL_MARK = '# %% tags=["parameters"]\n'


def parameters_cell(stage: str) -> str:
    """The parameters cell of a stage's notebook: every parameter, flat, with the schema's default."""
    lines = [f"{PARAMETERS_HEADER} of this notebook; `srgan params` explains each and its bounds."]
    lines += [f"{name} = {value!r}".replace("'", '"') for name, value in Params().stage(stage).items()]
    return "\n".join(lines)


def with_parameters(source: str, stage: str) -> str:
    """A notebook's text with its parameters cell brought up to date.

    Raises
    ------
    ValueError
        If the text has no cell tagged ``parameters``.
    """
    before, mark, after = source.partition(CELL_MARK)
    if not mark:
        raise ValueError(f"the notebook of stage {stage!r} has no cell that starts with {CELL_MARK.strip()}")
    _, next_cell, rest = after.partition("\n# %%")
    return f"{before}{mark}{parameters_cell(stage)}\n{next_cell}{rest}"


def regenerate(folder: Path) -> Iterator[Path]:
    """Bring ``folder/source/*.py`` and ``folder/*.ipynb`` up to date; yields the files that changed."""
    import jupytext
    import nbformat

    for stage, info in STAGES.items():
        text, notebook = folder / "source" / f"{info.notebook}.py", folder / f"{info.notebook}.ipynb"
        source = with_parameters(text.read_text(encoding="utf-8"), stage)
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
    taken = set(known.values())
    for number, cell in enumerate(made.cells):
        fresh = f"cell-{number:02d}"
        while fresh in taken:
            fresh += "x"
        cell.id = known.pop(cell.source, fresh)


if __name__ == "__main__":
    for changed in regenerate(project_root() / "notebooks"):
        print(f"wrote {changed}")
