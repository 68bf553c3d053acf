"""The ``srgan`` command: a module for each kind of thing that people do with it.

Exit codes: 0 done, 1 something failed while running, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from srgan_lib.errors import Interrupted, SrganError, storage_error, traceback_text
from srgan_lib.formatting import printable
from srgan_report.cli import images, opinion, runs, sweep
from srgan_report.cli.terminal import say

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True}


class _Commands(click.Group):
    """Shows an error meant for people as one message and ends with its exit code; all others keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as raised:  # which click itself shows
            raised.message = printable(raised.message, keep="\n")
            raise
        except KeyboardInterrupt:
            error = Interrupted("nothing computed so far is lost; the same command continues")
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
