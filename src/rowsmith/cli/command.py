"""Commands: what all of them take and do, and how they are called from Python."""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import click

import rowsmith as library
from rowsmith import config
from rowsmith.checks import run_checks
from rowsmith.cli.errors import CommandError
from rowsmith.cli.output import Output
from rowsmith.exceptions import ConnectionDoesNotExist, Error, ImproperlyConfigured
from rowsmith.migrations import places
from rowsmith.migrations.exceptions import (
    BadMigrationError,
    CircularDependencyError,
    InconsistentMigrationHistory,
    InvalidBasesError,
    IrreversibleError,
    NodeNotFoundError,
)


class Commands(click.Group):
    """The commands by name; a wrong one is answered with the nearest."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise CommandError(unknown(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)


def unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"Unknown command: {name!r}.{hint} Type 'rowsmith --help' for all of them."


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(library.__version__)
def rowsmith() -> None:
    """The data layer's own tools."""
    # Modules are found as `python -m` would find them.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())


class Streams:
    """Where a command that is called from Python writes."""

    def __init__(self, stdout: TextIO | None, stderr: TextIO | None) -> None:
        self.stdout = stdout
        self.stderr = stderr


_COMMON = [
    click.option("--verbosity", "-v", type=click.IntRange(0, 3), default=1, help="How much is told; 1 by default."),
    click.option("--no-color", is_flag=True, help="No colours."),
    click.option("--force-color", is_flag=True, help="Colours, even where the output is no terminal."),
    click.option("--traceback", is_flag=True, help="Where an error came from, too."),
    click.option("--config", "config_module", metavar="MODULE", help="Import this module first; it configures."),
]

_CHECKS = click.option("--skip-checks", is_flag=True, help="Do not check the models first.")

INPUT = click.option("--input/--noinput", "--interactive/--no-input", "interactive", default=True,
                     help="Whether questions may be asked.")  # fmt: skip
DATABASE = click.option("--database", default="default", show_default=True, metavar="ALIAS", help="The database.")


def command(*, checks: bool = False) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function; it is called with an `Output` and what it declares itself.

    checks:  look for mistakes in the models first, and refuse when there are any.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def run(
            verbosity: int,
            no_color: bool,
            force_color: bool,
            traceback: bool,
            config_module: str | None,
            skip_checks: bool = False,
            **options: Any,
        ) -> Any:
            streams = click.get_current_context().obj
            out = Output(
                getattr(streams, "stdout", None),
                getattr(streams, "stderr", None),
                verbosity,
                _color(no_color, force_color),
                options.get("interactive", True),
            )
            try:
                prepare(config_module)
                if checks and not skip_checks:
                    check_models(out, options.get("database"))
                return function(out, **options)
            except (ImproperlyConfigured, ConnectionDoesNotExist) as error:
                if traceback:
                    raise
                raise CommandError(str(error)) from error

        run.__doc__ = function.__doc__
        made: Any = run
        for option in reversed([*_COMMON, *([_CHECKS] if checks else [])]):
            made = option(made)
        found: click.Command = rowsmith.command(name=function.__name__.rstrip("_"))(made)
        return found

    return decorate


def _color(never: bool, always: bool) -> bool | None:
    if never and always:
        raise click.UsageError("The options --no-color and --force-color can't be used together.")
    return True if always else False if never or os.environ.get("NO_COLOR") else None


def prepare(config_module: str | None) -> None:
    """Configure, and define the models that the configuration lists."""
    if config_module:
        _imported(config_module, "--config")
    for name in config.current().models:
        _imported(name, "the option 'models'")


def _imported(name: str, said_by: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise CommandError(f"There is no module {name!r}, which {said_by} names.") from None


def check_models(out: Output, alias: str | None) -> None:
    """Raise CommandError when the models have mistakes; tell what else there is to find."""
    from_database = [alias] if alias and config.current().database(alias).engine else None
    found = run_checks(places.registry().get_app_configs(), databases=from_database)
    serious = [message for message in found if message.is_serious()]
    if serious:
        listed = "\n\n".join(str(message) for message in serious)
        raise CommandError(f"The models have mistakes:\n\n{listed}\n\n{len(serious)} to be mended.")
    for message in found:
        out.tell(str(message), to_errors=True, fg="yellow")


EXPECTED = (
    CommandError,
    Error,
    BadMigrationError,
    CircularDependencyError,
    InconsistentMigrationHistory,
    InvalidBasesError,
    IrreversibleError,
    NodeNotFoundError,
)
"""What goes wrong without being a mistake of the program: its message is enough."""


def main() -> None:
    """Run the command that the arguments name."""
    with_traceback = "--traceback" in sys.argv
    try:
        rowsmith.main(standalone_mode=False)
    except EXPECTED as error:
        if with_traceback:
            traceback.print_exc()
        else:
            click.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise SystemExit(getattr(error, "returncode", 1)) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        click.echo("Aborted.", err=True)
        raise SystemExit(1) from None


def call_command(
    name: str, /, *args: Any, stdout: TextIO | None = None, stderr: TextIO | None = None, **options: Any
) -> Any:
    """Run a command of the command line, and return what it returns.

    args:     as they are written there: call_command("migrate", "shop", "--fake").
    options:  by the names of the options, or of the arguments: database="other", verbosity=0.
    raises:   CommandError; TypeError for an option that the command does not have.
    """
    found = rowsmith.commands.get(name)
    if found is None:
        raise CommandError(unknown(name, sorted(rowsmith.commands)))
    words = [str(arg) for arg in args]
    named: dict[str, click.Parameter] = {}
    for parameter in found.params:
        for spelling in (str(parameter.name), *parameter.opts, *parameter.secondary_opts):
            named[spelling.lstrip("-").replace("-", "_")] = parameter
    positional: list[str] = []
    for key, value in options.items():
        parameter_of = named.get(key.replace("-", "_"))
        if parameter_of is None:
            near = difflib.get_close_matches(key, named, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(
                f"{name} has no option {key!r}.{hint} It has: {', '.join(sorted({str(p.name) for p in found.params}))}."
            )
        if isinstance(parameter_of, click.Argument):
            positional += [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
        else:
            words += _spelled(parameter_of, key, value)
    try:
        return found.main([*positional, *words], prog_name=f"rowsmith {name}", standalone_mode=False,
                          obj=Streams(stdout, stderr))  # fmt: skip
    except click.UsageError as error:
        raise CommandError(f"Error: {error.format_message()}", returncode=error.exit_code) from error
    except click.ClickException as error:
        raise CommandError(error.format_message(), returncode=error.exit_code) from error


def _spelled(option: Any, key: str, value: Any) -> list[str]:
    """An option with its value, as the command line has it."""
    if value is None:
        return []
    if option.is_flag:
        wanted = bool(value)
        if key.replace("_", "-") in [spelling.lstrip("-") for spelling in option.secondary_opts]:
            wanted = not wanted
        if option.secondary_opts:
            return [option.opts[0] if wanted else option.secondary_opts[0]]
        return [option.opts[0]] if wanted else []
    values = value if isinstance(value, list | tuple) else [value]
    return [word for item in values for word in (option.opts[0], str(item))]
