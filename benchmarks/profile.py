"""Where a training step's time goes: ``python -m benchmarks.profile`` draws ``docs/step_profile.svg``.

Four steps, the library's and the plain ones, under PyTorch's profiler; every operator's own time, by kind.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from torch.profiler import ProfilerActivity, profile

from benchmarks import training
from srgan_lib.files import write_atomic
from srgan_lib.layout import project_root
from srgan_lib.params import Params
from srgan_report.exhibits.markup import render
from srgan_report.exhibits.plotting import legend_below, new_figure
from srgan_report.pipeline import resolve_auto

STEPS, WARMUPS = 3, 2
BATCH, CROP = 16, 96
#: Kinds of work, the first that has a word of the operator's name.
KINDS = {
    "convolution": ("conv",),
    "dense layer": ("addmm", "::mm", "linear"),
    "batch normalisation": ("batch_norm",),
    "activation": ("relu", "threshold", "sigmoid"),
    "Adam": ("adam", "_foreach", "addcdiv", "addcmul", "lerp", "sqrt"),
    "copies and layout": ("copy", "clone", "contiguous", "shuffle", "to_copy", "cat", "zero", "fill", "empty"),
}
OTHER = "the rest"
COLOURS = ("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "0.7")
CONTESTANTS = {
    "SRResNet, plain": training.plain_srresnet,
    "SRResNet, ours": training.srresnet,
    "SRGAN, plain": training.plain_srgan,
    "SRGAN, ours": training.srgan,
}


def main() -> None:
    """Profile all steps, draw them and print the shares."""
    shared = resolve_auto.resolve(Params()).shared
    machine = {"device": shared.device, "dtype": shared.dtype, "threads": shared.threads}
    table = pd.DataFrame({name: seconds_by_kind(make(machine, BATCH, CROP)) for name, make in CONTESTANTS.items()}).T
    print(table.round(3).to_string())
    target = project_root() / "docs" / "step_profile.svg"
    write_atomic(target, draw(table, f"batch {BATCH} of {CROP}², {shared.dtype}, {shared.threads} threads"))
    print(f"Written: {target}")


def seconds_by_kind(step: Callable[[], object]) -> pd.Series:
    """The seconds of one step by kind of operator; the sum is the step's."""
    for _ in range(WARMUPS):
        step()
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as recorded:
        for _ in range(STEPS):
            step()
    seconds = dict.fromkeys([*KINDS, OTHER], 0.0)
    for event in recorded.key_averages():
        seconds[kind_of(event.key)] += event.self_cpu_time_total / 1e6 / STEPS
    return pd.Series(seconds)


def kind_of(operator: str) -> str:
    """The kind of work that an operator does, e.g. ``aten::mkldnn_convolution`` is a convolution."""
    return next((kind for kind, words in KINDS.items() if any(word in operator.lower() for word in words)), OTHER)


def draw(table: pd.DataFrame, setting: str) -> bytes:
    """One bar for each step, divided by kind, as SVG."""
    figure, axis = new_figure(height=3.2)
    left = pd.Series(0.0, index=table.index)
    for kind, colour in zip(table.columns, COLOURS, strict=True):
        axis.barh(table.index, table[kind], left=left, color=colour, label=kind, edgecolor="white", linewidth=0.6)
        left += table[kind]
    for place, total in enumerate(left):
        axis.annotate(f" {total:.2f} s", (total, place), va="center")
    axis.invert_yaxis()
    axis.margins(x=0.1)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(f"seconds a step ({setting})")
    legend_below(figure, axis)
    return render(figure, "svg")


if __name__ == "__main__":
    main()
