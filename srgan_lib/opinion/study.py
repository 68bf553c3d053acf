"""A study: what is shown to whom, and the key that decodes its codes. It lies in ``opinion/`` in the run's folder."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srgan_lib.files import digest, read_json, write_json
from srgan_lib.opinion.errors import OpinionError
from srgan_lib.params.evaluation import Opinion

FOLDER = "opinion"
PAGE = "opinion.html"  #: beside report.html, to be sent to raters
KEY = f"{FOLDER}/study.json"  #: decodes the page; it stays in the run's folder
TABLES = f"{FOLDER}/opinion_*"  #: what is computed from the answers
ORIGINAL = "hr"  #: the method that is the original itself


@dataclass(frozen=True)
class Study:
    """A blind study of images by methods.

    Attributes
    ----------
    design : kind, question, numbers; of the parameters.
    methods : in the order of tables; ``hr`` is the hidden original.
    images : dataset and image of each.
    size : side of the images in pixels, at most.
    fingerprint : of the evaluation whose images are shown.
    salt : secret of the codes; the order of images derives from it, too.
    """

    design: Opinion
    methods: tuple[str, ...]
    images: tuple[tuple[str, str], ...]
    fingerprint: str
    salt: str

    @property
    def id(self) -> str:
        """What answers name; it tells nothing of the methods."""
        return digest(_plain(self))[:12]

    def code(self, image: int, method: str) -> str:
        """Return the code of an image by a method, which cannot be guessed without the salt."""
        dataset, name = self.images[image]
        return hashlib.sha256(f"{self.salt}/{dataset}/{name}/{method}".encode()).hexdigest()[:10]

    def key(self) -> dict[str, tuple[int, str]]:
        """Decode all codes: the image's number and the method."""
        return {self.code(i, method): (i, method) for i in range(len(self.images)) for method in self.shown}

    @property
    def shown(self) -> tuple[str, ...]:
        """Methods whose images the page holds: those that are judged, and the original beside which they are judged."""
        beside = self.design.question == "original" and self.design.kind == "pairs" and ORIGINAL not in self.methods
        return (*self.methods, ORIGINAL) if beside else self.methods

    def write(self, run_dir: Path) -> None:
        """Write the key into a run's folder."""
        write_json(run_dir / KEY, {"id": self.id, **_plain(self)})


def read_study(run_dir: Path) -> Study:
    """Read the study of a run.

    Raises
    ------
    OpinionError
        If there is none, or its key is broken or was edited.
    """
    study = find_study(run_dir)
    if study is None:
        raise OpinionError(
            f"{run_dir / KEY}: no opinion study here; 'srgan opinion make {run_dir.name}' makes one", path=run_dir / KEY
        )
    return study


def find_study(run_dir: Path) -> Study | None:
    """Read the study of a run, if it has one; see :func:`read_study`."""
    path = run_dir / KEY
    if not path.exists():
        return None
    content = read_json(path)
    try:
        assert content is not None
        study = Study(
            Opinion.model_validate(content["design"]),
            tuple(content["methods"]),
            tuple((dataset, image) for dataset, image in content["images"]),
            content["fingerprint"],
            content["salt"],
        )
        assert content["id"] == study.id
    except (AssertionError, KeyError, TypeError, ValueError):
        raise OpinionError(
            f"{path}: broken or edited, so answers cannot be decoded; put back the file that 'srgan opinion make' wrote",
            path=path,
        ) from None
    return study


def _plain(study: Study) -> dict[str, Any]:
    return {**asdict(study), "design": study.design.model_dump(), "images": [list(one) for one in study.images],
            "methods": list(study.methods)}  # fmt: skip
