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

from srgan_lib.errors import STOPPING, InputError, Interrupted, SrganError, explained, traceback_text
from srgan_lib.formatting import printable
from srgan_report.cli import images, networks, opinion, runs, sweep
from srgan_report.cli.terminal import say

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True}


class _Commands(click.Group):
    """Shows an error meant for people as one message and ends with its exit code; all others keep their traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command; what the terminal's encoding does not have is replaced."""
        for stream in (sys.stdout, sys.stderr):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="replace")
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _stopped_by_signals():
                _check_umask()
                return super().invoke(ctx)
        except click.ClickException as raised:  # which click itself shows
            # It may quote what was typed, of which no byte may steer the terminal.
            escaped = printable(raised.message, keep="\n")
            raised.message = escaped  # pyright: ignore[reportAttributeAccessIssue]  # final, but only as declared
            raise
        except KeyboardInterrupt:
            error = Interrupted("what is finished is kept, and no file is half-written; give the same command again")
        except SrganError as raised:
            error = raised
        except Exception as raised:
            problem = explained(raised)
            if problem is None:
                raise
            error = problem.with_traceback(raised.__traceback__)
        if text := traceback_text(error):
            say(*text.split("\n"), err=True)
        label, colour = ("Interrupted", "yellow") if isinstance(error, Interrupted) else ("Error", "red")
        say(f"{label}: ", err=True, newline=False, fg=colour, bold=True)
        say(*str(error).split("\n"), err=True)
        sys.exit(error.exit_code)


def _check_umask() -> None:
    """Refuse a umask under which files just written could not be read."""
    mask = os.umask(0o077)
    os.umask(mask)
    if mask & 0o700:
        raise InputError(f"the umask {mask:04o} takes your own permissions from all that is written; set 'umask 022'")


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let every signal that asks a command to end do so as Ctrl-C does, unless it is ignored, as under ``nohup``."""
    here = threading.current_thread() is threading.main_thread()
    taken = [number for number in STOPPING if here and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


@click.group(cls=_Commands, context_settings=SETTINGS)
@click.option("--debug", is_flag=True, help="Show where every error was raised, with its traceback.")
@click.version_option(package_name="srgan-report")
def main(debug: bool) -> None:
    """Turn photographs into a complete super-resolution study."""
    if debug:
        os.environ["SRGAN_DEBUG"] = "1"  # read by notebooks' kernels and other processes too


for command in (
    *(runs.init, runs.run, runs.fetch, runs.train, runs.report, runs.export_lr, runs.verify, runs.show_params),
    *(images.upscale, images.compare, images.evaluate, networks.models, networks.export),
    *(opinion.opinion, sweep.sweep),
):
    main.add_command(command)
