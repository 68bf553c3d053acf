"""What a report opens with, for 200 random tables of scores, by a reader that checks every claim.

The reader shares nothing with the composer: it takes the page apart and computes from the rows.
"""

import re
import statistics
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from scipy import stats

from srgan_lib.layout import STAGES
from srgan_report.report import summary
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, Scores, StageRun
from srgan_report.report.page import TEMPLATE, page_templates
from tests.exhibits import random_tables
from tests.exhibits.test_conclusion import LABELS, LOWER_IS_BETTER, Reader

COLUMNS = {"PSNR-Y, dB ↑": ("psnr_y", 2), "SSIM-Y (Wang) ↑": ("ssim_y", 3), "LPIPS (alex) ↓": ("lpips_alex", 3)}
JUDGES = {"LPIPS (alex)": ("lpips_alex", 3), "PSNR-Y": ("psnr_y", 2)}
ONE = r"LPIPS \(\w+\)|PSNR-Y|SSIM-Y"
SAID = r"(LPIPS \(alex\)|PSNR-Y) ([\d.−]+) against ([\d.−]+)(?: dB)? \((better|worse|the same)\)"


class Front:
    """Reads the first screen of one report against the rows that it was made from."""

    def __init__(self, rows: list[dict]) -> None:
        self.rows, self.claims = rows, 0
        self.one = {
            (row["image"], row["method"], name): row[name] for row in rows for name in LOWER_IS_BETTER | {"psnr_y"}
        }
        self.images = list(dict.fromkeys(row["image"] for row in rows))

    def gain(self, image: str, name: str, digits: int) -> float:
        """What SRGAN is better by on one image, of figures as they are printed."""
        ours, base = (float(f"{self.one[image, method, name]:.{digits}f}") for method in ("srgan", "bicubic"))
        return round(base - ours if name in LOWER_IS_BETTER else ours - base, digits)

    def read(self, page: str, judge: str) -> None:
        """Check the table, the examples and what is said of them."""
        soup = BeautifulSoup(page, "html.parser")
        self._read_table(soup.select_one("#tab-results"))
        self._read_examples(
            [one.get_text(" ", strip=True) for one in soup.select("figure.example:not(.typical) figcaption")], judge
        )
        self._read_words(soup, judge)

    def _read_table(self, figure) -> None:
        headings = [cell.get_text() for cell in figure.select("thead th")][1:]
        cells = [row.select("td") for row in figure.select("tbody tr")]
        methods = [LABELS[row.th.get_text()] for row in figure.select("tbody tr")]
        assert sorted(methods) == sorted({row["method"] for row in self.rows})
        means, bold = {}, {}
        for method, row in zip(methods, cells, strict=True):
            for heading, cell in zip(headings, row, strict=False):
                if "missing" in cell["class"]:
                    continue
                name, digits = COLUMNS[heading]
                mean = statistics.fmean(row[name] for row in self.rows if row["method"] == method)
                assert cell.get_text() == f"{mean:.{digits}f}"
                means.setdefault(name, []).append(float(cell.get_text()))
                if cell.strong:
                    bold.setdefault(name, set()).add(float(cell.get_text()))
                self.claims += 1
        for name, values in means.items():
            assert bold[name] == {(min if name in LOWER_IS_BETTER else max)(values)}

    def _read_examples(self, captions: list[str], judge: str) -> None:
        name, digits = JUDGES[judge]
        gains = {image: self.gain(image, name, digits) for image in self.images}
        assert len(captions) == min(2, len(gains))
        for place, caption in enumerate(captions):
            title, by, image = re.match(r"([\w ]+) over bicubic by (.+?): (\w+)\.", caption).groups()
            extreme = (max, min)[place](gains.values())
            word = [("Largest gain", "No gain", "Smallest loss"), ("Smallest gain", "No gain", "Largest loss")][place]
            assert by == judge and gains[image] == extreme
            assert title == word[0 if extreme > 0 else 1 if extreme == 0 else 2]
            said = re.findall(SAID, caption)
            assert said[0][0] == judge and len(said) == (2 if judge == "LPIPS (alex)" else 1)
            for one, ours, base, verdict in said:
                key, places = JUDGES[one]
                assert [ours, base] == [f"{self.one[image, method, key]:.{places}f}" for method in ("srgan", "bicubic")]
                gain = self.gain(image, key, places)
                assert verdict == ("better" if gain > 0 else "worse" if gain < 0 else "the same")
                self.claims += 1

    def _read_words(self, soup: BeautifulSoup, judge: str) -> None:
        """Check the sentence, the three figures, and by which judges SRGAN is better or worse."""
        scores, count = Reader(self.rows), len(self.images)
        metric = JUDGES[judge][0]
        gain, errors = scores.gain("srgan", "bicubic", metric)
        base, signs = scores.mean("bicubic", metric), scores.signs("srgan", "bicubic", metric)
        said = re.fullmatch(
            rf".*×; its images of {count} photographs? of set are (?:([\d.]+)\s(%|dB) )?"
            r"(closer|less close|not measurably closer) to the originals than ordinary \(bicubic\) enlargements, "
            r"by (LPIPS|PSNR-Y)(?: on (\d+) of (\d+))?"
            r"(, which is too few to be sure|, which does not settle it)?\.",
            soup.select_one(".finding").get_text(strip=True),
        )
        assert said and judge.startswith(said[4])
        word = {"closer": "better", "less close": "worse", "not measurably closer": "unchanged"}[said[3]]
        scores.claim("srgan", "bicubic", judge, word)
        assert ("few" in (said[7] or "")) == (count < 4)
        if word != "unchanged":
            assert (said[5], said[6]) == (str(signs[word == "worse"]), str(count))
            open_ = count >= 4 and errors < 1.1 * stats.t.ppf(0.975, count - 1)
            assert ("settle" in (said[7] or "")) == open_
            size = 100 * abs(gain) / base if judge != "PSNR-Y" else abs(gain)
            assert float(said[1] or 0) == pytest.approx(size, abs=0.51 if judge != "PSNR-Y" else 0.0051)
        tiles = [tile.get_text(" ", strip=True).replace("−", "-") for tile in soup.select(".tiles li")]
        assert len(tiles) == 3 and ("not computed" in tiles[0]) == (judge == "PSNR-Y")
        psnr, _ = scores.gain("srgan", "bicubic", "psnr_y")
        assert float(re.match(r"([+-][\d.]+) dB", tiles[1])[1]) == pytest.approx(psnr, abs=0.0051)
        for tile, name in zip(tiles, ("lpips_alex", "psnr_y"), strict=False):
            if "not computed" not in tile:
                better = scores.signs("srgan", "bicubic", name)[0]
                assert tile.endswith(f"better on {better} of {count}")
        interval = re.match(r"([+-][\d.]+) to ([+-][\d.]+)", tiles[2])
        assert bool(interval) == (count >= 4)
        if interval:
            middle = 100 * gain / base if judge != "PSNR-Y" else gain
            assert float(interval[1]) - 0.51 <= middle <= float(interval[2]) + 0.51
        second = soup.select_one(".apart").get_text()
        for name, sentence in re.findall(r"Against (?:the )?(bicubic|warm-up).*? SRGAN is (.*?)\.(?= |$)", second):
            heard = []
            for word, judges in re.findall(
                rf"(better|worse|not measurably different) by ((?:{ONE}|, | and )+)", sentence
            ):
                for one in re.findall(ONE, judges):
                    heard.append(one)
                    scores.claim("srgan", LABELS[name], one, word.replace("not measurably different", "unchanged"))
            assert len(heard) == (4 if judge != "PSNR-Y" else 2)
            self.claims += len(heard)
        assert ("regular pattern" in second) == (scores.mean("srgan", "grid_artefact") > 3)
        assert ("speckles" in second) == (max(scores.scores["srgan", "flat_noise"]) > 3)

    def read_gallery(self, said: dict[str, str]) -> None:
        """Check what stands under each picture of the gallery."""
        for key, text in said.items():
            for one, sign, value in re.findall(r"(LPIPS|PSNR-Y) ([+−])([\d.]+)", text):
                name, digits = JUDGES["LPIPS (alex)" if one == "LPIPS" else one]
                gain = self.gain(key.partition("/")[2], name, digits)
                assert float(value) == pytest.approx(abs(gain)) and (
                    gain == 0 or (sign == "+") == ((gain > 0) != (name in LOWER_IS_BETTER))
                )
                self.claims += 1


HEAD = page_templates(TEMPLATE).get_template("summary.html.j2")
PARAMETERS = {
    "shared": {"scale": 4, "dataset": "builtin"},
    "evaluation": {"repeats": 1},
    "warmup": {"generator": "srresnet", "steps": 160},
    "adversarial": {"steps": 80},
}
MACHINE = {"cpu": "Intel Xeon", "cores": 2, "gpu": 0, "memory": 7.8}


def front(metrics: pd.DataFrame, lpips: bool, start: str | None = None) -> tuple[str, dict[str, str]]:
    """The head of the report as HTML, and what the gallery says."""
    if not lpips:
        metrics = metrics.drop(columns=[name for name in metrics if name.startswith("lpips")])
    means = metrics.drop(columns="image").groupby(["dataset", "method"], sort=False).mean().stack()
    table = [{"dataset": d, "method": m, "metric": n, "mean": str(v)} for (d, m, n), v in means.items()]
    rows = [{name: str(value) for name, value in row.items()} for row in metrics.to_dict("records")]
    scores = Scores(rows, table, "builtin")
    stages = [
        StageRun(info, {"seconds": 1.0, "started": "2026-03-01T10:00:00"}, Path(info.notebook))
        for info in STAGES.values()
    ]
    parameters = {**PARAMETERS, "warmup": {**PARAMETERS["warmup"], "start": start}}
    manifest = {"name": "r", "title": "T", "parameters": parameters, "machine": MACHINE, "seconds": 5.0}
    run = FinishedRun(Path("nowhere"), manifest, "The finding.", stages, scores, [], [])
    return HEAD.render({"run": run, **summary.context(run, Images()), "opening": ""}), summary.gains(scores)


@pytest.mark.parametrize("tables", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_no_sentence_of_the_front_contradicts_any_table(tables):
    titles = set()
    for seed in range(1000, 1000 + tables):
        metrics, lpips = random_tables.scores(seed), seed % 5 != 0
        rows = metrics.to_dict("records")
        page, gallery = front(metrics, lpips)
        reader = Front(rows)
        reader.read(page, "LPIPS (alex)" if lpips else "PSNR-Y")
        reader.read_gallery(gallery)
        assert reader.claims >= 8 + len(reader.images)
        titles |= set(re.findall(r"<b>([\w ]+) over bicubic", page))
    assert (
        titles - {"Median gain"} == {"Largest gain", "No gain", "Smallest loss", "Smallest gain", "Largest loss"}
        or tables < 200
    )


def test_a_run_that_continues_a_network_is_compared_with_it():
    metrics = random_tables.scores(1002)
    start = metrics[metrics.method == "warmup"].assign(method="reference_srresnet")
    start["psnr_y"] -= 0.25
    page, _ = front(pd.concat([metrics, start]), True, "srresnet")
    soup = BeautifulSoup(page, "html.parser")
    # A second for each stage of the generator, and none for SRCNN.
    assert (
        "SRGAN, which continues the shipped srresnet, was trained here for 2\N{NO-BREAK SPACE}s"
        in soup.select_one(".finding").text
    )
    assert "Warm-up continues the shipped srresnet for 160 steps" in soup.select_one("#tab-results figcaption").text
    assert soup.select_one("#tab-results tbody th").text == "reference SRResNet, the start"
    rows = {row.th.text: [cell.text for cell in row.select("td")] for row in soup.select("#tab-changes tbody tr")}
    assert list(rows) == ["reference SRResNet, the start", "warm-up", "SRGAN"]
    assert rows["reference SRResNet, the start"][0] == f"{start.psnr_y.mean():.2f}"
    assert rows["warm-up"][0] == f"+0.25, better on {len(start)} of {len(start)}"
    page, _ = front(metrics, True, "mine.safetensors")
    assert "which continues mine.safetensors," in page and "tab-changes" not in page


def test_the_reader_notices_a_wrong_front():
    metrics = random_tables.scores(1002)
    page, gallery = front(metrics, True)
    said = re.search(r"\((better|worse)\)", page)[1]
    for right, wrong in (
        (r"(Largest|Smallest) (gain|loss)", "No gain"),
        (rf"\({said}\)", "(the same)"),
        (r"<strong>([\d.]+)</strong>", r"\1"),
        (r"(<td class=\"num\">)[\d.]+", r"\g<1>9.99"),
        (r"closer to", "less close to"),
        (r"(\d+)(\s% closer)", r"9\1\2"),
        (r" on (\d+) of", " on 0 of"),
        (r"(better|worse) by ", "not measurably different by "),
    ):
        assert re.search(right, page)
        with pytest.raises((AssertionError, KeyError)):
            Front(metrics.to_dict("records")).read(re.sub(right, wrong, page, count=1), "LPIPS (alex)")
    flipped = {key: text.translate(str.maketrans("+−", "−+")) for key, text in gallery.items()}
    with pytest.raises(AssertionError):
        Front(metrics.to_dict("records")).read_gallery(flipped)
