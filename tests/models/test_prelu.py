import torch
from torch import nn

from srgan_lib.models.prelu import PReLU


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
