"""`python -m tailrace.cli` is `tailrace`."""

from tailrace.cli.main import main

main()
