"""Make ``notebooks/*.ipynb`` from their text form: ``python -m scripts.write_notebooks`` (``make notebooks``).

People edit ``notebooks/source/*.py``; the parameters cells are written from ``params/demo.yaml`` and Colab's cells from
:mod:`srgan_report.interactive.colab`, so that they cannot drift apart, and the .ipynb files are regenerated with their
cell ids kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from srgan_lib.files import write_atomic
from srgan_lib.layout import COMPARISON, DEMO, NOTEBOOKS, project_root
from srgan_lib.params import ComparisonParams
from srgan_report.interactive import colab
from srgan_report.params_file import read
from srgan_report.pipeline.stages import PARAMETERS_HEADER

#: Parameters that people change first, which are listed before the others.
COMMON = frozenset(
    (
        *("run_dir", "seed", "dataset", "image_folder", "scale", "steps", "batch", "learning_rate", "layout"),
        *("generator", "generator_channels", "generator_blocks", "pixel_loss", "content_weight", "content_layers"),
        *("adversarial_loss", "adversarial_weight", "discriminator", "test_sets", "methods", "interpolations"),
        "sweep_dir",
    )
)
PARAMETERS_CELL = '# %% tags=["parameters"]'
COLAB_CELL = re.compile(r'# %%( \[markdown\])? tags=\["colab"\]\n(?:(?!# %%).*\n)*')


def shown(notebook: str) -> dict[str, Any]:
    """Return the parameters of a notebook with the demo's values; ``notebook``: a stage, or ``comparison``."""
    return (
        ComparisonParams().model_dump() if notebook == COMPARISON.name else read(project_root() / DEMO).stage(notebook)
    )


def parameters_cell(notebook: str) -> str:
    """Write the parameters cell of a notebook: all parameters with the demo's values, common ones first."""
    values = shown(notebook)
    common = [name for name in values if name in COMMON]
    others = [name for name in values if name not in COMMON]
    lines = [f"{PARAMETERS_HEADER} of this notebook; `srgan params` explains each and its bounds."]
    lines += [f"{name} = {values[name]!r}".replace("'", '"') for name in common]
    lines += ["", "# Less often changed."]
    lines += [f"{name} = {values[name]!r}".replace("'", '"') for name in others]
    return "\n".join(lines)


def with_written_cells(source: str, stage: str, address: str | None) -> str:
    """Bring the cells of a notebook's text that nobody edits up to date: parameters, and those for Colab.

    Parameters
    ----------
    address : of the repository for Colab's cells; none: the notebook has no such cells.

    Raises
    ------
    ValueError
        If the text has no parameters cell.
    """
    before, found, after = COLAB_CELL.sub("", source).partition(PARAMETERS_CELL + "\n")
    if not found:
        raise ValueError(f"the notebook of stage {stage!r} has no cell that starts with {PARAMETERS_CELL}")
    for_colab = ""
    if address:
        badge = colab.badge(NOTEBOOKS[stage].notebook, address)
        for_colab = f'# %% [markdown] tags=["colab"]\n# {badge}\n\n'
        for_colab += f'# %% tags=["colab"]\n{colab.first_cell(address)}\n\n'
    _, next_cell, rest = after.partition("\n# %%")
    return f"{before}{for_colab}{found}{parameters_cell(stage)}\n{next_cell}{rest}"


def regenerate(folder: Path, address: str | None) -> Iterator[Path]:
    """Bring ``folder/source/*.py`` and ``folder/*.ipynb`` up to date; yields the files that changed.

    Parameters
    ----------
    address : of the repository, for the notebooks' Colab cells.
    """
    import jupytext
    import nbformat

    for stage, info in NOTEBOOKS.items():
        text, notebook = folder / "source" / f"{info.notebook}.py", folder / f"{info.notebook}.ipynb"
        source = with_written_cells(text.read_text(encoding="utf-8"), stage, address)
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


def _keep_ids(made: NotebookNode, before: NotebookNode) -> None:
    """Give unchanged cells their old ids; the others get ids from their position, so that the result is stable."""
    known = {cell.source: cell.id for cell in before.cells}
    given: set[str] = set()
    for number, cell in enumerate(made.cells):
        cell.id = known.pop(cell.source, f"cell-{number:02d}")
        while cell.id in given or cell.id in known.values():
            cell.id += "x"
        given.add(cell.id)


if __name__ == "__main__":
    for changed in regenerate(project_root() / "notebooks", colab.repository()):
        print(f"wrote {changed}")
