"""The one schema: every parameter, its default, its bounds and its meaning.

A params file has a ``shared:`` section, one section per stage, and in recipes what the source published; the notebooks
show the values of ``params/demo.yaml``. The schema is the gate for every way in (params files, ``-p`` on the command
line, papermill): an unknown name, a wrong type, a value out of range or an impossible combination raises
:class:`ParameterError` before anything runs.
:mod:`srgan_report.params_file` reads files and overrides into it.
"""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from srgan_lib.layout import STAGES, TRAINING_STAGES
from srgan_lib.params.evaluation import Evaluation, Published
from srgan_lib.params.section import Section, parameter
from srgan_lib.params.shared import Data, Shared
from srgan_lib.params.training import SPECTRAL_BLOCK, Adversarial, Srcnn, Warmup


class Params(Section):
    """All parameters of a run."""

    title: str = parameter("A super-resolution study", "title of the report")
    shared: Shared = Shared()
    data: Data = Data()
    srcnn: Srcnn = Srcnn()
    warmup: Warmup = Warmup()
    adversarial: Adversarial = Adversarial()
    evaluation: Evaluation = Evaluation()
    published: Published = Published()

    @classmethod
    def section(cls, name: str) -> type[Section]:
        """Give the schema of a section: ``shared``, or a stage's."""
        schema = cls.model_fields[name].annotation
        assert isinstance(schema, type) and issubclass(schema, Section)
        return schema

    @classmethod
    def holders(cls, name: str) -> list[str]:
        """List the sections, ``shared`` and stages, that have a parameter of this name."""
        return [section for section in ("shared", *STAGES) if name in cls.section(section).model_fields]

    @model_validator(mode="after")
    def _stages_fit_together(self) -> Params:
        crop, scale = self.shared.crop, self.shared.scale
        if crop % scale:
            raise ValueError(
                f"shared.crop: {crop} is no multiple of shared.scale = {scale}; "
                f"take {crop - crop % scale} or {crop - crop % scale + scale}"
            )
        for name in TRAINING_STAGES:
            batch, processes = getattr(self, name).batch, self.shared.processes
            if batch % processes:
                raise ValueError(
                    f"{name}.batch: {batch} cannot be shared equally among shared.processes = {processes}; "
                    f"take {batch + -batch % processes}"
                )
        for name in ("warmup", "adversarial"):
            stage = getattr(self, name)
            if (stage.grid_weight or stage.evenness_weight) and crop < SPECTRAL_BLOCK:
                raise ValueError(
                    f"{name}.grid_weight, evenness_weight: spectra are of blocks of {SPECTRAL_BLOCK} pixels, and "
                    f"shared.crop is {crop}; raise it, or set both weights to 0"
                )
            if stage.lr_consistency and self.shared.degradation not in ("bicubic", "bicubic_float"):
                raise ValueError(
                    f"{name}.lr_consistency: it undoes bicubic reduction, and shared.degradation is "
                    f"{self.shared.degradation!r}; switch it off"
                )
            weights = [stage.pixel_weight, len(stage.vgg_layers), *stage.extra_losses.values()]
            weights += [getattr(stage, f"{term}_weight", 0) for term in ("adversarial", "feature_matching")]
            if not any(weights):
                raise ValueError(f"{name}.pixel_weight: all loss weights of this stage are 0; give at least one")
        return self

    def stage(self, name: str) -> dict[str, Any]:
        """Return a stage's flat parameters: the shared ones, its own, and for the evaluation what was published."""
        flat = {**self.shared.model_dump(), **getattr(self, name).model_dump()}
        return flat | ({"published": self.published.model_dump()} if name == "evaluation" else {})


class ComparisonParams(Section):
    """Parameters of notebook 06, which compares the runs of a sweep; no section of a params file."""

    sweep_dir: str = parameter("results/sweeps/adversarial_weight", "folder of a sweep that srgan sweep has run")
    patch_images: int = parameter(3, "images of which every setting's patch is shown", ge=0, le=20)
    patch_settings: int = parameter(14, "settings at most in a grid of patches", ge=1, le=100)
