"""A training that draws itself takes at most one hundredth of the time, by a clock that the test moves."""

import re

import numpy as np
import pytest

from srgan_lib.data.images import write_image
from srgan_lib.interactive import training
from srgan_lib.interactive.throttle import Throttle
from srgan_lib.interactive.training import Watch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show, in order."""
    contents: list[str] = []

    class Handle:
        def update(self, content) -> None:
            contents.append(content.data)

    def display(content, display_id: bool) -> Handle:
        contents.append(content.data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    return contents


@pytest.mark.parametrize("cost", [0.001, 0.05, 2.0])
def test_an_action_takes_no_more_than_its_share(cost: float) -> None:
    clock = Clock()
    allowance = Throttle(0.01, expected=cost, clock=clock, effort=clock)
    acted = 0

    def act() -> None:
        clock.now += cost

    for _ in range(5000):
        clock.now += 0.1
        acted += allowance.run(act)
        assert allowance.spent <= 0.01 * clock.now
    assert acted == pytest.approx(0.01 * clock.now / cost, rel=0.1, abs=1), "and as often as that permits"


def test_what_turns_out_dearer_than_expected_is_done_less_often() -> None:
    clock = Clock()
    allowance = Throttle(0.01, expected=0.1, clock=clock, effort=clock)
    acted = []

    def act() -> None:
        acted.append(clock.now)
        clock.now += 3.0

    while clock.now < 2000:
        clock.now += 0.1
        allowance.run(act)
    assert acted[0] < 11 and acted[1] - acted[0] > 500
    assert allowance.spent <= 0.01 * clock.now


def test_a_watched_training_shows_time_left_curves_and_sample_within_a_hundredth(tmp_path, shown, monkeypatch) -> None:
    clock = Clock()
    write_image(tmp_path / "sample.png", np.zeros((8, 8, 3), np.uint8))
    watch = Watch("Warming up", tmp_path, clock, clock)
    draw, slot = watch._drawing, training._Slot.show
    monkeypatch.setattr(watch, "_drawing", lambda step: (draw(step), setattr(clock, "now", clock.now + 0.25))[0])
    monkeypatch.setattr(training._Slot, "show", lambda self, content: (slot(self, content), tick(clock, 0.004))[0])
    for step in range(1, 401):
        clock.now += 1
        row = {"step": step, "loss": 1 / step, "pixel_weighted": 1 / step} if step % 5 == 0 else None
        watch(step, 400, row)
        assert watch.spent <= 0.01 * clock.now
    assert watch.spent > 0.005 * clock.now
    pictures = [content for content in shown if "<img" in content]
    assert len(pictures) > 5 and all(content.count("<img") == 2 for content in pictures)
    assert 'value="400"' in shown[-1] and "done in 6:" in shown[-1]
    halfway = next(content for content in shown if re.search(r"\b20[0-4] of 400", content))
    assert "loss 0.005" in halfway and re.search(r"3:\d\d min left", halfway)


def tick(clock: Clock, seconds: float) -> None:
    clock.now += seconds


def test_a_training_that_goes_on_shows_its_earlier_curve(tmp_path, shown) -> None:
    (tmp_path / "loss_curve.csv").write_text("step,loss\n5,0.5\n10,0.4\n15,0.3\n")
    watch = Watch("Warming up", tmp_path)
    watch(11, 40)
    assert [row["step"] for row in watch._rows] == [5, 10]
    assert "loss 0.4" in shown[0] and "11 of 40" in shown[0]


@pytest.mark.parametrize("content", [None, "\n"])
def test_nothing_logged_yet(content: str | None, tmp_path, shown) -> None:
    if content:
        (tmp_path / "loss_curve.csv").write_text(content)
    Watch("Warming up", tmp_path)(1, 40)
    assert "1 of 40. " in shown[0]
