import re

import numpy as np
import pandas as pd
import pytest

from srgan_lib.evaluation.conclusion import conclude
from srgan_lib.evaluation.statistics import summarise

METHODS = ("bicubic", "srcnn", "warmup", "srgan")


def summary(images=8, **means) -> pd.DataFrame:
    """Summary of figures whose means are given in the order of METHODS, with an image-to-image spread."""
    spread = np.linspace(-3, 3, images) if images > 1 else np.zeros(1)
    scale = {"psnr_y": 1, "ssim_y": 0.01, "lpips_alex": 0.01, "lpips_squeeze": 0.01, "log_spectral_distance": 1}
    rows = [
        {
            "dataset": "builtin",
            "image": f"image{number}",
            "method": method,
            **{
                metric: values[place] + offset * scale[metric] + 0.001 * scale[metric] * place * (number % 2)
                for metric, values in means.items()
            },
        }
        for number, offset in enumerate(spread)
        for place, method in enumerate(METHODS)
    ]
    return summarise(pd.DataFrame(rows), resamples=500)


USUAL = {
    "psnr_y": (26.0, 26.5, 27.0, 25.6),
    "ssim_y": (0.75, 0.76, 0.78, 0.74),
    "lpips_alex": (0.40, 0.38, 0.34, 0.24),
    "lpips_squeeze": (0.30, 0.29, 0.27, 0.20),
    "log_spectral_distance": (20.0, 18.0, 16.0, 5.0),
}


def test_the_finding_says_what_srgan_gains_and_costs_and_what_is_most_faithful():
    finding, details = conclude(summary(**USUAL), scale=4, heldout="builtin")
    assert finding == (
        "On 8 held-out photographs enlarged 4×, SRGAN comes 40% closer to the originals than bicubic by LPIPS (0.240 "
        "against 0.400) with 0.40 dB less PSNR-Y; the most faithful by PSNR-Y is warm-up with 27.00 dB, 1.00 dB above "
        "bicubic."
    )
    for words in (
        "LPIPS (squeeze), agrees (−0.100)",
        "Adversarial training improved the warm-up generator by LPIPS (alex) (−0.100), with 1.40 dB less",
        "SRGAN is 5.00 dB from that of the originals, bicubic's 20.00 dB",
        "wide because images differ",
    ):
        assert words in details
    assert "By SSIM-Y" not in details, "the same method is best by both"
    assert len(re.findall(r"[.] [A-Z]", details)) >= 3


def test_a_named_test_set_is_called_by_its_name():
    assert conclude(summary(**USUAL), scale=4, heldout="bsds400")[0].startswith("On builtin (8 images) enlarged 4×, ")


def test_each_dataset_has_its_finding():
    both = pd.concat([summary(**USUAL), summary(5, **USUAL).assign(dataset="Set5")])
    paragraphs = conclude(both, scale=4, heldout="builtin")
    assert len(paragraphs) == 4 and paragraphs[2].startswith("On Set5 (5 images) enlarged 4×, SRGAN comes 40% closer")


def test_says_which_method_is_best_by_ssim_where_that_is_another_one():
    scores = USUAL | {"ssim_y": (0.75, 0.79, 0.78, 0.74)}
    assert conclude(summary(**scores), scale=4)[1].startswith("By SSIM-Y the most faithful is SRCNN (0.790).")


def test_says_so_where_nothing_beats_bicubic():
    scores = USUAL | {"psnr_y": (26.0, 25.5, 25.0, 20.0), "lpips_alex": (0.40, 0.41, 0.42, 0.55)}
    finding, details = conclude(summary(**scores), scale=4)
    assert "no method is more faithful than bicubic by PSNR-Y (26.00 dB)" in finding
    assert "SRGAN comes 38% less close to the originals than bicubic by LPIPS (0.550 against 0.400)" in finding
    assert "LPIPS (squeeze), disagrees" in details
    assert "Adversarial training did not improve" in details


def test_without_lpips_the_reason_is_given_and_nothing_is_claimed():
    scores = {name: values for name, values in USUAL.items() if not name.startswith("lpips")}
    finding, _, missing = conclude(summary(**scores), scale=4, not_computed={"lpips_alex": "no AlexNet on this disk"})
    assert finding.startswith("On builtin (8 images) enlarged 4×, the most faithful by PSNR-Y is warm-up")
    assert "SRGAN has 0.40 dB less PSNR-Y than bicubic, and LPIPS" in finding and "was not computed" in finding
    assert "close" not in finding
    assert missing == "LPIPS (alex) was not computed: no AlexNet on this disk."


def test_a_difference_within_its_interval_is_not_sold_as_one():
    scores = summary(**USUAL)
    doubtful = (scores.method == "srgan") & (scores.metric == "lpips_alex")
    scores.loc[doubtful, ["difference_low", "difference_high"]] = [-0.3, 0.1]
    assert "(0.240 against 0.400, no clear difference on these images)" in conclude(scores, scale=4)[0]


@pytest.mark.parametrize(
    ("images", "words"),
    [(1, "One image says nothing about others."), (5, "With 5 images no rank test can reach p < 0.05")],
)
def test_few_images_are_pointed_out(images, words):
    assert words in conclude(summary(images, **USUAL), scale=2)[1]


def test_methods_that_were_not_judged_are_not_mentioned():
    scores = summary(**USUAL)
    paragraphs = conclude(scores[~scores.method.isin(["srgan", "warmup"])], scale=4)
    assert "SRGAN" not in " ".join(paragraphs) and "the most faithful by PSNR-Y is SRCNN" in paragraphs[0]
    finding, _ = conclude(
        summarise(
            pd.DataFrame(
                {"dataset": "a", "image": list("xyz"), "method": "srgan", "psnr_y": [1.0, 2, 3], "ssim_y": 0.5}
            )
        ),
        scale=4,
    )
    assert "the most faithful by PSNR-Y is SRGAN with 2.00 dB;" in finding and "bicubic" not in finding
