"""`tailrace`: the commands, each imported when it is called.

    tailrace [PATH]     serve a folder, or one notebook, and open the browser
    tailrace run        a notebook from top to bottom, on the terminal
    tailrace url        a new login address of a server that runs
    tailrace kernels    what runs, also after its server ended
    tailrace export     a notebook as HTML, PDF, Markdown, a script
    tailrace page       the page as a static site, for another host
    tailrace mcp        notebooks for agents, over stdin and stdout
    tailrace doctor     what is wrong here, and what to do

What is not the name of a command is a path: `tailrace report.ipynb`, `tailrace --port 0`.
(A folder that is called like a command is `./run`.) Exit statuses and options are in
`docs/reference/commands.md`.
"""

import importlib
import sys

import click

from tailrace import __version__
from tailrace.protocol.errors import TailraceError

COMMANDS = {
    "open": ("tailrace.cli.open:open_command", "Serve a folder or a notebook, open the browser."),
    "run": ("tailrace.cli.run:run", "Run a notebook from top to bottom, on the terminal."),
    "url": ("tailrace.cli.url:url", "Print a new login address of a server that runs."),
    "kernels": ("tailrace.cli.kernels:kernels", "List kernels, and stop them."),
    "export": ("tailrace.cli.export:export", "Write a notebook as HTML, PDF, Markdown, a script."),
    "page": ("tailrace.cli.page:page", "Write the page as a site, to be hosted elsewhere."),
    "mcp": ("tailrace.cli.mcp:mcp", "Let an agent use notebooks, over stdin and stdout."),
    "doctor": ("tailrace.cli.doctor:doctor", "Say what is wrong here, and what to do."),
}
OWN_OPTIONS = ("--help", "-h", "--version")


class Problem(click.ClickException):
    """An error with a name of ours, said without a traceback."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"tailrace: {self.message}", err=True)


class Commands(click.Group):
    """Finds a command by its name without importing the others; `open` is the default."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in COMMANDS and args[0] not in OWN_OPTIONS):
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TailraceError as problem:
            raise Problem(str(problem)) from problem


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`tailrace PATH` is short for `tailrace open PATH`.",
)
@click.version_option(__version__, prog_name="tailrace", message="%(prog)s %(version)s")
def cli() -> None:
    """A Python notebook whose output streams, lasts, and is there when you come back."""


def main() -> None:
    # A console that cannot show a character must not end the program over it.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    cli(prog_name="tailrace")


if __name__ == "__main__":
    main()
