"""`python -m evidence` is the command line."""

from .cli import main

main()
