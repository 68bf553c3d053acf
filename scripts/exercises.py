"""Run the notebooks' exercises at the demo's size: ``python -m scripts.exercises [NAME …] [--minutes M]``.

An exercise is a command below a notebook's *Try this*. Each is run as it stands, after the demo, with which it is
compared. What an earlier call has computed is kept, also where it was interrupted. ``results/exercises.csv`` then has
what the finished stages measured, and ``docs/exercises.md`` the tables that follow from it.
"""

from __future__ import annotations

import functools
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd

from scripts.reference_tables import write_csv
from srgan_lib.files import load_json, write_atomic
from srgan_lib.layout import COMPARISON, DEMO, NOTEBOOKS, STAGES, project_root
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.findings import lacking_power
from srgan_report.hardware import machine, machine_text
from srgan_report.pipeline.manifests import read_manifest
from srgan_report.pipeline.provenance import commit

ROOT = project_root()
TABLE, PAGE = ROOT / "results/exercises.csv", ROOT / "docs/exercises.md"
TEXT = re.compile(r"^# \d+\. \*(?P<question>[^*]+)\*.*?^#    ```\n#    (?P<command>srgan .+?)\n#    ```$", re.M | re.S)
PSNR, LPIPS = "SRGAN, PSNR-Y (dB)", "SRGAN, LPIPS"
#: By notebook the columns of its table, each a heading and what of :func:`measure` is in it.
COLUMNS = {
    "data": {
        "LR lacks above its limit (dB)": "data/lacking_power",
        "bicubic, PSNR-Y (dB)": "score/bicubic/psnr_y",
        PSNR: "score/srgan/psnr_y",
        LPIPS: "score/srgan/lpips_alex",
    },
    "srcnn": {
        "validation, PSNR-Y (dB)": "srcnn/psnr_y",
        "SRCNN, PSNR-Y (dB)": "score/srcnn/psnr_y",
        "SRCNN, LPIPS": "score/srcnn/lpips_alex",
    },
    "warmup": {
        "validation, PSNR-Y (dB)": "warmup/psnr_y",
        "warm-up, PSNR-Y (dB)": "score/warmup/psnr_y",
        "warm-up, LPIPS": "score/warmup/lpips_alex",
        "warm-up, grid artefact (dB)": "score/warmup/grid_artefact",
    },
    "adversarial": {
        PSNR: "score/srgan/psnr_y",
        LPIPS: "score/srgan/lpips_alex",
        "SRGAN, grid artefact (dB)": "score/srgan/grid_artefact",
        "D on originals": "adversarial/d_real",
        "D on SRGAN's": "adversarial/d_fake",
    },
    "evaluation": {
        PSNR: "score/srgan/psnr_y",
        LPIPS: "score/srgan/lpips_alex",
        "half-way, PSNR-Y (dB)": "score/srgan_0.5/psnr_y",
        "half-way, LPIPS": "score/srgan_0.5/lpips_alex",
        "eight turns, PSNR-Y (dB)": "score/srgan_ensemble/psnr_y",
        "eight turns, LPIPS": "score/srgan_ensemble/lpips_alex",
    },
    COMPARISON.name: {"runs": "runs", "spread over seeds, PSNR-Y (dB)": "seeds/psnr_y", "first by the rule": "winner"},
}


@dataclass(frozen=True)
class Exercise:
    """A question of a notebook with the command that answers it."""

    notebook: str  # a stage, or ``comparison``
    question: str
    command: str

    @property
    def name(self) -> str:
        """The name of its run or sweep."""
        words = shlex.split(self.command)
        given = [words[words.index(option) + 1] for option in ("--run", "--name") if option in words]
        return given[0] if given else Path(words[2]).stem

    @property
    def folder(self) -> Path:
        """Where its command writes."""
        return ROOT / "results" / ("sweeps" if self.notebook == COMPARISON.name else "") / self.name


BASE = Exercise("", "", f"srgan run {DEMO}")  #: what exercises are compared with


def exercises() -> list[Exercise]:
    """Read all exercises from the notebooks' text, in their order."""
    found = []
    for name, info in NOTEBOOKS.items():
        _, _, tried = (ROOT / "notebooks/source" / f"{info.notebook}.py").read_text("utf-8").partition("## Try this")
        found += [
            Exercise(name, re.sub(r"\s*\n# +", " ", one["question"]), one["command"]) for one in TEXT.finditer(tried)
        ]
    return found


def measure(folder: Path) -> dict[str, float | str]:
    """Collect what a run's finished stages, or a sweep, measured; ``minutes`` are of the stages that the demo lacks."""
    if (folder / "sweep.json").exists():
        return _measure_sweep(folder)
    found: dict[str, float | str] = {}
    done: dict[str, str] = {}  # fingerprints: a stage that was left from other ones before it is not of this run
    for stage in STAGES:
        manifest = read_manifest(folder / stage)
        if not manifest or not manifest["components"]["upstream"].items() <= done.items():
            break
        done[stage] = manifest["fingerprint"]
        known = read_manifest(BASE.folder / stage)
        if folder == BASE.folder or not known or known["fingerprint"] != manifest["fingerprint"]:
            found["minutes"] = float(found.get("minutes", 0)) + manifest["seconds"] / 60
        found |= {f"{stage}/{key}": value for key, value in manifest["summary"].items() if isinstance(value, float)}
        if stage == "data":
            scale = manifest["components"]["parameters"]["scale"]
            found["data/lacking_power"] = lacking_power(pd.read_csv(folder / "data/spectra.csv"), scale)
        if stage == "evaluation":
            table = pd.read_csv(folder / stage / "metrics_summary.csv")
            table = table[table.dataset == table.dataset.iloc[0]]
            found |= {f"score/{one.method}/{one.metric}": one.mean for one in table.itertuples()}
    if len(done) < len(STAGES):
        found.pop("minutes", None)  # of a part
    return found


def _measure_sweep(folder: Path) -> dict[str, float | str]:
    """Count a sweep's finished runs, and say how far seeds spread and which setting its rule names."""
    runs = load_json(folder / "sweep.json")["runs"].values()
    found: dict[str, float | str] = {"runs": float(sum(run["state"] == "finished" for run in runs))}
    if (summary := folder / COMPARISON.name / "summary.json").exists():
        from srgan_report.sweep.comparison import read_runs

        if winner := load_json(summary)["winner"]:
            found["winner"] = winner["setting"]
        rows = read_runs(folder, []).query("dataset not in ('training', 'validation')")
        groups = rows.groupby("setting").psnr_y
        if freedom := (groups.count() - 1).sum():
            found["seeds/psnr_y"] = float((groups.var() * (groups.count() - 1)).sum() / freedom) ** 0.5
    return found


def tables(measured: pd.DataFrame) -> dict[str, str]:
    """Make each notebook's table in Markdown, of the runs and figures that have been measured; or say that none has."""
    values = measured.set_index(["exercise", "measure"]).value
    made = {}
    for notebook, columns in COLUMNS.items():
        names = [one.name for one in exercises() if one.notebook == notebook]
        names = names if notebook == COMPARISON.name else ["demo", *names]
        keys = columns if notebook == COMPARISON.name else {"minutes": "minutes", **columns}
        keys = {heading: key for heading, key in keys.items() if any((name, key) in values for name in names)}
        names = [name for name in names if any((name, key) in values for key in keys.values())]
        lines = [["run", *keys], ["---"] * (len(keys) + 1)]
        lines += [[name, *(_text(values.get((name, key)), key) for key in keys.values())] for name in names]
        made[notebook] = "".join(f"| {' | '.join(line)} |\n" for line in lines) if names else "Not measured yet.\n"
    return made


def _text(value: str | None, key: str) -> str:
    if value is None or key == "winner":
        return value or "–"
    metric = METRICS.get(key.rpartition("/")[2])
    return (
        metric.text(float(value))
        if metric
        else f"{float(value):.{0 if key == 'runs' else 1 if key == 'minutes' else 2}f}"
    )


def with_tables(page: str, measured: pd.DataFrame) -> str:
    """Put the tables between the marks of the page."""
    for notebook, table in tables(measured).items():
        marks = rf"(<!-- measured: {notebook} -->\n).*?(<!-- end -->)"
        page, count = re.subn(marks, lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", page, flags=re.S)
        if count != 1:
            raise ValueError(f"{PAGE.name} has the marks of {notebook} {count} times")
    return page


def run(command: str, minutes: float | None) -> None:
    """Run a command, and interrupt it after some minutes, as Ctrl-C does; it then continues the next time."""
    words = [sys.executable, "-m", "srgan_report.cli", *shlex.split(command)[1:]]
    process = subprocess.Popen(words, cwd=ROOT)
    try:
        process.wait(minutes and 60 * minutes)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()


@functools.cache
def origin() -> dict[str, str]:
    """Name commit and machine, as they were before this call wrote anything."""
    return {"commit": commit(ROOT) or "", "machine": machine_text(machine())}


def record(one: Exercise, measured: pd.DataFrame) -> pd.DataFrame:
    """Put what an exercise measured of what the page shows in place of its earlier rows."""
    shown = {"minutes"}.union(*(columns.values() for columns in COLUMNS.values()))
    rows = [
        {
            "exercise": one.name,
            "measure": key,
            "value": f"{value:.6g}" if isinstance(value, float) else value,
            **origin(),
        }
        for key, value in measure(one.folder).items()
        if key in shown
    ]
    return pd.concat([measured[measured.exercise != one.name], pd.DataFrame(rows, columns=measured.columns)])


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--minutes", type=float, help="Interrupt each command after so long; the next call continues.")
def main(names: tuple[str, ...], minutes: float | None) -> None:
    """Run the exercises of these names, or all, and write table and page after each."""
    every = {one.name: one for one in (BASE, *exercises())}
    if unknown := set(names) - set(every):
        raise click.UsageError(f"no exercise is called {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    origin()
    for name in names or every:
        run(every[name].command, minutes)
        measured = record(every[name], read_table())
        write_csv(TABLE, measured)
        write_atomic(PAGE, with_tables(PAGE.read_text("utf-8"), measured))


def read_table() -> pd.DataFrame:
    """Read what has been measured so far, as text."""
    return (
        pd.read_csv(TABLE, dtype=str)
        if TABLE.exists()
        else pd.DataFrame(columns=["exercise", "measure", "value", "commit", "machine"])
    )


if __name__ == "__main__":
    main()
