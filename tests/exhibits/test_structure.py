"""Networks observed in one forward pass: layers, skips and repeats, as a table and as a drawing."""

import pytest
import torch

from srgan_lib.models.discriminators import build_discriminator
from srgan_lib.models.generators import build_generator
from srgan_report.exhibits.network import draw_network, layers
from srgan_report.exhibits.structure import Repeat, Skip, structure

SRRESNET = {"architecture": "srresnet", "channels": 8, "blocks": 3, "global_skip": "bicubic"}
NETWORKS = {
    "srcnn": build_generator({"architecture": "srcnn"}),
    "srresnet": build_generator(SRRESNET),
    "rrdbnet": build_generator({"architecture": "rrdbnet", "channels": 8, "blocks": 2}),
    "espcn": build_generator({"architecture": "espcn", "global_skip": "bicubic"}),
    "small_tanh": build_generator({"architecture": "small_tanh", "channels": 8}),
    "srgan": build_discriminator({"architecture": "srgan", "crop": 48, "channels": 8}),
    "small_residual": build_discriminator({"architecture": "small_residual", "crop": 48, "channels": 8}),
    **{name: build_discriminator({"architecture": name, "channels": 8}) for name in ("patch", "unet", "wavelet")},
}
DISCRIMINATORS = ("srgan", "small_residual", "patch", "unet", "wavelet")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_has_every_parameter_and_the_output_s_shape(name):
    network = NETWORKS[name]
    shape = (3, 48, 48) if name in DISCRIMINATORS else (3, 12, 12)
    table = layers(network, shape).content
    assert table.parameters.iloc[-1] == sum(one.numel() for one in network.parameters())
    with torch.no_grad():
        output = network(torch.zeros(1, *shape)).shape[1:]
    assert table.output.iloc[-2] == "×".join(map(str, output))


def test_srresnet_is_that_of_the_paper():
    """Ledig et al. 2017, figure 4: k9n64s1; 16 blocks of two k3n64s1; k3n64s1; two k3n256s1 with shuffles; k9n3s1."""
    table = layers(build_generator({"architecture": "srresnet"}), (3, 24, 24)).content
    convolution = 64 * 64 * 9 + 64
    assert table.parameters.tolist() == [
        3 * 64 * 81 + 64 + 1,
        16 * (convolution + 2 * 64 + 1),
        16 * (convolution + 2 * 64),
        convolution + 2 * 64,
        64 * 256 * 9 + 256 + 1,
        64 * 256 * 9 + 256 + 1,
        64 * 3 * 81 + 3,
        1_549_462,
    ]
    assert table.times.tolist()[:-1] == [1, 16, 16, 1, 1, 1, 1]
    assert table.output.tolist()[-4:-1] == ["64×48×48", "256×48×48", "3×96×96"]


def test_skips_and_repeats_are_found():
    found = structure(NETWORKS["srresnet"], (3, 12, 12))
    names = [layer.name.split(".")[0] for layer in found.layers]
    assert names == ["enlarge", "conv_first", "blocks", "blocks", "conv_body", "upsampler", "upsampler", "upsampler"]
    assert found.repeats == (Repeat(2, 3, 3),)
    # In the block; around all blocks; and bicubic, which reads the input as the first convolution does, at the end.
    assert found.skips == (Skip(1, 3), Skip(1, 4), Skip(0, 7))
    assert found.layers[0].source == found.layers[1].source == -1


def test_blocks_of_blocks_count_twice():
    found = structure(NETWORKS["rrdbnet"], (3, 12, 12))
    assert [found.times(index) for index in range(7)] == [1, 6, 6, 6, 6, 6, 1]


def test_observing_leaves_the_network_as_it_is():
    network = build_generator(SRRESNET).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    layers(network, (3, 12, 12))
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_drawing_names_every_layer_and_no_text_lies_on_another(name):
    shape = (3, 48, 48) if name in DISCRIMINATORS else (3, 12, 12)
    figure = draw_network(NETWORKS[name], shape, "in", "out")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [text for text in axes.texts if text.get_text()]
    shown = [text.get_text().replace("\n", " ") for text in texts]
    for layer in structure(NETWORKS[name], shape).layers:
        assert ", ".join(layer.operations) in shown
    boxes = [text.get_window_extent() for text in texts]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :]), shown[index]
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    assert all(text.get_fontsize() >= 9 for text in texts)


def test_the_drawing_is_described():
    label = draw_network(NETWORKS["srresnet"], (3, 12, 12), "LR crop", "SR crop").get_label()
    assert label.startswith("From LR crop 3×12×12 to SR crop: 9×9 convolution 3 → 8, PReLU to 8×12×12; ")
    assert "(3 times)" in label
    assert "the output of bicubic enlargement ×4 is added to that of pixel shuffle ×2, 9×9 convolution 8 → 3" in label
