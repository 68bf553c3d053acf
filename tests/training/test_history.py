import json
import math

import pytest
import torch

from srgan_lib.training.history import Diverged, History


def fill(history, steps, **values):
    for step in steps:
        history.add(step, {name: torch.tensor(float(value)) for name, value in values.items()})


def test_rows_are_means_since_the_row_before():
    history = History()
    fill(history, [1, 2], loss=1.0)
    history.read()
    fill(history, [3], loss=4.0, d_real=0.5)  # a term that is not computed in every step
    history.read()
    assert history.close_row(3) == {"step": 3, "loss": 2.0, "d_real": 0.5}
    fill(history, [4], loss=8.0)
    history.read()
    assert history.close_row(4) == {"step": 4, "loss": 8.0}
    assert len(history.curve) == 2


def test_state_goes_on_in_the_middle_of_a_row():
    whole, first, second = History(), History(), History()
    for history, steps in ((whole, [1, 2, 3]), (first, [1, 2])):
        fill(history, steps, loss=math.pi)
    first.read()
    second.load_state(json.loads(json.dumps(first.state())))
    fill(second, [3], loss=math.pi)
    for history in (whole, second):
        history.read()
    assert whole.close_row(3) == second.close_row(3)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_names_the_term_and_the_step_that_is_no_number(value):
    history = History()
    fill(history, [1, 2], loss=1.0, content=2.0)
    fill(history, [3], loss=1.0, content=value)
    fill(history, [4], loss=value, content=value)
    with pytest.raises(Diverged, match=f"content is {value} at step 3") as error:
        history.read()
    assert (error.value.term, error.value.step) == ("content", 3)


def test_names_the_term_that_exploded():
    history = History()
    fill(history, [1], pixel=0.02, content=1.0)
    history.read()
    fill(history, [2], pixel=19.0, content=1.0)
    history.read()
    fill(history, [3], pixel=21.0, content=1.0)
    with pytest.raises(Diverged, match="pixel has exploded to 21 at step 3"):
        history.read()


def test_a_term_that_begins_at_zero_may_grow():
    history = History()
    fill(history, [1], adversarial=0.0)
    history.read()
    fill(history, [2], adversarial=0.9)
    history.read()


def test_statistics_may_grow_as_long_as_they_are_numbers():
    history = History()
    fill(history, [1], grad_norm=0.01, d_fake=0.0)
    fill(history, [2], grad_norm=500.0, d_fake=3.0)
    history.read()
    fill(history, [3], grad_norm=math.nan, d_fake=0.0)
    with pytest.raises(Diverged, match="grad_norm is nan at step 3"):
        history.read()
