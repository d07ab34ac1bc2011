"""The command line: `rowsmith <command>`."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments name."""
    try:
        from rowsmith.cli import commands
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        raise SystemExit("The commands of rowsmith need click: pip install 'rowsmith[cli]'") from None
    commands.main()
