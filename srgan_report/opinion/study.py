"""A study: who sees what in which order, and the key that decodes its codes. It lies in the run's ``opinion/``."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ValidationError

from srgan_lib.errors import InputError
from srgan_lib.files import digest, read_json
from srgan_lib.params.evaluation import Opinion

FOLDER = "opinion"
PAGE = "opinion.html"  #: beside report.html, to be sent to raters
KEY = f"{FOLDER}/study.json"  #: decodes the page; it stays in the run's folder
SIMULATED = f"{FOLDER}/simulated"  #: folder of simulated answers and what comes of them, apart from all others
TABLES = f"{FOLDER}/opinion_*"  #: what is computed from the answers
ORIGINAL = "hr"  #: the method that is the original itself

#: One vote: the codes of the images shown. Of a pair the left, the right and, where it is asked, the original.
Trial = tuple[str, ...]
#: The same in clear: the image's number and its method, or the two methods of a pair.
Asked = tuple[int, tuple[str, ...]]


class OpinionError(InputError):
    """A study that cannot be made as asked, or answers of which no scores can be computed."""


class Study(BaseModel, frozen=True):
    """A blind study of images by methods."""

    design: Opinion
    methods: tuple[str, ...]  #: in the order of tables; ``hr`` is the hidden original
    images: tuple[tuple[str, str], ...]  #: dataset and image of each
    fingerprint: str  #: of the evaluation whose images are shown
    salt: str  #: secret of the codes; the order of images derives from it, too

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
    def beside(self) -> tuple[str, ...]:
        """What is shown beside a pair of methods: the original, if raters are asked which is closer to it."""
        return (ORIGINAL,) if (self.design.kind, self.design.question) == ("pairs", "original") else ()

    @property
    def shown(self) -> tuple[str, ...]:
        """Methods whose images the page holds: those that are judged, and the original beside which they are judged."""
        return tuple(dict.fromkeys((*self.methods, *self.beside)))


def read_study(run_dir: Path) -> Study:
    """Read the study of a run as :func:`find_study` does; an :class:`OpinionError` says if there is none."""
    if study := find_study(run_dir):
        return study
    path = run_dir / KEY
    raise OpinionError.at(path, f"no opinion study here; 'srgan opinion make {run_dir.name}' makes one")


def find_study(run_dir: Path) -> Study | None:
    """Read the study of a run, if it has one; an :class:`OpinionError` says if its key is broken or was edited."""
    path = run_dir / KEY
    if not path.exists():
        return None
    content = read_json(path) or {}
    with suppress(ValidationError):
        study = Study.model_validate(content)
        if content.get("id") == study.id:
            return study
    raise OpinionError.at(
        path, "broken or edited, so answers cannot be decoded; put back the file that 'srgan opinion make' wrote"
    )


def plan(study: Study, rater: int) -> list[Trial]:
    """Plan what one rater, numbered from 1, sees in order.

    No image follows itself by another method where that can be avoided. Where a rater cannot see all, raters take
    turns, so that all is seen equally often. Repeats come at the end's third, of what was seen in the first half.
    """
    rng = np.random.default_rng([int(study.salt[:15], 16), rater])
    asked = _spread_out(_share(study, rater), rng)
    repeats = min(study.design.repeats, len(asked) // 4)
    for index in rng.choice(len(asked) // 2, repeats, replace=False):
        place = rng.integers(2 * len(asked) // 3, len(asked) + 1)
        asked.insert(int(place), asked[index])
    trials = [tuple(study.code(image, method) for method in (*methods, *study.beside)) for image, methods in asked]
    if study.design.kind == "rating":
        return trials
    # Which of a pair is on the left is drawn anew, for a repeat as well.
    return [(second, first, *rest) if rng.random() < 0.5 else (first, second, *rest) for first, second, *rest in trials]


def _share(study: Study, rater: int) -> list[Asked]:
    """Choose what one rater is asked: whole images of a rating, to compare methods within images; any pairs."""
    rating, votes, images = study.design.kind == "rating", study.design.votes, len(study.images)
    each = [(method,) for method in study.methods] if rating else list(combinations(study.methods, 2))
    everything: list[Asked] = [(image, methods) for image in range(images) for methods in each]
    if len(everything) <= votes:
        return everything
    if rating:
        count = max(votes // len(study.methods), 1)
        seen = {((rater - 1) * count + turn) % images for turn in range(count)}
        return [asked for asked in everything if asked[0] in seen]
    order = np.random.default_rng(int(study.salt[:15], 16)).permutation(len(everything))
    start = (rater - 1) * votes
    return [everything[order[(start + turn) % len(everything)]] for turn in range(votes)]


def _spread_out(asked: list[Asked], rng: np.random.Generator) -> list[Asked]:
    """Shuffle so that an image does not follow itself, as long as others are left."""
    left: dict[int, list[Asked]] = {}
    for index in rng.permutation(len(asked)):
        left.setdefault(asked[index][0], []).append(asked[index])
    ordered: list[Asked] = []
    while left:
        last = ordered[-1][0] if ordered else None
        others = [image for image in left if image != last] or list(left)
        weights = np.array([len(left[image]) for image in others], float)
        image = others[int(rng.choice(len(others), p=weights / weights.sum()))]
        ordered.append(left[image].pop())
        if not left[image]:
            del left[image]
    return ordered
