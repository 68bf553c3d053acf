"""What raters send back: read, checked, pooled, kept in ``opinion/answers/`` of the run, and decoded as votes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srgan_lib.files import write_atomic
from srgan_report.opinion.study import FOLDER, OpinionError, Study, plan

FORMAT, VERSION = "srgan-opinion", 1
KEPT = f"{FOLDER}/answers"  #: accepted files, one for each session

Code = Annotated[str, Field(pattern=r"^[0-9a-f]{10}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(_Strict):
    """One vote: 1 to 5 for the image shown; of a pair 1 for the first, 2 for the second."""

    shown: list[Code] = Field(min_length=1, max_length=3)
    vote: int = Field(ge=1, le=5)
    ms: int = Field(ge=0)


class Answers(_Strict):
    """One rater's file, as ``opinion.html`` writes it.

    ``digest`` shows that a file was edited or damaged; it is no signature, since whoever has the page can compute it.
    """

    format: Literal["srgan-opinion"]
    version: Literal[1]
    study: str
    rater: int = Field(ge=1)
    session: str = Field(pattern=r"^[0-9a-f]{8,32}$")
    simulated: bool
    screen: dict[str, Any]
    answers: list[Answer]
    digest: str

    def text(self) -> str:
        """Write the file's JSON, as it was read."""
        return json.dumps(self.model_dump(), separators=(",", ":"))


@dataclass
class Pool:
    """Answers that count, and what was said about the others.

    Attributes
    ----------
    kept : by the name of their rater: the number, with a letter where two people used one.
    left_out : file and reason of each that does not count.
    notes : about those that do.
    """

    kept: dict[str, Answers] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def answers_digest(study: str, rater: int, session: str, simulated: bool, answers: Iterable[Answer]) -> str:
    """Hash what the votes say; the page computes the same."""
    votes = ";".join(f"{'+'.join(answer.shown)}:{answer.vote}:{answer.ms}" for answer in answers)
    return hashlib.sha256(f"{study}|{rater}|{session}|{str(simulated).lower()}|{votes}".encode()).hexdigest()


def new_session() -> str:
    """Draw a name for one rater's session."""
    return secrets.token_hex(8)


def new_answers(
    study: str, rater: int, session: str, answers: Sequence[Answer], *, simulated: bool = False, **screen: Any
) -> Answers:
    """Write one rater's answers to the study of that id, as the page would."""
    value = answers_digest(study, rater, session, simulated, answers)
    return Answers(format=FORMAT, version=VERSION, study=study, rater=rater, session=session,
                   simulated=simulated, screen=screen, answers=list(answers), digest=value)  # fmt: skip


def read_answers(path: Path, study: Study, *, simulated: bool = False) -> Answers:
    """Read and check one rater's file.

    Parameters
    ----------
    simulated : whether simulated answers are wanted; the one kind never counts among the other.

    Raises
    ------
    OpinionError
        Saying why the file does not count.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OpinionError("no such file", path=path) from None
    except (OSError, ValueError):
        raise OpinionError(
            "no complete JSON: truncated, or another kind of file; ask for it again", path=path
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise OpinionError("not a file that opinion.html saves", path=path)
    try:
        answers = Answers.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise OpinionError(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", path=path) from None
    if answers.study != study.id:
        raise OpinionError(
            f"of another study ({answers.study}; this run's is {study.id}); "
            "collect it with the run whose page was rated",
            path=path,
        )
    if answers.simulated != simulated:
        kind = "simulated answers, which never enter a study of people" if answers.simulated else "answers of a person"
        raise OpinionError(kind, path=path)
    wanted = answers_digest(study.id, answers.rater, answers.session, answers.simulated, answers.answers)
    if answers.digest != wanted:
        raise OpinionError("edited or damaged: its digest does not fit its votes; ask for it again", path=path)
    _check_plan(answers, study, path)
    return answers


def pool(files: Iterable[Path], study: Study, *, simulated: bool = False) -> Pool:
    """Read files and pool those that count; nothing that is wrong with one touches the others."""
    found = Pool()
    sessions: dict[str, tuple[str, Answers]] = {}
    for path in files:
        try:
            answers = read_answers(path, study, simulated=simulated)
        except OpinionError as error:
            found.left_out.append((path.name, str(error)))
            continue
        before = sessions.get(answers.session)
        if before is None:
            sessions[answers.session] = (path.name, answers)
            continue
        # Somebody sent twice: the later state of the session has more votes.
        (name, kept), (other, dropped) = sorted(
            [before, (path.name, answers)], key=lambda one: len(one[1].answers), reverse=True
        )
        same = kept.answers[: len(dropped.answers)] == dropped.answers
        found.left_out.append(
            (other, f"sent twice: {name} is of the same rater and session" + ("" if same else ", with other votes"))
        )
        sessions[answers.session] = (name, kept)
    _name_raters(sessions.values(), study, found)
    return found


def keep(run_dir: Path, answers: Iterable[Answers]) -> None:
    """Keep accepted files in the run's folder, under their sessions."""
    for one in answers:
        write_atomic(run_dir / KEPT / f"{one.session}.json", one.text())


def _name_raters(sessions: Iterable[tuple[str, Answers]], study: Study, found: Pool) -> None:
    """Name raters by their number, and tell those apart who have the same."""
    by_number: dict[int, list[tuple[str, Answers]]] = {}
    for name, answers in sessions:
        by_number.setdefault(answers.rater, []).append((name, answers))
    for number, same in sorted(by_number.items()):
        if len(same) > 1:
            files = ", ".join(name for name, _ in same)
            found.notes.append(
                f"number {number} was used by {len(same)} raters ({files}); all are kept, told apart by letters"
            )
        for place, (name, answers) in enumerate(same):
            rater = f"{number}{chr(ord('a') + place) if len(same) > 1 else ''}"
            found.kept[rater] = answers
            asked = len(plan(study, number))
            if len(answers.answers) < asked:
                found.notes.append(f"{name}: {len(answers.answers)} of {asked} votes; they count")


def _check_plan(answers: Answers, study: Study, path: Path) -> None:
    """Make sure that the votes are on what this rater was shown, in that order."""
    if answers.rater > study.design.raters:
        raise OpinionError(f"rater {answers.rater}; the study has numbers up to {study.design.raters}", path=path)
    if not answers.answers:
        raise OpinionError("no votes", path=path)
    planned = plan(study, answers.rater)
    most = 5 if study.design.kind == "rating" else 2
    for number, answer in enumerate(answers.answers):
        if number >= len(planned) or tuple(answer.shown) != planned[number]:
            raise OpinionError(
                f"vote {number + 1} is on something that rater {answers.rater} was not shown there", path=path
            )
        if answer.vote > most:
            raise OpinionError(f"vote {number + 1} is {answer.vote}; it should be 1 to {most}", path=path)


def vote_table(study: Study, kept: Mapping[str, Answers]) -> pd.DataFrame:
    """Decode all votes.

    Returns
    -------
    Columns rater, trial (from 1), dataset, image, method and vote of a rating; of pairs winner and loser in place of
    the last two, and side (1: the first shown was preferred). Then seconds, and repeat: whether it was asked before.
    """
    key = study.key()
    rows = []
    for rater, answers in kept.items():
        seen = set()
        for number, answer in enumerate(answers.answers, 1):
            decoded = [key[code] for code in answer.shown]
            dataset, image = study.images[decoded[0][0]]
            asked = frozenset(answer.shown)
            row = {"rater": rater, "trial": number, "dataset": dataset, "image": image}
            if study.design.kind == "rating":
                row |= {"method": decoded[0][1], "vote": answer.vote}
            else:
                winner, loser = decoded[answer.vote - 1][1], decoded[2 - answer.vote][1]
                row |= {"winner": winner, "loser": loser, "side": answer.vote}
            rows.append(row | {"seconds": answer.ms / 1000, "repeat": asked in seen})
            seen.add(asked)
    return pd.DataFrame(rows)


def vote_array(study: Study, table: pd.DataFrame) -> np.ndarray:
    """Arrange ratings as raters × images × methods; repeats are left out, and what was not shown is NaN."""
    raters, images, methods = _numbers(study, table)
    first = table[~table["repeat"]]
    votes = np.full((len(raters), len(images), len(methods)), np.nan)
    keys = list(zip(first.dataset, first.image, strict=True))
    votes[first.rater.map(raters), [images[key] for key in keys], first.method.map(methods)] = first.vote
    return votes


def preferences(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Number pair comparisons; repeats are left out.

    Returns
    -------
    A row for each vote: winner, loser, rater and image, as numbers from 0.
    """
    raters, images, methods = _numbers(study, table)
    first = table[~table["repeat"]]
    return pd.DataFrame(
        {
            "winner": first.winner.map(methods),
            "loser": first.loser.map(methods),
            "rater": first.rater.map(raters),
            "image": [images[key] for key in zip(first.dataset, first.image, strict=True)],
        }
    )


def repeatability(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Compare each rater's repeated votes with the first ones.

    Returns
    -------
    By rater: repeats, how many; repeats_equal, the share that came out the same; repeats_difference, the mean
    difference of ratings in grades (NaN of pairs).
    """
    rated = study.design.kind == "rating"
    asked: list[Any] = [row.method if rated else frozenset((row.winner, row.loser)) for row in table.itertuples()]
    said = table.assign(asked=asked, said=table.vote if rated else table.winner)
    pairs = said[said["repeat"]].merge(said[~said["repeat"]], on=["rater", "dataset", "image", "asked"])
    pairs["equal"] = pairs.said_x == pairs.said_y
    pairs["difference"] = (pairs.said_x - pairs.said_y).abs() if rated else np.nan
    by_rater = pairs.groupby("rater").agg(
        repeats=("equal", "size"), repeats_equal=("equal", "mean"), repeats_difference=("difference", "mean")
    )
    found = by_rater.reindex(table.rater.unique())
    return found.assign(repeats=found.repeats.fillna(0).astype(int))


def _numbers(study: Study, table: pd.DataFrame) -> tuple[dict[str, int], dict[tuple[str, str], int], dict[str, int]]:
    raters = {rater: number for number, rater in enumerate(table.rater.unique())}
    images = {image: number for number, image in enumerate(study.images)}
    return raters, images, {method: number for number, method in enumerate(study.methods)}
