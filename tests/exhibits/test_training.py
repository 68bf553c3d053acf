import numpy as np
import pandas
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from srgan_lib.data.images import write_image
from srgan_lib.models.features import VGGFeatures
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import Adversarial
from srgan_lib.training.compute import Compute
from srgan_lib.training.validation import Validation
from srgan_report.exhibits import training as figures
from tests.tiny import photographs

STEPS = np.arange(10, 110, 10)
CURVE = pandas.DataFrame(
    {
        "step": STEPS,
        "loss": 1 / STEPS,
        "pixel": 0.5 / STEPS,
        "content": 1 / STEPS,
        "adversarial": 10 / STEPS,
        "pixel_weighted": 0.5 / STEPS,
        "content_weighted": 0.25 / STEPS,
        "adversarial_weighted": 0.25 / STEPS,
        "discriminator": 1.4,
        "discriminator_real": 0.7,
        "discriminator_fake": 0.7,
        "d_real": 0.6,
        "d_fake": 0.4,
        "d_accuracy_real": 0.8,
        "d_accuracy_fake": 0.7,
    }
)


def line(axes, label):
    return next(one for one in axes.lines if one.get_label() == label)


def check(figure):
    """Every axis is labelled, nothing is below 9 points."""
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    for axes in figure.axes:
        if axes.axison:
            assert axes.get_ylabel()
            sizes = [text.get_fontsize() for text in axes.get_xticklabels() + axes.get_yticklabels()]
            assert min([*sizes, axes.yaxis.label.get_fontsize()]) >= 9
    assert figure.axes[-1].get_xlabel() == "step" or not figure.axes[-1].axison


def test_loss_curves():
    figure = figures.loss_curves(CURVE)
    check(figure)
    assert {one.get_label() for one in figure.axes[0].lines} >= {"sum", "pixel", "content (VGG-19)", "adversarial"}
    styles = [
        str(line(figure.axes[0], label)._dash_pattern) for label in ("sum", "pixel", "content (VGG-19)", "adversarial")
    ]
    assert len(set(styles)) == 4  # told apart without colour


def test_a_single_term_is_drawn_once():
    figure = figures.loss_curves(CURVE[["step", "loss", "pixel", "pixel_weighted"]])
    assert len(figure.axes[0].lines) == 2  # raw and smoothed


def test_term_shares():
    figure = figures.term_shares(CURVE)
    check(figure)
    assert line(figure.axes[0], "pixel").get_ydata() == pytest.approx([50] * 10)
    assert line(figure.axes[0], "adversarial").get_ydata() == pytest.approx([25] * 10)


def test_discriminator_curves_skip_steps_without_an_update():
    curve = CURVE.copy()
    curve.loc[::2, [name for name in curve if name.startswith("d")]] = np.nan
    figure = figures.discriminator_curves(curve)
    check(figure)
    assert list(line(figure.axes[1], "on real").get_xdata()) == list(STEPS[1::2])
    assert line(figure.axes[2], "on fake").get_ydata() == pytest.approx([70] * 5)


def test_learning_curve():
    validation = pandas.DataFrame(
        {
            "step": [0, 50, 100],
            "psnr_y": [25.0, 25.5, 26.0],
            "ssim_y": [0.7, 0.71, 0.72],
            "psnr_y_bicubic": 25.1,
            "ssim_y_bicubic": 0.7,
        }
    )
    figure = figures.learning_curve(validation, "warmup")
    check(figure)
    assert list(line(figure.axes[0], "warm-up").get_ydata()) == [25.0, 25.5, 26.0]
    assert list(line(figure.axes[1], "bicubic").get_ydata()) == [0.7] * 3


def test_learning_curve_of_a_network_that_shuffles_pixels_shows_the_grid_artefact():
    scores = {"psnr_y": 25.0, "ssim_y": 0.7, "grid_artefact": [0.0, 4.0, 2.0]}
    validation = pandas.DataFrame({"step": [0, 50, 100], **scores, **{f"{name}_bicubic": 0.5 for name in scores}})
    figure = figures.learning_curve(validation, "srgan")
    check(figure)
    assert list(line(figure.axes[2], "SRGAN").get_ydata()) == [0.0, 4.0, 2.0]
    assert list(line(figure.axes[2], "HR").get_ydata()) == [0, 0]
    assert len(figures.learning_curve(validation, "srcnn").axes) == 2


def test_montage_is_in_the_order_of_training(tmp_path):
    for name in ("step_00000100", "step_00000000", "hr", "bicubic", "step_00000020"):
        write_image(tmp_path / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    figure = figures.montage(tmp_path).content
    check(figure)
    assert [axes.get_title() for axes in figure.axes] == ["bicubic", "step 0", "step 20", "step 100", "HR", "", "", ""]


def test_feature_maps_are_the_content_loss_s_own_normalised_over_both_images():
    stage = Adversarial(content_layers={"relu1_2": 1.0, "conv2_1": 0.5}, content_weights="random")
    validation = Validation(photographs(1), Shared(), Compute())
    shown = list(figures.feature_maps(nn.Upsample(scale_factor=4), validation, stage, count=4))
    assert [one.name for one in shown] == ["feature_maps_relu1_2", "feature_maps_conv2_1"]
    axes = shown[0].content.axes
    assert [one.get_ylabel() for one in axes] == ["generated", "", "", "", "HR", "", "", ""]
    maps = np.array([one.images[0].get_array() for one in axes]).reshape(2, 4, 64, 64)
    assert np.allclose(maps.min((0, 2, 3)), 0) and np.allclose(maps.max((0, 2, 3)), 1)
    hr = torch.from_numpy(validation.hr[0]).permute(2, 0, 1)[None] / 255
    activation = VGGFeatures(stage.content_layers, "random")(hr)["relu1_2"][0]
    strongest = int(activation.mean((1, 2)).argmax())
    assert axes[0].get_title() == f"channel {strongest}"
    assert np.corrcoef(activation[strongest].numpy().ravel(), maps[1, 0].ravel())[0, 1] > 0.999


def test_losses_by_epoch_are_means_of_equal_parts():
    curve = pandas.DataFrame(
        {
            "step": [2, 4, 6, 8],
            "loss": [4.0, 2.0, 1.0, 0.0],
            "pixel_weighted": 1.0,
            "grad_norm": 1.0,
            "d_real": 0.5,
            "discriminator_real": [1.0, 3.0, 5.0, 7.0],
            "learning_rate": 1e-4,
            "discriminator_learning_rate": 1e-4,
        }
    )
    table = figures.by_epoch(curve, 2)
    assert table.to_dict("list") == {"epoch": [1, 2], "loss": [3.0, 0.5], "discriminator_real": [2.0, 6.0]}
    assert list(figures.by_epoch(curve, 4).loss) == [4, 2, 1, 0]
