"""Compose the front of the report: what was found, the results table, and an example of each kind with its crops."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from srgan_lib.formatting import duration
from srgan_lib.methods import BASELINE, OURS, label_of, method_styles
from srgan_lib.metrics.measure import HEADLINE, METRICS
from srgan_lib.models.shipped import own_methods
from srgan_report.exhibits.conclusion import set_in_words
from srgan_report.hardware import machine_text
from srgan_report.opinion.results import page_to_offer
from srgan_report.report.flow import flow_chart
from srgan_report.report.images import Images
from srgan_report.report.lead import apart, changes, lead, start_in_words, start_method, tiles
from srgan_report.report.load_run import FinishedRun, Scores
from srgan_report.report.notebooks import anchor
from srgan_report.report.viewer import ViewedImage, strip

GAINED = ("lpips_alex", "psnr_y")  #: what an image is compared by, the first that was computed ranks the images
PER_IMAGE = (*HEADLINE, "lpips_squeeze")  #: columns of the table of every image


@dataclass(frozen=True)
class Cell:
    """A cell of the results table."""

    text: str
    best: bool = False
    missing: bool = False
    rows: int = 1  # all of them for a cell that says that a whole column was not computed


@dataclass(frozen=True)
class Row:
    """A row of a results table: a method with a cell per metric."""

    label: str
    colour: str
    cells: list[Cell]


@dataclass(frozen=True)
class Example:
    """An image chosen by what SRGAN gains over bicubic."""

    title: str
    dataset: str
    image: str
    text: str

    @property
    def anchor(self) -> str:
        """The id of its crops on the page; the names' hash tells images apart whose letters an id cannot have."""
        names = f"{self.dataset}/{self.image}".encode()
        return f"{anchor('example', self.dataset, self.image)}-{zlib.crc32(names):08x}"


def context(run: FinishedRun, images: Images) -> dict[str, Any]:
    """What the summary's template shows; the examples' crops are added to ``images``."""
    kept = {(files.dataset, files.image): files for files in run.kept}
    start = start_method(run)
    methods = [
        "lr",
        BASELINE,
        *([start] if start else []),
        "warmup",
        OURS,
        *([] if start else ["reference_srgan"]),
        "hr",
    ]

    def shown(example: Example) -> tuple[Example, ViewedImage | None]:
        files = kept.pop((example.dataset, example.image), None)  # each image once
        return example, strip(run, files, images, methods) if files else None

    scores, parameters = run.scores, run.manifest["parameters"]
    paired = scores.paired(scores.datasets[0])
    return {
        "scale": parameters["shared"]["scale"],
        "machine": machine_text(run.manifest["machine"]),
        "duration": duration(run.manifest["seconds"]),
        "flow_chart": Markup(flow_chart(parameters["shared"]["dataset"], images)),
        "started": run.stages[0].manifest["started"][:10],
        "lead": lead(run),
        "typical": [shown(example) for example in typical(scores)],
        "tiles": tiles(paired),
        "apart": apart(paired),
        "start": start_in_words(run),
        "changes": changes(run, HEADLINE),
        "opinion_page": page_to_offer(run.directory),
        "headings": [METRICS[metric].heading for metric in HEADLINE],
        "datasets": [
            (set_in_words(one, len(scores.images(one)), scores.heldout), results(scores, one, start))
            for one in scores.datasets
        ],
        "networks": networks(run),
        "reference": own_methods(scores.methods) != scores.methods,
        "examples": [shown(example) for example in examples(scores)],
    }


def results(scores: Scores, dataset: str, start: str = "") -> list[Row]:
    """The results table of a dataset: each method's mean by metric, the best of this run marked in each column.

    The first row is of the network that the run continues, ``start``, if there is one.
    """
    means = {metric: {method: scores.mean(dataset, method, metric) for method in scores.methods} for metric in HEADLINE}
    rows = []
    for method in sorted(scores.methods, key=lambda method: method != start):
        style = method_styles(scores.methods)[method]
        cells = [cell for metric in HEADLINE if (cell := _cell(means[metric], method, metric, first=not rows))]
        rows.append(Row(f"{style.label}{', the start' if method == start else ''}", style.colour, cells))
    return rows


def networks(run: FinishedRun) -> str:
    """Say which training gave which row of the results table."""
    parameters = run.manifest["parameters"]
    generator = parameters["warmup"]["generator"]
    name = "SRResNet" if generator == "srresnet" else generator
    start = start_in_words(run)
    begun = f"continues {start} for" if start else f"is this run's {name} after"
    alone, against = (parameters[stage]["steps"] for stage in ("warmup", "adversarial"))
    words = (
        f"Warm-up {begun} {alone} steps without a discriminator, SRGAN is the same network after {against} steps more "
        "against one"
    )
    trainings = parameters["evaluation"]["repeats"]
    words += f"; means are over {trainings} trainings of each" if trainings > 1 else ""
    reference = own_methods(run.scores.methods) != run.scores.methods
    return words + ("; the reference models come with the package, trained beforehand." if reference else ".")


def examples(scores: Scores) -> list[Example]:
    """The images where SRGAN gains most and least over bicubic: by LPIPS, or by PSNR where LPIPS was not computed."""
    judge, gained = _gains(scores)
    ranked = sorted(gained, key=lambda key: -gained[key])
    words = ("Largest gain", "No gain", "Smallest loss"), ("Smallest gain", "No gain", "Largest loss")
    return [
        _example(scores, f"{more if gained[key] > 0 else less if gained[key] < 0 else none} over bicubic", judge, key)
        for (more, none, less), key in zip(words, [*ranked[:1], *ranked[1:][-1:]], strict=False)
    ]


def typical(scores: Scores) -> list[Example]:
    """The image with the median of these gains in the first test set; none where no image can be compared."""
    judge, gained = _gains(scores)
    ranked = sorted((key for key in gained if key[0] == scores.datasets[0]), key=lambda key: -gained[key])
    return [_example(scores, "Median gain over bicubic", judge, key) for key in ranked[len(ranked) // 2 :][:1]]


def _example(scores: Scores, title: str, judge: str, key: tuple[str, str]) -> Example:
    return Example(f"{title} by {METRICS[judge].label}", *key, f"SRGAN against bicubic: {_compared(scores, *key)}")


def gains(scores: Scores) -> dict[str, str]:
    """Say by image, as the viewer calls it, what SRGAN gains over bicubic."""
    told = {key: _compared(scores, *key, short=True) for key in _gains(scores)[1]}
    return {"/".join(key): f"{text} against bicubic" for key, text in told.items()}


def per_image(scores: Scores) -> dict[str, Any]:
    """What the template of the table of every image and method shows."""
    known = [
        metric for metric in PER_IMAGE if any(scores.mean(one, BASELINE, metric) is not None for one in scores.datasets)
    ]
    rows = [
        {
            "dataset": dataset,
            "image": image,
            "label": label_of(method),
            "values": [
                "–" if (value := scores.one(dataset, image, method, metric)) is None else METRICS[metric].text(value)
                for metric in known
            ],
        }
        for dataset in scores.datasets
        for image in scores.images(dataset)
        for method in scores.methods
    ]
    headings = [METRICS[metric].heading for metric in known]
    return {"rows": rows, "headings": headings, "several": len(scores.datasets) > 1}


def _gains(scores: Scores) -> tuple[str, dict[tuple[str, str], float]]:
    """Compute by dataset and image SRGAN's gain over bicubic, positive is better, and name the metric."""
    for metric in GAINED:
        found: dict[tuple[str, str], float] = {}
        for dataset in scores.datasets:
            for image in scores.images(dataset):
                if pair := _pair(scores, dataset, image, metric):
                    found[dataset, image] = _gain(*pair, metric)
        if found:
            return metric, found
    return GAINED[-1], {}


def _pair(scores: Scores, dataset: str, image: str, metric: str) -> tuple[float, float] | None:
    """One image's figures of SRGAN and bicubic, as they are printed; none where one is missing or both are infinite."""
    ours, base = (scores.one(dataset, image, method, metric) for method in (OURS, BASELINE))
    if ours is None or base is None or ours == base == math.inf:
        return None
    return round(ours, METRICS[metric].digits), round(base, METRICS[metric].digits)


def _gain(ours: float, base: float, metric: str) -> float:
    """What SRGAN is better by."""
    return ours - base if METRICS[metric].higher_is_better else base - ours


def _compared(scores: Scores, dataset: str, image: str, short: bool = False) -> str:
    """SRGAN against bicubic on one image by two judges, and by which it is better; in short the differences alone."""
    text = []
    for name in GAINED:
        metric = METRICS[name]
        if pair := _pair(scores, dataset, image, name):
            ours, base = pair
            gain = _gain(ours, base, name)
            verdict = "better" if gain > 0 else "worse" if gain < 0 else "the same"
            values = f"{metric.text(ours)} against {metric.phrase(base)}"
            difference = metric.phrase(ours - base, sign=True)
            text.append(
                f"{metric.label.partition(' ')[0]} {difference}" if short else f"{metric.label} {values} ({verdict})"
            )
    return ", ".join(text)


def _cell(column: dict[str, float | None], method: str, name: str, first: bool) -> Cell | None:
    """The cell of one method; none where the column's first cell reaches over all rows."""
    metric = METRICS[name]
    known = {key: value for key, value in column.items() if value is not None}
    if not known:
        return Cell("not computed", missing=True, rows=len(column)) if first else None
    if method not in known:
        return Cell("not computed", missing=True)
    text, own = metric.text(known[method]), own_methods(known)
    best = metric.best(known[one] for one in own)
    return Cell(text, best=method in own and best is not None and text == metric.text(best))
