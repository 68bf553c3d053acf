import pandas as pd
import pytest

from srgan_report.exhibits.markup import table


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_all_values_that_are_written_like_the_best_are_marked(missing):
    frame = pd.DataFrame({"run": ["a", "b", "c", "d"], "psnr": [28.301, 28.298, 28.29, missing]}, dtype=object)
    text = table(frame, "runs", {"psnr": 28.301}, {"psnr": ".2f"})
    assert text.count("<strong>28.30</strong>") == 2
    assert text.count("<strong>") == 2
    assert "–" in text


def test_zero_has_no_minus():
    text = table(pd.DataFrame({"difference": [-0.001, -0.1]}), "differences", {}, {"difference": ".2f"})
    assert ">0.00<" in text and ">−0.10<" in text
