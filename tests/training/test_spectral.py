import math

import pytest
import torch

from srgan_lib.training.spectral import MeshPenalty, evenness_penalty, grid_penalty


def crops(seed=0, count=8, side=96, dtype=torch.float32):
    return torch.rand(count, 3, side, side, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def weave(images, amplitude=0.1, period=4):
    place = torch.arange(images.shape[-1], dtype=images.dtype)
    carrier = torch.cos(2 * math.pi * place / period)
    return images + amplitude * torch.outer(carrier, carrier)


@pytest.mark.parametrize("penalty", [grid_penalty(4), evenness_penalty(), MeshPenalty()])
def test_equal_images_cost_nothing(penalty):
    assert penalty(crops(), crops()).item() == 0


def test_a_weave_costs_and_a_notch_only_on_both_sides():
    hr = crops()
    assert grid_penalty(4)(weave(hr), hr) > 0.3
    above, both = (grid_penalty(4, sides)(hr, weave(hr)) for sides in ("above", "both"))
    assert above < 0.1 * both
    assert grid_penalty(4, "above")(weave(hr), hr) == pytest.approx(grid_penalty(4)(weave(hr), hr).item(), rel=0.2)


def test_the_weave_of_another_scale_is_not_at_this_ones_grid():
    hr = crops()
    assert grid_penalty(3)(weave(hr, period=4), hr) < 0.1 * grid_penalty(4)(weave(hr, period=4), hr)


def test_evenness_sees_a_peak_anywhere_but_no_constant_loss():
    hr = crops()
    penalty = evenness_penalty()
    assert penalty(weave(hr, 0.2, period=48 / 17), hr) > 2 * penalty(0.5 + 0.5 * (hr - 0.5), hr)


def test_a_weave_in_colour_alone_costs_too():
    hr, pattern = crops(), weave(torch.zeros(1, 3, 96, 96))
    colour = torch.tensor([0.114, 0.0, -0.299]).reshape(3, 1, 1) / 0.299  # no luminance: .299 R + .587 G + .114 B is 0
    assert grid_penalty(4)(hr + colour * pattern, hr) > 0.3 * grid_penalty(4)(hr + pattern, hr)


def test_contrast_does_not_matter():
    """The excess is relative to its surroundings, so half the contrast has the same (but the mean, which has none)."""
    full, half = (
        evenness_penalty().spectrum(0.5 + contrast * (crops() - 0.5)).flatten(1)[:, 1:] for contrast in (1.0, 0.5)
    )
    torch.testing.assert_close(full, half, atol=2e-2, rtol=0)


@pytest.mark.parametrize("penalty", [grid_penalty(4), grid_penalty(4, "above"), evenness_penalty()])
def test_the_gradient_is_the_powers_while_the_ring_is_held(penalty):
    """Against finite differences of the same expression with the ring at its present value."""
    hr, sr = crops(0, 1, 48).double(), weave(crops(1, 1, 48).double())
    penalty = penalty.double()
    power, spectrum = penalty.power, penalty.spectrum
    with torch.no_grad():
        target = power(hr).log() - (power(hr).log() - spectrum(hr))
        ring = power(sr).log() - spectrum(sr)

    def held(images):
        excess = (power(images).log() - ring - spectrum(hr))[:, penalty.chosen]
        return (excess if penalty.sides == "both" else excess.relu()).square().mean()

    assert target.shape == ring.shape
    sr.requires_grad_()
    (gradient,) = torch.autograd.grad(held(sr), sr)
    direction = torch.randn(sr.shape, dtype=sr.dtype, generator=torch.Generator().manual_seed(2))
    step = 1e-6
    with torch.no_grad():
        difference = (held(sr + step * direction) - held(sr - step * direction)) / (2 * step)
    assert difference.item() == pytest.approx((gradient * direction).sum().item(), rel=1e-4)
    (own,) = torch.autograd.grad(penalty(sr, hr), sr)
    torch.testing.assert_close(own, gradient, rtol=1e-3, atol=1e-6)


def test_descending_removes_the_weave():
    hr = crops(count=2)
    sr = weave(hr).requires_grad_()
    penalty = grid_penalty(4)
    before = penalty(sr, hr).item()
    for _ in range(20):
        (gradient,) = torch.autograd.grad(penalty(sr, hr), sr)
        sr = (sr - 2.0 * gradient / gradient.norm()).detach().requires_grad_()
    assert penalty(sr, hr).item() < 0.7 * before


def test_crops_smaller_than_a_block_are_refused():
    with pytest.raises(ValueError, match="48 pixels do not fit"):
        grid_penalty(4)(crops(side=32), crops(side=32))


def edges():
    """Vertical edges of one blur, 16 pixels apart."""
    row = 0.5 + 0.3 * torch.tanh(4 * torch.sin(2 * math.pi * torch.arange(64) / 32))
    return row.expand(1, 3, 64, 64).contiguous()


def stripes(period, amplitude=0.05):
    """Columns by themselves: a mesh along a horizontal edge, say."""
    return amplitude * torch.cos(2 * math.pi * torch.arange(64) / period).expand(1, 3, 64, 64)


def test_a_mesh_costs_where_hr_has_none():
    hr, penalty, mesh = edges(), MeshPenalty(), torch.zeros(1, 3, 64, 64)
    mesh[..., 24:40, :] = stripes(2.1)[..., 24:40, :]
    for pattern in (mesh, mesh.mT):
        cost = penalty(hr + pattern, hr)
        assert cost > 10 * penalty(hr.roll(1, -1), hr), "edges elsewhere by a pixel"
        assert cost > 10 * penalty(hr + pattern, hr + pattern.roll(1, -1)), "the mesh of HR itself"
        assert penalty(hr, hr + pattern) < 0.02 * cost, "less fine structure than HR's"
    assert penalty(hr + stripes(16), hr) < 0.05 * penalty(hr + stripes(2.1), hr)


def test_descending_removes_the_mesh():
    hr, penalty = edges(), MeshPenalty()
    sr = (hr + stripes(2.1)).requires_grad_()
    before = penalty(sr, hr).item()
    for _ in range(20):
        (gradient,) = torch.autograd.grad(penalty(sr, hr), sr)
        sr = (sr - 0.5 * gradient / gradient.norm()).detach().requires_grad_()
    assert penalty(sr, hr).item() < 0.7 * before
