import json

import pytest
import torch
from torch import nn

from srgan_lib.models.generators import ARCHITECTURES, SRCNN, build_generator, check_configuration, generator_config
from srgan_lib.models.srresnet import ChannelAttention, PReLU, SRResNet
from srgan_lib.models.tiled_inference import receptive_radius
from srgan_lib.models.upsample import BicubicUpsample
from srgan_lib.params.training import Warmup

GENERATORS = ("srresnet", "rrdbnet", "espcn", "small_tanh", "compact", "plain")
WITH_OPTIONS = GENERATORS[:-2]  # compact and plain have neither another input nor another skip


def small(architecture, **options):
    warmup = Warmup(
        generator=architecture,
        generator_channels=8,
        generator_blocks=1,
        **{"global_skip": "none", **{k: v for k, v in options.items() if k != "scale"}},
    )
    return build_generator(generator_config(warmup, options.get("scale", 4)))


@pytest.mark.parametrize("architecture", GENERATORS)
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("generator_input", ["lr", "bicubic"])
def test_shape_of_every_generator_at_every_scale(architecture, scale, generator_input):
    model = small(architecture, scale=scale, generator_input=generator_input)
    assert model(torch.rand(2, 3, 7, 5)).shape == (2, 3, 7 * scale, 5 * scale)


@pytest.mark.parametrize("layout", ["9-1-5", "9-5-5"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_shape_of_srcnn(layout, scale):
    assert SRCNN(layout, scale=scale)(torch.rand(1, 3, 6, 8)).shape == (1, 3, 6 * scale, 8 * scale)


def test_srcnn_has_the_papers_layers():
    convolutions = [m for m in SRCNN("9-1-5").modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0]) for c in convolutions] == [
        (3, 64, 9),
        (64, 32, 1),
        (32, 3, 5),
    ]


def test_srresnet_has_the_papers_layers():
    model = SRResNet()
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [c.kernel_size[0] for c in convolutions] == [9] + [3] * 35 + [9]
    assert [c.out_channels for c in convolutions[-3:]] == [256, 256, 3]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in model.modules()) == 33
    assert sum(isinstance(m, nn.PReLU) for m in model.modules()) == 1 + 16 + 2
    assert sum(p.numel() for p in model.parameters()) == 1_549_462


@pytest.mark.parametrize("architecture", WITH_OPTIONS)
@pytest.mark.parametrize("value_range", ["zero_one", "signed", "tanh", "standardised"])
def test_with_the_bicubic_skip_a_network_starts_at_bicubic(architecture, value_range):
    model = small(architecture, global_skip="bicubic", value_range=value_range)
    lr = torch.rand(1, 3, 6, 6)
    assert torch.equal(model(lr), BicubicUpsample(4)(lr))
    model.initialise("he_normal")
    assert torch.equal(model(lr), BicubicUpsample(4)(lr))


def test_value_ranges_are_inside_the_model():
    """A body that returns its input must give the image back, whatever its range (but for tanh's own curve)."""
    lr = torch.rand(2, 3, 4, 4)
    for value_range in ("zero_one", "standardised"):
        model = small("espcn", scale=2, generator_input="bicubic", value_range=value_range)
        model.forward_body = lambda images: images
        torch.testing.assert_close(model(lr), BicubicUpsample(2)(lr))
    signed = small("espcn", scale=2, generator_input="bicubic", value_range="signed")
    signed.forward_body = lambda images: 2 * images - 1  # it gets [0,1] and gives [-1,1]
    torch.testing.assert_close(signed(lr), BicubicUpsample(2)(lr))
    model = small("espcn", value_range="tanh")
    model.forward_body = lambda images: 100 * (images - images.mean())
    assert model(lr).min() >= 0 and model(lr).max() <= 1


@pytest.mark.parametrize("value_range", ["zero_one", "standardised"])
def test_output_is_not_clamped_in_training(value_range):
    model = small("srresnet", value_range=value_range).train()
    nn.init.constant_(model.upsampler[-1].bias, 9.0)
    output = model(torch.rand(1, 3, 6, 6))
    assert output.min() > 1
    output.sum().backward()
    assert model.upsampler[-1].bias.grad.abs().min() > 0


@pytest.mark.parametrize("architecture", ["srcnn", *GENERATORS])
@pytest.mark.parametrize("options", [{}, {"global_skip": "bicubic"}, {"input": "bicubic"}, {"scale": 3}, {"scale": 8}])
def test_receptive_radius_is_exact_enough(architecture, options):
    """Pixels beyond the radius change nothing; one at it does, or where the bicubic kernel ends in 0 the next one."""
    config = {"architecture": architecture, "scale": 2, **options}
    config |= {"blocks": 1, "channels": 4} if architecture not in ("srcnn", "espcn") else {}
    if architecture in ("srcnn", "compact", "plain"):
        config.pop("input", None)
    if architecture == "compact":
        config.pop("global_skip", None)
    torch.manual_seed(0)
    model = build_generator(config).double().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.uniform_(module.weight, 0.001, 0.01)  # positive and small: nothing cancels or saturates
            nn.init.constant_(module.bias, 0.1)
    radius = receptive_radius(model)
    size, scale = 2 * radius + 5, model.scale
    centre = size // 2
    lr = torch.rand(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    middle = model(lr)[0, :, centre * scale : (centre + 1) * scale, centre * scale : (centre + 1) * scale]
    (seen,) = torch.autograd.grad(middle.sum(), lr)
    rows = seen.abs().sum((0, 1, 3))
    assert rows[: centre - radius].sum() == 0 and rows[centre + radius + 1 :].sum() == 0
    nearest = 2 if model.enlarge else 1
    assert rows[centre - radius :][:nearest].sum() + rows[centre + radius - nearest + 1 :].sum() > 0


def test_compact_has_the_sources_layers_and_starts_at_nearest():
    model = build_generator({"architecture": "compact"})
    assert [c.out_channels for c in model.modules() if isinstance(c, nn.Conv2d)] == [64] * 17 + [48]
    assert sum(p.numel() for p in model.parameters()) == 621_424
    lr = torch.rand(1, 3, 5, 6)
    assert torch.equal(model(lr), nn.functional.interpolate(lr, scale_factor=4, mode="nearest"))
    model.initialise("he_normal")
    assert torch.equal(model(lr), nn.functional.interpolate(lr, scale_factor=4, mode="nearest"))


def test_a_signal_reaches_the_end_of_compact_so_that_it_can_learn():
    torch.manual_seed(0)
    model = build_generator({"architecture": "compact"})
    deviation = model.body[:-1](torch.rand(4, 3, 24, 24)).std((0, 2, 3)).mean()
    assert 0.1 < deviation < 10


def test_each_hidden_layer_of_compact_begins_near_the_identity():
    torch.manual_seed(0)
    model = build_generator({"architecture": "compact"})
    for layer in model.body[2:-1:2]:
        noise = layer.weight.detach() - nn.init.dirac_(torch.empty_like(layer.weight))
        assert noise.std() == pytest.approx(0.25 * (2 / (9 * 64)) ** 0.5, rel=0.03) and abs(noise.mean()) < 1e-3


def test_plain_starts_at_bicubic_and_has_compacts_layers():
    model, compact = build_generator({"architecture": "plain"}), build_generator({"architecture": "compact"})
    assert {name: p.shape for name, p in model.named_parameters()} == {
        name: p.shape for name, p in compact.named_parameters()
    }
    lr = torch.rand(1, 3, 5, 6)
    assert torch.equal(model(lr), BicubicUpsample(4)(lr))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_plain_draws_nothing_along_rows_and_columns_that_are_constant(scale):
    torch.manual_seed(0)
    model = build_generator({"architecture": "plain", "scale": scale, "channels": 8, "blocks": 2, "even_phases": True})
    for p in model.body[-1].parameters():
        nn.init.normal_(p)
    edge = 4 * scale  # where padding with zeros is felt
    rows = model(torch.rand(1, 3, 24, 1).expand(1, 3, 24, 24))[..., edge:-edge]
    assert rows.std() > 0.1 and (rows - rows[..., :1]).abs().max() < 1e-4
    columns = model(torch.rand(1, 3, 1, 24).expand(1, 3, 24, 24))[..., edge:-edge, :]
    assert columns.std() > 0.1 and (columns - columns[..., :1, :]).abs().max() < 1e-4


def test_receptive_radius_of_the_papers_networks():
    assert receptive_radius(build_generator({"architecture": "compact"})) == 18
    assert receptive_radius(SRResNet()) == 40
    assert receptive_radius(build_generator({"architecture": "rrdbnet"})) is None


@pytest.mark.parametrize("architecture", GENERATORS)
def test_configuration_builds_the_same_network_again(architecture):
    warmup = Warmup(generator=architecture, generator_channels=6, generator_blocks=2, value_range="tanh")
    config = generator_config(warmup, 3)
    again = build_generator(json.loads(json.dumps(config)))
    first = build_generator(config)
    again.load_state_dict(first.state_dict())
    lr = torch.rand(1, 3, 5, 5)
    assert torch.equal(first.eval()(lr), again.eval()(lr))


def test_norm_none_leaves_out_batch_normalisation():
    model = small("srresnet", generator_norm="none")
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())


def test_he_normal_initialisation():
    torch.manual_seed(0)
    model = SRResNet(blocks=1)
    model.initialise("he_normal")
    weight = model.blocks[0].layers[0].weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


def test_wrong_configurations_are_named():
    with pytest.raises(ValueError, match=f"unknown architecture 'unet'; there are {', '.join(ARCHITECTURES)}"):
        check_configuration({"architecture": "unet"})
    with pytest.raises(ValueError, match="espcn has no option 'blocks'"):
        check_configuration({"architecture": "espcn", "blocks": 3})
    with pytest.raises(ValueError, match="scale 6 is not supported"):
        SRResNet(scale=6)


def test_channel_attention_scales_channels_by_what_the_whole_image_has():
    attention = ChannelAttention(32).double()
    x = torch.rand(2, 32, 3, 3, dtype=torch.float64, requires_grad=True)
    gates = attention(x) / x
    assert ((gates > 0) & (gates < 1)).all() and gates.std((2, 3)).max() < 1e-12
    assert torch.autograd.gradcheck(attention, x, fast_mode=True)


def test_attention_is_in_every_block_and_in_the_configuration_only_if_asked_for():
    plain, attentive = (Warmup(generator_blocks=3, generator_attention=kind) for kind in ("none", "channel"))
    assert "attention" not in generator_config(plain, 4)
    network = build_generator(generator_config(attentive, 4))
    assert sum(isinstance(module, ChannelAttention) for module in network.modules()) == 3
    assert receptive_radius(network) is None and receptive_radius(build_generator(generator_config(plain, 4)))
    assert network(torch.rand(1, 3, 6, 6)).shape == (1, 3, 24, 24)


def test_is_pytorchs_prelu_both_ways():
    ours, theirs = PReLU().double(), nn.PReLU().double()
    for slope in (0.25, 0.0, 1.0, -0.5):
        x = torch.randn(2, 3, 5, 4, dtype=torch.float64).to(memory_format=torch.channels_last)
        x[0, 0, 0, 0] = 0.0
        gradients = []
        for layer in (ours, theirs):
            nn.init.constant_(layer.weight, slope)
            leaf = x.clone().requires_grad_()
            layer.zero_grad()
            output = layer(leaf)
            (output * torch.arange(output.numel()).reshape(output.shape)).sum().backward()
            gradients.append((output, leaf.grad, layer.weight.grad))
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other)


def test_gradient_against_finite_differences():
    layer = PReLU().double()
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, slope: torch.func.functional_call(layer, {"weight": slope}, (x,)), (x, layer.weight)
    )


def test_inference_computes_in_place_and_the_same():
    layer, x = PReLU(), torch.randn(2, 3, 4, 4)
    expected = layer(x.clone())
    with torch.inference_mode():
        output = layer(x)
        assert output.data_ptr() == x.data_ptr() and torch.equal(output, expected)
