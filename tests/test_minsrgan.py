"""The method in one file, docs/examples/minsrgan.py, trains the same networks as the pipeline, to the last bit."""

import importlib.util
import re
import shlex
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from srgan_lib.data.images import write_image
from srgan_lib.data.pairs import load_pairs, training_photos
from srgan_lib.data.resize import imresize
from srgan_lib.data.split import make_split
from srgan_lib.metrics.measure import measure
from srgan_lib.models.discriminators import build_discriminator
from srgan_lib.models.files import load_model, load_tensors
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.warmup import train_warmup
from srgan_report import params_file
from tests.tiny import photographs

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "examples" / "minsrgan.py"
#: The parameters that the file's constants stand for.
CONSTANTS = {
    "SEED": ["shared.seed"],
    "THREADS": ["shared.threads"],
    "TEST_IMAGES": ["shared.test_images"],
    "VALIDATION_IMAGES": ["shared.validation_images"],
    "BATCH": ["warmup.batch", "adversarial.batch"],
    "CROP": ["shared.crop"],
    "SCALE": ["shared.scale"],
    "CHANNELS": ["warmup.generator_channels"],
    "BLOCKS": ["warmup.generator_blocks"],
    "DISCRIMINATOR_CHANNELS": ["adversarial.discriminator_channels"],
    "WARMUP_STEPS": ["warmup.steps"],
    "WARMUP_RATE": ["warmup.learning_rate"],
    "ADVERSARIAL_STEPS": ["adversarial.steps"],
    "ADVERSARIAL_RATE": ["adversarial.learning_rate", "adversarial.discriminator_learning_rate"],
    "CONTENT_WEIGHT": ["adversarial.content_weight"],
    "ADVERSARIAL_WEIGHT": ["adversarial.adversarial_weight"],
    "VGG_WEIGHTS": ["adversarial.content_weights"],
}
#: Small trainings; the discriminator has a say in them.
SMALL = {
    "TEST_IMAGES": 2,
    "BATCH": 2,
    "CROP": 32,
    "CHANNELS": 4,
    "BLOCKS": 2,
    "DISCRIMINATOR_CHANNELS": 4,
    "WARMUP_STEPS": 4,
    "ADVERSARIAL_STEPS": 4,
    "ADVERSARIAL_WEIGHT": 0.1,
    "VGG_WEIGHTS": "random",
}


@pytest.fixture
def minsrgan():
    """The file as a module of its own, whose constants a test may change."""
    spec = importlib.util.spec_from_file_location("minsrgan", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commanded(minsrgan, photos="PHOTOS", **small):
    """The parameters of the command in the file's text for a folder, with some constants changed."""
    text = re.search(r"^ +srgan run (\S+) (.*?)\n\n", minsrgan.__doc__, re.M | re.S)
    options = [option for before, option in pairwise(shlex.split(text[2])) if before == "-p"]
    changed = [f"{name}={value}" for constant, value in small.items() for name in CONSTANTS[constant]]
    return params_file.read(ROOT / text[1], (*options, f"image_folder={photos}", *changed))


def test_the_file_is_short_and_does_without_the_library():
    text = FILE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert not re.search(r"(import|from) srgan_lib", text)


def test_the_constants_are_the_parameters_of_the_command(minsrgan):
    params = commanded(minsrgan)
    for constant, names in CONSTANTS.items():
        for section, name in (one.split(".") for one in names):
            assert getattr(minsrgan, constant) == getattr(getattr(params, section), name), constant
    assert set(CONSTANTS) == {name for name in vars(minsrgan) if name.isupper() and name != "F"}


def test_both_train_the_same_networks(minsrgan, tmp_path, monkeypatch, capsys):
    """All tensors of the generator, and all weights of the discriminator.

    The discriminator's running statistics, which nothing reads, are not compared: the pipeline shares the forward pass
    of SR between the two losses, and the file, as a textbook, does not.
    """
    photos = tmp_path / "photos"
    photos.mkdir()
    for index, pair in enumerate(photographs(6)):
        write_image(
            photos / f"{pair.image}.png", pair.hr[: 64 - index, 2 * index :]
        )  # not all sizes are multiples of 4
    params = commanded(minsrgan, photos, **SMALL)
    shared, found = params.shared, training_photos(params.shared)
    split = make_split(found, shared, shared.crop)
    train, validation, test = (load_pairs(split, found, shared, part) for part in ("train", "validation", "test"))
    warmup_weights = tmp_path / "warmup/generator.safetensors"
    train_warmup(params, train, validation, warmup_weights.parent, "print")
    train_adversarial(params, train, validation, warmup_weights, tmp_path / "adversarial", "print")

    for constant, value in SMALL.items():
        monkeypatch.setattr(minsrgan, constant, value)
    minsrgan.main(photos, tmp_path / "out")

    theirs = load_model(tmp_path / "adversarial/generator.safetensors")[0].state_dict()
    ours = torch.load(tmp_path / "out/generator.pt")
    assert [
        name for name, *both in zip(ours, ours.values(), theirs.values(), strict=True) if not torch.equal(*both)
    ] == []
    started = load_model(warmup_weights)[0].state_dict()
    assert all(
        not torch.equal(*both) for both in zip(theirs.values(), started.values(), strict=True) if both[0].ndim == 4
    )

    tensors, metadata = load_tensors(tmp_path / "adversarial/discriminator.safetensors")
    discriminator = build_discriminator(metadata["config"])
    discriminator.load_state_dict(tensors)
    saved = torch.load(tmp_path / "out/discriminator.pt")
    weights = {name: value for name, value in saved.items() if name.endswith(("weight", "bias"))}
    for (name, one), other in zip(weights.items(), discriminator.parameters(), strict=True):
        assert torch.equal(one, other), name

    bicubic = np.mean([measure(imresize(pair.given_lr, 4), pair.hr, 4)["psnr_y"] for pair in test])
    assert f"bicubic   PSNR-Y {bicubic:.2f} dB" in capsys.readouterr().out
    assert {file.stem for file in (tmp_path / "out").glob("*.png")} == {pair.image for pair in test}


def test_a_convolution_before_the_shuffle_is_one_after_it(minsrgan):
    x, kernel, bias = (torch.randn(shape, dtype=torch.float64) for shape in ((2, 12, 5, 7), (3, 3, 9, 9), (3,)))
    textbook = F.conv2d(F.pixel_shuffle(x, 2), kernel, bias, padding=4)
    torch.testing.assert_close(minsrgan.shuffle_and_convolve(x, kernel, bias), textbook)
