"""The commands for studies with people: ``srgan opinion make``, ``collect``, ``simulate`` and ``plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan_report import params_file
from srgan_report.cli.options import existing_run, require_extra
from srgan_report.cli.terminal import Terminal, print_table, say

if TYPE_CHECKING:
    from srgan_report.opinion.analysis import Analysis
    from srgan_report.opinion.answers import Pool


def _numbers(_context: click.Context, _option: click.Parameter, text: str) -> list[int]:
    """Read a list of numbers, two at least each, since one rater or image has no interval."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of numbers such as 10,20") from None
    if min(numbers) < 2:
        raise click.BadParameter("an interval needs two or more")
    return numbers


@click.group()
def opinion() -> None:
    """Ask people: a blind study of a run's images in one HTML file, and its scores in the report."""


@opinion.command()
@click.argument("runs", metavar="RUN…", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(["rating", "pairs"]), help="1 to 5 for each image, or one of two.")
@click.option(
    "--question",
    type=click.Choice(["photograph", "original"]),
    help="Of pairs: which looks more like a photograph, or is closer to the original.",
)
@click.option("--methods", metavar="A,B,…", help="Methods shown, e.g. bicubic,srgan,hr.")
@click.option("--images", type=int, help="Test images shown, at most.")
@click.option("--size", type=int, help="Side of what is shown of an image, in pixels, at most.")
@click.option(
    "--raters", metavar="FILE|NUMBER", help="Raters there can be, or a file with a code a line: a link for each."
)
@click.option("--votes", type=int, help="Votes of a rater, at most.")
@click.option("--repeats", type=int, help="Votes asked twice.")
@click.option(
    "--force", is_flag=True, help="Replace another study of this run; its answers cannot be decoded any more."
)
def make(runs: tuple[str, ...], methods: str | None, raters: str | None, force: bool, **options: Any) -> None:
    """Write opinion.html, to be sent to raters, into RUN's folder; of several runs into the first one's.

    What is not given is as in the run's params (evaluation.opinion), or the default (srgan params opinion).
    """
    from srgan_lib.files import load_json
    from srgan_lib.params.evaluation import Opinion
    from srgan_lib.params.shared import Shared
    from srgan_report.opinion.make import make_study, read_codes, write_links
    from srgan_report.opinion.study import PAGE, plan

    folders = [existing_run(run) for run in runs]
    parameters = load_json(folders[0] / "manifest.json")["parameters"]
    shared = Shared.model_validate(parameters["shared"])
    asked = {name: value for name, value in options.items() if value is not None}
    if methods is not None:
        asked["methods"] = [name.strip() for name in methods.split(",") if name.strip()]
    codes = read_codes(Path(raters)) if raters and not raters.lstrip("-").isdecimal() else []
    if raters:
        asked["raters"] = len(codes) or int(raters)
    merged = {**(parameters["evaluation"].get("opinion") or {}), **asked}
    wanted = params_file.check({"evaluation": {"opinion": merged}}, "srgan opinion make")
    design = wanted.evaluation.opinion or Opinion()
    page = folders[0] / PAGE
    with Terminal() as terminal:
        study = make_study(folders, shared, design, replace=force, progress=terminal.counter)
        terminal.note(
            f"{len(study.methods)} methods on {len(study.images)} images, {len(plan(study, 1))} votes a rater, "
            f"{page.stat().st_size / 1e6:.1f} MB: {page}"
        )
        if raters:
            terminal.note(
                f"A link for each rater, with a code in place of a name: {write_links(folders[0], study, codes)}"
            )
        terminal.note(
            f"Send it with a number from 1 to {study.design.raters} to each rater; then: "
            f"srgan opinion collect {runs[0]} FILES…"
        )


@opinion.command()
@click.argument("run", metavar="RUN")
@click.argument("files", metavar="FILES…", nargs=-1, type=click.Path(path_type=Path))
def collect(run: str, files: tuple[Path, ...]) -> None:
    """Check what raters sent back, keep it in RUN's folder, and write scores and report; FILES can be added later."""
    from srgan_report.opinion.results import SLIDE, collect_answers
    from srgan_report.opinion.study import FOLDER

    require_extra("report")
    from srgan_report.pipeline.assemble import assemble_again

    folder = existing_run(run)
    _show(*collect_answers(folder, files))
    with Terminal() as terminal:
        terminal.note("Making the report")
        written = [*assemble_again(folder), folder / FOLDER / SLIDE]
        terminal.note(f"Written: {', '.join(map(str, written))}")


@opinion.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--careless", default=0.0, type=click.FloatRange(0, 1), help="Probability that a simulated rater votes by chance."
)
@click.option("--seed", default=0, help="Of the simulation.")
def simulate(run: str, careless: float, seed: int) -> None:
    """Let simulated raters answer RUN's study, as a rehearsal: chapter and slide, marked so, in opinion/simulated/.

    The methods' qualities are invented: spread evenly over the scale, in the order of the tables.
    """
    from srgan_lib.files import load_json
    from srgan_report.opinion.results import SLIDE, simulate_answers
    from srgan_report.opinion.simulation import Observers

    require_extra("report")
    from srgan_report.report.build import write_rehearsal

    folder = existing_run(run)
    pooled, found = simulate_answers(folder, Observers(careless=careless), seed)
    say("SIMULATED raters: nobody has looked at these images.", bold=True)
    _show(pooled, found)
    scale = load_json(folder / "manifest.json")["parameters"]["shared"]["scale"]
    chapter = write_rehearsal(folder, found, scale)
    say(f"Written: {chapter} and {chapter.with_name(SLIDE)}")


@opinion.command("plan")
@click.option("--raters", default="5,10,15,20,26,40", callback=_numbers, help="Numbers of raters.")
@click.option("--images", default="5,10,20,40", callback=_numbers, help="Numbers of images.")
def plan_command(raters: list[int], images: list[int]) -> None:
    """Print the smallest difference of two methods that raters × images find in four of five studies."""
    from srgan_report.opinion.simulation import Observers, detectable

    rows = [
        (str(count), str(shown), *("> 2" if gap > 2 else f"{gap:.2f}" for gap in detectable(count, shown, Observers())))
        for count in raters
        for shown in images
    ]
    print_table(("raters", "images", "these images", "images of this kind"), rows)


def _show(pooled: Pool, found: Analysis) -> None:
    """Print who was left out and why, the scores, and what they say."""
    from srgan_report.opinion.exhibits import finding, interval

    for name, reason in pooled.left_out:
        say(f"{name}: left out: {reason}", fg="yellow")
    for note in pooled.notes:
        say(note)
    for row in found.raters[found.raters.left_out_because.notna()].itertuples():
        say(f"rater {row.rater}: not counted: {row.left_out_because}", fg="yellow")
    score = "mos" if found.rating else "preference"
    rows = []
    for row in found.scores.to_dict("records"):
        ends = [interval(row[f"{which}_low"], row[f"{which}_high"]) for which in ("these", "kind")]
        rows.append((row["method"], f"{row[score]:.2f}", *ends, str(row["votes"])))
    print_table(("method", score.replace("mos", "MOS"), "these images", "images of this kind", "votes"), rows)
    say(finding(found), bold=True)
