"""Run all races, print a table and write ``results/bench/bench.json``.

python -m benchmarks                 all races, a few minutes
python -m benchmarks --quick         fewer rounds and smaller networks' inputs: does everything run?
python -m benchmarks --only crops    races whose name holds the word
python -m benchmarks --peer PATH     also against a checkout of BasicSR
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import data, judging, overhead, peers, training
from benchmarks.race import Race, run
from srgan_lib.data.images import Photo
from srgan_lib.data.named_sets import SETS, fetch_set
from srgan_lib.data.sources import DatasetMissing, find_photos
from srgan_lib.downloads import DownloadError
from srgan_lib.files import write_atomic
from srgan_lib.layout import project_root
from srgan_lib.params import Params
from srgan_report import hardware
from srgan_report.pipeline import resolve_auto


def main() -> None:
    options = _options()
    console = Console(width=150)
    shared = resolve_auto.resolve(
        Params.model_validate(
            {"shared": {"device": options.device, "dtype": options.dtype, "threads": options.threads}}
        )
    ).shared
    machine = {"device": shared.device, "dtype": shared.dtype, "threads": shared.threads}
    chosen = [race for race in _races(options, machine) if options.only in race.name]
    results: dict[str, Any] = {
        "machine": hardware.machine() | machine,
        "torch": torch.__version__,
        "rounds": options.rounds,
        "quick": options.quick,
        "matmul_gflops": _matmul_gflops(shared.device, int(shared.threads)),
        "races": [],
    }
    for race in chosen:
        with console.status(f"{race.title}: {race.setting}"):
            results["races"].append(run(race, options.rounds, 1 if options.quick else 2))
        console.print(f"{race.title}: {results['races'][-1]['ratio']:.2f}×")
    console.print(_table(results))
    target = project_root() / "results" / "bench" / "bench.json"
    write_atomic(target, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    console.print(f"Written: {target}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two rounds of small work: does everything run?")
    parser.add_argument("--rounds", type=int, default=None, help="timed rounds a race (default 8; quick: 2)")
    parser.add_argument("--only", default="", metavar="WORD", help="races whose name holds this")
    parser.add_argument("--peer", type=Path, metavar="PATH", help="also race a checkout of BasicSR")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--dtype", default="auto", help="auto, float32 or bfloat16")
    parser.add_argument("--threads", default="auto", type=lambda text: text if text == "auto" else int(text))
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 8)
    return options


def _races(options: argparse.Namespace, machine: dict) -> list[Race]:
    batch, crop = (4, 48) if options.quick else (16, 96)
    train, train_name = _photographs("bsds400")
    test, test_name = _photographs("BSD100")
    test = test[: 4 if options.quick else 100]
    found = [
        *training.races(machine, batch, crop),
        *data.races(train[:40] if options.quick else train, train_name, 16, 96),
        *judging.races(test, test_name, machine, (60, 90) if options.quick else (339, 510)),
        *overhead.races(),
    ]
    return found + (peers.races(options.peer.resolve(), machine, batch) if options.peer else [])


def _photographs(name: str) -> tuple[list[Path], str]:
    """List a named set's photographs if available (SRGAN_OFFLINE=1: if on disk), else the built-in ones."""
    try:
        photos = _named_set(name)
    except DownloadError:
        name, photos = "builtin", find_photos("builtin", scale=4)
    return [photo.path for photo in photos], name


def _named_set(name: str) -> list[Photo]:
    try:
        return find_photos(name, scale=4)
    except DatasetMissing:
        fetch_set(SETS[name])
        return find_photos(name, scale=4)


def _matmul_gflops(device: str, threads: int, size: int = 2048) -> float:
    """Measure the float32 matrix product of this machine, which bounds every network in float32."""
    torch.set_num_threads(threads)
    a, b = torch.rand(2, size, size, device=device)
    samples = []
    for _ in range(6):
        started = time.perf_counter()
        (a @ b)[0, 0].item()
        samples.append(time.perf_counter() - started)
    return 2 * size**3 / statistics.median(samples[1:]) / 1e9


def _table(results: dict[str, Any]) -> Table:
    table = Table("what", "setting", "ours", "against", "", "ratio", "goal", title="Medians; in brackets the quartiles")
    for race in results["races"]:
        cells = [_speed(race, facts) for facts in race["contestants"].values()]
        names = list(race["contestants"])
        goal = f"{race['goal']:.2f}" if race["goal"] else ""
        table.add_row(race["title"], race["setting"], cells[0], names[1], cells[1], f"{race['ratio']:.2f}×", goal)
    return table


def _speed(race: dict[str, Any], facts: dict[str, Any]) -> str:
    if race["unit"] == "overhead":
        low, high = facts["quartiles"]
        return f"{facts['seconds']:.2f} s ({low:.2f}–{high:.2f})"
    values = [race["work"] / seconds for seconds in (facts["seconds"], *reversed(facts["quartiles"]))]
    return f"{values[0]:.3g} {race['unit']}/s ({values[1]:.3g}–{values[2]:.3g})"


if __name__ == "__main__":
    main()
