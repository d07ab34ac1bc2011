"""`python -m rowsmith` is the command line."""

from rowsmith.cli import main

main()
