import pytest
import torch
from torch import nn

from srgan_lib.params.training import Warmup
from srgan_lib.training.optimizer import Optimizer, learning_rate_factor


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(), nn.Conv2d(4, 2, 3)).to(memory_format=torch.channels_last)


def loss_of(model, step):
    return model(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(step))).square().mean()


def train(model, optimizer, steps):
    return [optimizer.update(loss_of(model, step), step).item() for step in steps]


def test_is_adam_with_the_schedules_rate():
    stage = Warmup(steps=10, beta1=0.8, beta2=0.95)
    ours, reference = network(), network()
    optimizer = Optimizer(ours, stage, 1e-2, "cosine")
    train(ours, optimizer, range(5))
    adam = torch.optim.Adam(reference.parameters(), 1e-2, betas=(0.8, 0.95))
    for step in range(5):
        adam.param_groups[0]["lr"] = optimizer.learning_rate(step)
        adam.zero_grad()
        loss_of(reference, step).backward()
        adam.step()
    for one, other in zip(ours.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_returns_the_norm_and_clips():
    model = network()
    gradient = torch.autograd.grad(loss_of(model, 0), list(model.parameters()))
    norm = torch.cat([g.flatten() for g in gradient]).norm().item()
    optimizer = Optimizer(model, Warmup(gradient_clip=norm / 2), 1e-3, "constant")
    assert optimizer.update(loss_of(model, 0), 0).item() == pytest.approx(norm)
    clipped = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    assert clipped == pytest.approx(norm / 2, rel=1e-4)


def test_a_tensor_with_its_own_gradient():
    one, other = network(), network()
    stage = Warmup()
    output = one(torch.ones(1, 3, 8, 8))
    Optimizer(one, stage, 1e-3, "constant").update(output, 0, torch.full_like(output, 0.5))
    Optimizer(other, stage, 1e-3, "constant").update(other(torch.ones(1, 3, 8, 8)).sum() / 2, 0)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_state_goes_on_exactly():
    stage = Warmup(steps=8)
    whole = network()
    train(whole, Optimizer(whole, stage, 1e-2, "one_cycle"), range(8))

    first = network()
    optimizer = Optimizer(first, stage, 1e-2, "one_cycle")
    train(first, optimizer, range(5))
    saved = {name: value.clone().contiguous() for name, value in optimizer.state_dict().items()}  # as in a file
    assert not any(value.isnan().any() for value in saved.values())
    second = network(seed=1)
    second.load_state_dict(first.state_dict())
    resumed = Optimizer(second, stage, 1e-2, "one_cycle")
    resumed.load_state_dict(saved)
    train(second, resumed, range(5, 8))
    for one, other in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def curve(kind, steps=100, **options):
    return [learning_rate_factor(kind, step, steps, **options) for step in range(steps)]


def test_constant():
    assert set(curve("constant")) == {1.0}


def test_step_multiplies_at_each_milestone():
    factors = curve("step", milestones=[0.5, 0.75], factor=0.1)
    assert factors[:50] == [1] * 50
    assert factors[50:75] == pytest.approx([0.1] * 25)
    assert factors[75:] == pytest.approx([0.01] * 25)


def test_cosine_falls_from_one_to_zero():
    factors = curve("cosine")
    assert factors[0] == 1 and factors[50] == pytest.approx(0.5) and factors[-1] < 1e-3
    assert factors == sorted(factors, reverse=True)


def test_one_cycle_rises_for_three_tenths():
    factors = curve("one_cycle")
    assert factors[0] == pytest.approx(1 / 25)
    assert factors[30] == pytest.approx(1) == max(factors)
    assert factors[-1] < 1e-2
    assert factors[:31] == sorted(factors[:31]) and factors[30:] == sorted(factors[30:], reverse=True)


@pytest.mark.parametrize("kind", ["constant", "step", "cosine", "one_cycle"])
def test_a_single_step_has_a_rate(kind):
    assert learning_rate_factor(kind, 0, 1, [0.5], 0.1) > 0
