import numpy as np
import torch
from torch import nn

from srgan_lib.models.features import VGGFeatures
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import Adversarial
from srgan_lib.training.compute import Compute
from srgan_lib.training.feature_maps import feature_maps
from srgan_lib.training.figures import feature_maps as draw
from srgan_lib.training.validation import Validation
from tests.tiny import photographs

STAGE = Adversarial(content_layers={"relu1_2": 1.0, "conv2_1": 0.5}, content_weights="random")


def test_maps_are_the_content_loss_s_own_normalised_over_both_images():
    validation = Validation(photographs(1), Shared(), Compute())
    model = nn.Upsample(scale_factor=4)
    maps = feature_maps(model, validation, STAGE, count=4)
    assert [one.layer for one in maps] == ["relu1_2", "conv2_1"]
    first = maps[0]
    assert first.generated.shape == first.real.shape == (4, 64, 64)
    both = np.stack([first.generated, first.real])
    assert np.allclose(both.min((0, 2, 3)), 0) and np.allclose(both.max((0, 2, 3)), 1)
    hr = torch.from_numpy(validation.hr[0]).permute(2, 0, 1)[None] / 255
    activation = VGGFeatures(STAGE.content_layers, "random")(hr)["relu1_2"][0]
    assert first.channels[0] == activation.mean((1, 2)).argmax()
    strongest = activation[first.channels[0]].numpy()
    assert np.corrcoef(strongest.ravel(), first.real[0].ravel())[0, 1] > 0.999


def test_figure_has_generated_above_real():
    validation = Validation(photographs(1), Shared(), Compute())
    figure = draw(feature_maps(nn.Upsample(scale_factor=4), validation, STAGE, count=3)[0])
    assert [axes.get_ylabel() for axes in figure.axes] == ["generated", "", "", "HR", "", ""]
    assert all(len(axes.images) == 1 for axes in figure.axes)
