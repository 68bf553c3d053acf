"""Expand a sweep file into its runs: all combinations, each with a name, a label and checked parameters."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from srgan_lib.formatting import shortened, value_text
from srgan_lib.layout import COMPARISON
from srgan_lib.params import Params
from srgan_lib.params.section import ParameterError
from srgan_report.params_file import check_document, nest
from srgan_report.refusals import brief
from srgan_report.sweep.definition import Source, override, parameters

LONGEST = 90  #: characters of a run's name


@dataclass(frozen=True)
class Factor:
    """One thing that is varied: a parameter, parameters in parallel, or the case."""

    name: str  # ``stage.name``, several joined by `` + ``, or ``case``
    levels: tuple[str, ...]  # its values as labels, in the order of the sweep file
    numbers: tuple[float, ...] | None = None  # the values where all are numbers

    @property
    def short(self) -> str:
        """The name without its stages."""
        return " + ".join(part.rpartition(".")[2] for part in self.name.split(" + "))


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep."""

    name: str  # of its folder; it says what is varied, so that a run keeps its folder when the sweep is extended
    levels: dict[str, str]  # by factor, the label of its value
    changes: dict[str, Any]  # what it sets besides the base, by ``stage.name``; by a bare name what several stages have
    params: Params  # all of its parameters, as asked for

    @property
    def seed(self) -> int:
        """The seed of its random choices."""
        return self.params.shared.seed

    @property
    def setting(self) -> str:
        """What it sets besides the seed, in words: runs that differ only in the seed share it."""
        named = [
            label if factor == "case" or len(self.levels) == 1 else f"{_short(factor)} {label}"
            for factor, label in self.levels.items()
        ]
        return ", ".join(named) or "base"


class _Choice(NamedTuple):
    """One value of an axis: what it sets, and its label where the value itself is not one."""

    changes: dict[str, Any]
    label: str = ""


def expand(source: Source, max_runs: int | None = None) -> tuple[list[Factor], list[SweepRun]]:
    """List what a sweep varies and all its runs, seeds innermost.

    A :class:`ParameterError` refuses more runs than ``max_runs``, and the base or the first run whose parameters are
    unknown, out of range or impossible together.
    """
    title = source.base.title
    axes = _axes(source)
    count = math.prod(map(len, axes.values())) * max(1, len(source.definition.seeds))
    if max_runs and count > max_runs:
        problem = f"{source.path}: its values make {count} runs, and --max-runs allows {max_runs}"
        allowed = (f"at most {max_runs} runs",)
        raise ParameterError(f"{problem}; vary less, or raise it", allowed=allowed, path=source.path)
    found: dict[str, dict[str, list[Any]]] = {name: {} for name in axes}
    runs: list[SweepRun] = []
    for picks in itertools.product(*axes.values()):
        changes = {name: value for choice in picks for name, value in choice.changes.items()}
        for seed in source.definition.seeds or [None]:
            own = changes if seed is None else {**changes, "shared.seed": seed}
            params = _checked(source, own)
            levels = {}
            for factor, choice in zip(axes, picks, strict=True):
                values = [_value(params, name) for name in choice.changes]
                levels[factor] = choice.label or ", ".join(map(_text, values))
                found[factor][levels[factor]] = values
            name = _run_name(levels, seed)
            settled = {parameter: _value(params, parameter) for parameter in own}
            runs.append(SweepRun(name, levels, settled, params.model_copy(update={"title": f"{title}: {name}"})))
    _check_names(source, runs)
    return [_factor(name, values) for name, values in found.items()], runs


def single_command(source: Source, run: SweepRun, root: Path) -> str:
    """Write the ``srgan run`` command that computes a run of a sweep by itself."""
    words = ["srgan", "run", _shown(source.params, root)]
    for file in source.overlays:
        words += ["--overlay", _shown(file, root)]
    for text in (*source.overrides, *(override(name, value) for name, value in run.changes.items())):
        words += ["-p", text]
    return shlex.join([*words, "--run", run.name])


def _axes(source: Source) -> dict[str, list[_Choice]]:
    """List the choices of each factor, by its name."""
    definition = source.definition

    def full(changes: Mapping[str, Any]) -> dict[str, Any]:
        """Complete a bare name to ``stage.name`` where one section has it: tables have own columns dataset and seed."""
        names = {name: parameters([name], str(source.path)) for name in changes}
        return {found[0] if len(found) == 1 else name: changes[name] for name, found in names.items()}

    axes: dict[str, list[_Choice]] = {}
    if definition.cases:
        axes["case"] = [_Choice(full(changes), label) for label, changes in definition.cases.items()]
    if definition.zip:
        parallel = full(definition.zip)
        rows = zip(*parallel.values(), strict=True)
        axes[" + ".join(parallel)] = [_Choice(dict(zip(parallel, row, strict=True))) for row in rows]
    for name, values in full(definition.grid).items():
        axes[name] = [_Choice({name: value}) for value in values]
    return axes


def _checked(source: Source, changes: Mapping[str, Any]) -> Params:
    document = source.document
    text = ", ".join(f"{name} = {brief(value)}" for name, value in changes.items())
    this = f"{source.path}, run with {shortened(text)}" if text else str(source.path)
    for name, value in changes.items():
        document = document.merged(nest(name, value, this))
    params = check_document(document, this)
    if params.evaluation.repeats > 1:
        problem = "evaluation.repeats: a sweep repeats its trainings by its seeds; list them under seeds instead"
        raise ParameterError(f"{this}: {problem}", parameter="evaluation.repeats", allowed=("1",), path=source.path)
    return params


def _value(params: Params, name: str) -> Any:
    """Return a parameter's value as the schema understood it; for a bare name that of the first section."""
    section, _, key = parameters([name], "")[0].partition(".")
    return getattr(getattr(params, section), key)


def _text(value: Any) -> str:
    """Write a value as a label, short enough for a folder's name."""
    if isinstance(value, Mapping):
        weighted = any(weight != 1 for weight in value.values())
        return " + ".join(f"{weight:g}·{key}" if weighted else str(key) for key, weight in value.items()) or "none"
    if isinstance(value, list | tuple):
        return " + ".join(_text(part) for part in value) or "none"
    return value_text(value)


def _factor(name: str, found: Mapping[str, list[Any]]) -> Factor:
    """Describe a factor by the values of each level; it has numbers where each level is a single one."""
    numeric = all(
        len(values) == 1 and isinstance(values[0], int | float) and not isinstance(values[0], bool)
        for values in found.values()
    )
    return Factor(name, tuple(found), tuple(float(value) for [value] in found.values()) if numeric else None)


def _run_name(levels: Mapping[str, str], seed: int | None) -> str:
    """Make a folder name such as ``adversarial_weight-1e-06.seed-0``."""
    parts = [label if factor == "case" else f"{_short(factor)}-{label}" for factor, label in levels.items()]
    parts += [] if seed is None else [f"seed-{seed}"]
    name = ".".join(_slug(part) for part in parts)
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9].rstrip('.-_')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _short(factor: str) -> str:
    return "-".join(part.rpartition(".")[2] for part in factor.split(" + "))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._") or "none"


def _check_names(source: Source, runs: list[SweepRun]) -> None:
    """Refuse two runs with one folder (a value given twice, cases of nearly one name), and the comparison's own."""
    settings: dict[str, str] = {}
    for run in runs:
        problem = ""
        if run.name == COMPARISON.name:
            problem = f"{run.setting!r} is the name of the comparison's own folder; give the case another"
        elif run.name in settings:
            both = f"'{settings[run.name]}' and '{run.setting}'"
            problem = f"{both} are one run, {run.name!r}; give each value and case once"
        if problem:
            raise ParameterError.at(source.path, problem)
        settings[run.name] = run.setting


def _shown(path: Path, root: Path) -> str:
    """Write a path as one types it in the project's folder."""
    path = path.resolve()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
