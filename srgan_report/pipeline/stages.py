"""What a notebook holds in its hands: its checked parameters, its folder, its inputs, and how to show things.

Opening a stage from a notebook checks its parameters and computes the stages that it reads where they are missing.

stage = open_stage("warmup", globals())
curve = train_warmup(stage.params, …, stage.directory, …, on_step=stage.progress("Warm-up"))
stage.figure(loss_curves(curve), "loss_curves", "…")
stage.finish(best_psnr=…)
"""

from __future__ import annotations

import ast
import html
import os
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from IPython import display, get_ipython

from srgan_lib.files import Snapshot, write_json
from srgan_lib.formatting import duration
from srgan_lib.layout import DEMO, STAGES, TRAINING_STAGES, LayoutError, project_root
from srgan_lib.log import LIBRARY, Listener
from srgan_lib.models.own_code import locate
from srgan_lib.params import Params
from srgan_lib.params.section import ParameterError
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import is_own
from srgan_report.params_file import check, check_stage, read
from srgan_report.pipeline import manifests, provenance
from srgan_report.pipeline.display import Display
from srgan_report.pipeline.fetching import InputMissing, missing_inputs
from srgan_report.pipeline.foresight import check_stages
from srgan_report.pipeline.resolve_auto import resolve
from srgan_report.pipeline.run import Run, repeated_name
from srgan_report.project import find

PARAMETERS_HEADER = "# Parameters"  # first line of every parameters cell; papermill writes it into the one it injects


def open_stage(name: str, namespace: Mapping[str, Any]) -> Stage:
    """Check a notebook's parameters and open its stage, computing the stages it reads where they are missing.

    The namespace is the notebook's ``globals()``, where its parameters cells have left their values. A
    :class:`LayoutError` refuses a name that is no stage's, a :class:`ParameterError` an unknown name in a parameters
    cell (papermill injects those without a word), a wrong value or an impossible combination.
    """
    if name not in STAGES:
        raise LayoutError(f"no stage is called {name!r}; stages: {', '.join(STAGES)}")
    asked = check_stage(name, given_parameters(namespace, Params().stage(name).keys()))
    root = project_root()
    run = Run(resolve(asked), asked, (root / asked.shared.run_dir).resolve(), root)
    if missing := [one for one in STAGES[name].upstream if not (run.directory / one / manifests.NAME).exists()]:
        check_stages(run.params, {name}, Snapshot())
        _compute(missing, name, run)
    return Stage(name, run)


def given_parameters(namespace: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    """Gather the parameters that a notebook's cells have set; unknown ones are there too, for the schema to refuse."""
    given = {key: namespace[key] for key in known if key in namespace}
    for cell in namespace.get("In", ()):  # those that this kernel has executed
        if isinstance(cell, str) and cell.lstrip().startswith(PARAMETERS_HEADER):
            stored = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)]
            given |= {one.id: None for one in stored if isinstance(one.ctx, ast.Store) and one.id not in known}
    return given


class _StageListener(Listener):
    """Notes the library's warnings for the stage that is open in this kernel."""


class Stage(Display):
    """An open stage of a run."""

    def __init__(self, name: str, run: Run) -> None:
        super().__init__(name, run.directory / name, source_prefix=f"{name}/")
        self.run = run
        self.params = run.params  #: only the ``shared`` section and the stage's own are this run's
        self.info = STAGES[name]
        self.warnings: list[str] = []
        self._started = time.perf_counter()
        self._opened = datetime.now(UTC)
        upstream = {stage: self._finished(stage) for stage in self.info.upstream}
        for stage, manifest in upstream.items():
            self._check_shared(stage, manifest["components"]["parameters"])
        for repeat in self.repeats:
            upstream |= {repeated_name(stage, repeat): self._finished(stage, repeat) for stage in TRAINING_STAGES}
        fingerprints = {stage: manifest["fingerprint"] for stage, manifest in upstream.items()}
        self.components = provenance.stage_components(name, run.params, run.source_notebook(name), fingerprints)
        if self.components.unknown:
            raise InputMissing(missing_inputs(name, run.params, Snapshot()))
        self.fingerprint = self.components.fingerprint  #: of everything that decides the stage's results
        _stop_listening()  # a stage that was opened before and never finished
        LIBRARY.addHandler(_StageListener(self.warn))

    @property
    def directory(self) -> Path:
        """The stage's folder, ``<run_dir>/<stage>``, through which every write of a notebook and its training goes.

        From then on it is no longer what the manifest of a finished stage records, so asking for it removes the
        manifest; opening the stage alone does not.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / manifests.NAME).unlink(missing_ok=True)
        return self._directory

    @property
    def repeats(self) -> list[Run]:
        """The further trainings whose networks the evaluation judges, too."""
        return self.run.repeats if self.name == "evaluation" else []

    def input(self, stage: str, name: str) -> Path:
        """A result file of an earlier stage of this run; if it is not there, the error names what makes it."""
        if stage not in self.info.upstream:
            read = ", ".join(self.info.upstream) or "no stage"
            raise LayoutError(f"stage {self.name!r} does not read {stage!r}; it reads {read}")
        path = self.run.directory / stage / name
        if not path.exists():
            remedy = f"compute stage {stage!r} again (srgan run … --from {stage})"
            raise LayoutError.at(path, f"not there; {remedy}")
        return path

    @property
    def code(self) -> Path | None:
        """The file with the generator's class, by this run's ``warmup.generator``, if it is the user's own."""
        if self.name == "warmup":
            generator = self.params.warmup.generator
        else:
            generator = self.parameters_of("warmup")["generator"] if "warmup" in self.info.upstream else ""
        return locate(generator)[0] if is_own(generator) else None

    def parameters_of(self, stage: str) -> dict[str, Any]:
        """The parameters under which an earlier stage of this run was computed, flat."""
        return self._finished(stage)["components"]["parameters"]

    def training_fingerprint(self, *inputs: Path) -> str:
        """What decides the weights that this stage trains; its checkpoints carry it."""
        return provenance.training_fingerprint(self.name, self.components, inputs, self.code)

    def panel(self, widget: Any) -> None:
        """Show a panel to play with; only where the notebook is :attr:`live`."""
        display.display(widget)

    def warn(self, text: str) -> None:
        """Note something the reader should know; the report repeats it near its top."""
        if text not in self.warnings:
            self.warnings.append(text)
            note = f'<p class="srgan-warning" role="note"><strong>Note:</strong> {html.escape(text)}</p>'
            display.display(display.HTML(note))

    @property
    def live(self) -> bool:
        """Whether a person runs this notebook and can move sliders: its front end takes input, papermill's does not."""
        kernel = getattr(get_ipython(), "kernel", None)
        return kernel is not None and kernel.get_parent("shell")["content"].get("allow_stdin", False)

    def progress(self, label: str) -> Callable[..., None]:
        """A callback ``(step, total, …)`` that tells people how far a long computation is.

        It feeds the terminal of ``srgan run`` through ``progress.json``; to a person at the notebook it shows a bar
        and, of a training, the loss curves and a sample patch; elsewhere it is silent.
        """
        if not os.environ.get("SRGAN_RUNNER"):
            if not self.live:
                return lambda step, total, values=None: None
            from srgan_report.interactive.training import Watch

            return Watch(label, self.directory)
        path, last = self.directory / "progress.json", 0.0

        def tell(step: int, total: int, values: Mapping[str, float] | None = None) -> None:
            nonlocal last
            if time.monotonic() - last >= 0.5 or step >= total:  # at most twice a second
                last = time.monotonic()
                write_json(path, {"label": label, "step": step, "total": total})

        return tell

    def finish(self, **summary: Any) -> None:
        """Write the manifest, and say what was written where and which notebook is next."""
        seconds = round(time.perf_counter() - self._started, 1)
        (self._directory / "progress.json").unlink(missing_ok=True)
        _stop_listening()
        files = [name for name in manifests.output_files(self._directory) if name != f"{self.info.notebook}.ipynb"]
        outputs = manifests.file_hashes(self._directory, files, check=True)
        manifest = {
            "stage": self.name,
            "fingerprint": self.fingerprint,
            "components": asdict(self.components),
            "started": self._opened.isoformat(timespec="seconds"),
            "seconds": seconds,
            "outputs": outputs,
            "warnings": self.warnings,
            "summary": summary,
        }
        manifests.write_manifest(self._directory, manifest)
        after = [info.notebook for info in STAGES.values() if info.notebook > self.info.notebook]
        following = f"Next: notebook {after[0]}." if after else "This was the last notebook."
        inside = self._directory.is_relative_to(self.run.root)
        folder = html.escape(str(self._directory.relative_to(self.run.root) if inside else self._directory))
        written = f"{len(outputs)} files in <code>{folder}</code>, {seconds:.0f} s."
        display.display(display.HTML(f"<p class='srgan-finish'>{written} {following}</p>"))

    def _finished(self, stage: str, repeat: Run | None = None) -> dict[str, Any]:
        """Read the manifest of an earlier stage, of this run or a repeat, whose files must be as it records them."""
        folder = (repeat or self.run).directory / stage
        remedy = f"srgan run … {'-p evaluation.repeats=…' if repeat else f'--from {stage}'} computes it"
        manifest = manifests.needed_manifest(folder, remedy)
        found = manifests.compare(folder, manifest, executed=False)
        if found.damaged:
            raise manifests.OutputsChanged(f"{folder}: {found.damage()}; {remedy}", path=folder, files=found.damaged)
        return manifest

    def _check_shared(self, stage: str, before: Mapping[str, Any]) -> None:
        """Check that an earlier stage was computed under the same shared parameters."""
        now = self.params.stage(self.name)
        for key in Shared.model_fields.keys() & before.keys():
            if before[key] != now[key]:
                raise ParameterError(
                    f"{key}: stage {stage!r} in {self.run.directory} was computed with {before[key]!r}, this notebook "
                    f"has {now[key]!r}; run notebook {STAGES[stage].notebook} again or choose another run_dir",
                    parameter=f"shared.{key}",
                    allowed=(str(before[key]),),
                )


def _compute(missing: list[str], wanted_by: str, run: Run) -> None:
    """Compute the stages that a notebook run by hand reads and nobody has computed yet, as the demo has them."""
    from srgan_report.pipeline.execution import execute
    from srgan_report.pipeline.planning import plan_run

    def on_event(event: str, details: Mapping[str, Any]) -> None:
        if event == "finished":
            print(f"{details['stage'].notebook}: done in {duration(details['seconds'])}")

    print(f"Computing {', '.join(missing)} first: {wanted_by!r} reads it. {_expected(missing, run)}")
    demo = read(find(run.root, Path(DEMO)))
    asked = check({**run.asked.model_dump(), **{stage: getattr(demo, stage).model_dump() for stage in missing}})
    run = replace(run, params=resolve(asked), asked=asked)
    plans = [plan for plan in plan_run(run, until=missing[-1]) if plan.stage.name in missing]
    execute(plans, run, on_event)


def _expected(stages: Sequence[str], run: Run) -> str:
    """Say how long stages took when they were last computed here, at whatever parameters."""
    seconds = 0.0
    for stage in stages:
        found = [manifest for path in run.results.glob(f"*/{stage}") if (manifest := manifests.read_manifest(path))]
        if not found:
            return "How long that takes is not known: not all of it has been computed here before."
        seconds += max(found, key=lambda manifest: manifest["started"])["seconds"]
    return f"When last computed here, that took {duration(seconds)}."


def _stop_listening() -> None:
    for handler in [one for one in LIBRARY.handlers if isinstance(one, _StageListener)]:
        LIBRARY.removeHandler(handler)
