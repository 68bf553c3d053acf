from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from srgan_lib.evaluation.samples import Sample
from srgan_lib.evaluation.tables import summarise
from srgan_lib.methods import FURTHER_STYLES, METHODS, method_styles
from srgan_report.exhibits.evaluation import headline
from srgan_report.exhibits.grids import grid, patches, scored_part
from srgan_report.exhibits.plotting import legend_below, new_figure
from srgan_report.exhibits.scores import differences, distributions, plane, spectra

JUDGED = ("nearest", "bicubic", "srcnn", "warmup", "srgan", "theirs")


@pytest.fixture(scope="module")
def metrics():
    rng = np.random.default_rng(0)
    rows = [
        {
            "dataset": "heldout",
            "image": f"image{number}",
            "method": method,
            "psnr_y": 25 + rng.normal(),
            "ssim_y": 0.7 + 0.01 * rng.normal(),
            "lpips_alex": 0.4 + 0.01 * rng.normal(),
        }
        for number in range(6)
        for method in JUDGED
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    lr, *large = (rng.integers(0, 256, (size, size + 4, 3), dtype=np.uint8) for size in (40, 160, 160, 160))
    large = [image[:, :176] for image in (np.pad(image, ((0, 0), (0, 12), (0, 0))) for image in large)]
    scores = {"psnr_y": 25.125, "lpips_alex": 0.4}
    return Sample(
        "heldout",
        "image",
        lr,
        large[0],
        dict(zip(("bicubic", "srgan"), large[1:], strict=True)),
        {"bicubic": scores, "srgan": scores | {"lpips_alex": np.nan}},
    )


def check(figure):
    """Draw a figure; it fits the text width, its texts are at least 9 points and its legend covers no axes."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    assert figure.get_size_inches()[0] <= 6.4 + 1e-9
    for axes in figure.axes:
        texts = (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels())
        assert min(text.get_fontsize() for text in texts) >= 9
        for legend in figure.legends:
            assert not legend.get_window_extent(renderer).overlaps(axes.get_tightbbox(renderer))
    return figure


def test_distributions_show_every_image_of_every_method(metrics):
    figure = check(distributions(metrics, "heldout"))
    assert [axes.get_xlabel() for axes in figure.axes] == ["PSNR-Y, dB ↑", "SSIM-Y (Wang) ↑", "LPIPS (alex) ↓"]
    drawn = sorted(x for points in figure.axes[0].collections for x, _ in points.get_offsets())
    assert drawn == pytest.approx(sorted(metrics.psnr_y))
    without = distributions(metrics.assign(lpips_alex=np.nan), "heldout")
    assert len(without.axes) == 2


def test_differences_mark_the_mean_and_leave_the_reference_out(metrics):
    summary = summarise(metrics)
    figure = check(differences(summary, metrics, "heldout"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "nearest",
        "SRCNN",
        "warm-up",
        "SRGAN",
        "theirs",
    ]
    means = summary[(summary.metric == "psnr_y") & (summary.method != "bicubic")].difference
    drawn = [line.get_xdata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert drawn == pytest.approx(list(means))


def test_spectra_are_drawn_against_hr():
    frequency = np.linspace(0.01, 0.49, 20)
    powers = pd.concat(
        [
            pd.DataFrame({"dataset": "heldout", "method": method, "frequency": frequency, "power": level})
            for method, level in (("bicubic", 10.0), ("srgan", 18.0), ("hr", 20.0))
        ]
    )
    upper, lower = check(spectra(powers, "heldout", 4)).axes
    assert [line.get_label() for line in upper.lines] == ["bicubic", "SRGAN", "HR"]
    assert [line.get_ydata()[0] for line in lower.lines] == [-10, -2, 0]


def test_the_plane_has_measured_and_published_points_relative_to_bicubic(metrics):
    summary = summarise(metrics)
    [axes] = check(plane(summary, "heldout", 4)).axes
    points = {line.get_label(): line.get_xydata()[0] for line in axes.lines}
    assert points["bicubic"].tolist() == [0, 1]
    assert points["TensorLayer SRGAN in Ma et al., CVPR 2020 (BSD100)"] == pytest.approx(
        [25.459 - 25.961, 0.1980 / 0.5249]
    )
    assert axes.yaxis_inverted()
    [axes] = check(plane(summary, "heldout", 4, curve=["warmup", "theirs", "srgan"])).axes
    assert len(axes.lines[0].get_xdata()) == 3


def test_the_plane_labels_a_regular_pattern(metrics):
    levels = metrics.method.map({"srgan": 9.0}).fillna(2.9)
    [axes] = check(plane(summarise(metrics.assign(grid_artefact=levels)), "heldout", 4)).axes
    labels = {line.get_label() for line in axes.lines}
    assert {"SRGAN (regular pattern +9.00 dB)", "warm-up"} <= labels


def test_without_lpips_the_plane_says_what_is_missing(metrics):
    summary = summarise(metrics.assign(lpips_alex=np.nan))
    [axes] = check(plane(summary, "heldout", 4)).axes
    assert "LPIPS (alex) was not computed" in axes.get_title(loc="left")
    assert all("Ma et al." in line.get_label() for line in axes.lines)
    [axes] = check(plane(summary, "heldout", 3, curve=["warmup", "srgan"])).axes
    assert not axes.lines


def test_grids_name_what_they_show(sample):
    titles = [axes.get_title() for axes in check(grid(sample)).axes]
    assert titles == ["LR, 44×40", "bicubic\n25.12 dB, LPIPS 0.400", "SRGAN\n25.12 dB", "HR, 176×160"]
    assert grid(replace(sample, lr=sample.lr[:, :10])).get_size_inches()[1] <= 5.6 + 1e-9  # upright images
    figure = check(patches(scored_part(sample, 64)))
    assert figure.axes[0].get_title() == "LR, 16×16"
    assert [axes.images[0].get_array().shape for axes in figure.axes if axes.images][-1] == (64, 64, 3)


def test_a_patch_has_scores_of_its_own(sample):
    changed = sample.hr.copy()
    changed[:32] ^= 255  # far from the middle
    figure = patches(scored_part(replace(sample, results={"bicubic": sample.hr ^ 1, "srgan": changed}), 64, (0.5, 0.5)))
    bicubic, srgan = (axes.get_title() for axes in figure.axes[1:3])
    assert bicubic.startswith("bicubic\n53") and srgan.startswith("SRGAN\ninf")


@pytest.mark.parametrize("count", [4, 6, 7])
def test_titles_of_patches_do_not_meet_however_many_methods_there_are(sample, count):
    names = ["bicubic", "srcnn", "warmup", "srgan", "reference_srcnn", "reference_srresnet", "reference_srgan"][:count]
    many = replace(
        sample, results=dict.fromkeys(names, sample.hr), scores=dict.fromkeys(names, sample.scores["bicubic"])
    )
    figure = check(patches(scored_part(many, 64)))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [axes.title.get_window_extent(renderer) for axes in figure.axes if axes.get_title()]
    assert len(boxes) == count + 2
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_looks_differ_without_colour_and_others_are_labelled_by_name():
    all_looks = [*METHODS.values(), *FURTHER_STYLES]
    assert len({style.marker for style in all_looks}) == len(all_looks)
    assert len({str(style.line) for style in all_looks if style.label not in ("HR",)}) == len(all_looks) - 1
    chosen = method_styles(["srgan", "theirs", "ours2"])
    assert [style.label for style in chosen.values()] == ["SRGAN", "theirs", "ours2"]
    assert chosen["theirs"].colour != chosen["ours2"].colour


def test_a_legend_has_each_label_once():
    figure, axes = new_figure(1, 2)
    for axis in axes:
        axis.plot([0, 1], label="same")
    legend_below(figure, axes)
    assert [text.get_text() for text in check(figure).legends[0].get_texts()] == ["same"]


def test_markers_that_are_only_lines_are_drawn(metrics):
    """``+``, ``x`` and ``1`` have no face: without a line they would be nothing."""
    renamed = metrics.replace({"method": {"srcnn": "reference_srcnn", "warmup": "reference_srresnet"}})
    drawn = [points for axes in distributions(renamed, "heldout").axes for points in axes.collections]
    markers = [METHODS[name].marker for name in ("reference_srcnn", "reference_srresnet")]
    assert markers == ["+", "x"]
    assert sum(points.get_linewidths().max() > 0 for points in drawn) == 2 * len(distributions(renamed, "heldout").axes)


@pytest.mark.parametrize(("length", "columns"), [(4, 4), (20, 2), (100, 1)])
def test_a_legend_is_no_wider_than_its_figure(length, columns):
    figure, axis = new_figure()
    for letter in "abcdef":
        axis.plot([0, 1], label=letter * length)
    legend_below(figure, axis)
    (legend,) = figure.legends
    assert legend._ncols == columns
    assert columns == 1 or legend.get_window_extent().width <= figure.bbox.width


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ({"builtin": 28.58, "validation": 43.66}, 28.58),
        ({"validation": 43.66, "builtin": 28.58}, 28.58),
        ({"training": 31.0, "Set5": 30.0, "Set14": 27.0}, 30.0),
        ({"Set14": 27.0, "Set5": 30.0, "validation": 1.0}, 27.0),
        ({"validation": 43.66, "training": 31.0}, 43.66),
    ],
)
def test_a_manifest_says_the_scores_on_the_first_test_set_that_judges(means, expected):
    summary = pd.DataFrame(
        [
            {"dataset": dataset, "method": method, "metric": metric, "mean": mean + (metric == "ssim_y")}
            for dataset, mean in means.items()
            for method in ("bicubic", "srgan")
            for metric in ("ssim_y", "psnr_y")
        ]
    )
    assert headline(summary, ["srgan", "warmup"]) == {"srgan_psnr_y": expected}
