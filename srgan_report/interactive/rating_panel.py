"""A panel for notebook 5: rate a study's images blind, as on its page, and see the scores."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import ipywidgets
from pydantic import ValidationError

from srgan_lib.files import read_json, write_atomic
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.exhibits import markup
from srgan_report.interactive.panels import show_text
from srgan_report.opinion.answers import Answer, Answers, new_answers
from srgan_report.opinion.exhibits import findings, score_figure
from srgan_report.opinion.make import make_study
from srgan_report.opinion.page import Encoded, read_page
from srgan_report.opinion.ratings import SCALE
from srgan_report.opinion.results import collect_answers, page_to_offer, read_results
from srgan_report.opinion.study import KEY, PAGE, OpinionError

BLANK = 0.25  #: seconds after a picture has appeared in which no vote counts: a double click is not two votes


def rate_blind(run_dir: Path, shared: Shared, design: Opinion) -> ipywidgets.VBox:
    """Build the panel of a run's study; where there is none of its present images, a button makes one so designed."""
    if page_to_offer(run_dir):
        return RatingPanel(run_dir / PAGE)
    button, note = ipywidgets.Button(description="Choose the images"), ipywidgets.HTML()
    box = ipywidgets.VBox([button, note])

    def counter(label: str) -> Callable[[int, int], None]:
        return lambda done, total: show_text(note, f"{label}: {done} of {total}")

    def make(_: object) -> None:
        button.disabled = True
        try:
            make_study([run_dir], shared, design, progress=counter)
            box.children = [RatingPanel(run_dir / PAGE)]
        except OpinionError as error:
            show_text(note, str(error))

    button.on_click(make)
    return box


class RatingPanel(ipywidgets.VBox):
    """Asks a rater what ``opinion.html`` asks, in the same order, and writes the same file beside the page.

    The file is written after every vote; who comes back with the same number goes on where they were. The times of
    votes include the way between browser and kernel. The page alone is enough to rate, in Colab for example; where the
    key lies beside it, votes can be counted at once.
    """

    def __init__(self, page: Path) -> None:
        self.page, self.folder = read_page(page), page.parent
        self._rating = self.page.kind == "rating"
        self.file: Path | None = None  #: where the votes are, once there are any
        self._rater, self._session = 1, ""
        self._answers: list[Answer] = []
        self._shown_at = 0.0
        self._text, self._stage = ipywidgets.HTML(), ipywidgets.HTML()
        self._number = ipywidgets.BoundedIntText(
            value=1, min=1, max=len(self.page.plans), description="your number", style={"description_width": "initial"}
        )
        names = [f"{grade} {label}" for grade, label in enumerate(SCALE, 1)] if self._rating else ["A", "B"]
        self._choices = ipywidgets.HBox(
            [_button(name, lambda vote=vote: self._vote(vote)) for vote, name in enumerate(names, 1)]
        )
        self._back = _button("back", self._take_back)
        super().__init__()
        self._welcome()

    def _welcome(self) -> None:
        votes = len(self.page.plans[1])
        ends = [
            (f"example of {grade}: {SCALE[grade - 1]}", image)
            for versions in self.page.examples
            for grade, image in zip((1, 5), versions, strict=True)
        ]
        show_text(
            self._text,
            f"{self.page.question} {votes} votes. There is no right answer; go by the first impression, with the "
            "browser at 100 %. Nothing is asked about you.",
        )
        self._stage.value = _side_by_side(ends if self._rating else [])
        self.children = [self._text, self._stage, self._number, _button("begin", self._begin)]

    def _begin(self) -> None:
        self._rater, self._session, self._answers = self._number.value, secrets.token_hex(8), []
        for file in sorted(self.folder.glob(f"opinion_{self.page.study}_{self._rater}_*.json")):
            self._go_on(file)
        self.children = [self._text, self._stage, self._choices, self._back]
        self._ask()

    def _go_on(self, file: Path) -> None:
        """Take over a session of this rater that is not finished."""
        try:
            earlier = Answers.model_validate(read_json(file))
        except ValidationError:
            return  # it is left as it is, and collecting names what is wrong with it
        if len(earlier.answers) < len(self.page.plans[self._rater]):
            self._session, self._answers = earlier.session, list(earlier.answers)

    def _ask(self) -> None:
        number, trials = len(self._answers), self.page.plans[self._rater]
        if number == len(trials):
            self._end()
            return
        names = ["picture"] if self._rating else ["A", "B", "the original"]
        shown = [(name, self.page.images[code]) for name, code in zip(names, trials[number], strict=False)]
        if len(shown) == 3:
            shown.insert(1, shown.pop())  # the original between the two
        show_text(self._text, f"{self.page.question} ({number + 1} of {len(trials)})")
        self._stage.value = _side_by_side(shown)
        self._back.disabled = not number
        self._shown_at = monotonic()

    def _vote(self, vote: int) -> None:
        seconds = monotonic() - self._shown_at
        if seconds < BLANK:
            return
        shown = self.page.plans[self._rater][len(self._answers)]
        self._answers.append(Answer(shown=list(shown), vote=vote, ms=round(1000 * seconds)))
        self.file = self.folder / f"opinion_{self.page.study}_{self._rater}_{self._session[:4]}.json"
        answers = new_answers(self.page.study, self._rater, self._session, self._answers, notebook=True)
        write_atomic(self.file, answers.text())
        self._ask()

    def _take_back(self) -> None:
        self._answers.pop()
        self._ask()

    def _end(self) -> None:
        assert self.file is not None  # there were votes
        show_text(self._text, f"Thank you. Your votes are in {self.file}.")
        self._stage.value = ""
        self.children = [self._text, self._stage]
        if (self.folder / KEY).exists():
            self.children = [self._text, _button("count them", self._count), self._stage]

    def _count(self) -> None:
        """Take the votes into the study, as ``srgan opinion collect`` does, and show its scores."""
        assert self.file is not None  # there were votes
        try:
            pooled, _ = collect_answers(self.folder, [self.file])
        except OpinionError as error:
            show_text(self._stage, str(error))
            return
        results = read_results(self.folder)
        assert results is not None  # it was written just now
        left_out = [f"{name}: left out: {reason}" for name, reason in pooled.left_out]
        notes = [*left_out, *pooled.notes, *findings(results)]
        self._stage.value = "".join(f"<p>{html.escape(note)}</p>" for note in notes) + markup.chart(
            score_figure(results)
        )


def _button(description: str, act: Callable[[], None]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=description)
    button.on_click(lambda _: act())
    return button


def _side_by_side(pictures: list[tuple[str, Encoded]]) -> str:
    """Write pictures on a neutral grey, one CSS pixel for each of theirs, not smoothed on finer screens."""
    shown = "".join(
        f'<figure style="margin: 0"><img alt="{name}" src="{markup.data_uri(picture.webp, "image/webp")}" '
        f'style="display: block; max-width: none; width: {picture.width}px; height: {picture.height}px; '
        f'image-rendering: pixelated">'
        f"<figcaption>{name}</figcaption></figure>"
        for name, picture in pictures
    )
    style = "display: flex; flex-wrap: wrap; gap: 12px; padding: 12px; background: #808080; color: #000"
    return f'<div style="{style}">{shown}</div>' if pictures else ""
