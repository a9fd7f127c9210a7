"""The commands of `dti` and how one ends: each loads what it needs, calls one function, says what
it did."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from dti_assets.cli import streams
from dti_assets.cli.options import BAD_INPUT, INTERRUPTED
from dti_assets.cli.output import without_controls
from dti_assets.compute.process import set_up
from dti_assets.errors import DtiError, MachineError
from dti_assets.store.files import advice, is_for_want_of_memory

# each in a module of its own name, loaded when it is called or listed
COMMANDS = tuple(
    "audit doctor download explain freeze gc influence init kwic new package referee run schema "
    "show simulate sources template ui verify".split()
)
# commands that show what is there, and need not go on where nobody reads it
SHOWING = frozenset({"explain", "influence", "kwic", "referee", "schema", "show"})

# what to know of a command that was interrupted, where there is something to know
LEFT_BY_INTERRUPT = {
    **dict.fromkeys(("download", "freeze", "gc", "run"), "run again to go on where it stopped"),
    **dict.fromkeys(("new", "simulate"), "nothing of it is left"),
    "verify": "a folder given with --into keeps what was unpacked, so name another next time",
}


# less address space than this does not load the libraries of most commands
_LEAST_MEMORY = 768 * 2**20


def run_command() -> None:
    """Run the command of this process; turns every error of bad input, and every want of memory,
    into one sentence and exit status 2."""
    set_up()
    streams.set_up(SHOWING)
    try:
        status = cli(standalone_mode=False)
        # of a command that ended itself, as --help does
        if isinstance(status, int) and status:
            sys.exit(status)
    except click.Abort as error:
        click.echo(str(error) or "interrupted", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (DtiError, OSError) as error:
        # the package's own sentence, or the operating system's about a file
        click.echo(without_controls(f"dti: {error}"), err=True)
        sys.exit(BAD_INPUT)
    except Exception as error:
        if not is_for_want_of_memory(error):
            raise
        click.echo(f"dti: there is not enough memory; {advice()}", err=True)
        sys.exit(BAD_INPUT)


def _check_memory() -> None:
    """Raise MachineError where this process may take so little that no library loads."""
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, OSError, ValueError):
        return
    if most != resource.RLIM_INFINITY and most < _LEAST_MEMORY:
        raise MachineError(
            f"this shell allows a process {most // 2**20:,} MiB of memory (ulimit -v), too little "
            f"to work with; allow {_LEAST_MEMORY // 2**20:,} MiB or more, better 4,096, and run "
            "again"
        )


class _Commands(click.Group):
    """The commands, each the function of its module's name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"dti_assets.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _check_memory()
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            click.echo(err=True)
            left = LEFT_BY_INTERRUPT.get(ctx.invoked_subcommand or "")
            raise click.Abort(f"interrupted; {left}" if left else "interrupted") from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dti-assets")
def cli() -> None:
    """From provincial government work reports to an instrumental-variable table."""
