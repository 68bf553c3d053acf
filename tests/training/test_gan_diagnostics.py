import math

import pytest

from srgan_lib.training.gan_diagnostics import discriminator_warnings


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
