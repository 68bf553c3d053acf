"""The ``srgan`` command: a module for each kind of thing that people do with it."""

from __future__ import annotations

import sys
from typing import Any

import click

from srgan_lib.cli import images, runs, sweep
from srgan_lib.layout import LayoutError
from srgan_lib.params import ParameterError

# Errors that are the user's to mend: shown as one message, without a traceback.
USER_ERRORS = (ParameterError, LayoutError, ValueError, OSError, RuntimeError)


class _Commands(click.Group):
    """Turns errors into one clear message and exit code 1, Ctrl-C into exit code 130."""

    def invoke(self, ctx: click.Context) -> Any:
        from srgan_lib.training.interrupt import Interrupted

        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:  # --help and the like: click's own way out, a RuntimeError by birth
            raise
        except (KeyboardInterrupt, Interrupted) as error:
            click.secho(
                f"Interrupted: {str(error) or 'nothing computed so far is lost; the same command continues'}",
                fg="yellow",
                err=True,
            )
            sys.exit(130)
        except USER_ERRORS as error:
            if isinstance(error, OSError) and error.errno == 28:
                where = error.filename or "while writing"
                error = f"the disk is full ({where}); free some space, then the same command continues"
            click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="srgan-report")
def main() -> None:
    """Turn photographs into a complete super-resolution study."""


for command in (
    runs.run,
    sweep.sweep,
    runs.train,
    runs.report,
    runs.verify,
    runs.show_params,
    images.upscale,
    images.evaluate,
    images.models,
):
    main.add_command(command)
