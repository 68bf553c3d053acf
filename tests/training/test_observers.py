import math

import pytest

from srgan_lib.training.observers import discriminator_warnings, grid_warnings


def rows(real, fake, count=5):
    return [{"step": 10 * (i + 1), "d_accuracy_real": real, "d_accuracy_fake": fake} for i in range(count)]


@pytest.mark.parametrize(
    ("real", "fake", "kind", "words"),
    [
        (1.0, 1.0, "wins", "wins outright from step 10 to 50: it is right about 99% of the images"),
        (1.0, 0.0, "collapsed", "has collapsed from step 10 to 50: it calls all images real"),
        (0.0, 1.0, "collapsed", "it calls all images fake"),
    ],
)
def test_says_in_plain_words_what_is_wrong(real, fake, kind, words):
    found = discriminator_warnings(rows(real, fake, count=9))
    assert list(found) == [kind] and words in found[kind] and "; " in found[kind]


@pytest.mark.parametrize(("real", "fake"), [(0.8, 0.7), (0.5, 0.5), (1.0, 0.9)])
def test_a_fair_game_is_left_alone(real, fake):
    assert discriminator_warnings(rows(real, fake, count=9)) == {}


def test_five_rows_must_agree():
    assert discriminator_warnings(rows(1, 1, count=4)) == {}
    assert discriminator_warnings(rows(1, 1, count=4) + rows(0.9, 1, count=1) + rows(1, 1, count=4)) == {}


def test_rows_without_a_discriminator_are_skipped():
    empty = [{"step": 5, "loss": 1.0}, {"step": 6, "d_accuracy_real": math.nan, "d_accuracy_fake": math.nan}]
    mixed = [row for game in rows(1, 1) for row in (*empty, game)]
    assert list(discriminator_warnings(mixed)) == ["wins"]
    assert discriminator_warnings(empty * 9) == {}


@pytest.mark.parametrize(
    ("levels", "warned_at"),
    [
        ((-0.5, 1.0, 2.9), None),  # grows, and is not seen
        ((-0.5, 2.0, 3.1, 8.0), 4),
        ((-4.2, 7.9, 5.3, 3.7, 1.1), None),  # one that passes
        ((20.0, 9.0, 4.0), None),  # a network that begins with a pattern and loses it
        ((20.0, 4.0, 4.5), None),
        ((20.0, 4.0, 4.5, 5.1, 5.2), 5),
        ((-0.5, math.nan, 5.0, 5.0), 4),
        ((), None),
    ],
)
def test_a_regular_pattern_that_grows_is_said_once(levels, warned_at):
    validation = [{"step": step, "grid_artefact": level} for step, level in enumerate(levels, 1)]
    found = grid_warnings(validation)
    assert list(found) == (["grid"] if warned_at else [])
    if warned_at:
        assert f"{levels[warned_at - 1]:+.1f} dB at step {warned_at}" in found["grid"]
    assert grid_warnings([{"step": 1, "psnr_y": 20.0}] * 3) == {}
