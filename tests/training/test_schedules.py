import pytest

from srgan_lib.training.optimizer import learning_rate_factor


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
