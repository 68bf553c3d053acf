"""What raters send back: read, checked, pooled, and kept in ``opinion/answers/`` of the run."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srgan_lib.files import write_atomic
from srgan_lib.opinion.design import plan
from srgan_lib.opinion.errors import OpinionError
from srgan_lib.opinion.study import FOLDER, Study

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
            f"of another study ({answers.study}; this run's is {study.id}); collect it with the run whose page was rated",
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
