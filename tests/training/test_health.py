import pytest

from srgan_lib.training.health import discriminator_health


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
    found, text = discriminator_health(rows(real, fake))
    assert found == kind and words in text and "; " in text


@pytest.mark.parametrize(("real", "fake"), [(0.8, 0.7), (0.5, 0.5), (1.0, 0.9)])
def test_a_fair_game_is_left_alone(real, fake):
    assert discriminator_health(rows(real, fake)) is None


def test_waits_for_enough_rows():
    assert discriminator_health(rows(1, 1, count=4)) is None
    assert discriminator_health(rows(1, 1)[:4] + rows(0.9, 1, count=1)) is None
    assert discriminator_health([{"step": 1, "loss": 1.0}] * 9) is None
