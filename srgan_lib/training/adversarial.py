"""Adversarial training: the warmed-up generator against a discriminator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas
import torch
from torch import Tensor

from srgan_lib.data.pairs import Pair
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.discriminators import build_discriminator, discriminator_config
from srgan_lib.models.files import CheckpointError, load_model
from srgan_lib.models.own_code import Code
from srgan_lib.params import Params
from srgan_lib.training.adversarial_loss import AdversarialLoss, feature_matching
from srgan_lib.training.checkpoints import NetworkState
from srgan_lib.training.compute import seeded
from srgan_lib.training.loop import train
from srgan_lib.training.losses import GeneratorLoss, OwnLosses, Term, own_losses
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.results import Montage
from srgan_lib.training.tasks import Job, OnStep, TrainingTask


class AdversarialTask(TrainingTask):
    """Generator and discriminator in turns: each step updates the generator, every k-th the discriminator too.

    The generator begins as the file ``warmup_weights`` has it; where its class is the user's own, ``code`` has that.
    """

    def __init__(self, job: Job, warmup_weights: Path, code: Code | None = None, losses: OwnLosses = ()) -> None:
        self.stage, self.compute = stage, compute = job.stage, job.compute
        shared = job.params.shared
        self.adversarial = AdversarialLoss(stage.adversarial_loss)
        self.loss = GeneratorLoss.of(stage, shared, compute, job.first_crops(), losses)
        if stage.adversarial_weight:
            self.loss.terms["adversarial"] = Term(self.adversarial.generator, stage.adversarial_weight, "logits")
        if stage.feature_matching_weight:
            self.loss.terms["feature_matching"] = Term(feature_matching, stage.feature_matching_weight, "features")
        generator, metadata = load_model(warmup_weights, code)
        if generator.scale != shared.scale:
            problem = f"its generator enlarges ×{generator.scale}, and shared.scale is {shared.scale}"
            raise CheckpointError.at(warmup_weights, f"{problem}; run the warm-up at that scale")
        generator_config = metadata["config"]
        if stage.lr_consistency and isinstance(generator, SuperResolver):  # one of the user's own may do it itself
            generator.make_consistent()
            generator_config = generator_config | {"consistent": True}
        config = discriminator_config(stage, shared.crop, generator_config.get("value_range", "zero_one"))
        with seeded(shared.seed, "discriminator weights"):
            discriminator = build_discriminator(config)
        generator, discriminator = (compute.trainable(network.train()) for network in (generator, discriminator))
        generator_adam = Optimizer(generator, stage, stage.learning_rate, stage.schedule)
        discriminator_adam = Optimizer(
            discriminator, stage, stage.discriminator_learning_rate, stage.discriminator_schedule
        )
        self.networks = {
            "generator": NetworkState(generator, generator_config, generator_adam),
            "discriminator": NetworkState(discriminator, config, discriminator_adam),
        }
        self.generate, self.discriminate = compute.compiled(generator), compute.compiled(discriminator)
        self.card = self.loss.card
        self.observers = [Montage(job.directory / "montage", job.validation, stage.steps, stage.montage_frames)]

    def step(self, step: int, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Update the generator, and if it is the step for that the discriminator.

        Each network runs forward once on each image; both updates share what comes out. The generator's loss is
        differentiated as far as its output first, so that the discriminator's weights gain nothing from it.
        """
        turn = step % self.stage.discriminator_every == 0
        with self.compute.autocast():
            sr = self.generate(lr)
            output = sr.detach().requires_grad_()
            fake, fake_features = self._judge(output)
            reads_real = turn or self.adversarial.relativistic or self.loss.needs("features")
            real, real_features = self._judge(hr) if reads_real else (None, [])
        loss, values = self.loss(output, hr, logits=(real, fake), features=(real_features, fake_features))
        (gradient,) = torch.autograd.grad(loss, output, retain_graph=turn)
        values["grad_norm"] = self.networks["generator"].optimizer.update(sr, step, gradient)
        return values | (self._update_discriminator(step, real, fake) if turn and real is not None else {})

    def _judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the discriminator's logits in the images' precision, and its features if they are compared."""
        if not self.loss.needs("features"):
            return self.discriminate(images).to(images.dtype), []
        logits, features = self.discriminate(images, activations=True)
        return logits.to(images.dtype), [one.to(images.dtype) for one in features]

    def _update_discriminator(self, step: int, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        loss_real, loss_fake = self.adversarial.discriminator(real, fake)
        loss = loss_real + loss_fake
        norm = self.networks["discriminator"].optimizer.update(loss, step)
        with torch.no_grad():
            probability_real, probability_fake = self.adversarial.probabilities(real, fake)
            return {
                "discriminator": loss,
                "discriminator_real": loss_real,
                "discriminator_fake": loss_fake,
                "d_real": probability_real.mean(),
                "d_fake": probability_fake.mean(),
                "d_accuracy_real": (probability_real > 0.5).float().mean(),
                "d_accuracy_fake": (probability_fake < 0.5).float().mean(),
                "d_grad_norm": norm,
            }


def train_adversarial(
    params: Params,
    train_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    warmup_weights: Path,
    directory: Path,
    fingerprint: str,
    on_step: OnStep | None = None,
    *,
    code: Code | None = None,
    extra_losses: Mapping[type, float] | None = None,
) -> pandas.DataFrame:
    """Train the warmed-up generator against a discriminator.

    Writes ``generator.safetensors``, ``discriminator.safetensors`` and the snapshots in ``montage/``.
    ``warmup_weights`` is the warm-up's ``generator.safetensors``, and ``code`` the file with its class, or the class,
    where that is the user's own. ``extra_losses`` is that of :func:`~srgan_lib.training.warmup.train_warmup`. Other
    parameters, returns and raises as :func:`~srgan_lib.training.srcnn.train_srcnn`; also ``CheckpointError`` where the
    warm-up's file is damaged or of another scale, and ``BackboneError`` where ``content_weights`` is ``imagenet`` and
    VGG-19 is not on this disk.
    """
    named = params.adversarial.extra_losses if extra_losses is None else extra_losses
    losses, fingerprint = own_losses(named, directory, fingerprint)
    job = Job("adversarial", params, train_pairs, validation_pairs, directory, fingerprint, on_step)
    return train(job, ["generator", "discriminator"], lambda job: AdversarialTask(job, warmup_weights, code, losses))
