"""Write the tables of params/README.md from the recipes: ``python -m scripts.write_recipe_tables``.

A recipe's line is ``name: value # mark: what the source says, or why the value is another``. The tables gather these
lines, so that nothing stands in two places; values that change no weight are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from srgan_lib.files import write_atomic
from srgan_lib.layout import project_root

RECIPES = ("ledig2017", "two_stage_div2k", "celeba_lsgan", "small_tanh", "face_patches", "esrgan", "real_esrgan")
BEGIN, END = "<!-- tables: python -m scripts.write_recipe_tables -->\n", "<!-- end of tables -->\n"
LINE = re.compile(r"  (?P<name>\w+): (?P<value>.+?) # (?P<mark>published|inferred|changed)(?P<comment>.*)")


def rows(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield stage and name, value, mark and comment of each value of a recipe that decides a result."""
    section = ""
    for line in text.split("\npublished:")[0].splitlines():
        if re.match(r"\w+:", line):
            section = line.partition(":")[0]
        elif (found := LINE.fullmatch(line)) and "changes no weight" not in found["comment"]:
            yield (
                f"{section}.{found['name']}",
                found["value"],
                found["mark"],
                found["comment"].lstrip(":; "),
            )


def table(recipe: str, text: str) -> str:
    """Write one recipe's table; what the source plainly states, with nothing to add, comes together below it."""
    lines = [
        f"<details><summary><code>{recipe}.yaml</code></summary>\n",
        "| value | in the file | mark | source, or reason |",
        "|---|---|---|---|",
    ]
    plain = []
    for name, value, mark, comment in rows(text):
        if mark == "published" and not comment:
            plain.append(f"`{name}: {value}`")
        else:
            lines.append(f"| `{name}` | `{value}` | {mark} | {comment.replace('|', '/')} |")
    return "\n".join([*lines, "", f"As the source states them: {', '.join(plain)}.", "", "</details>"]) + "\n"


def tables(folder: Path) -> str:
    """Write all recipes' tables."""
    texts = ((recipe, (folder / f"{recipe}.yaml").read_text(encoding="utf-8")) for recipe in RECIPES)
    return "\n".join(table(recipe, text) for recipe, text in texts)


def main() -> None:
    """Replace the tables of params/README.md."""
    path = project_root() / "params" / "README.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    write_atomic(path, f"{before}{BEGIN}\n{tables(path.parent)}\n{END}{after}")


if __name__ == "__main__":
    main()
