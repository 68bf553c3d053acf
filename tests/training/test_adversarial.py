import copy
import math
import shutil

import numpy as np
import pandas
import pytest
import torch

from srgan_lib.data.images import read_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.models.discriminators import build_discriminator
from srgan_lib.models.files import CheckpointError, load_tensors
from srgan_lib.training.adversarial import AdversarialTask, train_adversarial
from srgan_lib.training.losses import GeneratorLoss
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.plain import plain_adversarial_step
from srgan_lib.training.tasks import Job
from srgan_lib.training.warmup import train_warmup
from tests.tiny import photographs


@pytest.fixture
def warmup(make_params, pairs, tmp_path):
    """The file of a generator after two steps of warm-up."""
    train_warmup(make_params(warmup={"steps": 2}), *pairs, tmp_path / "warmup", "print")
    return tmp_path / "warmup" / "generator.safetensors"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"adversarial_loss": "lsgan", "discriminator": "small_residual"},
        {"adversarial_loss": "relativistic"},
        {"discriminator_head": "pool", "pixel_weight": 0.0},
    ],
)
def test_writes_its_results(options, make_params, pairs, warmup, tmp_path):
    curve = train_adversarial(make_params(adversarial=options), *pairs, warmup, tmp_path / "gan", "print")
    terms = ["content", "adversarial", *([] if options.get("pixel_weight") == 0 else ["pixel"])]
    assert set(curve.columns) == {
        "step",
        "loss",
        *terms,
        *(f"{term}_weighted" for term in terms),
        "grad_norm",
        "learning_rate",
        "discriminator",
        "discriminator_real",
        "discriminator_fake",
        "discriminator_learning_rate",
        "d_real",
        "d_fake",
        "d_accuracy_real",
        "d_accuracy_fake",
        "d_grad_norm",
    }
    for row in curve.itertuples():
        assert row.loss == pytest.approx(sum(getattr(row, f"{term}_weighted") for term in terms), rel=1e-5)
        assert row.discriminator == pytest.approx(row.discriminator_real + row.discriminator_fake, rel=1e-5)
    for name in ("generator", "discriminator"):
        assert load_tensors(tmp_path / "gan" / f"{name}.safetensors")[1]["stage"] == "adversarial"
    config = load_tensors(tmp_path / "gan" / "discriminator.safetensors")[1]["config"]
    build_discriminator(config).load_state_dict(load_tensors(tmp_path / "gan" / "discriminator.safetensors")[0])
    montage = tmp_path / "gan" / "montage"
    frames = ["bicubic", "hr", "step_00000000", "step_00000003", "step_00000006"]
    assert sorted(path.stem for path in montage.iterdir()) == frames
    assert {read_image(path).shape for path in montage.iterdir()} == {(64, 64, 3)}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("c++"), reason="torch.compile needs a C++ compiler")
def test_compiled_networks_train_as_others_do(make_params, pairs, warmup, tmp_path):
    curves = []
    for compiled in (False, True):
        params = make_params(shared={"compile": compiled}, adversarial={"log_every": 1})
        curves.append(train_adversarial(params, *pairs, warmup, tmp_path / str(compiled), "print"))
    norms = [curve.pop("d_grad_norm") for curve in curves]
    pandas.testing.assert_frame_equal(*curves, rtol=1e-3, atol=1e-3)
    pandas.testing.assert_series_equal(*norms, rtol=5e-3)  # with AVX-512 one of them is .35 % off


@pytest.mark.parametrize("kind", ["bce", "lsgan", "lsgan_sigmoid", "relativistic"])
def test_a_step_is_that_of_the_plain_recipe(kind, make_params, pairs, warmup, tmp_path):
    """Shared forward passes change nothing: the weights are those of the step that notebook 4 shows, in float64."""
    params = make_params(adversarial={"adversarial_loss": kind, "adversarial_weight": 1.0})
    job = Job("adversarial", params, *pairs, tmp_path, "print")
    task = AdversarialTask(job, warmup)
    task.loss.terms["content"].value.double()
    networks = [task.networks[name].network.double() for name in ("generator", "discriminator")]
    for trained in task.networks.values():
        trained.optimizer = Optimizer(trained.network, job.stage, 1e-4, "constant")
    plain = copy.deepcopy(networks)
    optimizers = [torch.optim.Adam(network.parameters(), 1e-4) for network in plain]

    images = GeneratorLoss({name: term for name, term in task.loss.terms.items() if term.needs == "images"})

    for step in range(3):
        lr, hr = (crops.double() / 255 for crops in job.sampler.batch(step))
        task.step(step, lr, hr)
        plain_adversarial_step(*plain, *optimizers, lambda *both: images(*both)[0], task.adversarial, 1.0, lr, hr)
    for ours, reference in zip(networks, plain, strict=True):
        for one, other in zip(ours.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(one, other, atol=1e-9, rtol=0)


def test_the_adversarial_term_matters(make_params, pairs, warmup, tmp_path):
    for name, weight in (("with", 0.005), ("without", 0.0)):
        train_adversarial(
            make_params(adversarial={"adversarial_weight": weight}), *pairs, warmup, tmp_path / name, "print"
        )
    first, second = (load_tensors(tmp_path / name / "generator.safetensors")[0] for name in ("with", "without"))
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert "adversarial" not in pandas.read_csv(tmp_path / "without" / "loss_curve.csv")


def test_texture_and_feature_terms_add_up(make_params, pairs, warmup, tmp_path):
    names = ("style", "histogram", "colour_histogram", "feature_matching")
    options = {f"{name}_weight": 0.1 for name in names} | {"texture_layers": {"relu1_1": 1.0}, "discriminator_every": 2}
    curve = train_adversarial(
        make_params(adversarial={**options, "log_every": 1}), *pairs, warmup, tmp_path / "gan", "print"
    )
    assert (curve[list(names)] > 0).all(axis=None)
    terms = ("pixel", "content", "adversarial", *names)
    assert curve.loss.to_numpy() == pytest.approx(sum(curve[f"{name}_weighted"] for name in terms).to_numpy(), rel=1e-5)
    assert curve.feature_matching_weighted.to_numpy() == pytest.approx(0.1 * curve.feature_matching.to_numpy())


def test_the_discriminator_sees_the_generator_s_value_range(make_params, pairs, tmp_path):
    params = make_params(warmup={"value_range": "signed"})
    train_warmup(params, *pairs, tmp_path / "warmup", "print")
    weights = tmp_path / "warmup" / "generator.safetensors"
    task = AdversarialTask(Job("adversarial", params, *pairs, tmp_path, "print"), weights)
    assert task.networks["discriminator"].config["value_range"] == "signed"
    assert task.networks["discriminator"].network.unit.item() == 0.5


def test_the_discriminator_is_updated_every_kth_step(make_params, pairs, warmup, tmp_path):
    options = {"discriminator_every": 3, "steps": 7, "log_every": 1}
    curve = train_adversarial(make_params(adversarial=options), *pairs, warmup, tmp_path / "gan", "print")
    assert list(curve.d_real.notna()) == [True, False, False, True, False, False, True]
    assert curve.adversarial.notna().all()


def test_a_discriminator_that_wins_is_reported_once(make_params, warmup, tmp_path, caplog):
    """Noise against its blurred self is soon known."""
    noise = [np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8) for index in range(4)]
    images = [Pair(str(index), hr, imresize(hr, 1 / 4)) for index, hr in enumerate(noise)]
    options = {"steps": 35, "batch": 4, "log_every": 1, "learning_rate": 1e-9, "discriminator_learning_rate": 1e-3}
    params = make_params(adversarial=options)
    train_adversarial(params, images[:3], images[3:], warmup, tmp_path / "gan", "print")
    (warning,) = caplog.messages
    assert warning.startswith("the discriminator wins outright from step")
    # A notebook that is run again, with training finished, says so too.
    train_adversarial(params, images[:3], images[3:], warmup, tmp_path / "gan", "print")
    assert caplog.messages == [warning, warning]


def test_another_scale_is_refused(make_params, warmup, tmp_path):
    images = photographs(2, scale=2)
    with pytest.raises(CheckpointError, match=r"enlarges ×4, and shared\.scale is 2; run the warm-up at that scale"):
        train_adversarial(make_params(shared={"scale": 2}), images[:1], images[1:], warmup, tmp_path / "gan", "print")


def test_a_missing_warmup_is_named(make_params, pairs, tmp_path):
    with pytest.raises(CheckpointError, match=r"generator\.safetensors: cannot be read"):
        train_adversarial(make_params(), *pairs, tmp_path / "generator.safetensors", tmp_path / "gan", "print")


def test_beliefs_begin_near_one_half(make_params, pairs, warmup, tmp_path):
    curve = train_adversarial(make_params(), *pairs, warmup, tmp_path / "gan", "print")
    assert abs(curve.d_real[0] - 0.5) < 0.2 and abs(curve.d_fake[0] - 0.5) < 0.2
    assert curve.discriminator[0] == pytest.approx(2 * math.log(2), abs=0.5)
