"""What raters send back: read, checked, pooled, and decoded as votes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, ValidationError

from srgan_lib.files import parse_json, read_bounded
from srgan_report.opinion.study import OpinionError, Study, plan

FORMAT = "srgan-opinion"
LARGEST_FILE = 2_000_000  #: bytes of one rater's answers; 2,000 votes have some 200,000

#: What a rater's link may hold in place of a name; the page takes no other.
RATER_CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")

Code = Annotated[str, Field(pattern=r"^[0-9a-f]{10}$")]


class Answer(BaseModel, extra="forbid", strict=True, frozen=True):
    """One vote: 1 to 5 for the image shown; of a pair 1 for the first, 2 for the second."""

    shown: list[Code] = Field(min_length=1, max_length=3)
    vote: int = Field(ge=1, le=5)
    ms: int = Field(ge=0, le=10**9)


class Answers(BaseModel, extra="forbid", strict=True, frozen=True):
    """One rater's file, as ``opinion.html`` writes it.

    ``digest`` shows that a file was edited or damaged; it is no signature, since whoever has the page can compute it.
    """

    format: Literal["srgan-opinion"]
    version: Literal[1]
    study: str
    rater: int = Field(ge=1)
    code: str = Field("", pattern=f"^({RATER_CODE.pattern})?$")  #: of the link by which the page was opened, if any
    session: str = Field(pattern=r"^[0-9a-f]{8,32}$")
    simulated: bool
    screen: dict[str, str | int | float | bool | None]
    answers: list[Answer]
    digest: str

    def text(self) -> str:
        """Write the file's JSON, as it was read."""
        return json.dumps(self.model_dump(), separators=(",", ":"))

    def hashed(self) -> str:
        """Hash what the votes say; the page computes the same."""
        votes = ";".join(f"{'+'.join(answer.shown)}:{answer.vote}:{answer.ms}" for answer in self.answers)
        rater = f"{self.rater}{self.code and f'={self.code}'}"
        text = f"{self.study}|{rater}|{self.session}|{str(self.simulated).lower()}|{votes}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Pool:
    """Answers that count, and what was said about the others."""

    #: By rater: the code, or else the number, with a letter where several used one.
    kept: dict[str, Answers] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)  #: file and reason of each that does not count
    notes: list[str] = field(default_factory=list)  #: about those that do


def new_answers(
    study: str,
    rater: int,
    session: str,
    answers: Sequence[Answer],
    *,
    code: str = "",
    simulated: bool = False,
    **screen: Any,
) -> Answers:
    """Write one rater's answers to the study of that id, as the page would."""
    made = Answers(format=FORMAT, version=1, study=study, rater=rater, code=code, session=session,
                   simulated=simulated, screen=screen, answers=list(answers), digest="")  # fmt: skip
    return made.model_copy(update={"digest": made.hashed()})


def read_answers(path: Path, study: Study, *, simulated: bool = False) -> Answers:
    """Read and check one rater's file; an :class:`OpinionError` says why it does not count.

    Simulated answers, if they are wanted, never count among those of people, nor the other way round.
    """
    try:
        content = parse_json(read_bounded(path, LARGEST_FILE))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise OpinionError("not a file that opinion.html saves", path=path)
        answers = Answers.model_validate(content)
    except FileNotFoundError:
        raise OpinionError("no such file", path=path) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise OpinionError(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", path=path) from None
    except OSError as error:
        raise OpinionError(f"cannot be read: {error.strerror}", path=path) from None
    except ValueError:
        reason = "no complete JSON: truncated, or another kind of file; ask for it again"
        raise OpinionError(reason, path=path) from None
    if fault := _fault(answers, study, simulated):
        raise OpinionError(fault, path=path)
    return answers


def _fault(answers: Answers, study: Study, simulated: bool) -> str | None:
    """Say why answers do not count: damaged, of another study, or on what this rater was not shown there."""
    if answers.study != study.id:
        return (
            f"of another study ({answers.study}; this run's is {study.id}); "
            "collect it with the run whose page was rated"
        )
    if answers.simulated != simulated:
        return "simulated answers, which never enter a study of people" if answers.simulated else "answers of a person"
    if answers.digest != answers.hashed():
        return "edited or damaged: its digest does not fit its votes; ask for it again"
    if answers.rater > study.design.raters:
        return f"rater {answers.rater}; the study has numbers up to {study.design.raters}"
    if not answers.answers:
        return "no votes"
    planned, most = plan(study, answers.rater), 5 if study.design.kind == "rating" else 2
    for number, answer in enumerate(answers.answers):
        if number >= len(planned) or tuple(answer.shown) != planned[number]:
            return f"vote {number + 1} is on something that rater {answers.rater} was not shown there"
        if answer.vote > most:
            return f"vote {number + 1} is {answer.vote}; it should be 1 to {most}"
    return None


def pool(files: Iterable[Path], study: Study, *, simulated: bool = False) -> Pool:
    """Read files and pool those that count; nothing that is wrong with one touches the others.

    One code, one rater: of several files with the same code, or of the same session, the one with the most votes
    counts, of equally many the first.
    """
    found = Pool()
    sent_by: dict[tuple[str, str], list[tuple[str, Answers]]] = {}
    for path in files:
        try:
            answers = read_answers(path, study, simulated=simulated)
            who = (answers.code, "") if answers.code else ("", answers.session)
            sent_by.setdefault(who, []).append((path.name, answers))
        except OpinionError as error:
            found.left_out.append((path.name, str(error)))
    raters: dict[str, list[tuple[str, Answers]]] = {}
    for sent in sent_by.values():
        # A code is one rater, and a session is one: of what was sent twice, the later state has more votes.
        (name, kept), *earlier = sorted(sent, key=lambda one: len(one[1].answers), reverse=True)
        raters.setdefault(kept.code or str(kept.rater), []).append((name, kept))
        for other, dropped in earlier:
            if dropped == kept:
                continue
            same = kept.answers[: len(dropped.answers)] == dropped.answers
            whose = f"code {kept.code}" if kept.code else "the same rater and session"
            reason = f"sent twice: {name} is of {whose}{'' if same else ', with other votes'}"
            found.left_out.append((other, reason))
    for label, group in sorted(raters.items(), key=lambda one: (one[1][0][1].rater, one[0])):
        if len(group) > 1:
            names = ", ".join(name for name, _ in group)
            found.notes.append(
                f"number {label} was used by {len(group)} raters ({names}); all are kept, told apart by letters"
            )
        for place, (name, answers) in enumerate(group):
            asked = len(plan(study, answers.rater))
            found.kept[f"{label}{chr(ord('a') + place) if len(group) > 1 else ''}"] = answers
            if len(answers.answers) < asked:
                found.notes.append(f"{name}: {len(answers.answers)} of {asked} votes; they count")
    return found


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
            numbers, methods = zip(*(key[code] for code in answer.shown), strict=True)
            dataset, image = study.images[numbers[0]]
            asked = frozenset(answer.shown)
            row = {"rater": rater, "trial": number, "dataset": dataset, "image": image}
            if study.design.kind == "rating":
                row |= {"method": methods[0], "vote": answer.vote}
            else:
                row |= {"winner": methods[answer.vote - 1], "loser": methods[2 - answer.vote], "side": answer.vote}
            rows.append(row | {"seconds": answer.ms / 1000, "repeat": asked in seen})
            seen.add(asked)
    return pd.DataFrame(rows)


def numbered(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Number raters, images and methods of decoded votes from 0, in the study's order; repeats are left out."""
    first = table[~table["repeat"]]
    images = pd.MultiIndex.from_frame(first[["dataset", "image"]])
    methods = [name for name in ("method", "winner", "loser") if name in first]
    return first.assign(
        rater=pd.factorize(first.rater)[0],
        image=pd.MultiIndex.from_tuples(study.images).get_indexer(images),
        **{name: pd.Index(study.methods).get_indexer(pd.Index(first[name])) for name in methods},
    )


def vote_array(study: Study, votes: pd.DataFrame) -> np.ndarray:
    """Arrange :func:`numbered` ratings as raters × images × methods; what was not shown is NaN."""
    array = np.full((votes.rater.nunique(), len(study.images), len(study.methods)), np.nan)
    array[votes.rater, votes.image, votes.method] = votes.vote
    return array


def repeatability(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Compare each rater's repeated votes with the first ones.

    Returns
    -------
    By rater: repeats, how many; repeats_equal, the share that came out the same; repeats_difference, the mean
    difference of ratings in grades (NaN of pairs).
    """
    rated = study.design.kind == "rating"
    pairs = [] if rated else [frozenset(pair) for pair in zip(table.winner, table.loser, strict=True)]
    asked = table.method if rated else pd.Series(pairs, table.index, dtype=object)
    said = table.assign(asked=asked, said=table.vote if rated else table.winner)
    pairs = said[said["repeat"]].merge(said[~said["repeat"]], on=["rater", "dataset", "image", "asked"])
    pairs["equal"] = pairs.said_x == pairs.said_y
    pairs["difference"] = (pairs.said_x - pairs.said_y).abs() if rated else np.nan
    found = pairs.groupby("rater").agg(
        repeats=("equal", "size"), repeats_equal=("equal", "mean"), repeats_difference=("difference", "mean")
    )
    found = found.reindex(table.rater.unique())
    return found.assign(repeats=found.repeats.fillna(0).astype(int))
