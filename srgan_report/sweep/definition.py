"""Define the sweep file: what is varied over which params file, and by which rule a winner is named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from srgan_lib.methods import TrainedMethod
from srgan_lib.params import Params
from srgan_lib.params.evaluation import HELDOUT, VALIDATION
from srgan_lib.params.section import ParameterError, Section
from srgan_report.params_file import check_document, nest, parse_override, read_document
from srgan_report.refusals import refusal
from srgan_report.yaml_document import Document, load_yaml

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Values = Annotated[list[Any], Field(min_length=1)]
Measure = Literal[
    "lpips_squeeze", "psnr_y", "ssim_y", "ssim_y_daala", "psnr_rgb", "ssim_rgb", "ms_ssim_y", "vif_y"
]  # all but lpips_alex, the independent judge


class Base(Section):
    """What all runs have in common."""

    params: str = Field(description="params file, relative to the sweep file")
    overlays: list[str] = Field(default=[], description="params files merged over it, relative to the sweep file")
    set: dict[str, Any] = Field(default={}, description="parameters set for all runs, by stage.name or name")


class WinnerRule(Section):
    """The rule that names the winner, by the scores on the validation images."""

    by: list[Measure] = Field(
        default=["lpips_squeeze", "psnr_y"], min_length=1, description="the first of these that was computed decides"
    )
    method: TrainedMethod | None = Field(
        default=None, description="whose images are judged; none: srgan, or srcnn where nothing else is varied"
    )

    @field_validator("by", mode="before")
    @classmethod
    def _judge_stays_independent(cls, names: Any) -> Any:
        if isinstance(names, list) and "lpips_alex" in names:
            raise ValueError(
                "lpips_alex: is the independent judge and must not choose, or it would no longer be one; "
                "lpips_squeeze may"
            )
        return names


class Definition(Section):
    """A sweep file: its runs are all combinations of cases, zip, grid and seeds."""

    title: str | None = Field(default=None, description="title of the comparison report")
    base: Base = Field(description="a params file, or params, overlays and set")
    grid: dict[str, Values] = Field(default={}, description="values by stage.name or name; all combinations are run")
    zip: dict[str, Values] = Field(default={}, description="lists of one length, which vary in parallel")
    cases: dict[str, dict[str, Any]] = Field(default={}, description="named sets of parameters")
    seeds: list[Seed] = Field(default=[], description="each setting is run with each; empty: the base's seed only")
    winner: WinnerRule = WinnerRule()

    @field_validator("base", mode="before")
    @classmethod
    def _file_alone(cls, base: Any) -> Any:
        return {"params": base} if isinstance(base, str) else base

    @model_validator(mode="after")
    def _axes_fit_together(self) -> Definition:
        if not (self.grid or self.zip or self.cases or self.seeds):
            raise ValueError("grid: nothing is varied; give at least one of grid, zip, cases and seeds")
        lengths = {name: len(values) for name, values in self.zip.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ValueError(f"zip: lists vary in parallel and need the same length; {counts}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} names one twice")
        return self


@dataclass(frozen=True)
class Source:
    """A sweep file as read: its definition, and the parameters that all runs begin with."""

    path: Path
    definition: Definition
    params: Path  # the base's params file; over it are merged in this order:
    overlays: tuple[Path, ...]
    overrides: tuple[str, ...]  # as ``stage.name=value``
    document: Document  # the outcome, not yet validated

    @cached_property
    def base(self) -> Params:
        """What all runs have in common; checked, so that a wrong parameter is a :class:`.ParameterError`."""
        return check_document(self.document, str(self.params))

    @property
    def method(self) -> TrainedMethod:
        """The judged method: SRGAN, which nearly every parameter influences, unless the file names another."""
        definition = self.definition
        varied = [*definition.grid, *definition.zip, *(name for case in definition.cases.values() for name in case)]
        only_srcnn = varied and all(name.startswith("srcnn.") for name in parameters(varied, str(self.path)))
        return definition.winner.method or ("srcnn" if only_srcnn else "srgan")


def read_sweep(path: Path, overrides: tuple[str, ...] = (), overlays: tuple[Path, ...] = ()) -> Source:
    """Read and check a sweep file and its base, over which ``overlays`` and ``overrides`` go after the file's own.

    A :class:`ParameterError` says that a file is missing or what is wrong in it and what is allowed; the runs' own
    parameters are checked by :func:`srgan_report.sweep.expansion.expand`.
    """
    written = load_yaml(path)
    try:
        definition = Definition.model_validate(written.values)
    except ValidationError as error:
        raise refusal(error, Definition, str(path), origins=written.origins) from None
    _check_varied_once(definition, path)
    base = definition.base
    params = path.parent / base.params
    all_overlays = (*(path.parent / file for file in base.overlays), *overlays)
    all_overrides = (*(override(name, value) for name, value in base.set.items()), *overrides)
    document = read_document(params, (), all_overlays)
    for name, value in base.set.items():
        document = document.merged(nest(name, value, written.origins["base.set"]))
    for text in overrides:
        document = document.merged(parse_override(text))
    evaluation = document.values.get("evaluation", {})
    test_sets = evaluation.get("test_sets", [HELDOUT]) if isinstance(evaluation, dict) else None
    if isinstance(test_sets, list) and VALIDATION not in test_sets:  # by these images the winner is chosen
        extended = [*test_sets, VALIDATION]
        all_overrides = (*all_overrides, override("evaluation.test_sets", extended))
        document = document.merged(nest("evaluation.test_sets", extended, str(path)))
    return Source(path, definition, params, all_overlays, all_overrides, document)


def is_sweep(path: Path) -> bool:
    """Tell a sweep file, which has a base, from a params file."""
    return "base" in load_yaml(path).values


def override(name: str, value: Any) -> str:
    """Write a parameter as the command line takes it after ``-p``."""
    return f"{name}={json.dumps(value, ensure_ascii=False)}"


def parameters(names: Iterable[str], source: str) -> list[str]:
    """Complete a sweep file's names to ``stage.name``; a bare name gives several where several sections have it."""
    found = [one for name in names for one in nest(name, None, source).origins]
    if whole := [one for one in found if "." not in one]:
        raise ParameterError(f"{source}: {whole[0]}: cannot be varied; name a stage's parameter", parameter=whole[0])
    return found


def _check_varied_once(definition: Definition, path: Path) -> None:
    """Refuse a parameter that is varied in two places."""
    axes = [(kind, [name]) for kind in ("grid", "zip") for name in getattr(definition, kind)]
    axes.append(("cases", sorted({name for case in definition.cases.values() for name in case})))
    axes.append(("seeds", ["shared.seed"] if definition.seeds else []))
    taken: dict[str, str] = {}
    for kind, names in axes:
        for name in dict.fromkeys(parameters(names, f"{path}: {kind}")):
            if name in taken:
                problem = f"{path}: {name} is varied twice, by {taken[name]} and by {kind}; keep one of them"
                raise ParameterError(problem, parameter=name, path=path)
            taken[name] = kind
