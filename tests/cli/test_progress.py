"""What the terminal shows while something runs: labelled times, and names that can be told apart at 80 columns."""

import io
from types import SimpleNamespace

from rich.console import Console

from srgan_lib.cli.sweep import SweepProgress
from srgan_lib.cli.terminal import Terminal


def drawn(shown):
    """The text of something at 80 columns."""
    console = Console(file=io.StringIO(), width=80)
    console.print(shown)
    return console.file.getvalue()


def test_elapsed_and_remaining_time_are_labelled():
    terminal = Terminal()
    terminal.counter("Judging")(3, 10)
    assert "elapsed 0:00:00 left -:--:--" in drawn(terminal.progress.get_renderable())


def test_the_table_of_a_sweep_keeps_of_its_names_what_differs(tmp_path):
    common = "generator_channels-64.content_weights-available"
    names = [f"{common}.adversarial_weight-{weight}.seed-{seed}" for weight in ("1e-06", "0.001") for seed in (0, 1)]
    stages = {"adversarial": {"label": "Adversarial training", "step": 7, "total": 100_000}}
    outcomes = {
        name: SimpleNamespace(
            planned=SimpleNamespace(run=SimpleNamespace(name=name), directory=tmp_path), state="running", running=stages
        )
        for name in names
    }
    study = SimpleNamespace(outcomes=outcomes, source=SimpleNamespace(method="srgan"))
    table = drawn(SweepProgress(study, Console(file=io.StringIO(), width=80))._table())
    first = "".join(line[1:].partition("│")[0].strip() for line in table.splitlines() if line.startswith("│"))
    assert first == "".join(name.removeprefix(f"{common}.") for name in names)
