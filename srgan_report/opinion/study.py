"""A study: who sees what in which order, and the key that decodes its codes. It lies in the run's ``opinion/``."""

from __future__ import annotations

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from srgan_lib.errors import InputError
from srgan_lib.files import digest, read_json, write_json
from srgan_lib.params.evaluation import Opinion

FOLDER = "opinion"
PAGE = "opinion.html"  #: beside report.html, to be sent to raters
KEY = f"{FOLDER}/study.json"  #: decodes the page; it stays in the run's folder
TABLES = f"{FOLDER}/opinion_*"  #: what is computed from the answers
ORIGINAL = "hr"  #: the method that is the original itself

#: One vote: the codes of the images shown. Of a pair the left, the right and, where it is asked, the original.
Trial = tuple[str, ...]


class OpinionError(InputError):
    """A study that cannot be made as asked, or answers of which no scores can be computed."""


class Study(BaseModel):
    """A blind study of images by methods.

    Attributes
    ----------
    design : kind, question, numbers; of the parameters.
    methods : in the order of tables; ``hr`` is the hidden original.
    images : dataset and image of each.
    fingerprint : of the evaluation whose images are shown.
    salt : secret of the codes; the order of images derives from it, too.
    """

    model_config = ConfigDict(frozen=True)

    design: Opinion
    methods: tuple[str, ...]
    images: tuple[tuple[str, str], ...]
    fingerprint: str
    salt: str

    @property
    def id(self) -> str:
        """What answers name; it tells nothing of the methods."""
        return digest(self.model_dump(mode="json"))[:12]

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
        write_json(run_dir / KEY, {"id": self.id, **self.model_dump(mode="json")})


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
    content = read_json(path) or {}
    try:
        study = Study.model_validate(content)
    except ValidationError:
        study = None
    if study is None or content.get("id") != study.id:
        raise OpinionError(
            f"{path}: broken or edited, so answers cannot be decoded; "
            "put back the file that 'srgan opinion make' wrote",
            path=path,
        )
    return study


def plan(study: Study, rater: int) -> list[Trial]:
    """Plan what one rater sees, in order.

    No image follows itself by another method where that can be avoided. Where a rater cannot see all, raters take
    turns, so that all is seen equally often. Repeats come at the end's third, of what was seen in the first half.

    Parameters
    ----------
    rater : from 1.
    """
    rng = np.random.default_rng([int(study.salt[:15], 16), rater])
    trials = _spread_out(_share(study, rater), rng)
    repeats = min(study.design.repeats, len(trials) // 4)
    chosen = rng.choice(len(trials) // 2, repeats, replace=False)
    for index in chosen:
        place = rng.integers(2 * len(trials) // 3, len(trials) + 1)
        trials.insert(int(place), trials[index])
    pictured = [_codes(study, *trial) for trial in trials]
    if study.design.kind == "rating":
        return pictured
    # Which of a pair is on the left is drawn anew, for a repeat as well.
    return [
        (second, first, *rest) if rng.random() < 0.5 else (first, second, *rest) for first, second, *rest in pictured
    ]


def trials_of(study: Study) -> list[tuple[int, tuple[str, ...]]]:
    """List everything that can be asked: the image's number and its method, or its pair of methods."""
    asked = [(method,) for method in study.methods]
    if study.design.kind == "pairs":
        asked = list(combinations(study.methods, 2))
    return [(image, methods) for image in range(len(study.images)) for methods in asked]


def _share(study: Study, rater: int) -> list[tuple[int, tuple[str, ...]]]:
    """Choose what one rater is asked: whole images of a rating, to compare methods within images; any pairs."""
    everything = trials_of(study)
    if len(everything) <= study.design.votes:
        return everything
    if study.design.kind == "rating":
        count = max(study.design.votes // len(study.methods), 1)
        seen = {((rater - 1) * count + turn) % len(study.images) for turn in range(count)}
        return [trial for trial in everything if trial[0] in seen]
    order = np.random.default_rng(int(study.salt[:15], 16)).permutation(len(everything))
    start = (rater - 1) * study.design.votes
    return [everything[order[(start + turn) % len(everything)]] for turn in range(study.design.votes)]


def _spread_out(
    trials: list[tuple[int, tuple[str, ...]]], rng: np.random.Generator
) -> list[tuple[int, tuple[str, ...]]]:
    """Shuffle so that an image does not follow itself, as long as others are left."""
    left: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
    for index in rng.permutation(len(trials)):
        left.setdefault(trials[index][0], []).append(trials[index])
    ordered: list[tuple[int, tuple[str, ...]]] = []
    while left:
        last = ordered[-1][0] if ordered else None
        others = [image for image in left if image != last] or list(left)
        weights = np.array([len(left[image]) for image in others], float)
        image = others[int(rng.choice(len(others), p=weights / weights.sum()))]
        ordered.append(left[image].pop())
        if not left[image]:
            del left[image]
    return ordered


def _codes(study: Study, image: int, methods: tuple[str, ...]) -> Trial:
    beside = (ORIGINAL,) if study.design.kind == "pairs" and study.design.question == "original" else ()
    return tuple(study.code(image, method) for method in (*methods, *beside))
