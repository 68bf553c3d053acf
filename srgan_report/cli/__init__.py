"""The ``srgan`` command: a module for each kind of thing that people do with it.

Exit codes: 0 done, 1 something failed while running, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from srgan_lib.errors import Interrupted, SrganError, storage_error, traceback_text
from srgan_lib.formatting import printable
from srgan_report.cli import images, opinion, runs, sweep
from srgan_report.cli.terminal import say

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True}


@contextmanager
def _all_like_ctrl_c() -> Iterator[None]:
    """Treat the signals that end a job (of Slurm, say) or a closed terminal like Ctrl-C, whoever listens to that.

    So temporary files and locks go, and a training saves its state. Who is told to ignore a signal, as by nohup, does.
    """

    def stop(_number: int, frame: Any) -> None:
        listener = signal.getsignal(signal.SIGINT)
        if not callable(listener):  # a shell's background jobs ignore Ctrl-C
            raise KeyboardInterrupt
        listener(signal.SIGINT, frame)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [number for name in names if (number := getattr(signal, name, None))]  # Windows has no SIGHUP
    before = {number: signal.signal(number, stop) for number in numbers if signal.getsignal(number) == signal.SIG_DFL}
    try:
        yield
    finally:
        for number, listener in before.items():
            signal.signal(number, listener)


class _Commands(click.Group):
    """Shows an error meant for people as one message and ends with its exit code; all others keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _all_like_ctrl_c():
                return super().invoke(ctx)
        except click.ClickException as raised:  # which click itself shows
            raised.message = printable(raised.message, keep="\n")
            raise
        except KeyboardInterrupt:
            error = Interrupted("no file is half-written; the same command does what is left to do")
        except SrganError as raised:
            error = raised
        except OSError as raised:
            problem = storage_error(raised.errno, raised.filename)
            if problem is None:
                raise
            error = problem.with_traceback(raised.__traceback__)
        if text := traceback_text(error):
            say(*text.split("\n"), err=True)
        label, colour = ("Interrupted", "yellow") if isinstance(error, Interrupted) else ("Error", "red")
        say(f"{label}: ", err=True, newline=False, fg=colour, bold=True)
        say(*str(error).split("\n"), err=True)
        sys.exit(error.exit_code)


@click.group(cls=_Commands, context_settings=SETTINGS)
@click.option("--debug", is_flag=True, help="Show where every error was raised, with its traceback.")
@click.version_option(package_name="srgan-report")
def main(debug: bool) -> None:
    """Turn photographs into a complete super-resolution study."""
    if debug:
        os.environ["SRGAN_DEBUG"] = "1"  # read by notebooks' kernels and other processes too


for command in (
    *(runs.init, runs.run, runs.fetch, runs.train, runs.report, runs.export_lr, runs.verify, runs.show_params),
    *(images.upscale, images.evaluate, images.models, images.export),
    *(opinion.opinion, sweep.sweep),
):
    main.add_command(command)
